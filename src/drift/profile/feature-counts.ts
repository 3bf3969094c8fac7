import { CategoricalColumn, type Column, type OrderedColumn } from "./column.ts";
import { ExactSum, type ExactSumState } from "./exact-sum.ts";
import type { Moments } from "./reference-profile.ts";
import { RowSample, type SampledRow } from "./row-sample.ts";

/** The counts of one feature as JSON. */
export interface FeatureCountsState {
  /** As those of the reference. */
  readonly counts: readonly number[];
  /** Of a feature with an order. */
  readonly sums?: {
    /** Sum of the finite values. */
    readonly values: ExactSumState;
    /** Sum of the squared distances from the mean of the reference, in units of the power of two at or below its deviation. */
    readonly squares: ExactSumState;
    /** Null without finite values. */
    readonly low: number | null;
    readonly high: number | null;
  };
  /** Of an embedding. */
  readonly sample?: readonly SampledRow[];
}

/** Rows of embeddings that are kept for maximum mean discrepancy. */
export const EMBEDDING_SAMPLE = 200;

/** Counts the values of one feature. */
export interface FeatureCounts {
  readonly column: Column;
  /** One for each bin of the column. */
  readonly bins: Float64Array;
  /** Counts any value at all; never throws. */
  observe(value: unknown): void;
  /** Counts the values at `from` to `to` of a column. */
  observeColumn(values: ArrayLike<unknown>, from: number, to: number): void;
  /** Counts the values of a column at `rows`. */
  observeRows(values: ArrayLike<unknown>, rows: readonly number[]): void;
  merge(other: FeatureCounts): void;
  toJSON(): FeatureCountsState;
}

/** Counts for a column, of state that fits it when that is given. */
export function featureCounts(column: Column, state?: FeatureCountsState): FeatureCounts {
  if (column instanceof CategoricalColumn) return new CategoricalCounts(column, state);
  return column.profile.kind === "embedding" ? new EmbeddingCounts(column, state) : new OrderedCounts(column, state);
}

class CategoricalCounts implements FeatureCounts {
  readonly column: CategoricalColumn;
  readonly bins: Float64Array;

  constructor(column: CategoricalColumn, state: FeatureCountsState | undefined) {
    this.column = column;
    this.bins = state === undefined ? new Float64Array(column.bins) : Float64Array.from(state.counts);
  }

  observe(value: unknown): void {
    this.bins[this.column.binOf(value)]! += 1;
  }

  observeColumn(values: ArrayLike<unknown>, from: number, to: number): void {
    const { bins, column } = this;
    for (let i = from; i < to; i++) bins[column.binOf(values[i])]! += 1;
  }

  observeRows(values: ArrayLike<unknown>, rows: readonly number[]): void {
    for (let i = 0; i < rows.length; i++) this.observe(values[rows[i]!]);
  }

  merge(other: FeatureCounts): void {
    addTo(this.bins, other.bins);
  }

  toJSON(): FeatureCountsState {
    return { counts: [...this.bins] };
  }
}

/** Counts numbers, or values by their size, with exact sums for the mean and the deviation. */
export class OrderedCounts implements FeatureCounts {
  readonly column: OrderedColumn;
  readonly bins: Float64Array;
  readonly #sum: ExactSum;
  readonly #squares: ExactSum;
  readonly #centre: number;
  /** The squares' unit, one divided by it; powers of two, so that it rounds nothing. */
  readonly #scale: number;
  readonly #numeric: boolean;
  #low: number;
  #high: number;

  constructor(column: OrderedColumn, state?: FeatureCountsState | undefined) {
    this.column = column;
    this.bins = state === undefined ? new Float64Array(column.bins) : Float64Array.from(state.counts);
    const sums = state?.sums;
    this.#sum = sums === undefined ? new ExactSum() : ExactSum.fromJSON(sums.values);
    this.#squares = sums === undefined ? new ExactSum() : ExactSum.fromJSON(sums.squares);
    this.#low = sums?.low ?? Number.POSITIVE_INFINITY;
    this.#high = sums?.high ?? Number.NEGATIVE_INFINITY;
    this.#centre = column.profile.moments?.mean ?? 0;
    this.#scale = 1 / powerOfTwo(column.profile.moments?.deviation ?? 0);
    this.#numeric = column.profile.kind === "numeric";
  }

  observe(value: unknown): void {
    if (this.#numeric && typeof value === "number" && value - value === 0) {
      this.#count(value);
      return;
    }
    const size = this.column.sizeOf(value);
    if (size - size === 0) this.counted(value, size);
    else this.bins[this.column.restOf(value, size)]! += 1;
  }

  observeColumn(values: ArrayLike<unknown>, from: number, to: number): void {
    for (let i = from; i < to; i++) this.observe(values[i]);
  }

  observeRows(values: ArrayLike<unknown>, rows: readonly number[]): void {
    for (let i = 0; i < rows.length; i++) this.observe(values[rows[i]!]);
  }

  /** Counts a value of finite size. */
  protected counted(_value: unknown, size: number): void {
    this.#count(size);
  }

  #count(value: number): void {
    this.bins[this.column.binOfNumber(value)]! += 1;
    this.#sum.add(value);
    const distance = (value - this.#centre) * this.#scale;
    // Beyond 1e154 deviations a square is infinite, which a sum cannot hold.
    this.#squares.add(Math.min(distance * distance, Number.MAX_VALUE));
    // Adding 0 turns -0, whose sign JSON does not carry, into 0.
    if (value < this.#low) this.#low = value + 0;
    if (value > this.#high) this.#high = value + 0;
  }

  merge(other: FeatureCounts): void {
    addTo(this.bins, other.bins);
    if (!(other instanceof OrderedCounts)) return;
    this.#sum.merge(other.#sum);
    this.#squares.merge(other.#squares);
    this.#low = Math.min(this.#low, other.#low);
    this.#high = Math.max(this.#high, other.#high);
  }

  /** Of the finite values; null without any, or when they or their squares leave the range of doubles. */
  get moments(): Moments | null {
    let n = 0;
    for (let i = 0; i < this.column.ordered; i++) n += this.bins[i]!;
    if (n === 0) return null;
    const sum = this.#sum.value;
    const mean = Math.min(this.#high, Math.max(this.#low, sum / n));
    const farthest = Math.max(this.#high - this.#centre, this.#centre - this.#low) * this.#scale;
    if (!(Number.isFinite(sum) && Number.isFinite(farthest * farthest))) return null;
    const variance = this.#squares.value / n - ((mean - this.#centre) * this.#scale) ** 2;
    const deviation = this.#low === this.#high ? 0 : Math.sqrt(Math.max(0, variance)) / this.#scale;
    return Number.isFinite(deviation) ? { mean, deviation, low: this.#low, high: this.#high } : null;
  }

  toJSON(): FeatureCountsState {
    const seen = this.#low <= this.#high;
    const sums = {
      values: this.#sum.toJSON(),
      squares: this.#squares.toJSON(),
      low: seen ? this.#low : null,
      high: seen ? this.#high : null,
    };
    return { counts: [...this.bins], sums };
  }
}

/** Counts embeddings by their norm, and keeps a sample of them. */
export class EmbeddingCounts extends OrderedCounts {
  readonly sample: RowSample;

  constructor(column: OrderedColumn, state: FeatureCountsState | undefined) {
    super(column, state);
    this.sample = RowSample.fromJSON(state?.sample ?? [], EMBEDDING_SAMPLE);
  }

  protected override counted(value: unknown, size: number): void {
    super.counted(value, size);
    try {
      this.sample.add(value as ArrayLike<number>);
    } catch {
      // A proxy that was read once may refuse the next time; the row is counted all the same.
    }
  }

  override merge(other: FeatureCounts): void {
    super.merge(other);
    if (other instanceof EmbeddingCounts) this.sample.merge(other.sample);
  }

  override toJSON(): FeatureCountsState {
    return { ...super.toJSON(), sample: this.sample.toJSON() };
  }
}

/** The greatest power of two that is at most a finite number above 0, by its bits, the same on every machine; 1 for 0. */
function powerOfTwo(value: number): number {
  if (!(value > 0)) return 1;
  const bits = new BigUint64Array(Float64Array.of(value).buffer);
  // Without the sign and the fraction. A number below 2^-1022 has neither exponent nor a reciprocal.
  const power = new Float64Array(BigUint64Array.of(bits[0]! & 0x7ff0_0000_0000_0000n).buffer)[0]!;
  return power > 0 ? power : 2 ** -1022;
}

function addTo(own: Float64Array, other: Float64Array): void {
  for (let bin = 0; bin < own.length; bin++) own[bin]! += other[bin]!;
}
