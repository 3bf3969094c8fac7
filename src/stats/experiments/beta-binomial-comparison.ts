import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { betaQuantile, betaUpperQuantile } from "../distributions/beta.ts";
import { type BetaShape, expectedExcess, probabilityAbove } from "./beta-overlap.ts";
import { confidenceLevel } from "./confidence.ts";
import { assertSuccessCounts, type SuccessCounts } from "./success-counts.ts";

/** What is believed before the data of {@link betaBinomialComparison}. */
export interface BetaBinomialOptions {
  /**
   * A beta distribution for either proportion, as successes and failures that were seen before; each in [0.1, 1e9].
   *
   * @defaultValue one of each, every proportion being equally likely
   */
  readonly prior?: { readonly successes: number; readonly failures: number };
  /** Probability of the credible intervals, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
}

/** What is believed of one proportion. */
export interface BetaPosterior {
  /** Expected proportion. */
  readonly mean: number;
  /** Equal-tailed credible interval. */
  readonly interval: readonly [low: number, high: number];
  /** Expected loss, in proportion, of choosing this one: how much less it is than the other where it is less, 0 elsewhere. */
  readonly expectedLoss: number;
}

/** What {@link betaBinomialComparison} finds. */
export interface BetaBinomialResult {
  /** Probability that the proportion of b is greater than that of a. */
  readonly probability: number;
  readonly a: BetaPosterior;
  readonly b: BetaPosterior;
}

const pseudoCount = z.number().min(0.1).max(1e9);

const optionsSchema = z.strictObject({
  prior: z.strictObject({ successes: pseudoCount, failures: pseudoCount }).default({ successes: 1, failures: 1 }),
  confidence: confidenceLevel,
});

/**
 * Bayesian comparison of two proportions with independent beta priors: the probability that b is greater, and what choosing
 * either would cost. By quadrature in log-odds to a relative error below 1e-10 up to a billion trials, in a time that does not
 * grow with them; probabilities below 1e-150 may be given as 0.
 *
 * The probability is no p-value: stopping as soon as it is high enough picks the wrong one more often than it says. Stop on a
 * small expected loss, or take {@link TwoProportionEProcess}.
 *
 * @param a - the control; no trials leave the prior
 * @param b - the treatment
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts, `CONFIG_INVALID` for wrong options
 * @source J. D. Cook, "Exact Calculation of Beta Inequalities", UT MD Anderson Biostatistics (2005); C. Stucchio, "Bayesian A/B
 * Testing at VWO" (2015), for the expected loss
 *
 * @example
 * ```ts
 * import { betaBinomialComparison } from "modelwright/stats";
 *
 * const { probability, b } = betaBinomialComparison({ successes: 40, n: 1000 }, { successes: 55, n: 1000 });
 * probability; // 0.94: that b is better
 * b.expectedLoss; // 0.0002: what is lost on average by taking b
 * ```
 */
export function betaBinomialComparison(
  a: SuccessCounts,
  b: SuccessCounts,
  options: BetaBinomialOptions = {},
): BetaBinomialResult {
  const { prior, confidence } = parseOptions(optionsSchema, options, "betaBinomialComparison");
  assertSuccessCounts("the first counts of betaBinomialComparison", a, 0);
  assertSuccessCounts("the second counts of betaBinomialComparison", b, 0);
  const shapes = [a, b].map((counts) => ({
    a: prior.successes + counts.successes,
    b: prior.failures + (counts.n - counts.successes),
  }));
  const [control, treatment] = shapes as [BetaShape, BetaShape];
  // The difference of the means, by those of the shapes: 0 where they are alike.
  const total = treatment.a + treatment.b;
  const gap =
    (((treatment.a - control.a) / total) * control.b - ((treatment.b - control.b) / total) * control.a) / (control.a + control.b);
  // The unlikely side is integrated, so that it keeps its digits; the other one follows.
  const [lower, upper] = gap >= 0 ? [control, treatment] : [treatment, control];
  const unlikely = probabilityAbove(lower, upper);
  const excess = expectedExcess(lower, upper);
  return {
    probability: gap >= 0 ? 1 - unlikely : unlikely,
    a: posterior(control, confidence, gap >= 0 ? excess + gap : excess),
    b: posterior(treatment, confidence, gap >= 0 ? excess : excess - gap),
  };
}

function posterior(shape: BetaShape, confidence: number, expectedLoss: number): BetaPosterior {
  const tail = (1 - confidence) / 2;
  return {
    mean: shape.a / (shape.a + shape.b),
    interval: [betaQuantile(tail, shape.a, shape.b), betaUpperQuantile(tail, shape.a, shape.b)],
    expectedLoss,
  };
}
