import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { assertSpreadSample } from "../assert-numbers.ts";
import { studentTSf, studentTUpperQuantile } from "../distributions/student-t.ts";
import { meanDifference, safeFactor, sampleMoments } from "./sample-moments.ts";

/** What {@link welchTest} looks for. */
export interface WelchTestOptions {
  /**
   * `two-sided`: the means differ; `greater`: the first one is greater; `less`: the second one is.
   *
   * @defaultValue "two-sided"
   */
  readonly alternative?: "two-sided" | "less" | "greater";
  /** Probability that the interval holds the difference, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
}

/** What {@link welchTest} finds. */
export interface WelchTestResult {
  /** The difference of the means over its standard error. */
  readonly statistic: number;
  /** Probability of a statistic at least as far out when both means are equal. */
  readonly pValue: number;
  /** Degrees of freedom by Welch and Satterthwaite. */
  readonly df: number;
  /** Mean of the first sample less that of the second, in their unit. */
  readonly difference: number;
  /** Two-sided interval of the difference, whatever the alternative. */
  readonly interval: readonly [low: number, high: number];
}

const optionsSchema = z.strictObject({
  alternative: z.enum(["two-sided", "less", "greater"]).default("two-sided"),
  confidence: z.number().gt(0).lt(1).default(0.95),
});

/**
 * Welch's t-test that two samples come from distributions of one mean, whatever their variances:
 * `scipy.stats.ttest_ind(equal_var=False)`. For two constants the p-value is 1 when they are equal, and else 0 with an infinite
 * statistic.
 *
 * @param a - finite, at least two values
 * @param b - finite, at least two values
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a shorter sample, NaN or infinities, `CONFIG_INVALID` for wrong options
 * @source B. L. Welch, "The Generalization of 'Student's' Problem when Several Different Population Variances are Involved",
 * Biometrika 34 (1947)
 */
export function welchTest(a: ArrayLike<number>, b: ArrayLike<number>, options: WelchTestOptions = {}): WelchTestResult {
  const { alternative, confidence } = parseOptions(optionsSchema, options, "welchTest");
  assertSpreadSample("the first sample of welchTest", a);
  assertSpreadSample("the second sample of welchTest", b);
  const factor = safeFactor(a, b);
  const first = sampleMoments(a, factor);
  const second = sampleMoments(b, factor);
  const scaled = meanDifference(first, second);
  const ofFirst = first.variance / a.length;
  const ofSecond = second.variance / b.length;
  const error = Math.sqrt(ofFirst + ofSecond);
  const difference = scaled / factor;
  if (error === 0) {
    const statistic = scaled === 0 ? 0 : scaled * Number.POSITIVE_INFINITY;
    const expected = alternative === "two-sided" || (alternative === "greater" ? scaled > 0 : scaled < 0);
    const pValue = scaled === 0 || !expected ? 1 : 0;
    return { statistic, pValue, df: a.length + b.length - 2, difference, interval: [difference, difference] };
  }
  // As shares of their sum, whose squares cannot leave the range of doubles.
  const share = ofFirst / (ofFirst + ofSecond);
  const df = 1 / (share ** 2 / (a.length - 1) + (1 - share) ** 2 / (b.length - 1));
  const statistic = scaled / error;
  const margin = studentTUpperQuantile((1 - confidence) / 2, df) * error;
  return {
    statistic,
    pValue:
      alternative === "two-sided"
        ? Math.min(1, 2 * studentTSf(Math.abs(statistic), df))
        : studentTSf(alternative === "greater" ? statistic : -statistic, df),
    df,
    difference,
    interval: [(scaled - margin) / factor, (scaled + margin) / factor],
  };
}
