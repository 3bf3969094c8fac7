import { type Clock, sleep } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { ModelwrightError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { OpenBuckets } from "./bucket/open-buckets.ts";
import type { MonitorMetrics } from "./monitor-metrics.ts";
import type { MonitoringStore, NewPrediction, StoredBucket } from "./port.ts";
import type { PredictionLog } from "./prediction-log.ts";

/** Longest that one call of the store may take, so that one that hangs does not hold up the next. */
const CALL_TIMEOUT_MS = 30_000;

/** Longest wait after failures. */
const MAX_WAIT_MS = 60_000;

/** Buckets stored at once. */
const BUCKET_BATCH = 100;

/** Something could not be stored. It is kept, and tried again. */
export interface FlushFailure {
  readonly error: unknown;
  /** Records that wait. */
  readonly records: number;
  /** Failures in a row. */
  readonly failures: number;
  /** When it is tried again, ms from now. */
  readonly retryInMs: number;
}

/** What a {@link Flusher} needs. */
export interface FlusherOptions {
  readonly store: MonitoringStore;
  readonly model: string;
  readonly log: PredictionLog;
  readonly buckets: OpenBuckets;
  readonly metrics: MonitorMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly everyMs: number;
  /** Records stored at once. */
  readonly batch: number;
  readonly onFailed: (failure: FlushFailure) => void;
  /** Runs after a flush that the timer began, for what has to be done now and then. */
  readonly afterFlush: () => Promise<void>;
}

/** What became of records. */
interface Added {
  readonly added: number;
  readonly refused: readonly NewPrediction[];
}

/** Brings what waits to the store: one round at a time, soon after something came, later after failures. */
export class Flusher {
  readonly #options: FlusherOptions;
  #timer: Disposable | undefined;
  #urgent = false;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failures = 0;
  /** Until the next round. */
  #waitMs: number;
  #stopped = false;
  /** Of the oldest records, how many were sent without an answer: they may be stored. */
  #unsure = 0;

  constructor(options: FlusherOptions) {
    this.#options = options;
    this.#waitMs = options.everyMs;
  }

  /** Sees to it that a flush comes, at once when `urgent` and none has failed. */
  wake(urgent: boolean): void {
    if (this.#stopped || (this.#timer !== undefined && (this.#urgent || !urgent || this.#failures > 0))) return;
    if (this.#running !== undefined) return; // wakes again at its end
    this.#timer?.[Symbol.dispose]();
    this.#urgent = urgent && this.#failures === 0;
    this.#timer = this.#options.clock.schedule(this.#urgent ? 0 : this.#waitMs, () => {
      this.#timer = undefined;
      this.#urgent = false;
      this.flush()
        .then(() => this.#options.afterFlush())
        .catch(() => {}); // told by `onFailed`
    });
  }

  /** Stores what waits now; joins a round that has not begun. Rejects as the store does, and everything is kept. */
  flush(): Promise<void> {
    // First: between two rounds there is a moment with none running, and one more would send the same records.
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#start();
    this.#next = this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#start();
      });
    return this.#next;
  }

  /** Ends the timer, then stores what waits; tries three times. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    for (let attempt = 1; ; attempt++) {
      try {
        await this.flush();
        // What the store has refused in this round is counted in buckets of the next one.
        if (this.#options.buckets.unstored) await this.flush();
        return;
      } catch (error) {
        if (attempt === 3) throw error;
        await sleep(100 * attempt, this.#options.clock);
      }
    }
  }

  #start(): Promise<void> {
    const running = this.#round().finally(() => {
      this.#running = undefined;
      if (this.#next === undefined && (this.#options.log.size > 0 || this.#options.buckets.pending)) this.wake(false);
    });
    this.#running = running;
    return running;
  }

  async #round(): Promise<void> {
    const { metrics, onFailed, log, everyMs } = this.#options;
    // Records that cannot be stored do not keep buckets from it.
    const results = await Promise.allSettled([this.#flushRecords(), this.#flushBuckets()]);
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) {
      this.#failures = 0;
      this.#waitMs = everyMs;
      metrics.flushes.ok.inc();
      return;
    }
    this.#failures += 1;
    this.#waitMs = this.#backOff();
    metrics.flushes.failed.inc();
    onFailed({ error: failed.reason, records: log.size, failures: this.#failures, retryInMs: this.#waitMs });
    throw failed.reason;
  }

  async #flushRecords(): Promise<void> {
    const { log, batch, metrics, buckets } = this.#options;
    // What comes meanwhile is left for the next round: this one would not end.
    for (let left = log.size; left > 0; ) {
      const records = log.oldest(Math.min(batch, left));
      const { length } = records;
      const { added, refused } = await this.#addRecords(records).catch((error: unknown) => {
        this.#unsure = Math.max(this.#unsure, length);
        throw error;
      });
      log.remove(length);
      left -= length;
      for (const { version, at } of refused) {
        const bucket = buckets.at(version, at);
        bucket.fates.refused += 1;
        bucket.touch(at);
      }
      const taken = length - refused.length;
      // What was sent before is there by now, under an id of its own.
      const repeated = this.#unsure > 0 ? 0 : taken - added;
      this.#unsure = Math.max(0, this.#unsure - length);
      metrics.logged.inc(taken - repeated);
      metrics.repeated.inc(repeated);
      metrics.refused.inc(refused.length);
      metrics.buffered.add(-length);
    }
  }

  /**
   * Stores records; of a batch that the store refuses for what is in it, all but those at fault, which no repetition would help.
   *
   * @returns how many were new, and the refused ones
   */
  async #addRecords(records: readonly NewPrediction[]): Promise<Added> {
    const { store, model } = this.#options;
    try {
      return { added: await this.#limited((signal) => store.addPredictions(model, records, { signal })), refused: [] };
    } catch (error) {
      if (!ModelwrightError.is(error, "INPUT_INVALID")) throw error;
      if (records.length === 1) return { added: 0, refused: records };
      const half = records.length >> 1;
      const first = await this.#addRecords(records.slice(0, half));
      const second = await this.#addRecords(records.slice(half));
      return { added: first.added + second.added, refused: [...first.refused, ...second.refused] };
    }
  }

  async #flushBuckets(): Promise<void> {
    const { buckets } = this.#options;
    for (let left = buckets.size; left > 0; left -= BUCKET_BATCH) {
      const batch = buckets.take(BUCKET_BATCH);
      if (batch === undefined) break;
      try {
        batch.done(await this.#putBuckets(batch.stored));
      } catch (error) {
        batch.failed();
        throw error;
      }
    }
    buckets.sweep();
  }

  /** Stores buckets, as {@link Flusher.#addRecords} does records, and answers those that were refused. */
  async #putBuckets(stored: readonly StoredBucket[]): Promise<readonly StoredBucket[]> {
    const { store, model } = this.#options;
    try {
      await this.#limited((signal) => store.putBuckets(model, stored, { signal }));
      return [];
    } catch (error) {
      if (!ModelwrightError.is(error, "INPUT_INVALID")) throw error;
      if (stored.length === 1) return stored;
      const half = stored.length >> 1;
      return [...(await this.#putBuckets(stored.slice(0, half))), ...(await this.#putBuckets(stored.slice(half)))];
    }
  }

  #limited<T>(work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return withDeadline({ timeoutMs: CALL_TIMEOUT_MS }, work, this.#options.clock);
  }

  /** After failures twice as long each time, and not for all processes alike. */
  #backOff(): number {
    const { everyMs, random } = this.#options;
    const longest = Math.max(everyMs, Math.min(MAX_WAIT_MS, everyMs * 2 ** this.#failures));
    return Math.ceil(longest * (0.5 + random.next() / 2));
  }
}
