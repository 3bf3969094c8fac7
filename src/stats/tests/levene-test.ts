import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertFiniteSample } from "../assert-numbers.ts";
import { fSf } from "../distributions/f.ts";
import { quantileOfSorted } from "../quantile.ts";
import { sorted } from "../sort.ts";
import { meanDifference, safeFactor, sampleMoments } from "./sample-moments.ts";

/** How {@link leveneTest} measures deviations. */
export interface LeveneTestOptions {
  /** What values deviate from; the median (Brown and Forsythe) also serves for skewed data. @defaultValue "median" */
  readonly center?: "median" | "mean";
}

/** What {@link leveneTest} finds. */
export interface LeveneTestResult {
  /** W: the F statistic of the absolute deviations. */
  readonly statistic: number;
  /** Probability of a W at least as great when both samples spread alike. */
  readonly pValue: number;
}

const optionsSchema = z.strictObject({ center: z.enum(["median", "mean"]).default("median") });

/**
 * Levene's test that two samples spread alike, whatever their means: `scipy.stats.levene`. Where absolute deviations do not vary
 * within the samples, the p-value is 1 when they are equal in both, and else 0 with an infinite statistic.
 *
 * @param a - finite, at least three values: the deviations of two are always equal
 * @param b - finite, at least three values
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for a shorter sample, NaN or infinities, `CONFIG_INVALID` for wrong options
 * @source M. B. Brown, A. B. Forsythe, "Robust Tests for the Equality of Variances", J. Am. Stat. Assoc. 69 (1974)
 */
export function leveneTest(a: ArrayLike<number>, b: ArrayLike<number>, options: LeveneTestOptions = {}): LeveneTestResult {
  const { center } = parseOptions(optionsSchema, options, "leveneTest");
  assertThree("the first sample of leveneTest", a);
  assertThree("the second sample of leveneTest", b);
  const n = a.length;
  const m = b.length;
  const factor = safeFactor(a, b);
  const first = sampleMoments(deviations(a, center, factor), 1);
  const second = sampleMoments(deviations(b, center, factor), 1);
  const gap = meanDifference(first, second);
  const between = n * (m / (n + m)) * gap * gap;
  const within = (first.variance * (n - 1) + second.variance * (m - 1)) / (n + m - 2);
  // Deviations that are equal but for the rounding of the centre do not vary.
  const rounding = (4 * Number.EPSILON * greatestOf(a, b) * factor) ** 2;
  if (within <= rounding) {
    return between <= rounding * (n + m) ? { statistic: 0, pValue: 1 } : { statistic: Number.POSITIVE_INFINITY, pValue: 0 };
  }
  const statistic = between / within;
  return { statistic, pValue: fSf(statistic, 1, n + m - 2) };
}

function assertThree(subject: string, values: ArrayLike<number>): void {
  assertFiniteSample(subject, values);
  if (values.length < 3) {
    throw invalidInput(subject, [{ path: [], message: `expected at least three values, but got ${values.length}` }]);
  }
}

/** Absolute deviations from the centre, times `factor`. */
function deviations(values: ArrayLike<number>, center: "median" | "mean", factor: number): Float64Array {
  const scaled = new Float64Array(values.length);
  for (let i = 0; i < scaled.length; i++) scaled[i] = values[i]! * factor;
  const middle = center === "mean" ? meanOf(scaled) : quantileOfSorted(sorted(scaled), 0.5);
  for (let i = 0; i < scaled.length; i++) scaled[i] = Math.abs(scaled[i]! - middle);
  return scaled;
}

function meanOf(values: Float64Array): number {
  const { first, shift } = sampleMoments(values, 1);
  return first + shift;
}

function greatestOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let greatest = 0;
  for (let i = 0; i < a.length; i++) greatest = Math.max(greatest, Math.abs(a[i]!));
  for (let i = 0; i < b.length; i++) greatest = Math.max(greatest, Math.abs(b[i]!));
  return greatest;
}
