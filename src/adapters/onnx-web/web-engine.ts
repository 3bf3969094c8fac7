import type { CallOptions } from "../../core/call.ts";
import type { Clock } from "../../core/clock.ts";
import { raceAbort } from "../../core/deadline.ts";
import { ModelwrightError, messageOf } from "../../core/errors.ts";
import { Limiter } from "../../core/limiter.ts";
import type { Tensors } from "../../inference/port.ts";
import type { ConnectEngine } from "../onnxruntime/engine-channel.ts";
import { type AnswerOf, EngineClient } from "../onnxruntime/engine-client.ts";
import { executorLost, refusalOf, tensorOutputs } from "../onnxruntime/engine-failure.ts";
import type { OrtSessionOptions } from "../onnxruntime/library.ts";
import { feedsOf } from "./feeds.ts";
import { PEER } from "./import-library.ts";

/** How long an answer may take before the worker counts as frozen, ms. */
export interface Patience {
  /** For creating a model's session, and for its first run: shaders are compiled then. */
  readonly firstMs: number;
  /** For each run after a first one has succeeded in the same worker. */
  readonly runMs: number;
}

/** A model that an engine has, or had before its worker was replaced. */
export interface WebModel {
  readonly id: number;
  readonly outputs: readonly string[];
  readonly patience: Patience;
  readonly options: OrtSessionOptions;
  /** A copy: a worker that takes the place of another one needs the bytes again. */
  readonly bytes: Blob;
  /** The worker that has loaded it. */
  host: Host | undefined;
  /** Whether it has run in that worker. */
  ran: boolean;
}

interface Host {
  readonly client: EngineClient;
  reason: string;
  frozen: boolean;
}

/** How long a worker without a model is kept for the next one, ms. Starting one takes a second, and with WebGPU several. */
const IDLE_MS = 10_000;

/** After so many losses without a run in between that succeeded, no other worker takes the place. */
const MAX_LOSSES = 2;

/**
 * One worker with an engine, and whatever takes its place when it is lost. The engine does one thing at a time, whatever the number of
 * models: ONNX Runtime fails, or freezes for good, when WebGPU is asked for two at once.
 *
 * The worker starts with the first model, and ends a while after the last one is gone: only then does WebAssembly give memory back.
 */
export class WebEngine {
  readonly #provider: string;
  readonly #connect: ConnectEngine;
  readonly #clock: Clock;
  readonly #turn = new Limiter({ concurrency: 1 });
  readonly #models = new Set<WebModel>();
  #host: Host | undefined;
  #losses = 0;
  #idle: Disposable | undefined;
  #ids = 0;

  constructor(provider: string, connect: ConnectEngine, clock: Clock) {
    this.#provider = provider;
    this.#connect = connect;
    this.#clock = clock;
  }

  /**
   * Loads a model.
   *
   * @throws a {@link ModelwrightError} with code `MODEL_INVALID`, `MODEL_UNSUPPORTED`, `MISSING_PEER` or `MODEL_EXECUTOR_LOST`
   */
  load(bytes: Uint8Array, options: OrtSessionOptions, patience: Patience, call?: CallOptions): Promise<WebModel> {
    const load = async () => {
      const model = await this.#turn.run(() => this.#load(bytes, options, patience), call);
      // Nobody waits for it any more.
      if (call?.signal?.aborted === true) await this.release(model);
      return model;
    };
    return call?.signal === undefined ? load() : raceAbort(call.signal, load);
  }

  /**
   * Runs a model. When the device or the worker is lost, repeats the run once in a worker that takes its place; not when it froze, which
   * the same run may do again.
   *
   * @throws a {@link ModelwrightError} with code `MODEL_RUN_FAILED` or `MODEL_EXECUTOR_LOST`
   */
  run(model: WebModel, inputs: Tensors, fetches: readonly string[], call?: CallOptions): Promise<AnswerOf<"run">> {
    const run = () => this.#turn.run(() => this.#surviving((host) => this.#run(host, model, inputs, fetches)), call);
    return call?.signal === undefined ? run() : raceAbort(call.signal, run);
  }

  /** Gives a model's memory back, after the runs that were asked before. */
  async release(model: WebModel): Promise<void> {
    await this.#turn.run(async () => {
      this.#models.delete(model);
      const { host } = model;
      if (host !== undefined && host === this.#host) {
        try {
          await this.#watched(host, model.patience.runMs, () => host.client.release(model.id));
        } catch (error) {
          // A worker that is lost has taken the model with it.
          if (!host.client.lost) throw error;
        }
      }
      this.#endWhenIdle();
    });
  }

  async #load(bytes: Uint8Array, options: OrtSessionOptions, patience: Patience): Promise<WebModel> {
    this.#idle?.[Symbol.dispose]();
    // Whoever loads a model asks for another try.
    this.#losses = 0;
    const own = exact(bytes);
    const id = ++this.#ids;
    try {
      const [host, metadata] = await this.#surviving(async (host) => {
        const load = () => host.client.load(id, own, options);
        return [host, await this.#watched(host, patience.firstMs, load)] as const;
      });
      const refusal = refusalOf(this.#provider, metadata);
      if (refusal !== undefined) {
        await host.client.release(id);
        throw refusal;
      }
      const outputs = tensorOutputs(metadata.outputs);
      const model: WebModel = { id, outputs, patience, options, bytes: new Blob([own]), host, ran: false };
      this.#models.add(model);
      return model;
    } catch (error) {
      // An engine that could not get its files never tries again.
      if (/no available backend/.test(messageOf(error))) await this.#end();
      else this.#endWhenIdle();
      throw error;
    }
  }

  async #run(host: Host, model: WebModel, inputs: Tensors, fetches: readonly string[]): Promise<AnswerOf<"run">> {
    if (model.host !== host) await this.#reload(host, model);
    const { feeds, transfer } = feedsOf(inputs);
    const { firstMs, runMs } = model.patience;
    const run = () => host.client.run(model.id, feeds, fetches, transfer);
    const answer = await this.#watched(host, model.ran ? runMs : firstMs, run);
    model.ran = true;
    this.#losses = 0;
    return answer;
  }

  async #reload(host: Host, model: WebModel): Promise<void> {
    const bytes = new Uint8Array(await model.bytes.arrayBuffer());
    const load = () => host.client.load(model.id, bytes, model.options);
    try {
      await this.#watched(host, model.patience.firstMs, load);
    } catch (error) {
      if (host.client.lost) throw error;
      throw executorLost(this.#provider, `${host.reason}, and then: ${messageOf(error)}`, false);
    }
    model.host = host;
    model.ran = false;
  }

  /** Does something in the worker, and again in another one when the first is lost. */
  async #surviving<T>(work: (host: Host) => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#losses >= MAX_LOSSES) throw executorLost(this.#provider, this.#host?.reason ?? "", false);
      const host = this.#open();
      try {
        return await work(host);
      } catch (error) {
        if (!host.client.lost) throw error;
        const reason = ModelwrightError.is(error, "MODEL_EXECUTOR_LOST") ? error.details.reason : messageOf(error);
        host.reason = reason;
        const replaced = ++this.#losses < MAX_LOSSES;
        if (host.frozen || !replaced) throw executorLost(this.#provider, reason, replaced);
      }
    }
  }

  /** The worker, or one that takes its place. */
  #open(): Host {
    if (this.#host === undefined || this.#host.client.lost) {
      const client = new EngineClient({ provider: this.#provider, peer: PEER, connect: this.#connect });
      this.#host = { client, reason: this.#host?.reason ?? "", frozen: false };
    }
    return this.#host;
  }

  async #watched<T>(host: Host, limitMs: number, work: () => Promise<T>): Promise<T> {
    if (limitMs === Number.POSITIVE_INFINITY) return work();
    const timer = this.#clock.schedule(limitMs, () => {
      host.frozen = true;
      host.client.kill(`its worker gave no answer within ${limitMs} ms, so it counts as frozen`);
    });
    try {
      return await work();
    } finally {
      timer[Symbol.dispose]();
    }
  }

  #endWhenIdle(): void {
    this.#idle?.[Symbol.dispose]();
    if (this.#models.size > 0) return;
    // Ending a worker does not fail in a way that anybody could do something about.
    const end = () => void this.#turn.run(() => this.#end()).catch(() => {});
    this.#idle = this.#clock.schedule(IDLE_MS, end);
  }

  async #end(): Promise<void> {
    if (this.#models.size > 0) return;
    await this.#host?.client.end();
    this.#host = undefined;
  }
}

/** Crossing to a worker copies the whole memory behind a view, however small the view. */
function exact(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength;
  return whole ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
