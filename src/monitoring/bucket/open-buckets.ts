import type { Clock } from "../../core/clock.ts";
import type { DriftSource } from "../../drift/port.ts";
import type { StoredBucket } from "../port.ts";
import type { NumberScale } from "./number-scale.ts";
import { OpenBucket } from "./open-bucket.ts";

/** Buckets that grow at a time; one more ends the oldest. Each takes 30 to 100 kB. */
const MAX_OPEN = 128;

/** What {@link OpenBuckets} needs. */
export interface OpenBucketsOptions {
  readonly spanMs: number;
  readonly scale: NumberScale;
  /** Of this run of this process. */
  readonly writer: string;
  /** Encoded buckets that may wait for the store. */
  readonly maxSealed: number;
  readonly clock: Clock;
  /** The reference to count against. */
  readonly driftOf: (series: string) => DriftSource | undefined;
  /** Hears of a drift source that could not count, and that the bucket goes without. */
  readonly onDriftFailed: (error: unknown) => void;
  /** Hears of encoded buckets that had no room any more, or that the store has refused. */
  readonly onLost: (buckets: number) => void;
}

/** Buckets on their way to the store. */
export interface BucketBatch {
  readonly stored: readonly StoredBucket[];
  /** They are stored, but for those that were `refused` and are lost: what the others were made from may grow on. */
  done(refused: readonly StoredBucket[]): void;
  /** They may be stored or not, now or later: they are sent again as they are, and what is counted from now on goes elsewhere. */
  failed(): void;
}

/**
 * The buckets of this process: those that grow, and those that wait for the store.
 *
 * Every bucket has a writer's name of its own, so that none can take the place of another, whatever the clock does; one that belongs to a
 * span that was left already is one more part of it. Parts add up.
 */
export class OpenBuckets {
  readonly #options: OpenBucketsOptions;
  readonly #open = new Map<string, OpenBucket>();
  /** Encoded and never changed again. */
  #sealed: StoredBucket[] = [];
  #parts = 0;

  constructor(options: OpenBucketsOptions) {
    this.#options = options;
  }

  /** Whether there is something to store, or to end. */
  get pending(): boolean {
    return this.#open.size > 0 || this.#sealed.length > 0;
  }

  /** Whether something was counted that is not stored. */
  get unstored(): boolean {
    if (this.#sealed.length > 0) return true;
    for (const { dirty } of this.#open.values()) if (dirty) return true;
    return false;
  }

  /** Whether more than half of the encoded buckets that may wait do so. */
  get crowded(): boolean {
    return this.#sealed.length * 2 > this.#options.maxSealed;
  }

  /** Most buckets that one round of storing has to take. */
  get size(): number {
    return this.#open.size + this.#sealed.length;
  }

  /** The bucket that counts what happens at this time; keep it as long as it is `open` and its span has the time. */
  at(series: string, at: number): OpenBucket {
    const { spanMs } = this.#options;
    const start = Math.floor(at / spanMs) * spanMs;
    const key = `${start} ${series}`;
    let bucket = this.#open.get(key);
    if (bucket === undefined) {
      if (this.#open.size >= MAX_OPEN) this.#sealOldest();
      bucket = this.#create(series, start);
      this.#open.set(key, bucket);
    }
    return bucket;
  }

  /** Up to `limit` buckets to store, those that wait longest first; undefined when all are stored. */
  take(limit: number): BucketBatch | undefined {
    const waiting = this.#sealed.slice(0, limit);
    const growing: { readonly key: string; readonly bucket: OpenBucket; readonly stored: StoredBucket }[] = [];
    for (const [key, bucket] of this.#open) {
      if (waiting.length + growing.length === limit) break;
      if (!bucket.dirty) continue;
      bucket.dirty = false;
      // Until it is known how the store takes it, what else happens is counted in a part of its own.
      bucket.open = false;
      this.#open.delete(key);
      growing.push({ key, bucket, stored: bucket.encode() });
    }
    if (waiting.length + growing.length === 0) return undefined;
    return {
      stored: [...waiting, ...growing.map(({ stored }) => stored)],
      done: (refused) => {
        const sent = new Set(waiting);
        this.#sealed = this.#sealed.filter((bucket) => !sent.has(bucket));
        for (const { key, bucket, stored } of growing) if (!refused.includes(stored)) this.#resume(key, bucket);
        if (refused.length > 0) this.#options.onLost(refused.length);
      },
      failed: () => {
        for (const { stored } of growing) this.#seal(stored);
      },
    };
  }

  /** Leaves the buckets that have been open for long, and have nothing to store. */
  sweep(): void {
    const oldest = this.#options.clock.monotonic() - 3 * this.#options.spanMs;
    for (const [key, bucket] of this.#open) {
      if (bucket.opening.openedAt > oldest || bucket.dirty) continue;
      bucket.open = false;
      this.#open.delete(key);
    }
  }

  #create(series: string, at: number): OpenBucket {
    const { spanMs, scale, writer, clock } = this.#options;
    this.#parts += 1;
    const opening = {
      series,
      at,
      spanMs,
      scale,
      writer: `${writer}.${this.#parts.toString(36)}`,
      openedAt: clock.monotonic(),
      reference: this.#referenceOf(series),
    };
    try {
      return new OpenBucket({ ...opening, drift: this.#options.driftOf(series) });
    } catch (error) {
      this.#options.onDriftFailed(error);
      return new OpenBucket({ ...opening, drift: undefined });
    }
  }

  /** What the drift source is called now; empty for none, and for one that cannot tell. */
  #referenceOf(series: string): string {
    try {
      return this.#options.driftOf(series)?.fingerprint ?? "";
    } catch {
      return "";
    }
  }

  /** Lets a stored bucket grow on, with what was counted meanwhile, unless there is another reference to count against now. */
  #resume(key: string, bucket: OpenBucket): void {
    const { series, reference = "" } = bucket.opening;
    if (reference !== this.#referenceOf(series)) return;
    const meanwhile = this.#open.get(key);
    if (meanwhile !== undefined) {
      if (!bucket.fits(meanwhile)) return;
      bucket.absorb(meanwhile);
    }
    bucket.open = true;
    this.#open.set(key, bucket);
  }

  #sealOldest(): void {
    for (const [key, bucket] of this.#open) {
      bucket.open = false;
      this.#open.delete(key);
      if (bucket.dirty) this.#seal(bucket.encode());
      return;
    }
  }

  #seal(stored: StoredBucket): void {
    this.#sealed.push(stored);
    const excess = this.#sealed.length - this.#options.maxSealed;
    if (excess <= 0) return;
    this.#sealed.splice(0, excess);
    this.#options.onLost(excess);
  }
}
