import * as z from "zod";
import { invalidConfig, parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import { assertFiniteSample } from "../assert-numbers.ts";
import { assertList, isList } from "../assert-sample.ts";
import { binIndex, countBins, learnBinsUnsorted } from "../bins.ts";
import { assertQuantile } from "./quantile-rank.ts";
import { areExtremes, assertSameClass, extreme, totalOf, whole } from "./sketch-state.ts";

/** Edges of {@link BinCounts}. */
export interface BinCountsOptions {
  /** Bin i holds the values in (edges[i − 1], edges[i]], the outer ones all beyond. Finite, increasing, 1 to 65 534 of them. */
  readonly edges: ArrayLike<number>;
  /** Whether every bin holds one value, its upper edge, so that a quantile is an edge and not between two. @defaultValue false */
  readonly discrete?: boolean;
}

/** Bins of {@link BinCounts.learn}. */
export interface LearnBinsOptions {
  /** Number of quantile bins, an integer in [2, 1000]. @defaultValue 10 */
  readonly bins?: number;
}

/** A {@link BinCounts} as JSON. */
export interface BinCountsState {
  readonly schemaVersion: 1;
  readonly edges: readonly number[];
  readonly discrete: boolean;
  /** One more than edges. */
  readonly counts: readonly number[];
  readonly missing: number;
  readonly nonFinite: number;
  readonly min: number | null;
  readonly max: number | null;
}

/** More would not fit the table that counts large samples. */
const MAX_EDGES = 65_534;

const shape = {
  edges: z
    .array(z.number())
    .min(1)
    .max(MAX_EDGES)
    .refine((edges) => edges.every((edge, i) => i === 0 || edge > edges[i - 1]!), { error: "not increasing" }),
  discrete: z.boolean(),
};
const optionsSchema = z.strictObject({ ...shape, discrete: shape.discrete.default(false) });
const learnSchema = z.strictObject({ bins: z.int().min(2).max(1000).default(10) });

const stateSchema = z
  .object({
    schemaVersion: z.literal(1),
    ...shape,
    counts: z
      .array(whole)
      .max(MAX_EDGES + 1)
      .refine((counts) => Number.isSafeInteger(totalOf(counts)), { error: "more than can be counted" }),
    missing: whole,
    nonFinite: whole,
    min: extreme,
    max: extreme,
  })
  .refine(({ edges, counts }) => counts.length === edges.length + 1, { path: ["counts"], error: "not one more than edges" })
  .refine(
    ({ edges, counts, min, max }) => {
      const first = counts.findIndex((count) => count > 0);
      if (!areExtremes(first + 1, min, max)) return false;
      if (min === null || max === null) return true;
      const bounds = Float64Array.from(edges);
      return binIndex(bounds, min) === first && binIndex(bounds, max) === counts.findLastIndex((count) => count > 0);
    },
    { path: ["min"], error: "min and max do not fit the counts" },
  );

/**
 * Counts of numbers in bins that never change: what PSI, chi-squared and other comparisons of distributions need. Merges exactly, in
 * any order, to the same JSON. Values next to each other share a bin; how many bins decides how much is lost.
 *
 * @example
 * ```ts
 * import { BinCounts, psiFromCounts } from "modelwright/stats";
 *
 * const reference = BinCounts.learn([1.2, 3.4, 2.2, 5.1, 4.4, 2.9, 3.8, 1.9], { bins: 4 });
 * reference.addAll([1.2, 3.4, 2.2, 5.1, 4.4, 2.9, 3.8, 1.9]);
 * const current = new BinCounts({ edges: reference.edges });
 * current.addAll([2.5, 4.1, 6.3, null]);
 * const { psi } = psiFromCounts(reference.counts, current.counts);
 * ```
 */
export class BinCounts {
  readonly #edges: Float64Array;
  readonly #discrete: boolean;
  readonly #counts: Float64Array;
  #count = 0;
  #missing = 0;
  #nonFinite = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: BinCountsOptions) {
    const edges = isList(options?.edges) ? Array.from(options.edges) : options?.edges;
    const parsed = parseOptions(optionsSchema, { ...options, edges }, "BinCounts");
    this.#edges = Float64Array.from(parsed.edges, (edge) => edge + 0);
    this.#discrete = parsed.discrete;
    this.#counts = new Float64Array(parsed.edges.length + 1);
  }

  /**
   * Empty counts in bins that suit a sample: one for each of its values when it has at most 20 distinct ones, else between its
   * quantiles, equal ones of which count once.
   *
   * @param sample - finite, at least one value, in any order
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for another sample, `CONFIG_INVALID` for wrong options
   */
  static learn(sample: ArrayLike<number>, options: LearnBinsOptions = {}): BinCounts {
    const { bins } = parseOptions(learnSchema, options, "BinCounts.learn");
    assertFiniteSample("the sample of BinCounts.learn", sample);
    return new BinCounts(learnBinsUnsorted(sample instanceof Float64Array ? sample : Float64Array.from(sample), bins));
  }

  /** Counts a value. Missing ones (null, undefined, NaN) and what else is no finite number are counted apart. */
  add(value: number | null | undefined): void {
    if (value === null || value === undefined || Number.isNaN(value)) this.#missing += 1;
    else if (!Number.isFinite(value)) this.#nonFinite += 1;
    else {
      this.#counts[binIndex(this.#edges, value)]! += 1;
      this.#count += 1;
      // Adding 0 turns -0, whose sign JSON does not carry, into 0.
      if (value < this.#min) this.#min = value + 0;
      if (value > this.#max) this.#max = value + 0;
    }
  }

  /** Counts values, as {@link add} does one by one; a `Float64Array` of finite ones is fastest. */
  addAll(values: ArrayLike<number | null | undefined>): void {
    assertList("the values of BinCounts.addAll", values);
    if (values instanceof Float64Array && this.#addFinite(values)) return;
    for (let i = 0; i < values.length; i++) this.add(values[i]);
  }

  /** Whether the values were all finite, and so were counted. */
  #addFinite(values: Float64Array): boolean {
    let min = this.#min;
    let max = this.#max;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value - value !== 0) return false;
      if (value < min) min = value + 0;
      if (value > max) max = value + 0;
    }
    const counts = countBins(this.#edges, values);
    for (let bin = 0; bin < counts.length; bin++) this.#counts[bin]! += counts[bin]!;
    this.#count += values.length;
    this.#min = min;
    this.#max = max;
    return true;
  }

  /** Adds what `other` has counted, which stays as it is. @throws a `ModelwrightError` with code `CONFIG_INVALID` when the bins differ */
  merge(other: BinCounts): void {
    assertSameClass("BinCounts.merge", other, BinCounts);
    const edges = this.#edges;
    const same = other.#edges.length === edges.length && other.#edges.every((edge, i) => edge === edges[i]);
    if (!same || other.#discrete !== this.#discrete) {
      throw invalidConfig("BinCounts.merge", [{ path: [], message: "both need the same bins" }]);
    }
    for (let bin = 0; bin < this.#counts.length; bin++) this.#counts[bin]! += other.#counts[bin]!;
    this.#count += other.#count;
    this.#missing += other.#missing;
    this.#nonFinite += other.#nonFinite;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Finite values counted. */
  get count(): number {
    return this.#count;
  }

  /** Nulls, undefined values and NaN counted. */
  get missing(): number {
    return this.#missing;
  }

  /** Infinities counted. */
  get nonFinite(): number {
    return this.#nonFinite;
  }

  /** A copy of the edges. */
  get edges(): Float64Array {
    return this.#edges.slice();
  }

  /** A copy of the counts, one more than there are edges. */
  get counts(): Float64Array {
    return this.#counts.slice();
  }

  /** Each bin's share of the finite values; undefined when there is none. */
  shares(): Float64Array | undefined {
    return this.#count === 0 ? undefined : this.#counts.map((count) => count / this.#count);
  }

  /** The share of finite values at or below each edge, exact; undefined when there is none. */
  cdf(): Float64Array | undefined {
    if (this.#count === 0) return undefined;
    let sum = 0;
    return Float64Array.from(this.#edges, (_, i) => {
      sum += this.#counts[i]!;
      return sum / this.#count;
    });
  }

  /**
   * The q-quantile, in the bin that holds the exact one: linear between its edges, or for discrete bins the upper one, and within the
   * least and the greatest value; undefined when there is no finite value.
   *
   * @param q - in [0, 1]; 0 gives the least value and 1 the greatest
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for another `q`
   */
  quantile(q: number): number | undefined {
    assertQuantile("BinCounts.quantile", q);
    if (this.#count === 0) return undefined;
    if (q === 0) return this.#min;
    if (q === 1) return this.#max;
    const target = q * this.#count;
    let bin = 0;
    let below = 0;
    while (below + this.#counts[bin]! < target) below += this.#counts[bin++]!;
    const low = Math.max(this.#min, this.#edges[bin - 1] ?? Number.NEGATIVE_INFINITY);
    const high = Math.min(this.#max, this.#edges[bin] ?? Number.POSITIVE_INFINITY);
    if (this.#discrete) return high;
    const part = (target - below) / this.#counts[bin]!;
    return Math.min(high, Math.max(low, low * (1 - part) + high * part));
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): BinCountsState {
    return {
      schemaVersion: 1,
      edges: [...this.#edges],
      discrete: this.#discrete,
      counts: [...this.#counts],
      missing: this.#missing,
      nonFinite: this.#nonFinite,
      min: this.#count === 0 ? null : this.#min,
      max: this.#count === 0 ? null : this.#max,
    };
  }

  /**
   * The counts that {@link BinCounts.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: BinCountsState): BinCounts {
    const state = validate(stateSchema, given, "The state of bin counts");
    const restored = new BinCounts({ edges: state.edges, discrete: state.discrete });
    restored.#counts.set(state.counts);
    restored.#count = totalOf(state.counts);
    restored.#missing = state.missing;
    restored.#nonFinite = state.nonFinite;
    restored.#min = state.min ?? Number.POSITIVE_INFINITY;
    restored.#max = state.max ?? Number.NEGATIVE_INFINITY;
    return restored;
  }
}
