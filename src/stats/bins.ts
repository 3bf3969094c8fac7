import { orderStatistics } from "./order-statistics.ts";
import { quantileOfSorted } from "./quantile.ts";
import { HIGH_WORD } from "./sort.ts";

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
  return binsFrom(values, () => Float64Array.from({ length: count - 1 }, (_, i) => quantileOfSorted(sorted, (i + 1) / count)));
}

/** {@link learnBins} of a sample in any order, to the last bit, without sorting it. */
export function learnBinsUnsorted(values: Float64Array, count: number): Bins {
  return binsFrom(someDistinct(values), () => quantiles(values, count));
}

/**
 * @param values - the distinct values, ascending, or more than {@link MAX_DISCRETE} of them, the least one first
 * @param quantiles - the inner quantiles, ascending
 */
function binsFrom(values: readonly number[], quantiles: () => Float64Array): Bins {
  const below = nextDown(values[0] ?? 0);
  if (values.length > 0 && values.length <= MAX_DISCRETE && Number.isFinite(below)) {
    return { edges: Float64Array.of(below, ...values), discrete: true };
  }
  if (values.length === 0) return { edges: new Float64Array(), discrete: false };
  const edges = distinct(quantiles(), Number.POSITIVE_INFINITY);
  if (edges[0] === values[0] && Number.isFinite(below)) edges.unshift(below);
  return { edges: Float64Array.from(edges), discrete: false };
}

/** The quantiles i / `count` of a sample in any order, as {@link quantileOfSorted} has them. */
function quantiles(values: Float64Array, count: number): Float64Array {
  const last = values.length - 1;
  const ranks: number[] = [];
  for (let i = 1; i < count; i++) {
    const rank = Math.floor((i / count) * last);
    ranks.push(rank, Math.min(rank + 1, last));
  }
  const found = orderStatistics(values, ranks);
  return Float64Array.from({ length: count - 1 }, (_, i) => {
    const rank = ((i + 1) / count) * last;
    return quantileOfSorted(found.subarray(2 * i, 2 * i + 2), rank - Math.floor(rank));
  });
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

/** From this length on a table of all leading 16 bits pays, which takes some 30 µs to fill; with many edges, from this many for each. */
const MIN_TABLE = 8192;
const MIN_TABLE_PER_EDGE = 16;

/** In no one bin. */
const AMBIGUOUS = 0xffff;

/**
 * How many values each bin holds.
 *
 * A table has the bin of all doubles with the same leading 16 bits, where they have one bin, so that only values next to an edge are
 * searched for.
 *
 * @param edges - ascending, at most 65 534 of them
 * @param values - without NaN
 */
export function countBins(edges: Float64Array, values: Float64Array): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  if (values.length < Math.max(MIN_TABLE, MIN_TABLE_PER_EDGE * edges.length)) {
    for (let i = 0; i < values.length; i++) counts[binIndex(edges, values[i]!)]! += 1;
    return counts;
  }
  const table = tableOf(edges);
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
  for (let i = 0; i < values.length; i++) {
    const bin = table[words[2 * i + HIGH_WORD]! >>> 16]!;
    counts[bin === AMBIGUOUS ? binIndex(edges, values[i]!) : bin]! += 1;
  }
  return counts;
}

/** For the leading 16 bits of a double its bin, or {@link AMBIGUOUS}: filled from edge to edge, in the order of the doubles. */
function tableOf(edges: Float64Array): Uint16Array {
  const table = new Uint16Array(0x1_0000);
  const value = new Float64Array(1);
  const words = new Int32Array(value.buffer);
  let next = 0;
  for (let bin = 0; bin < edges.length; bin++) {
    // Adding 0 turns -0, which has other bits than 0, into 0.
    value[0] = edges[bin]! + 0;
    const bits = words[HIGH_WORD]! >>> 16;
    const place = bits < HALF ? bits + HALF : 0xffff - bits;
    fill(table, next, place, bin);
    fill(table, place, place + 1, AMBIGUOUS);
    next = place + 1;
  }
  fill(table, next, 0x1_0000, edges.length);
  return table;
}

/** As many leading 16 bits have a sign as have none. */
const HALF = 0x8000;

/** Fills a range of places, of which those of negative doubles come first, in falling order of their bits. */
function fill(table: Uint16Array, from: number, to: number, bin: number): void {
  if (from < HALF) table.fill(bin, 0x1_0000 - Math.min(to, HALF), 0x1_0000 - from);
  if (to > HALF) table.fill(bin, Math.max(from, HALF) - HALF, to - HALF);
}

/** The distinct values of a sample, ascending; when there are more than {@link MAX_DISCRETE}, one more than that, the least one first. */
function someDistinct(values: Float64Array): number[] {
  const found: number[] = [];
  let last = Number.NaN;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value === last) continue;
    last = value;
    let place = 0;
    while (place < found.length && found[place]! < value) place += 1;
    if (found[place] === value) continue;
    found.splice(place, 0, value);
    if (found.length > MAX_DISCRETE) {
      for (let j = i; j < values.length; j++) if (values[j]! < found[0]!) found[0] = values[j]!;
      return found;
    }
  }
  return found;
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
