import type { Issue } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertObject, isCount } from "../assert-sample.ts";

/** A sample of numbers by its mean and spread. */
export interface SampleMoments {
  /** Number of values; a whole number. */
  readonly n: number;
  /** Their mean, within ±1e140; 0 when there is none. */
  readonly mean: number;
  /** Their variance with divisor n − 1, in [0, 2e280]; 0 for fewer than two values. */
  readonly variance: number;
}

/**
 * A sample of numbers by sums that add up across workers. Sums of squares lose the variance of values far from 0: with a mean of
 * 10^6 standard deviations four digits of it are left. Prefer {@link SampleMoments} there.
 */
export interface SampleSums {
  /** Number of values; a whole number. */
  readonly n: number;
  /** Their sum; the mean must be within ±1e140. */
  readonly sum: number;
  /** The sum of their squares: at least sum² / n, up to rounding. */
  readonly sumSquares: number;
}

/** What the sequential tests need to know of a sample: moments or sums. */
export type SampleSummary = SampleMoments | SampleSums;

/** Relative error that a sum of squares may have gathered. */
const ROUNDING = 1e-9;

/** Greatest value that is taken: squares and products of such values and counts are doubles. */
export const MAX_MAGNITUDE = 1e140;

/** Greatest variance of such values: that of one at either end. */
const MAX_VARIANCE = 2e280 * (1 + 1e-9);

/**
 * The moments of a summary.
 *
 * @param least - the fewest values that will do
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an impossible summary
 */
export function toMoments(subject: string, summary: SampleSummary, least = 0): SampleMoments {
  assertObject(subject, summary);
  const moments = "mean" in summary ? summary : fromSums(subject, summary);
  const issues: Issue[] = [];
  if (!(isCount(moments.n) && moments.n >= least)) {
    issues.push({ path: ["n"], message: `expected a whole number of at least ${least}` });
  }
  if (!isMagnitude(moments.mean)) issues.push({ path: ["mean"], message: `expected a number within ±${MAX_MAGNITUDE}` });
  if (!isSquare(moments.variance)) {
    issues.push({ path: ["variance"], message: `expected a number in [0, ${MAX_VARIANCE}]` });
  }
  if (issues.length > 0) throw invalidInput(subject, issues);
  const { n, mean, variance } = moments;
  return { n, mean: n === 0 ? 0 : mean, variance: n < 2 ? 0 : variance };
}

/** Whether a value is a number of at most {@link MAX_MAGNITUDE} either way. */
export const isMagnitude = (value: number): boolean => typeof value === "number" && Math.abs(value) <= MAX_MAGNITUDE;

/** Whether a value may be a variance of numbers of at most {@link MAX_MAGNITUDE}. */
const isSquare = (value: number): boolean => typeof value === "number" && value >= 0 && value <= MAX_VARIANCE;

function fromSums(subject: string, { n, sum, sumSquares }: SampleSums): SampleMoments {
  // Other than numbers, they would be turned into some.
  if (![n, sum, sumSquares].every((value) => typeof value === "number")) return { n, mean: Number.NaN, variance: Number.NaN };
  if (n === 0) return { n, mean: sum, variance: sumSquares };
  const mean = sum / n;
  if (sumSquares * (1 + ROUNDING) < mean * sum) {
    throw invalidInput(subject, [{ path: ["sumSquares"], message: "expected at least sum² / n" }]);
  }
  return { n, mean, variance: n < 2 ? 0 : Math.max(0, sumSquares - mean * sum) / (n - 1) };
}
