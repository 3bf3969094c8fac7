import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertObject, assertPaired, assertSample } from "../assert-sample.ts";
import { studentTSf, studentTUpperQuantile } from "../distributions/student-t.ts";
import { type ConfidenceOptions, confidenceOptions } from "./confidence.ts";
import { CovariateMoments, type CovariateSummary } from "./covariate-moments.ts";
import { isMagnitude, MAX_MAGNITUDE, type SampleMoments, toMoments } from "./sample-summary.ts";

/** Relative error that a covariance may have gathered. */
const ROUNDING = 1e-9;

/** One arm of an experiment: an outcome and a covariate for each unit, in the same order. */
export interface CupedSample {
  /** Within ±1e140, at least two values. */
  readonly outcome: ArrayLike<number>;
  /** A value of the same unit from before the experiment, which the arm cannot have touched: within ±1e140. */
  readonly covariate: ArrayLike<number>;
}

/** What {@link cuped} finds. */
export interface CupedResult {
  /** The slope θ of the outcome on the covariate within the arms. */
  readonly theta: number;
  /** Adjusted outcome of the control: outcome − θ (covariate − mean covariate of both arms). */
  readonly a: SampleMoments;
  /** Adjusted outcome of the treatment. */
  readonly b: SampleMoments;
  /**
   * Share of the variance of the estimated difference that the adjustment has taken away, at most 1; below 0 where it has added
   * some.
   */
  readonly varianceReduction: number;
  /** Adjusted mean of b less that of a. */
  readonly difference: number;
  /** Limits of the difference, by Welch's t. */
  readonly interval: readonly [low: number, high: number];
  /** Welch's t of the adjusted outcomes; ±∞ when constants differ. */
  readonly statistic: number;
  /** Probability of a difference at least as great either way without an effect. */
  readonly pValue: number;
}

/**
 * Compares the means of two arms with less noise, by what a covariate from before the experiment explains of the outcome (CUPED).
 * The slope is pooled within the arms, so that an effect does not bend it. A covariate that does not vary changes nothing.
 *
 * The standard error takes the slope for known, which some dozens of units make true. The moments `a` and `b` may be handed to
 * {@link mixtureSprtForMeans} and {@link meanDifferenceConfidenceSequence}.
 *
 * @param a - the control
 * @param b - the treatment
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for values that are no numbers within ±1e140, samples of unlike lengths,
 * or fewer than two units in an arm; `CONFIG_INVALID` for wrong options
 * @source A. Deng, Y. Xu, R. Kohavi, T. Walker, "Improving the Sensitivity of Online Controlled Experiments by Utilizing
 * Pre-Experiment Data", WSDM (2013), doi:10.1145/2433396.2433413
 *
 * @example
 * ```ts
 * import { cuped } from "modelwright/stats";
 *
 * // What each user spent in the experiment, and in the month before it.
 * const control = { outcome: [10, 22, 31, 39, 52], covariate: [9, 21, 30, 41, 50] };
 * const treatment = { outcome: [14, 25, 36, 44, 55], covariate: [11, 20, 31, 40, 49] };
 * const { difference, interval, varianceReduction } = cuped(control, treatment); // 4.0, [2.0, 6.0], 0.99
 * ```
 */
export function cuped(a: CupedSample, b: CupedSample, options: ConfidenceOptions = {}): CupedResult {
  return cupedFromMoments(summarize("the first arm of cuped", a), summarize("the second arm of cuped", b), options);
}

/**
 * {@link cuped} of arms that are known by their moments, such as {@link CovariateMoments} keeps of a stream.
 *
 * @param a - the control; at least two units
 * @param b - the treatment; at least two units
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for impossible moments, `CONFIG_INVALID` for wrong options
 */
export function cupedFromMoments(a: CovariateSummary, b: CovariateSummary, options: ConfidenceOptions = {}): CupedResult {
  const { confidence } = parseOptions(confidenceOptions, options, "cuped");
  assertSummary("the first moments of cupedFromMoments", a);
  assertSummary("the second moments of cupedFromMoments", b);
  const spread = (a.n - 1) * a.covariateVariance + (b.n - 1) * b.covariateVariance;
  const common = (a.n - 1) * a.covariance + (b.n - 1) * b.covariance;
  const slope = spread > 0 ? common / spread : 0;
  const shift = a.covariateMean - b.covariateMean;
  // A covariate that hardly varies explains nothing, however steeply.
  const theta = Number.isFinite(slope * shift) ? slope : 0;
  const adjustedA = adjust(a, theta, (shift * b.n) / (a.n + b.n));
  const adjustedB = adjust(b, theta, (-shift * a.n) / (a.n + b.n));
  const errorA = adjustedA.variance / a.n;
  const errorB = adjustedB.variance / b.n;
  const error = Math.sqrt(errorA + errorB);
  const raw = a.outcomeVariance / a.n + b.outcomeVariance / b.n;
  const difference = adjustedB.mean - adjustedA.mean;
  const statistic = difference === 0 ? 0 : difference / error;
  // Welch and Satterthwaite's degrees of freedom, by shares that cannot overflow.
  const share = error > 0 ? errorA / (errorA + errorB) : 0.5;
  const df = 1 / ((share * share) / (a.n - 1) + ((1 - share) * (1 - share)) / (b.n - 1));
  const halfWidth = studentTUpperQuantile((1 - confidence) / 2, df) * error;
  return {
    theta,
    a: adjustedA,
    b: adjustedB,
    varianceReduction: raw > 0 ? 1 - (errorA + errorB) / raw : 0,
    difference,
    interval: [difference - halfWidth, difference + halfWidth],
    statistic,
    pValue: Math.min(1, 2 * studentTSf(Math.abs(statistic), df)),
  };
}

function adjust(arm: CovariateSummary, theta: number, covariateShift: number): SampleMoments {
  const variance = arm.outcomeVariance - theta * (2 * arm.covariance - theta * arm.covariateVariance);
  return { n: arm.n, mean: arm.outcomeMean - theta * covariateShift, variance: Math.max(0, variance) };
}

function summarize(subject: string, sample: CupedSample): CovariateSummary {
  assertObject(subject, sample);
  const { outcome, covariate } = sample;
  assertPaired(subject, outcome, covariate);
  const expected = `a number within ±${MAX_MAGNITUDE}`;
  assertSample(`the outcome of ${subject}`, outcome, expected, isMagnitude);
  assertSample(`the covariate of ${subject}`, covariate, expected, isMagnitude);
  const moments = new CovariateMoments();
  for (let i = 0; i < outcome.length; i++) moments.add(outcome[i]!, covariate[i]!);
  return moments.summary();
}

function assertSummary(subject: string, moments: CovariateSummary): void {
  assertObject(subject, moments);
  const { n, covariance } = moments;
  toMoments(`the outcome of ${subject}`, { n, mean: moments.outcomeMean, variance: moments.outcomeVariance }, 2);
  toMoments(`the covariate of ${subject}`, { n, mean: moments.covariateMean, variance: moments.covariateVariance }, 2);
  const greatest = Math.sqrt(moments.outcomeVariance) * Math.sqrt(moments.covariateVariance);
  if (!(Math.abs(covariance) <= greatest * (1 + ROUNDING))) {
    const message = "expected at most the root of the product of the variances";
    throw invalidInput(subject, [{ path: ["covariance"], message }]);
  }
}
