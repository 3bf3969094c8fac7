import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { errorRate } from "./confidence.ts";
import { logMixtureRatio, mixtureRadius } from "./normal-mixture.ts";
import { MAX_MAGNITUDE, type SampleSummary, toMoments } from "./sample-summary.ts";
import { assertSuccessCounts, type SuccessCounts } from "./success-counts.ts";

/** Design of {@link mixtureSprtForMeans} and {@link mixtureSprtForProportions}. */
export interface MixtureSprtOptions {
  /**
   * The size of difference that is worth finding, in the unit of the means or as a difference of proportions (0.01 is one
   * percentage point); positive. It sets how far the test looks for differences, not whether its result holds: a size that is off
   * by a factor of a few costs some time. Must not be chosen after a look at the data.
   */
  readonly expectedEffect: number;
  /** Chance of ever finding a difference where there is none, in (0, 1). @defaultValue 0.05 */
  readonly alpha?: number;
  /** The difference, b less a, of the hypothesis under test. @defaultValue 0 */
  readonly nullDifference?: number;
  /**
   * Values of each sample below which nothing is concluded, because the test takes the estimated variance for the true one; at
   * least 2.
   *
   * @defaultValue 100
   */
  readonly minSamples?: number;
}

/** What a mixture sequential probability ratio test finds at one look. */
export interface MixtureSprtResult {
  /** Mean or proportion of b less that of a; 0 until each has a value. */
  readonly difference: number;
  /** Natural logarithm of the likelihood ratio, mixed over the differences that the design expects, to the hypothesis. */
  readonly logLikelihoodRatio: number;
  /** min(1, 1 / likelihood ratio), valid at whichever look one stops; keep the least one with {@link AlwaysValidPValue}. */
  readonly pValue: number;
  /** Confidence sequence: with probability 1 − alpha the true difference is within this interval at all looks at once. */
  readonly interval: readonly [low: number, high: number];
  /** Whether the p-value is at most alpha. */
  readonly significant: boolean;
}

const optionsSchema = z.strictObject({
  expectedEffect: z
    .number()
    .min(1 / MAX_MAGNITUDE)
    .max(MAX_MAGNITUDE),
  alpha: errorRate.default(0.05),
  nullDifference: z.number().min(-MAX_MAGNITUDE).max(MAX_MAGNITUDE).default(0),
  minSamples: z.int().min(2).default(100),
});

type Design = z.output<typeof optionsSchema>;

/**
 * Mixture sequential probability ratio test of the difference of two means: may be looked at after every value and stopped at any
 * look. The difference is taken as normal with the estimated variance V = s²(a) / n(a) + s²(b) / n(b), and mixed over differences
 * from a normal law whose standard deviation is `expectedEffect`. The guarantee is therefore one for large samples; `minSamples`
 * keeps the small ones out. Two constants that differ are infinite evidence: a p-value of 0.
 *
 * @param a - the control; no values yet are fine
 * @param b - the treatment
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for impossible summaries, `CONFIG_INVALID` for wrong options
 * @source R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always Valid Inference: Continuous Monitoring of A/B Tests", Oper. Res. 70
 * (2022), doi:10.1287/opre.2021.2135
 */
export function mixtureSprtForMeans(a: SampleSummary, b: SampleSummary, options: MixtureSprtOptions): MixtureSprtResult {
  const design = parseOptions(optionsSchema, options, "mixtureSprtForMeans");
  const control = toMoments("the first summary of mixtureSprtForMeans", a);
  const treatment = toMoments("the second summary of mixtureSprtForMeans", b);
  const fewest = Math.min(control.n, treatment.n);
  const variance = fewest < 2 ? 0 : control.variance / control.n + treatment.variance / treatment.n;
  return look(fewest, fewest === 0 ? 0 : treatment.mean - control.mean, variance, design);
}

/**
 * Mixture sequential probability ratio test of the difference of two proportions; as {@link mixtureSprtForMeans}, with the
 * variances p (1 − p) of proportions that are smoothed by half a success and half a failure, so that a sample without any success
 * has one.
 *
 * @param a - the control; no trials yet are fine
 * @param b - the treatment
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts, `CONFIG_INVALID` for wrong options
 * @source R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always Valid Inference: Continuous Monitoring of A/B Tests", Oper. Res. 70
 * (2022), doi:10.1287/opre.2021.2135
 *
 * @example
 * ```ts
 * import { AlwaysValidPValue, mixtureSprtForProportions } from "modelwright/stats";
 *
 * const design = { expectedEffect: 0.01, alpha: 0.05 }; // chosen before any look
 * const least = new AlwaysValidPValue();
 * const { pValue, interval, significant } = mixtureSprtForProportions(
 *   { successes: 400, n: 10_000 },
 *   { successes: 510, n: 10_000 },
 *   design,
 * );
 * least.update(pValue); // after every look; stop when it is at most alpha
 * ```
 */
export function mixtureSprtForProportions(a: SuccessCounts, b: SuccessCounts, options: MixtureSprtOptions): MixtureSprtResult {
  const design = parseOptions(optionsSchema, options, "mixtureSprtForProportions");
  assertSuccessCounts("the first counts of mixtureSprtForProportions", a, 0);
  assertSuccessCounts("the second counts of mixtureSprtForProportions", b, 0);
  const fewest = Math.min(a.n, b.n);
  if (fewest === 0) return look(0, 0, 0, design);
  return look(fewest, b.successes / b.n - a.successes / a.n, shareVariance(a) + shareVariance(b), design);
}

function look(fewest: number, difference: number, variance: number, design: Design): MixtureSprtResult {
  const { alpha, expectedEffect, nullDifference, minSamples } = design;
  if (fewest < minSamples) {
    const interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
    return { difference, logLikelihoodRatio: 0, pValue: 1, interval, significant: false };
  }
  const ratio = variance === 0 ? 0 : Math.min(Number.MAX_VALUE, expectedEffect ** 2 / variance);
  const logLikelihoodRatio = logMixtureRatio(difference - nullDifference, variance, ratio);
  const radius = mixtureRadius(variance, ratio, alpha);
  const pValue = Math.min(1, Math.exp(-logLikelihoodRatio));
  const interval = [difference - radius, difference + radius] as const;
  return { difference, logLikelihoodRatio, pValue, interval, significant: pValue <= alpha };
}

function shareVariance({ successes, n }: SuccessCounts): number {
  const share = (successes + 0.5) / (n + 1);
  return (share * (1 - share)) / n;
}
