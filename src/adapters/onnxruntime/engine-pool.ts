import type { CallOptions } from "../../core/call.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { raceAbort } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { AnswerOf } from "./engine-client.ts";
import { executorLost, refusalOf } from "./engine-failure.ts";
import type { EngineTensor } from "./engine-messages.ts";
import { type EngineModel, EngineSlot, type SlotOptions } from "./engine-slot.ts";
import type { OrtSessionOptions } from "./library.ts";

/** Options of an {@link EnginePool}. */
export interface EnginePoolOptions extends SlotOptions {
  /** Most hosts, at least 1. */
  readonly workers: number;
  /** Longest run, ms; then its host is killed, which its channel must be able to do. @defaultValue no limit */
  readonly hardTimeoutMs?: number | undefined;
  /** How long a host without a model waits for the next one before it is ended, ms. @defaultValue 0: its last model's release ends it */
  readonly lingerMs?: number | undefined;
  readonly clock?: Clock;
  /**
   * Runs that a host is given at a time, at least 1. With 2 it need not wait for the next one while its answer is on the way; it works on
   * one at a time all the same.
   *
   * @defaultValue 1
   */
  readonly depth?: number | undefined;
}

/** What a run is given, made when a host is free: memory that moves must not move before. */
export interface RunRequest {
  readonly feeds: Readonly<Record<string, EngineTensor>>;
  readonly fetches: readonly string[];
  /** Memory of the feeds that may move. */
  readonly transfer: readonly ArrayBuffer[];
}

interface Waiting {
  readonly order: number;
  readonly prepare: () => RunRequest;
  readonly resolve: (answer: AnswerOf<"run">) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Hosts of an engine that share the work of all models: started on demand, ended when they have held no model for a while. A run goes to
 * a free host that has its model; more wait in the order of asking.
 */
export class EnginePool {
  readonly #options: EnginePoolOptions;
  readonly #clock: Clock;
  readonly #slots = new Set<EngineSlot>();
  readonly #models = new Set<PooledModel>();
  /** When hosts without a model are ended. */
  readonly #ends = new Map<EngineSlot, Disposable>();
  #ids = 0;
  #orders = 0;

  constructor(options: EnginePoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Engine and device. */
  get provider(): string {
    return this.#options.provider;
  }

  /** Runs that a host is given at a time. */
  get depth(): number {
    return this.#options.depth ?? 1;
  }

  /** Most hosts. */
  get workers(): number {
    return this.#options.workers;
  }

  /**
   * Loads a model into one host.
   *
   * @param bytes - kept until the model is released
   * @throws a {@link ModelwrightError} with code `MODEL_INVALID`, `MODEL_UNSUPPORTED`, `MISSING_PEER` or `MODEL_EXECUTOR_LOST`
   */
  async load(bytes: Uint8Array, options: OrtSessionOptions, call?: CallOptions): Promise<PooledModel> {
    call?.signal?.throwIfAborted();
    const model = new PooledModel(this, { id: ++this.#ids, bytes, options });
    this.#models.add(model);
    const loaded = this.#loadFirst(model);
    if (call?.signal === undefined) return loaded;
    return raceAbort(call.signal, () => loaded).catch(async (error) => {
      // Nobody waits for it any more. The signal ends the waiting, not the work.
      loaded.then(() => this.release(model)).catch(() => {});
      throw error;
    });
  }

  /**
   * Loads a model into more hosts, up to `instances` in all: at the same time where nothing else is served, else one by one, so that
   * other models have hosts left to run on.
   *
   * @throws what the engine says, once; the instances that there are stay
   */
  async spread(model: PooledModel, instances: number): Promise<void> {
    const missing = Math.min(instances, this.workers) - this.#slotsOf(model).length;
    const alone = this.#models.size === 1;
    const loads: Promise<unknown>[] = [];
    for (let i = 0; i < missing && !model.released; i += 1) {
      const load = this.#loadInto(this.#slotFor(model), model);
      if (alone) loads.push(load);
      else await load;
    }
    await Promise.all(loads);
  }

  /** Runs a model on the first host that is free. An abort ends the waiting; a run that has begun goes on. */
  run(model: PooledModel, prepare: () => RunRequest, call?: CallOptions): Promise<AnswerOf<"run">> {
    const signal = call?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    let entry: Waiting | undefined;
    const answer = new Promise<AnswerOf<"run">>((resolve, reject) => {
      const run: Waiting = { order: ++this.#orders, prepare, resolve, reject };
      const slot = this.#freest(model);
      if (slot !== undefined) {
        this.#start(slot, model, run);
        return;
      }
      if (model.failure !== undefined) throw model.failure;
      entry = run;
      model.waiting.add(run);
    });
    if (signal === undefined) return answer;
    return raceAbort(signal, () => answer).finally(() => {
      if (entry !== undefined) model.waiting.delete(entry);
    });
  }

  /** Hosts that can run a model. */
  ready(model: PooledModel): number {
    return this.#slotsOf(model).filter((slot) => slot.isReady(model.model)).length;
  }

  /** Gives a model's memory back, after the runs that have begun. Without `lingerMs` waits until hosts that hold nothing have ended. */
  async release(model: PooledModel): Promise<void> {
    if (model.released) return;
    model.released = true;
    this.#models.delete(model);
    const released = this.#slotsOf(model).map(async (slot) => {
      await slot.release(model.model);
      await this.#retire(slot);
    });
    await Promise.all(released);
  }

  async #loadFirst(model: PooledModel): Promise<PooledModel> {
    try {
      const answer = await this.#loadInto(this.#slotFor(model), model);
      const refusal = refusalOf(this.provider, answer);
      if (refusal !== undefined) throw refusal;
      model.loaded = answer;
      return model;
    } catch (error) {
      await this.release(model);
      throw error;
    }
  }

  async #loadInto(slot: EngineSlot, model: PooledModel): Promise<AnswerOf<"load">> {
    this.#ends.get(slot)?.[Symbol.dispose]();
    this.#ends.delete(slot);
    try {
      return await slot.load(model.model);
    } catch (error) {
      await this.#retire(slot);
      throw error;
    }
  }

  /** A place for one more instance: an empty one, a new one, or that with the fewest models. */
  #slotFor(model: PooledModel): EngineSlot {
    const others = [...this.#slots].filter((slot) => !slot.has(model.model));
    const empty = others.find((slot) => slot.size === 0);
    if (empty !== undefined) return empty;
    if (this.#slots.size < this.workers) return this.#newSlot();
    return others.reduce((least, slot) => (slot.size < least.size ? slot : least));
  }

  #newSlot(): EngineSlot {
    const slot = new EngineSlot(this.#options, {
      idle: () => this.#next(slot),
      ready: () => {},
      gaveUp: (given, error) => {
        const model = [...this.#models].find((each) => each.model === given);
        if (model === undefined) return;
        if (this.#slotsOf(model).length > 0) return;
        model.failure = error;
        for (const { reject } of model.waiting) reject(error);
        model.waiting.clear();
      },
      abandoned: () => this.#forget(slot),
    });
    this.#slots.add(slot);
    return slot;
  }

  #slotsOf(model: PooledModel): EngineSlot[] {
    return [...this.#slots].filter((slot) => slot.has(model.model));
  }

  /** Ends the host of a slot that no model belongs to, at once or when it has waited for one in vain. */
  async #retire(slot: EngineSlot): Promise<void> {
    // A host must not be ended between a load and the release that follows it where nobody waits any more.
    await slot.loaded();
    if (slot.size > 0) return;
    const { lingerMs = 0 } = this.#options;
    const end = () => {
      this.#forget(slot);
      return slot.end();
    };
    if (lingerMs === 0 || !this.#slots.has(slot)) return end();
    this.#ends.get(slot)?.[Symbol.dispose]();
    this.#ends.set(
      slot,
      this.#clock.schedule(lingerMs, () => void end()),
    );
  }

  /** Gives nothing to a slot any more. */
  #forget(slot: EngineSlot): void {
    this.#slots.delete(slot);
    this.#ends.get(slot)?.[Symbol.dispose]();
    this.#ends.delete(slot);
  }

  /** The host that has the model and the least to do; undefined while none takes more. */
  #freest(model: PooledModel): EngineSlot | undefined {
    let freest: EngineSlot | undefined;
    for (const slot of this.#slots)
      if (slot.isReady(model.model) && slot.pending < (freest?.pending ?? this.depth)) freest = slot;
    return freest;
  }

  /** Gives a free host the run that has waited longest among those that it can do. */
  #next(slot: EngineSlot): void {
    if (slot.pending >= this.depth) return;
    let next: { readonly model: PooledModel; readonly run: Waiting } | undefined;
    for (const model of this.#models) {
      const [run] = model.waiting;
      if (run !== undefined && run.order < (next?.run.order ?? Infinity) && slot.isReady(model.model)) next = { model, run };
    }
    if (next === undefined) return;
    next.model.waiting.delete(next.run);
    this.#start(slot, next.model, next.run);
  }

  /** The slot has something to do from the moment of the call. */
  #start(slot: EngineSlot, model: PooledModel, run: Waiting): void {
    this.#within(slot, async () => {
      const { feeds, fetches, transfer } = run.prepare();
      return slot.run(model.model, feeds, fetches, transfer);
    })
      .then(run.resolve, run.reject)
      .finally(() => this.#next(slot));
  }

  /** Kills the host if the work takes longer than it may. */
  async #within<T>(slot: EngineSlot, work: () => Promise<T>): Promise<T> {
    const { hardTimeoutMs } = this.#options;
    if (hardTimeoutMs === undefined) return work();
    let late: string | undefined;
    const timer = this.#clock.schedule(hardTimeoutMs, () => {
      late = `the run took longer than hardTimeoutMs, ${hardTimeoutMs} ms`;
      slot.kill(late);
    });
    try {
      return await work();
    } catch (error) {
      if (late === undefined || !ModelwrightError.is(error, "MODEL_EXECUTOR_LOST")) throw error;
      // Another try would take as long.
      throw executorLost(this.provider, late, error.details.replaced, false);
    } finally {
      timer[Symbol.dispose]();
    }
  }
}

/** A model in the hosts of a pool. */
export class PooledModel {
  readonly pool: EnginePool;
  readonly model: EngineModel;
  /** Runs that wait for a host, oldest first. */
  readonly waiting = new Set<Waiting>();
  /** What the first host said of it. */
  loaded!: AnswerOf<"load">;
  released = false;
  /** Why no host will run it any more. */
  failure: unknown;

  constructor(pool: EnginePool, model: EngineModel) {
    this.pool = pool;
    this.model = model;
  }
}
