import * as z from "zod";
import { parseOptions } from "../core/options.ts";
import { assertSample, isCount } from "./assert-sample.ts";
import { chiSquaredSf } from "./chi-squared.ts";
import { logGamma } from "./gamma.ts";

/** The rows on which two classifiers disagree. */
export interface DiscordantCounts {
  /** Rows that only the first one got right. */
  readonly b: number;
  /** Rows that only the second one got right. */
  readonly c: number;
}

/** How {@link mcNemarTest} computes its p-value. */
export interface McNemarTestOptions {
  /**
   * `exact` is the two-sided binomial test; `asymptotic` is chi-squared with Edwards' continuity correction; `auto` is exact while
   * b + c is at most 1000.
   *
   * @defaultValue "auto"
   */
  readonly method?: "auto" | "exact" | "asymptotic";
}

/** What {@link mcNemarTest} finds. */
export interface McNemarTestResult {
  /** The smaller count when exact; else (|b − c| − 1)² / (b + c). */
  readonly statistic: number;
  /** Probability of counts at least as unequal when both classifiers are right equally often. */
  readonly pValue: number;
  /** How the p-value was computed. */
  readonly method: "exact" | "asymptotic";
}

const MAX_EXACT = 1000;

const optionsSchema = z.strictObject({ method: z.enum(["auto", "exact", "asymptotic"]).default("auto") });

/**
 * McNemar's test that two classifiers, judged on the same rows, are right equally often. Without disagreement the p-value is 1.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless both are counts, `CONFIG_INVALID` for wrong options
 * @source Q. McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages", Psychometrika 12
 * (1947); A. L. Edwards, "Note on the 'Correction for Continuity'", Psychometrika 13 (1948)
 */
export function mcNemarTest({ b, c }: DiscordantCounts, options: McNemarTestOptions = {}): McNemarTestResult {
  const { method } = parseOptions(optionsSchema, options, "mcNemarTest");
  assertSample("the counts of mcNemarTest", [b, c], "a count", isCount);
  const total = b + c;
  if (method === "exact" || (method === "auto" && total <= MAX_EXACT)) {
    return { statistic: Math.min(b, c), pValue: Math.min(1, 2 * fairLowerTail(Math.min(b, c), total)), method: "exact" };
  }
  const statistic = total === 0 ? 0 : Math.max(0, Math.abs(b - c) - 1) ** 2 / total;
  return { statistic, pValue: chiSquaredSf(statistic, 1), method: "asymptotic" };
}

/** Terms below this share of their sum are left out: a fair binomial tail of a billion terms adds up to less than a rounding error. */
const NEGLIGIBLE = 1e-25;

/** P(X <= k) of a fair binomial variate, k <= n / 2, summed from its greatest term down. */
function fairLowerTail(k: number, n: number): number {
  let term = Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2);
  let sum = term;
  for (let i = k; i >= 1 && term > sum * NEGLIGIBLE; i--) {
    term *= i / (n - i + 1);
    sum += term;
  }
  return sum;
}
