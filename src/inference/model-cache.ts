import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import type { Digest } from "../core/digest.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { defaultLogger, guarded, type Logger } from "../core/logger.ts";
import { parseOptions } from "../core/options.ts";
import type { ExecutionProvider, Executor } from "./port.ts";

/** Options of {@link ModelCache}. */
export interface ModelCacheOptions {
  /** Most bytes of models that stay loaded, as files; an engine may take more for each. @defaultValue 1073741824, 1 GiB */
  readonly maxBytes?: number | undefined;
}

/** Which model, loaded by whom. */
export interface ModelCacheKey {
  readonly digest: Digest;
  /** The very object: two providers of one kind may have different options. */
  readonly provider: ExecutionProvider;
  /** Size of the model. */
  readonly bytes: number;
}

/** The use of a loaded model. Disposal gives it back; the model may stay loaded. */
export interface Lease extends AsyncDisposable {
  readonly executor: Executor;
  /** Lets nobody else have the executor, because it is broken; it is disposed when its last lease has ended. */
  discard(): void;
}

/** What a {@link ModelCache} holds, and counts since the start. */
export interface ModelCacheStatistics {
  /** Models that are loaded or being loaded. */
  readonly models: number;
  /** Their size. */
  readonly bytes: number;
  /** Leases that are out, and calls that wait for one. */
  readonly users: number;
  /** Calls that found their model loaded or being loaded. */
  readonly hits: number;
  /** Loads that were begun. */
  readonly loads: number;
  /** Executors that were disposed. */
  readonly unloads: number;
}

interface Entry {
  readonly place: string;
  readonly bytes: number;
  loading: Promise<Executor>;
  /** Set while it is loaded. */
  executor: Executor | undefined;
  unloading: Promise<void> | undefined;
  users: number;
}

const optionsSchema = z.strictObject({ maxBytes: z.int().min(0).default(1_073_741_824) });

/**
 * Loaded models, shared by the sessions that are given the cache: a model is loaded once for each provider and stays loaded when nobody
 * uses it, until another one needs its room. The model that was given back longest ago goes first; one that is in use never does, so the
 * limit may be exceeded.
 *
 * @example
 * ```ts
 * import { ModelCache } from "modelwright/inference";
 *
 * await using models = new ModelCache({ maxBytes: 256 * 1024 * 1024 });
 * ```
 */
export class ModelCache implements AsyncDisposable {
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #lifecycle: Lifecycle;
  readonly #entries = new Map<string, Entry>();
  /** Loaded and used by nobody; the one given back longest ago first. */
  readonly #idle = new Set<Entry>();
  readonly #providers = new WeakMap<ExecutionProvider, number>();
  readonly #closed = new AbortController();
  #providerCount = 0;
  #bytes = 0;
  #users = 0;
  #hits = 0;
  #loads = 0;
  #unloads = 0;
  /** Disposals that are running. */
  readonly #unloading = new Set<Promise<void>>();

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: ModelCacheOptions = {}, { clock = systemClock, logger = defaultLogger }: Runtime = {}) {
    this.#maxBytes = parseOptions(optionsSchema, options, "ModelCache").maxBytes;
    this.#clock = clock;
    this.#logger = guarded(logger);
    this.#lifecycle = new Lifecycle("The model cache", () => this.#end());
  }

  /** What is held, and counts since the start. */
  get statistics(): ModelCacheStatistics {
    const counts = { users: this.#users, hits: this.#hits, loads: this.#loads, unloads: this.#unloads };
    return { models: this.#entries.size, bytes: this.#bytes, ...counts };
  }

  /**
   * The executor of a model, loaded by `load` unless it is there. Calls for one model at a time share one load, and its failure; an
   * abort or a time limit ends the waiting of its caller only, and the model is kept for the next one.
   *
   * @param load - its signal aborts when the cache is closed and nobody waits for the model
   * @throws a `ModelwrightError` with code `CLOSED` after `close()`; what `load` rejects with
   */
  async acquire(key: ModelCacheKey, load: (call: CallOptions) => Promise<Executor>, call?: CallOptions): Promise<Lease> {
    this.#lifecycle.assertOpen();
    call?.signal?.throwIfAborted();
    const place = this.#placeOf(key);
    let entry = this.#entries.get(place);
    if (entry === undefined) entry = this.#load(place, key.bytes, load);
    else this.#hits += 1;
    const release = this.#use(entry);
    try {
      const { loading } = entry;
      const executor = await withDeadline(call, () => loading, this.#clock);
      return this.#lease(entry, executor, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Refuses new leases, waits for those that are out, then unloads every model. Idempotent. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #lease(entry: Entry, executor: Executor, release: () => void): Lease {
    return {
      executor,
      discard: () => this.#forget(entry),
      [Symbol.asyncDispose]: async () => {
        release();
        await entry.unloading;
      },
    };
  }

  #load(place: string, bytes: number, load: (call: CallOptions) => Promise<Executor>): Entry {
    const entry = { place, bytes, executor: undefined, unloading: undefined, users: 0 } as Omit<Entry, "loading"> as Entry;
    this.#entries.set(place, entry);
    this.#bytes += bytes;
    this.#loads += 1;
    const work = async () => {
      try {
        // What goes gives its memory back before the engine asks for more.
        await Promise.all(this.#makeRoom());
        entry.executor = await load({ signal: this.#closed.signal });
      } catch (error) {
        this.#forget(entry);
        throw error;
      }
      if (entry.users === 0) this.#unused(entry);
      return entry.executor;
    };
    entry.loading = work();
    // A failure reaches those who wait; there may be none.
    entry.loading.catch(() => {});
    return entry;
  }

  /** Counts a user until the answer is called. */
  #use(entry: Entry): () => void {
    let end!: () => void;
    const used = new Promise<void>((resolve) => {
      end = resolve;
    });
    void this.#lifecycle.run(() => used);
    entry.users += 1;
    this.#users += 1;
    this.#idle.delete(entry);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      entry.users -= 1;
      this.#users -= 1;
      if (entry.users === 0) this.#unused(entry);
      end();
    };
  }

  /** Keeps or unloads a model whose last user has gone. */
  #unused(entry: Entry): void {
    if (entry.executor === undefined) return;
    if (this.#entries.get(entry.place) !== entry) {
      this.#unload(entry, entry.executor);
      return;
    }
    this.#idle.add(entry);
    this.#makeRoom();
  }

  /** Unloads what nobody uses until the rest is within the limit; answers what is to be waited for. */
  #makeRoom(): readonly (Promise<void> | undefined)[] {
    const gone = [];
    for (const entry of this.#idle) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#forget(entry);
      gone.push(entry.unloading);
    }
    return gone;
  }

  /** Takes a model out of the cache, and unloads it unless somebody uses it still. */
  #forget(entry: Entry): void {
    if (this.#entries.get(entry.place) !== entry) return;
    this.#entries.delete(entry.place);
    this.#bytes -= entry.bytes;
    if (this.#idle.delete(entry)) this.#unload(entry, entry.executor!);
  }

  #unload(entry: Entry, executor: Executor): void {
    entry.executor = undefined;
    this.#unloads += 1;
    const unload = async () => {
      try {
        await executor[Symbol.asyncDispose]();
      } catch (error) {
        // Nobody who waits here has to do with this model.
        this.#logger.warn("A model could not be unloaded", { provider: executor.provider, error });
      }
    };
    const unloading = unload().then(() => void this.#unloading.delete(unloading));
    this.#unloading.add(unloading);
    entry.unloading = unloading;
  }

  async #end(): Promise<void> {
    this.#closed.abort();
    await Promise.allSettled([...this.#entries.values()].map(({ loading }) => loading));
    for (const entry of [...this.#idle]) this.#forget(entry);
    await Promise.all(this.#unloading);
  }

  #placeOf({ provider, digest }: ModelCacheKey): string {
    let number = this.#providers.get(provider);
    if (number === undefined) {
      number = this.#providerCount++;
      this.#providers.set(provider, number);
    }
    return `${number} ${digest}`;
  }
}
