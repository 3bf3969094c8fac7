import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { raceAbort } from "../core/deadline.ts";
import { parseOptions, passed } from "../core/options.ts";
import { retry } from "../core/retry.ts";

/** Options of {@link scoreStream}. */
export interface ScoreStreamOptions {
  /** Items that are scored together, at least 1. A chunk waits until it is full, or the items have ended. @defaultValue 64 */
  readonly chunk?: number | undefined;
  /** Chunks that are scored at once, at least 1. @defaultValue 1 */
  readonly concurrency?: number | undefined;
  /** Further tries of a chunk that failed with an error marked `retryable`, at least 0. @defaultValue 2 */
  readonly retries?: number | undefined;
  /** Ends the stream; it rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** Answers items together, in their order. It is tried again on failure, so it has no side effect. */
export type ScoreChunk<In, Out> = (items: readonly In[], call: CallOptions) => Promise<readonly Out[]>;

const optionsSchema = z.strictObject({
  chunk: z.int().min(1).default(64),
  concurrency: z.int().min(1).default(1),
  retries: z.int().min(0).default(2),
  signal: passed<AbortSignal>(
    "an AbortSignal",
    (value) => typeof (value as AbortSignal | null)?.addEventListener === "function",
  ).optional(),
});

/**
 * Scores the items of an iterable, in their order, as fast as they are consumed: at most `chunk` × `concurrency` items are read that have
 * not been answered.
 *
 * When a chunk or the iterable fails, everything before is answered first, then the stream rejects with that error. When it ends, for
 * whatever reason, no chunk is running any more and the iterable was told to stop (`return()`), which is waited for unless it is busy
 * with its next item. Chunks that are still running get the abort of their signal.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` before the first item; what `score` and the iterable throw; a `TypeError` when
 * `score` answers another number of items than it was given
 */
export async function* scoreStream<In, Out>(
  score: ScoreChunk<In, Out>,
  items: Iterable<In> | AsyncIterable<In>,
  options: ScoreStreamOptions = {},
  runtime: Runtime = {},
): AsyncGenerator<Out, void, undefined> {
  const { chunk, concurrency, retries, signal } = parseOptions(optionsSchema, options, "scoreStream");
  signal?.throwIfAborted();
  const { clock, random } = runtime;
  const policy = { attempts: retries + 1, ...(clock && { clock }), ...(random && { random }) };
  const stop = new AbortController();
  const reader = new ChunkReader<In, Out>(items, {
    chunk,
    ahead: concurrency,
    work: async (each) => {
      const call = { signal: stop.signal };
      const answers = await retry(() => score(each, call), policy, call);
      if (answers.length === each.length) return answers;
      throw new TypeError(`A chunk of ${each.length} items was answered with ${answers.length}`);
    },
  });
  const forward = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", forward, { once: true });
  let failed = false;
  try {
    for (;;) {
      const answers = await raceAbort(stop.signal, () => reader.next());
      if (answers === undefined) return;
      for (let i = 0; i < answers.length; i++) {
        // The place is free with the last answer, so that the next chunk is scored while the consumer works on it.
        if (i === answers.length - 1) reader.consumed();
        yield answers[i]!;
        signal?.throwIfAborted();
      }
    }
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    signal?.removeEventListener("abort", forward);
    stop.abort(new DOMException("The stream has ended", "AbortError"));
    const closed = reader.close();
    // As in `for await`: what went wrong first is what the consumer hears of.
    await (failed ? closed.catch(() => {}) : closed);
  }
}

interface ChunkReaderOptions<In, Out> {
  readonly chunk: number;
  /** Chunks that are read and not consumed, at most. */
  readonly ahead: number;
  readonly work: (items: readonly In[]) => Promise<readonly Out[]>;
}

/** Reads chunks, starts work on each, and keeps the outcomes in order. Begins with the first `next()`. */
class ChunkReader<In, Out> {
  readonly #options: ChunkReaderOptions<In, Out>;
  readonly #iterator: Iterator<In> | AsyncIterator<In>;
  /** Outcomes that nobody has asked for. */
  readonly #queue: Promise<readonly Out[]>[] = [];
  readonly #running = new Set<Promise<unknown>>();
  /** Chunks that are read, or being read, and not consumed. */
  #ahead = 0;
  #begun = false;
  /** Whether no more is to be read. */
  #stopped = false;
  /** Whether the iterator has ended by itself. */
  #exhausted = false;
  #reading = false;
  /** Wakes the reader, or the one who waits for it: never both wait. */
  #wake: (() => void) | undefined;

  constructor(items: Iterable<In> | AsyncIterable<In>, options: ChunkReaderOptions<In, Out>) {
    this.#options = options;
    this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** The answers of the next chunk; undefined after the last one. */
  async next(): Promise<readonly Out[] | undefined> {
    if (!this.#begun) {
      this.#begun = true;
      void this.#read();
    }
    while (this.#queue.length === 0) {
      if (this.#stopped) return undefined;
      await this.#sleep();
    }
    return this.#queue.shift();
  }

  /** Makes place for another chunk. */
  consumed(): void {
    this.#ahead -= 1;
    this.#wake?.();
  }

  /** Reads no more, tells the iterator to stop, and waits for running work. Rejects when the iterator fails to stop. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    try {
      if (!this.#exhausted) await this.#return();
    } finally {
      await Promise.allSettled(this.#running);
    }
  }

  async #return(): Promise<void> {
    // One that is busy may be so for ever, and stops when it is not.
    const returned = (async () => this.#iterator.return?.())();
    returned.catch(() => {});
    if (!this.#reading) await returned;
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      if (this.#ahead === this.#options.ahead) {
        await this.#sleep();
        continue;
      }
      this.#ahead += 1;
      const items: In[] = [];
      const failed = await this.#fill(items);
      // What was read while the reader was told to stop comes behind the end.
      if (this.#stopped) return;
      if (items.length > 0) this.#start(items);
      if (failed !== undefined) this.#push(failed);
      if (this.#exhausted) this.#stopped = true;
      this.#wake?.();
    }
  }

  /** Reads a chunk; answers the failure of the iterator, where it comes to one, as a rejection. */
  async #fill(items: In[]): Promise<{ readonly outcome: Promise<never> } | undefined> {
    try {
      while (items.length < this.#options.chunk && !this.#stopped) {
        this.#reading = true;
        const step = this.#iterator.next();
        // A turn of the job queue for each item would cost more than many a model.
        const item = "then" in step ? await step : step;
        this.#reading = false;
        if (item.done === true) {
          this.#exhausted = true;
          break;
        }
        items.push(item.value);
      }
      return undefined;
    } catch (error) {
      this.#exhausted = true;
      return { outcome: Promise.reject(error) };
    }
  }

  #start(items: readonly In[]): void {
    const outcome = this.#options.work(items);
    this.#running.add(outcome);
    const ended = () => void this.#running.delete(outcome);
    outcome.then(ended, () => {
      ended();
      this.#stopped = true;
    });
    this.#push({ outcome });
  }

  #push({ outcome }: { readonly outcome: Promise<readonly Out[]> }): void {
    // Whoever waits for it hears of its failure; there may be nobody.
    outcome.catch(() => {});
    this.#queue.push(outcome);
    this.#wake?.();
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
