import * as z from "zod";
import type { Issue } from "../../core/errors.ts";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { isCount } from "../assert-sample.ts";
import { normalSf, normalUpperQuantile } from "../distributions/normal.ts";

/** What {@link proportionTest} looks for. */
export interface ProportionTestOptions {
  /**
   * `two-sided`: the proportions differ; `greater`: the first one is greater; `less`: the second one is.
   *
   * @defaultValue "two-sided"
   */
  readonly alternative?: "two-sided" | "less" | "greater";
  /** Probability that the interval holds the difference, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
}

/** What {@link proportionTest} finds. */
export interface ProportionTestResult {
  /** z: the difference over its standard error when both proportions are the pooled one. */
  readonly statistic: number;
  /** Probability of a statistic at least as far out when both proportions are equal. */
  readonly pValue: number;
  /** The first proportion less the second, in [−1, 1]. */
  readonly difference: number;
  /** Two-sided interval of the difference, whatever the alternative; keeps its promise for small counts and proportions near 0 or 1. */
  readonly interval: readonly [low: number, high: number];
}

const optionsSchema = z.strictObject({
  alternative: z.enum(["two-sided", "less", "greater"]).default("two-sided"),
  confidence: z.number().gt(0).lt(1).default(0.95),
});

/**
 * Two-proportion z-test with the pooled proportion; its square is the χ² statistic of the 2 × 2 table. When all or none of the trials
 * of both samples succeed, the statistic is 0 and the p-value 1. For expected counts below 5 prefer `fisherExact`.
 *
 * @param successesA - a count of at most `nA`
 * @param nA - trials of the first sample, at least 1
 * @param successesB - a count of at most `nB`
 * @param nB - trials of the second sample, at least 1
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges, `CONFIG_INVALID` for wrong options
 * @source R. G. Newcombe, "Interval Estimation for the Difference Between Independent Proportions", Stat. Med. 17 (1998), method 10,
 * for the interval
 */
export function proportionTest(
  successesA: number,
  nA: number,
  successesB: number,
  nB: number,
  options: ProportionTestOptions = {},
): ProportionTestResult {
  const { alternative, confidence } = parseOptions(optionsSchema, options, "proportionTest");
  const issues: Issue[] = [];
  for (const [name, successes, n] of [
    ["A", successesA, nA],
    ["B", successesB, nB],
  ] as const) {
    if (!(isCount(n) && n > 0)) issues.push({ path: [`n${name}`], message: "expected a count above 0" });
    else if (!(isCount(successes) && successes <= n)) {
      issues.push({ path: [`successes${name}`], message: `expected a count of at most n${name}` });
    }
  }
  if (issues.length > 0) throw invalidInput("proportionTest", issues);
  const a = successesA / nA;
  const b = successesB / nB;
  const pooled = (successesA + successesB) / (nA + nB);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / nA + 1 / nB));
  const difference = a - b;
  const statistic = error === 0 ? 0 : difference / error;
  const margin = normalUpperQuantile((1 - confidence) / 2);
  const first = scoreInterval(a, nA, margin);
  const second = scoreInterval(b, nB, margin);
  return {
    statistic,
    pValue: pValueOf(statistic, error === 0, alternative),
    difference,
    interval: [
      Math.max(-1, difference - Math.hypot(a - first[0], second[1] - b)),
      Math.min(1, difference + Math.hypot(first[1] - a, b - second[0])),
    ],
  };
}

function pValueOf(statistic: number, constant: boolean, alternative: "two-sided" | "less" | "greater"): number {
  if (constant) return 1;
  if (alternative === "two-sided") return Math.min(1, 2 * normalSf(Math.abs(statistic)));
  return normalSf(alternative === "greater" ? statistic : -statistic);
}

/** Wilson's interval of a proportion. */
function scoreInterval(p: number, n: number, z: number): readonly [number, number] {
  const square = (z * z) / n;
  const middle = (p + square / 2) / (1 + square);
  const half = (z / (1 + square)) * Math.sqrt((p * (1 - p)) / n + square / (4 * n));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
