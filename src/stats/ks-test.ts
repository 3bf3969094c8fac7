import * as z from "zod";
import { parseOptions } from "../core/options.ts";
import { assertPaired, assertSample, isOrdered, sampleSize } from "./assert-sample.ts";
import { kolmogorovSf } from "./kolmogorov.ts";

/** How {@link ksTest} computes its p-value. */
export interface KsTestOptions {
  /**
   * `exact` counts lattice paths in O(n · m) time and O(min(n, m)) memory; `asymptotic` takes Kolmogorov's limit law; `auto` is
   * exact while neither sample has more than 10 000 values and n · m is at most 10 million, which takes tens of milliseconds.
   *
   * @defaultValue "auto"
   */
  readonly method?: "auto" | "exact" | "asymptotic";
}

/** What {@link ksTest} finds. */
export interface KsTestResult {
  /** D: the greatest distance between the two empirical distribution functions, in [0, 1]. */
  readonly statistic: number;
  /** Probability of a distance at least as great when both samples come from one distribution. */
  readonly pValue: number;
  /** How the p-value was computed. */
  readonly method: "exact" | "asymptotic";
  /** The smallest value at which the distance is reached. */
  readonly location: number;
}

const MAX_EXACT_LENGTH = 10_000;
const MAX_EXACT_CELLS = 10_000_000;

const optionsSchema = z.strictObject({ method: z.enum(["auto", "exact", "asymptotic"]).default("auto") });

/**
 * Two-sided Kolmogorov–Smirnov test that two samples come from one continuous distribution.
 *
 * The exact p-value adds positive terms only, so that a tiny one keeps its relative accuracy. With ties it is computed as if there
 * were none, as SciPy does, and is then too large rather than too small. The asymptotic one is Q(D · √(n·m / (n + m))) with
 * Kolmogorov's limit Q ({@link kolmogorovSf}); `scipy.stats.ks_2samp(method="asymp")` takes the one-sample law of a rounded
 * effective size instead, and so differs in small samples.
 *
 * @param a - one sample, not empty; infinities are ordered like other values
 * @param b - the other sample
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an empty sample or NaN, `CONFIG_INVALID` for wrong options
 * @source N. Smirnov, "Table for Estimating the Goodness of Fit of Empirical Distributions", Ann. Math. Statist. 19 (1948); T.
 * Viehmann, "Numerically more stable computation of the p-values for the two-sample Kolmogorov-Smirnov test", arXiv:2102.08037
 * (2021)
 */
export function ksTest(a: ArrayLike<number>, b: ArrayLike<number>, options: KsTestOptions = {}): KsTestResult {
  const { method } = parseOptions(optionsSchema, options, "ksTest");
  assertSample("the first sample of ksTest", a, "a number", isOrdered);
  assertSample("the second sample of ksTest", b, "a number", isOrdered);
  const n = a.length;
  const m = b.length;
  const { gap, location } = greatestGap(Float64Array.from(a).sort(), Float64Array.from(b).sort());
  const statistic = gap / (n * m);
  const small = Math.max(n, m) <= MAX_EXACT_LENGTH && n * m <= MAX_EXACT_CELLS;
  if (method === "exact" || (method === "auto" && small)) {
    return { statistic, pValue: exactSf(Math.max(n, m), Math.min(n, m), gap), method: "exact", location };
  }
  return { statistic, pValue: asymptoticSf(n, m, statistic), method: "asymptotic", location };
}

/**
 * Two-sided Kolmogorov–Smirnov test on counts in the same ordered bins. Distances inside of a bin are not seen: the statistic is at
 * most that of the samples, and falls short by at most the greatest, over all bins, of the smaller of the two samples' shares in it.
 * The p-value is the asymptotic one of {@link ksTest}. Below 0.05 both make it too large rather than too small.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless both arrays hold counts, of the same number of bins, and
 * neither is all 0
 */
export function ksFromCounts(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): Pick<KsTestResult, "statistic" | "pValue"> {
  const n = sampleSize("the reference counts of ksFromCounts", reference);
  const m = sampleSize("the current counts of ksFromCounts", current);
  assertPaired("ksFromCounts", reference, current);
  let below = 0;
  let belowCurrent = 0;
  let gap = 0;
  for (let i = 0; i < reference.length; i++) {
    below += reference[i]!;
    belowCurrent += current[i]!;
    gap = Math.max(gap, Math.abs(below / n - belowCurrent / m));
  }
  return { statistic: gap, pValue: asymptoticSf(n, m, gap) };
}

function asymptoticSf(n: number, m: number, statistic: number): number {
  return kolmogorovSf(Math.sqrt((n / (n + m)) * m) * statistic);
}

/** D as the integer n · m · D, so that distances compare without rounding, and the first value that reaches it. */
function greatestGap(a: Float64Array, b: Float64Array): { readonly gap: number; readonly location: number } {
  let gap = -1;
  let location = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const value = Math.min(a[i]!, b[j]!);
    while (a[i] === value) i += 1;
    while (b[j] === value) j += 1;
    const here = Math.abs(i * b.length - j * a.length);
    if (here > gap) {
      gap = here;
      location = value;
    }
  }
  return { gap, location };
}

/**
 * Probability that a random lattice path from (0, 0) to (n, m), m <= n, meets a point (i, j) with |i·m − j·n| >= gap.
 *
 * `touched[j]` is that probability for paths to (i, j): 1 where the point itself is as far, else the mean of its two predecessors,
 * weighted i : j, for the last step to (i, j) comes from (i − 1, j) with probability i / (i + j).
 */
function exactSf(n: number, m: number, gap: number): number {
  if (gap === 0) return 1;
  const touched = new Float64Array(m + 1).fill(1);
  touched[0] = 0;
  for (let i = 0; i <= n; i++) {
    const low = Math.max(0, Math.floor((i * m - gap) / n) + 1);
    const high = Math.min(m, Math.ceil((i * m + gap) / n) - 1);
    if (low > 0) touched[low - 1] = 1;
    let left = low > 0 ? 1 : 0;
    for (let j = low; j <= high; j++) {
      if (i + j > 0) left = (touched[j]! * i + left * j) / (i + j);
      touched[j] = left;
    }
  }
  return touched[m]!;
}
