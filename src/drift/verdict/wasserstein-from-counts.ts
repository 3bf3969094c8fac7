import { normalUpperQuantile } from "../../stats/distributions/normal.ts";
import type { Interval } from "../port.ts";
import type { Moments } from "../profile/reference-profile.ts";
import type { Ordered } from "./sides.ts";

/** Of both ends together. */
const CONFIDENCE = 0.95;

/**
 * Wasserstein distance between counts in ordered bins, in standard deviations of the reference: the area between the two distribution
 * functions. Within a bin both are taken as straight lines, or as one value each where the bins are values. What is outside of the
 * reference's range counts as at its end, so that no outlier decides: the distance is a lower bound then.
 *
 * The interval is the delta method's, its lower end less what chance alone is expected to add. Undefined for a reference without spread.
 *
 * @source M. Sommerfeld, A. Munk, "Inference for Empirical Wasserstein Distances on Finite Spaces", J. R. Statist. Soc. B 80 (2018)
 */
export function wassersteinFromCounts(
  { reference, current, edges }: Ordered,
  { low, high, deviation }: Moments,
  discrete: boolean,
): { readonly statistic: number; readonly interval: Interval } | undefined {
  if (!(deviation > 0)) return undefined;
  const n = total(reference);
  const m = total(current);
  const size = reference.length;
  // Where the bins end, in standard deviations: a difference of two ends may leave the range of doubles.
  const ends = Float64Array.from(
    { length: size },
    (_, i) => Math.min(high, Math.max(low, i < size - 1 ? edges[i]! : high)) / deviation,
  );
  // The distribution functions at the upper end of each bin.
  let f = 0;
  let g = 0;
  let distance = 0;
  let chance = 0;
  // The share that the sign of the difference gives to values in each bin, from the highest down, for the delta method.
  const slopes = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const [f0, g0] = [f, g];
    f += reference[i]! / n;
    g += current[i]! / m;
    const from = i === 0 ? low / deviation : ends[i - 1]!;
    const width = ends[i]! - from;
    const [before, after] = discrete ? [f0 - g0, f0 - g0] : [f0 - g0, f - g];
    distance += width * areaBetween(before, after);
    slopes[i] = width * (Math.sign(before) + Math.sign(after)) * 0.5;
    const pooled = discrete ? (n * f0 + m * g0) / (n + m) : (n * (f0 + f) + m * (g0 + g)) / (2 * (n + m));
    chance += width * Math.sqrt(Math.max(0, pooled * (1 - pooled)));
  }
  const variance = varianceOf(reference, slopes, n, discrete) / n + varianceOf(current, slopes, m, discrete) / m;
  const half = normalUpperQuantile((1 - CONFIDENCE) / 2) * Math.sqrt(variance);
  const bias = chance * Math.sqrt((2 / Math.PI) * (1 / n + 1 / m));
  // Stored moments may have a range of more deviations than a double holds.
  return Number.isFinite(distance + half)
    ? { statistic: distance, interval: [Math.max(0, distance - half - bias), distance + half] }
    : undefined;
}

/** The mean of |d| over a step on which d goes straight from `before` to `after`. */
function areaBetween(before: number, after: number): number {
  const [a, b] = [Math.abs(before), Math.abs(after)];
  return before * after >= 0 ? (a + b) / 2 : (a * a + b * b) / (2 * (a + b));
}

/** Variance of the sum of slopes above a value that falls into the bins as counted. */
function varianceOf(counts: Float64Array, slopes: Float64Array, rows: number, discrete: boolean): number {
  let above = 0;
  let mean = 0;
  let square = 0;
  for (let i = counts.length - 1; i >= 0; i--) {
    const share = counts[i]! / rows;
    const value = discrete ? above : above + slopes[i]! / 2;
    mean += share * value;
    square += share * value * value;
    above += slopes[i]!;
  }
  return Math.max(0, square - mean * mean);
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
