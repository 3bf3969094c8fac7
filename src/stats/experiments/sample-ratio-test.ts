import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertPaired, assertSample, isCount } from "../assert-sample.ts";
import { binomialCdf, binomialSf } from "../distributions/binomial.ts";
import { chiSquaredSf } from "../distributions/chi-squared.ts";
import { errorRate } from "./confidence.ts";

/** When {@link sampleRatioTest} speaks of a mismatch. */
export interface SampleRatioOptions {
  /** A p-value below it is a mismatch, in (0, 1). @defaultValue 0.001 */
  readonly threshold?: number;
}

/** What {@link sampleRatioTest} finds. */
export interface SampleRatioResult {
  /** Pearson's chi-squared: the sum of (observed − expected)² / expected. */
  readonly statistic: number;
  /** Probability of shares at least as far from the plan when the assignment follows it. */
  readonly pValue: number;
  /** `binomial` is exact; `bonferroni` is the least exact binomial one of each arm against the rest, times the arms. */
  readonly method: "binomial" | "chi-squared" | "bonferroni";
  /** Units that the plan expects in each arm, in the order given. */
  readonly expected: readonly number[];
  /** Whether the p-value is below the threshold: then something loses or repeats units, and no result of the experiment holds. */
  readonly mismatch: boolean;
}

/** Expected units from which on the chi-squared law is close enough at p-values of a thousandth. */
const MIN_EXPECTED = 10;

const MAX_UNITS = 1e15;

const optionsSchema = z.strictObject({ threshold: errorRate.default(0.001) });

/**
 * Tests whether units were assigned to arms in the planned proportions (sample ratio mismatch). Two arms are tested exactly, so
 * that one unit in a canary of 1 % raises no alarm; more arms by the chi-squared law where the plan expects at least 10 units in
 * each, else exactly arm by arm. No units give a p-value of 1.
 *
 * The p-value holds for one look. For a check on every report take {@link sequentialSampleRatioTest}.
 *
 * @param observed - units seen in each arm: counts, of at least two arms, 1e15 at most together
 * @param weights - planned shares, in the same order, in any unit: positive, finite, and at least a billionth of the greatest
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts or weights, `CONFIG_INVALID` for wrong options
 * @source A. Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments", KDD (2019),
 * doi:10.1145/3292500.3330722
 *
 * @example
 * ```ts
 * import { sampleRatioTest } from "modelwright/stats";
 *
 * const { pValue, mismatch, expected } = sampleRatioTest([50_912, 49_088], [1, 1]);
 * if (mismatch) throw new Error(`planned ${expected}, p = ${pValue}: the assignment is broken, and so is every result`); // p = 8e-9
 * ```
 */
export function sampleRatioTest(
  observed: ArrayLike<number>,
  weights: ArrayLike<number>,
  options: SampleRatioOptions = {},
): SampleRatioResult {
  const { threshold } = parseOptions(optionsSchema, options, "sampleRatioTest");
  const shares = plannedShares("sampleRatioTest", observed, weights);
  const n = sum(observed);
  const expected = shares.map((share) => share * n);
  let statistic = 0;
  if (n > 0) for (let i = 0; i < expected.length; i++) statistic += (observed[i]! - expected[i]!) ** 2 / expected[i]!;
  const arms = expected.length;
  const method = arms === 2 ? "binomial" : expected.every((units) => units >= MIN_EXPECTED) ? "chi-squared" : "bonferroni";
  let pValue = 1;
  if (n > 0 && method === "chi-squared") pValue = chiSquaredSf(statistic, arms - 1);
  else if (n > 0) {
    for (let i = 0; i < (arms === 2 ? 1 : arms); i++) pValue = Math.min(pValue, binomialP(observed[i]!, n, shares[i]!));
    if (method === "bonferroni") pValue = Math.min(1, pValue * arms);
  }
  return { statistic, pValue, method, expected, mismatch: pValue < threshold };
}

/**
 * The weights as shares of 1.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts or weights
 */
export function plannedShares(subject: string, observed: ArrayLike<number>, weights: ArrayLike<number>): readonly number[] {
  assertSample(`the observed counts of ${subject}`, observed, "a count", isCount);
  assertSample(
    `the weights of ${subject}`,
    weights,
    "a positive, finite number",
    (weight) => typeof weight === "number" && weight > 0 && weight < Number.MAX_VALUE,
  );
  assertPaired(subject, observed, weights);
  assertSample(`the observed counts of ${subject}`, [sum(observed)], `a sum of at most ${MAX_UNITS}`, (n) => n <= MAX_UNITS);
  if (observed.length < 2) throw invalidInput(subject, [{ path: [], message: "expected at least two arms" }]);
  let greatest = 0;
  for (let i = 0; i < weights.length; i++) greatest = Math.max(greatest, weights[i]!);
  const scaled = Array.from(weights, (weight) => weight / greatest);
  assertSample(
    `the weights of ${subject}`,
    scaled,
    "a weight of at least a billionth of the greatest",
    (weight) => weight >= 1e-9,
  );
  const total = sum(scaled);
  return scaled.map((weight) => weight / total);
}

/** Twice the smaller tail of a binomial variate, its own probability included. */
function binomialP(count: number, n: number, share: number): number {
  return Math.min(1, 2 * Math.min(binomialCdf(count, n, share), binomialSf(count - 1, n, share)));
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
