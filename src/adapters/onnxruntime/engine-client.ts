import type { CallOptions } from "../../core/call.ts";
import { raceAbort } from "../../core/deadline.ts";
import { ModelwrightError, messageOf } from "../../core/errors.ts";
import type { ConnectEngine, EngineChannel } from "./engine-channel.ts";
import { executorLost, loadFailed, runFailed } from "./engine-failure.ts";
import type { EngineAnswer, EngineFailure, EngineReply, EngineRequest, EngineTensor } from "./engine-messages.ts";
import type { OrtSessionOptions } from "./library.ts";

/** What a host answers to a request of one kind. */
export type AnswerOf<Kind extends EngineAnswer["kind"]> = Extract<EngineAnswer, { kind: Kind }>;

/** Options of {@link EngineClient}. */
export interface EngineClientOptions {
  /** Engine and device, as errors name them, for example `onnxruntime-node/cpu`. */
  readonly provider: string;
  /** The package that the host imports. */
  readonly peer: string;
  /** Opens the connection; called once, when the client is made. */
  readonly connect: ConnectEngine;
  /** Told once, when the host was lost. Answers whether another one takes its place, as the errors then say. */
  readonly onLost?: (reason: string) => boolean;
}

interface Pending {
  readonly kind: EngineRequest["kind"];
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

/** A request without the number that the client gives it. */
type Asked = EngineRequest extends infer Request ? (Request extends EngineRequest ? Omit<Request, "id"> : never) : never;

/**
 * One host of an engine, seen from outside: what it is asked, it answers in the order of asking.
 *
 * A signal ends the waiting for an answer, not the work of the host. When the host is lost, every open call rejects with
 * `MODEL_EXECUTOR_LOST`, and so does every later one.
 */
export class EngineClient {
  readonly #options: EngineClientOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #channel: EngineChannel;
  #lost: ModelwrightError | undefined;
  #ids = 0;

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.#channel = this.#connect(options.connect);
  }

  /** Requests without an answer, those included for which nobody waits any more. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether the host has ended without being asked to. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /**
   * Loads a model. One that was loaded after the signal fired stays loaded: release it.
   *
   * @param model - names it in later calls
   * @throws a {@link ModelwrightError} with code `MODEL_INVALID`, `MODEL_UNSUPPORTED`, `MISSING_PEER` or `MODEL_EXECUTOR_LOST`
   */
  load(model: number, bytes: Uint8Array, options: OrtSessionOptions, call?: CallOptions): Promise<AnswerOf<"load">> {
    return this.#ask({ kind: "load", model, bytes, options }, [], call);
  }

  /**
   * Runs a model.
   *
   * @param transfer - memory of the feeds that may move to the host and is not needed here any more
   * @throws a {@link ModelwrightError} with code `MODEL_RUN_FAILED` or `MODEL_EXECUTOR_LOST`
   */
  run(
    model: number,
    feeds: Readonly<Record<string, EngineTensor>>,
    fetches: readonly string[],
    transfer: readonly ArrayBuffer[] = [],
    call?: CallOptions,
  ): Promise<AnswerOf<"run">> {
    return this.#ask({ kind: "run", model, feeds, fetches }, transfer, call);
  }

  /** Gives a model's memory back, after the runs that were asked before. */
  async release(model: number): Promise<void> {
    await this.#ask({ kind: "release", model }, []);
  }

  /** Ends the host, after what it was asked before. A host that was lost has ended. */
  async end(): Promise<void> {
    await this.#channel.end();
  }

  /** Ends the host at once, where that is possible; answers whether it is. Open calls reject with the reason. */
  kill(reason: string): boolean {
    if (this.#channel.kill === undefined) return false;
    this.#channel.kill(reason);
    return true;
  }

  /** A host that could not even be started is as one that was lost at once. */
  #connect(connect: ConnectEngine): EngineChannel {
    const lost = (reason: string) => this.#lose(reason);
    try {
      return connect({ reply: (reply) => this.#settle(reply), lost });
    } catch (error) {
      queueMicrotask(() => lost(messageOf(error)));
      return { post() {}, end: async () => {} };
    }
  }

  #ask<Kind extends EngineAnswer["kind"]>(
    asked: Asked & { kind: Kind },
    transfer: readonly ArrayBuffer[],
    call?: CallOptions,
  ): Promise<AnswerOf<Kind>> {
    const ask = () =>
      new Promise<AnswerOf<Kind>>((resolve, reject) => {
        if (this.#lost !== undefined) throw this.#lost;
        const id = ++this.#ids;
        try {
          this.#channel.post({ ...asked, id } as EngineRequest, transfer);
        } catch (cause) {
          throw this.#errorOf(asked.kind, cause);
        }
        this.#pending.set(id, { kind: asked.kind, resolve, reject });
        if (this.#pending.size === 1) this.#channel.hold?.();
      });
    return call?.signal === undefined ? ask() : raceAbort(call.signal, ask);
  }

  #settle(reply: EngineReply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#channel.unhold?.();
    if ("answer" in reply) {
      pending.resolve(reply.answer as never);
      return;
    }
    if (reply.failure.kind === "device") {
      this.#lose(reply.failure.reason);
      pending.reject(this.#lost);
      // What it was asked before cannot be answered any more, but it ends in order.
      this.#channel.end().catch(() => {});
      return;
    }
    pending.reject(this.#failed(pending.kind, reply.failure));
  }

  #failed(kind: EngineRequest["kind"], failure: EngineFailure): ModelwrightError {
    const { peer } = this.#options;
    if (failure.kind === "peer") {
      return new ModelwrightError("MISSING_PEER", failure.reason, { details: { peer, install: `npm install ${peer}` } });
    }
    return this.#errorOf(kind, new Error(failure.reason));
  }

  #errorOf(kind: EngineRequest["kind"], cause: unknown): ModelwrightError {
    const { provider } = this.#options;
    return kind === "load" ? loadFailed(provider, cause) : runFailed(provider, cause);
  }

  #lose(reason: string): void {
    if (this.#lost !== undefined) return;
    // Set before anybody is told, so that a call made in answer finds the host lost.
    this.#lost = executorLost(this.#options.provider, reason, false);
    const error = executorLost(this.#options.provider, reason, this.#options.onLost?.(reason) ?? false);
    this.#lost = error;
    const open = [...this.#pending.values()];
    this.#pending.clear();
    if (open.length > 0) this.#channel.unhold?.();
    for (const { reject } of open) reject(error);
  }
}
