import * as z from "zod";
import { invalidConfig, parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import { assertList } from "../assert-sample.ts";
import { LogBuckets } from "./log-buckets.ts";
import { assertQuantile, quantileRank } from "./quantile-rank.ts";
import { areExtremes, assertSameClass, extreme, totalOf, whole } from "./sketch-state.ts";

/** Accuracy and size of a {@link LogHistogram}. */
export interface LogHistogramOptions {
  /** Greatest relative error of a quantile, in [0.0001, 0.25]. @defaultValue 0.01 */
  readonly relativeAccuracy?: number;
  /**
   * Most buckets that each sign has, of 16 bytes at most; an integer in [1, 2^20].
   *
   * @defaultValue enough for 64 octaves, a ratio of 2^64 between the greatest and the least size: 3200 at 1 %
   */
  readonly maxBuckets?: number;
}

/** The values of one sign in a {@link LogHistogramState}. */
export interface LogBucketsState {
  /** Values too small for a bucket. */
  readonly small: number;
  /** Pairs of bucket index and count, in order of index, where the count is not 0. */
  readonly counts: readonly (readonly [index: number, count: number])[];
}

/** A {@link LogHistogram} as JSON. */
export interface LogHistogramState {
  readonly schemaVersion: 1;
  readonly relativeAccuracy: number;
  readonly maxBuckets: number;
  readonly nonFinite: number;
  readonly zero: number;
  readonly negative: LogBucketsState;
  readonly positive: LogBucketsState;
  readonly min: number | null;
  readonly max: number | null;
}

const DEFAULT_OCTAVES = 64;

const relativeAccuracy = z.number().min(0.0001).max(0.25);
const maxBuckets = z
  .int()
  .min(1)
  .max(2 ** 20);
const optionsSchema = z.strictObject({ relativeAccuracy: relativeAccuracy.default(0.01), maxBuckets: maxBuckets.optional() });

const bucketsSchema = z.object({
  small: whole,
  counts: z
    .array(z.tuple([whole, z.int().min(1)]))
    .max(2 ** 20)
    .refine((counts) => counts.every(([index], i) => i === 0 || index > counts[i - 1]![0]), { error: "out of order" }),
});
const stateSchema = z
  .object({
    schemaVersion: z.literal(1),
    relativeAccuracy,
    maxBuckets,
    nonFinite: whole,
    zero: whole,
    negative: bucketsSchema,
    positive: bucketsSchema,
    min: extreme,
    max: extreme,
  })
  .refine(
    ({ relativeAccuracy, maxBuckets, negative, positive }) =>
      [negative, positive].every(({ small, counts }) => {
        if (counts.length === 0) return small === 0;
        const last = counts.at(-1)![0];
        if (small > 0 && last < maxBuckets) return false;
        return counts[0]![0] > last - maxBuckets && last < 2047 * bucketsPerOctave(relativeAccuracy);
      }),
    { error: "a bucket is out of range" },
  )
  .refine((state) => Number.isSafeInteger(countOf(state)), { error: "more than can be counted" })
  .refine((state) => areExtremes(countOf(state), state.min, state.max), {
    path: ["min"],
    error: "min and max do not fit the counts",
  });

/** Finite values of a state. */
function countOf({ zero, negative, positive }: Pick<LogHistogramState, "zero" | "negative" | "positive">): number {
  const counts = [...negative.counts, ...positive.counts].map(([, count]) => count);
  return zero + negative.small + positive.small + totalOf(counts);
}

const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

/**
 * Counts of numbers of any sign and size in buckets so narrow that every quantile is off by at most `relativeAccuracy` of its value.
 * Merges exactly, in any order, to the same JSON.
 *
 * Each octave of sizes has equally many buckets of equal width, which the bits of the double tell without a logarithm: 44 % more
 * than logarithms would need, and the same on every platform. Sizes below 2.2e-308 count as 0. A sign has at most `maxBuckets`
 * buckets, its greatest one and those below; smaller sizes are counted together ({@link small}), and a quantile among them, which is told as the
 * bound below which they are, is off by up to that much.
 *
 * `Histogram` of the core is for what is known to be above 0 and in a range, such as times: fixed memory, an error of 1.6 %, twice as fast.
 *
 * @source C. Masson, J. E. Rim, H. K. Lee, "DDSketch", PVLDB 12 (2019), doi:10.14778/3352063.3352135, with linear interpolation of the
 * logarithm between powers of 2
 *
 * @example
 * ```ts
 * import { LogHistogram } from "modelwright/stats";
 *
 * const amounts = new LogHistogram({ relativeAccuracy: 0.01 });
 * amounts.addAll([-20, 0, 3.5, 12, 1e6]);
 * amounts.quantile(0.5); // 3.5, to 1 %
 * amounts.max; // 1e6, exactly
 * ```
 */
export class LogHistogram {
  readonly #relativeAccuracy: number;
  readonly #perOctave: number;
  readonly #negative: LogBuckets;
  readonly #positive: LogBuckets;
  #count = 0;
  #zero = 0;
  #nonFinite = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: LogHistogramOptions = {}) {
    const { relativeAccuracy, maxBuckets } = parseOptions(optionsSchema, options, "LogHistogram");
    this.#relativeAccuracy = relativeAccuracy;
    this.#perOctave = bucketsPerOctave(relativeAccuracy);
    const limit = maxBuckets ?? DEFAULT_OCTAVES * this.#perOctave;
    this.#negative = new LogBuckets(limit);
    this.#positive = new LogBuckets(limit);
  }

  /** Counts a value. What is no finite number is counted apart. */
  add(value: number): void {
    if (!Number.isFinite(value)) {
      this.#nonFinite += 1;
      return;
    }
    this.#count += 1;
    scratch[0] = value;
    const high = words[HIGH]!;
    const exponent = (high >>> 20) & 0x7ff;
    if (exponent === 0) this.#zero += 1;
    else {
      const fraction = (high & 0xf_ffff) * 2 ** -20 + (words[LOW]! >>> 0) * 2 ** -52;
      // The product stays below the number of buckets: the fraction is short of 1 by more than rounding adds.
      const index = exponent * this.#perOctave + Math.trunc(fraction * this.#perOctave);
      if (value > 0) this.#positive.add(index);
      else this.#negative.add(index);
    }
    // Adding 0 turns -0, whose sign JSON does not carry, into 0.
    if (value < this.#min) this.#min = value + 0;
    if (value > this.#max) this.#max = value + 0;
  }

  /** Counts values, as {@link add} does one by one. */
  addAll(values: ArrayLike<number>): void {
    assertList("the values of LogHistogram.addAll", values);
    for (let i = 0; i < values.length; i++) this.add(values[i]!);
  }

  /**
   * Adds what `other` has counted, which stays as it is.
   *
   * @throws a `ModelwrightError` with code `CONFIG_INVALID` when accuracy or number of buckets differ
   */
  merge(other: LogHistogram): void {
    assertSameClass("LogHistogram.merge", other, LogHistogram);
    if (other.#relativeAccuracy !== this.#relativeAccuracy || other.#positive.limit !== this.#positive.limit) {
      throw invalidConfig("LogHistogram.merge", [{ path: [], message: "both need the same relativeAccuracy and maxBuckets" }]);
    }
    this.#negative.merge(other.#negative);
    this.#positive.merge(other.#positive);
    this.#count += other.#count;
    this.#zero += other.#zero;
    this.#nonFinite += other.#nonFinite;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Finite values counted. */
  get count(): number {
    return this.#count;
  }

  /** Other values counted: NaN and infinities. */
  get nonFinite(): number {
    return this.#nonFinite;
  }

  /** Values counted that are too close to 0, beside the greatest of their sign, to have a bucket; quantiles among them are coarse. */
  get small(): number {
    return this.#negative.small + this.#positive.small;
  }

  /** The least finite value, exact; undefined when there is none. */
  get min(): number | undefined {
    return this.#count === 0 ? undefined : this.#min;
  }

  /** The greatest finite value, exact; undefined when there is none. */
  get max(): number | undefined {
    return this.#count === 0 ? undefined : this.#max;
  }

  /**
   * The q-quantile, the value of rank ⌈q·count⌉, off by at most `relativeAccuracy` of it; undefined when there is no finite value.
   *
   * @param q - in [0, 1]; 0 gives the least value and 1 the greatest, exactly
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for another `q`
   */
  quantile(q: number): number | undefined {
    assertQuantile("LogHistogram.quantile", q);
    if (this.#count === 0) return undefined;
    if (q === 0) return this.#min;
    if (q === 1) return this.#max;
    return Math.min(this.#max, Math.max(this.#min, this.#valueOf(quantileRank(q, this.#count))));
  }

  #valueOf(rank: number): number {
    let rest = rank;
    const negative = this.#negative;
    for (let index = negative.last; index >= negative.first; index--) {
      rest -= negative.count(index);
      if (rest <= 0) return -this.#middle(index);
    }
    rest -= negative.small;
    if (rest <= 0) return -this.#lower(negative.lowest);
    rest -= this.#zero;
    if (rest <= 0) return 0;
    const positive = this.#positive;
    rest -= positive.small;
    if (rest <= 0) return this.#lower(positive.lowest);
    for (let index = positive.first; index < positive.last; index++) {
      rest -= positive.count(index);
      if (rest <= 0) return this.#middle(index);
    }
    return this.#middle(positive.last);
  }

  /** The value whose greatest relative distance from those of a bucket is least: the harmonic mean of its bounds. */
  #middle(index: number): number {
    const width = 1 / this.#perOctave;
    const lower = 1 + (index % this.#perOctave) * width;
    return ((lower * (lower + width)) / (lower + width / 2)) * 2 ** (Math.floor(index / this.#perOctave) - 1023);
  }

  /** Lower bound of a bucket. */
  #lower(index: number): number {
    return (1 + (index % this.#perOctave) / this.#perOctave) * 2 ** (Math.floor(index / this.#perOctave) - 1023);
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): LogHistogramState {
    return {
      schemaVersion: 1,
      relativeAccuracy: this.#relativeAccuracy,
      maxBuckets: this.#positive.limit,
      nonFinite: this.#nonFinite,
      zero: this.#zero,
      negative: { small: this.#negative.small, counts: this.#negative.entries() },
      positive: { small: this.#positive.small, counts: this.#positive.entries() },
      min: this.min ?? null,
      max: this.max ?? null,
    };
  }

  /**
   * The histogram that {@link LogHistogram.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: LogHistogramState): LogHistogram {
    const state = validate(stateSchema, given, "The state of a log histogram");
    const histogram = new LogHistogram({ relativeAccuracy: state.relativeAccuracy, maxBuckets: state.maxBuckets });
    for (const [buckets, { small, counts }] of [
      [histogram.#negative, state.negative],
      [histogram.#positive, state.positive],
    ] as const) {
      for (let i = counts.length - 1; i >= 0; i--) buckets.add(counts[i]![0], counts[i]![1]);
      buckets.small = small;
    }
    histogram.#nonFinite = state.nonFinite;
    histogram.#zero = state.zero;
    histogram.#count = countOf(state);
    histogram.#min = state.min ?? Number.POSITIVE_INFINITY;
    histogram.#max = state.max ?? Number.NEGATIVE_INFINITY;
    return histogram;
  }
}

/** So many that the widest bucket of an octave, its first, [1, 1 + 1/n), has an error below the accuracy: 1 / (2n + 1). */
function bucketsPerOctave(relativeAccuracy: number): number {
  return Math.floor((1 / relativeAccuracy - 1) / 2) + 1;
}
