import { parseOptions } from "../../core/options.ts";
import { normalUpperQuantile } from "../distributions/normal.ts";
import { type ConfidenceOptions, confidenceOptions } from "./confidence.ts";
import { scoreInterval } from "./proportion-intervals.ts";
import { type SampleSummary, toMoments } from "./sample-summary.ts";
import { assertSuccessCounts, type SuccessCounts } from "./success-counts.ts";

/** What {@link proportionLift} and {@link meanLift} find. */
export interface RelativeLift {
  /** How much greater b is than a, as a share of a: 0.1 is 10 % more. */
  readonly lift: number;
  /** Limits of the lift; −∞ or ∞ where the data set no limit. */
  readonly interval: readonly [low: number, high: number];
}

/**
 * Relative lift of a proportion, p(b) / p(a) − 1, with an interval that recovers the variances from the Wilson interval of each
 * proportion (MOVER). Unlike the logarithm of the ratio it needs no correction for 0 successes: those of a leave the upper limit
 * infinite. Without any success in either, the lift is 0.
 *
 * @param a - the control; at least one trial
 * @param b - the treatment; at least one trial
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts, `CONFIG_INVALID` for wrong options
 * @source A. Donner, G. Y. Zou, "Closed-form Confidence Intervals for Functions of the Normal Mean and Standard Deviation", Stat.
 * Methods Med. Res. 21 (2012), doi:10.1177/0962280210383082, equation for a ratio
 */
export function proportionLift(a: SuccessCounts, b: SuccessCounts, options: ConfidenceOptions = {}): RelativeLift {
  const { confidence } = parseOptions(confidenceOptions, options, "proportionLift");
  assertSuccessCounts("the first counts of proportionLift", a);
  assertSuccessCounts("the second counts of proportionLift", b);
  const z = normalUpperQuantile((1 - confidence) / 2);
  const [lowA, highA] = scoreInterval(a.successes, a.n, z);
  const [lowB, highB] = scoreInterval(b.successes, b.n, z);
  const shareA = a.successes / a.n;
  const shareB = b.successes / b.n;
  const product = shareA * shareB;
  // Both limits are roots of one quadratic; each is taken in the form whose terms have one sign.
  const lower = lowB * (2 * shareB - lowB);
  const low = lower === 0 ? 0 : lower / (product + Math.sqrt(product * product - lower * highA * (2 * shareA - highA)));
  const upper = lowA * (2 * shareA - lowA);
  const spread = product * product - upper * highB * (2 * shareB - highB);
  const high = upper === 0 ? Number.POSITIVE_INFINITY : (product + Math.sqrt(Math.max(0, spread))) / upper;
  return { lift: shareA === shareB ? 0 : shareB / shareA - 1, interval: [low - 1, high - 1] };
}

/**
 * Relative lift of a mean, (mean(b) − mean(a)) / |mean(a)|, with Fieller's interval, of which the delta method is the limit for a
 * mean of a that is known well. While that mean does not differ from 0 at the stated confidence, the ratio has no limits and the
 * interval is the whole line. Normal approximation: for samples of at least some dozens of values.
 *
 * @param a - the control; at least two values
 * @param b - the treatment; at least two values
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong summaries, `CONFIG_INVALID` for wrong options
 * @source E. C. Fieller, "Some Problems in Interval Estimation", J. R. Statist. Soc. B 16 (1954),
 * doi:10.1111/j.2517-6161.1954.tb00159.x
 */
export function meanLift(a: SampleSummary, b: SampleSummary, options: ConfidenceOptions = {}): RelativeLift {
  const { confidence } = parseOptions(confidenceOptions, options, "meanLift");
  const control = toMoments("the first summary of meanLift", a, 2);
  const treatment = toMoments("the second summary of meanLift", b, 2);
  const z = normalUpperQuantile((1 - confidence) / 2);
  const base = Math.abs(control.mean);
  const difference = treatment.mean - control.mean;
  const lift = difference === 0 ? 0 : difference / base;
  const errorA = Math.sqrt(control.variance / control.n) / base;
  const errorB = Math.sqrt(treatment.variance / treatment.n) / base;
  const g = (z * errorA) ** 2;
  if (!(g < 1)) return { lift, interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] };
  const ratio = treatment.mean / control.mean;
  const halfWidth = z * Math.sqrt((1 - g) * errorB ** 2 + (ratio * errorA) ** 2);
  // Less 1 before anything is rounded, for ratios next to 1.
  const middle = difference / control.mean + g;
  const limits = [(middle - halfWidth) / (1 - g), (middle + halfWidth) / (1 - g)] as const;
  return { lift, interval: control.mean > 0 ? limits : [-limits[1], -limits[0]] };
}
