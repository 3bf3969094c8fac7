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
    /** Sum of the squared distances from the mean of the reference. */
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
  /** Counts any value at all. */
  observe(value: unknown): void;
  /** Counts the values at `from` to `to` of a column. */
  observeColumn(values: ArrayLike<unknown>, from: number, to: number): void;
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

  /** Counts a value of finite size. */
  protected counted(_value: unknown, size: number): void {
    this.#count(size);
  }

  #count(value: number): void {
    this.bins[this.column.binOfNumber(value)]! += 1;
    this.#sum.add(value);
    const distance = value - this.#centre;
    // Beyond 1e154 a square is infinite, which a sum cannot hold.
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

  /** Of the finite values; null without any, or when they leave the range of doubles. */
  get moments(): Moments | null {
    let n = 0;
    for (let i = 0; i < this.column.ordered; i++) n += this.bins[i]!;
    if (n === 0) return null;
    const mean = this.#sum.value / n;
    const variance = this.#squares.value / n - (mean - this.#centre) ** 2;
    const deviation = this.#low === this.#high ? 0 : Math.sqrt(Math.max(0, variance));
    return Number.isFinite(mean) && Number.isFinite(deviation) ? { mean, deviation, low: this.#low, high: this.#high } : null;
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
    this.sample.add(value as ArrayLike<number>);
  }

  override merge(other: FeatureCounts): void {
    super.merge(other);
    if (other instanceof EmbeddingCounts) this.sample.merge(other.sample);
  }

  override toJSON(): FeatureCountsState {
    return { ...super.toJSON(), sample: this.sample.toJSON() };
  }
}

function addTo(own: Float64Array, other: Float64Array): void {
  for (let bin = 0; bin < own.length; bin++) own[bin]! += other[bin]!;
}
