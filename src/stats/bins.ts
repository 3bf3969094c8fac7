import { quantileOfSorted } from "./quantile.ts";

/** A sample of at most this many distinct values gets one bin for each of them. */
const MAX_DISCRETE = 20;

/** Right-closed bins over the real line: bin i holds the values in (edges[i − 1], edges[i]], and the outer ones are open. */
export interface Bins {
  /** Increasing; one less than there are bins. */
  readonly edges: Float64Array;
  /** Whether each bin holds one value of the sample, with the first and the last bin for what is below and above all of them. */
  readonly discrete: boolean;
}

/**
 * Bins learned from a sample: one for each value when there are at most 20 distinct ones, else between its quantiles i / `count`,
 * of which equal ones count once. A least value that is a quantile, such as the 0 of a quantity that is mostly 0, has a bin of its
 * own, apart from what is below it.
 */
export function learnBins(sorted: Float64Array, count: number): Bins {
  const values = distinct(sorted, MAX_DISCRETE + 1);
  const below = nextDown(values[0] ?? 0);
  if (values.length > 0 && values.length <= MAX_DISCRETE && Number.isFinite(below)) {
    return { edges: Float64Array.of(below, ...values), discrete: true };
  }
  if (sorted.length === 0) return { edges: new Float64Array(), discrete: false };
  const quantiles = Float64Array.from({ length: count - 1 }, (_, i) => quantileOfSorted(sorted, (i + 1) / count));
  const edges = distinct(quantiles, count);
  if (edges[0] === sorted[0] && Number.isFinite(below)) edges.unshift(below);
  return { edges: Float64Array.from(edges), discrete: false };
}

/** The bin of a value that is no NaN. */
export function binIndex(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first `limit` distinct values of a sorted sample. */
function distinct(sorted: Float64Array, limit: number): number[] {
  const values: number[] = [];
  for (const value of sorted) {
    if (values.length === 0 || value > values.at(-1)!) values.push(value);
    if (values.length === limit) break;
  }
  return values;
}

/** The greatest double below a finite `value`. */
export function nextDown(value: number): number {
  if (value === 0) return -Number.MIN_VALUE;
  const words = new BigInt64Array(1);
  const double = new Float64Array(words.buffer);
  double[0] = value;
  words[0]! += value > 0 ? -1n : 1n;
  return double[0]!;
}
