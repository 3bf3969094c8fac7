import type { ConnectEngine } from "./engine-channel.ts";
import { type AnswerOf, EngineClient } from "./engine-client.ts";
import { executorLost } from "./engine-failure.ts";
import type { EngineTensor } from "./engine-messages.ts";
import type { OrtSessionOptions } from "./library.ts";

/** A model as a host loads it. */
export interface EngineModel {
  /** Names it within its pool. */
  readonly id: number;
  /** Kept as long as the model, for a host that has to load it again. */
  readonly bytes: Uint8Array;
  readonly options: OrtSessionOptions;
}

/** What a slot tells of itself. */
export interface SlotEvents {
  /** The host may have nothing to do. */
  idle(): void;
  /** A model was loaded, or loaded again. */
  ready(model: EngineModel): void;
  /** A model that was ready once cannot be run here any more and is not loaded again. Also told of one that was released meanwhile. */
  gaveUp(model: EngineModel, error: unknown): void;
  /** The host was lost while no model belonged here. None takes its place: the slot is of no use any more. */
  abandoned(): void;
}

/** Options of an {@link EngineSlot}. */
export interface SlotOptions {
  /** Engine and device, for example `onnxruntime-node/cpu`. */
  readonly provider: string;
  /** The package that hosts import. */
  readonly peer: string;
  readonly connect: ConnectEngine;
}

/** How often in a row hosts may end while they load the same model, or while nobody asks them anything. */
const MAX_DEATHS = 3;

/**
 * A place for one host of an engine. When the host is lost, another one takes its place and loads the same models. A model under whose
 * loading hosts end three times in a row is given up, and all are when hosts end three times in a row without any work.
 */
export class EngineSlot {
  readonly #options: SlotOptions;
  readonly #events: SlotEvents;
  /** What belongs here, and whether the host has loaded it. */
  readonly #models = new Map<EngineModel, { ready: boolean }>();
  #client: EngineClient;
  /** Models load one after the other, so that it is known which of them ended the host. */
  #lastLoad: Promise<unknown> = Promise.resolve();
  #loading: EngineModel | undefined;
  #deathsLoading = 0;
  #deathsIdle = 0;
  /** Why models were given up here. */
  #failure: unknown;

  constructor(options: SlotOptions, events: SlotEvents) {
    this.#options = options;
    this.#events = events;
    this.#client = this.#connect();
  }

  /** How many models belong here. */
  get size(): number {
    return this.#models.size;
  }

  /** What the host was asked and has not answered. */
  get pending(): number {
    return this.#client.pending;
  }

  /** Whether a model belongs here, ready or not. */
  has(model: EngineModel): boolean {
    return this.#models.has(model);
  }

  /** Whether a model can be run here. */
  isReady(model: EngineModel): boolean {
    return this.#models.get(model)?.ready === true;
  }

  /**
   * Loads a model, again if the host is lost meanwhile.
   *
   * @throws a `ModelwrightError` with code `MODEL_INVALID`, `MODEL_UNSUPPORTED`, `MISSING_PEER` or `MODEL_EXECUTOR_LOST`
   */
  load(model: EngineModel): Promise<AnswerOf<"load">> {
    this.#models.set(model, { ready: false });
    return this.#queueLoad(model);
  }

  /** Runs a model that is ready. @throws a `ModelwrightError` with code `MODEL_RUN_FAILED` or `MODEL_EXECUTOR_LOST` */
  async run(
    model: EngineModel,
    feeds: Readonly<Record<string, EngineTensor>>,
    fetches: readonly string[],
    transfer: readonly ArrayBuffer[],
  ): Promise<AnswerOf<"run">> {
    const answer = await this.#client.run(model.id, feeds, fetches, transfer);
    this.#deathsIdle = 0;
    return answer;
  }

  /** Ends the host at once, where that is possible; another one takes its place. */
  kill(reason: string): void {
    this.#client.kill(reason);
  }

  /** Takes a model away, after the runs that the host was asked for. Never rejects. */
  async release(model: EngineModel): Promise<void> {
    const entry = this.#models.get(model);
    if (entry === undefined) return;
    this.#models.delete(model);
    // A host that is lost holds nothing; one that still loads the model releases it then.
    if (entry.ready) await this.#client.release(model.id).catch(() => {});
    else await this.#lastLoad;
    this.#events.idle();
  }

  /** Resolves when no model is being loaded, also none that was taken away meanwhile. Never rejects. */
  async loaded(): Promise<void> {
    await this.#lastLoad;
  }

  /** Ends the host, after what it was asked before. Nothing may be asked of the slot any more. */
  async end(): Promise<void> {
    await this.#client.end();
  }

  #queueLoad(model: EngineModel): Promise<AnswerOf<"load">> {
    const loaded = this.#lastLoad.then(() => this.#load(model)).finally(() => this.#events.idle());
    this.#lastLoad = loaded.catch(() => {});
    return loaded;
  }

  async #load(model: EngineModel): Promise<AnswerOf<"load">> {
    this.#loading = model;
    this.#deathsLoading = 0;
    try {
      while (this.#models.has(model)) {
        const client = this.#client;
        const outcome = await client.load(model.id, model.bytes, model.options).catch((error: unknown) => ({ error }));
        if (client.lost) continue; // on the host that took its place, unless the model was given up
        const entry = this.#models.get(model);
        if ("error" in outcome) {
          this.#models.delete(model);
          throw outcome.error;
        }
        if (entry === undefined) await client.release(model.id).catch(() => {});
        else {
          entry.ready = true;
          this.#events.ready(model);
        }
        return outcome;
      }
      throw this.#failure ?? executorLost(this.#options.provider, "the model was released", false);
    } finally {
      this.#loading = undefined;
    }
  }

  #connect(): EngineClient {
    const { provider, peer, connect } = this.#options;
    return new EngineClient({ provider, peer, connect, onLost: (reason) => this.#replace(reason) });
  }

  /** Answers whether there is another host. */
  #replace(reason: string): boolean {
    const broken = this.#loading;
    const often = `${reason}, ${MAX_DEATHS} times in a row`;
    if (broken !== undefined) {
      this.#deathsLoading += 1;
      if (this.#deathsLoading >= MAX_DEATHS) this.#giveUp([broken], `${often} while it loaded the model`);
    } else if (this.#client.pending === 0) {
      this.#deathsIdle += 1;
      if (this.#deathsIdle >= MAX_DEATHS) this.#giveUp([...this.#models.keys()], `${often} without any work`);
    }
    if (this.#models.size === 0) {
      this.#events.abandoned();
      return false;
    }
    this.#client = this.#connect();
    for (const [model, entry] of this.#models) {
      if (!entry.ready) continue; // its loading goes on
      entry.ready = false;
      this.#queueLoad(model).catch((error) => this.#events.gaveUp(model, error));
    }
    return true;
  }

  #giveUp(models: readonly EngineModel[], reason: string): void {
    this.#failure = executorLost(this.#options.provider, reason, false);
    for (const model of models) {
      const ready = this.isReady(model);
      this.#models.delete(model);
      if (ready) this.#events.gaveUp(model, this.#failure);
    }
  }
}
