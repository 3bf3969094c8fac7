import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { assertObject, assertSample, isCount } from "../assert-sample.ts";
import { binomialCdf } from "../distributions/binomial.ts";
import { chiSquaredSf } from "../distributions/chi-squared.ts";
import { type ClassLabel, classRows } from "../metrics/class-labels.ts";

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
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless both are counts, and of at most 10^15 together for an exact test;
 * `CONFIG_INVALID` for wrong options
 * @source Q. McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages", Psychometrika 12
 * (1947); A. L. Edwards, "Note on the 'Correction for Continuity'", Psychometrika 13 (1948)
 */
export function mcNemarTest(counts: DiscordantCounts, options: McNemarTestOptions = {}): McNemarTestResult {
  const { method } = parseOptions(optionsSchema, options, "mcNemarTest");
  assertObject("the counts of mcNemarTest", counts);
  const { b, c } = counts;
  assertSample("the counts of mcNemarTest", [b, c], "a count", isCount);
  const total = b + c;
  if (method === "exact" || (method === "auto" && total <= MAX_EXACT)) {
    return { statistic: Math.min(b, c), pValue: Math.min(1, 2 * binomialCdf(Math.min(b, c), total, 0.5)), method: "exact" };
  }
  const statistic = total === 0 ? 0 : Math.max(0, Math.abs(b - c) - 1) ** 2 / total;
  return { statistic, pValue: chiSquaredSf(statistic, 1), method: "asymptotic" };
}

/**
 * The rows on which two classifiers disagree, as {@link mcNemarTest} wants them.
 *
 * @param labels - texts or finite numbers, at least one; `1` and `"1"` are two classes
 * @param predictionsA - of the first classifier
 * @param predictionsB - of the second one
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels or unequal lengths
 */
export function discordantCounts(
  labels: ArrayLike<ClassLabel>,
  predictionsA: ArrayLike<ClassLabel>,
  predictionsB: ArrayLike<ClassLabel>,
): DiscordantCounts {
  const one = classRows("discordantCounts", labels, predictionsA);
  const other = classRows("discordantCounts", labels, predictionsB);
  let b = 0;
  let c = 0;
  for (let i = 0; i < labels.length; i++) {
    const rightA = one.labels[i] === one.predictions[i];
    const rightB = other.labels[i] === other.predictions[i];
    if (rightA && !rightB) b += 1;
    else if (rightB && !rightA) c += 1;
  }
  return { b, c };
}
