import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertOrderedSample } from "../assert-numbers.ts";
import { cramerVonMisesCells, exactCramerVonMisesSf } from "./cramer-von-mises-distribution.ts";
import { cramerVonMisesSf } from "./edf-limit-laws.ts";
import { QuadraticForm } from "./quadratic-form.ts";
import { tieCounts } from "./tie-counts.ts";

/** How {@link cramerVonMises} computes its p-value. */
export interface CramerVonMisesOptions {
  /**
   * `exact` counts lattice paths; `asymptotic` takes the limit law; `auto` is exact while there are no ties and neither sample has
   * more than 20 values.
   *
   * @defaultValue "auto"
   */
  readonly method?: "auto" | "exact" | "asymptotic";
}

/** What {@link cramerVonMises} finds. */
export interface CramerVonMisesResult {
  /** T = n·m / (n + m)² · Σ (F − G)² of both empirical distribution functions over the values of both samples; at least 0. */
  readonly statistic: number;
  /** Probability of a T at least as great when both samples come from one distribution. */
  readonly pValue: number;
  /** How the p-value was computed. */
  readonly method: "exact" | "asymptotic";
}

const MAX_AUTO_LENGTH = 20;
const MAX_EXACT_CELLS = 1_000_000_000;

const optionsSchema = z.strictObject({ method: z.enum(["auto", "exact", "asymptotic"]).default("auto") });

/**
 * Cramér–von Mises test that two samples come from one distribution; more sensitive to lasting differences of the distribution
 * functions than Kolmogorov's and Smirnov's, which looks at the greatest one.
 *
 * Equal to `scipy.stats.cramervonmises_2samp` without ties. With ties SciPy puts midranks into a formula that holds without them, which
 * finds a difference between two samples of unlike sizes that hold one value only; here T stays what it is above, 0 in that case,
 * and the p-value is that of a law with the mean, variance and skewness that the ties leave. Time is that of sorting both samples.
 *
 * @param a - one sample, not empty; infinities are ordered like other values
 * @param b - the other sample
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an empty sample, NaN, or samples whose exact p-value would take more than
 * about a second, `CONFIG_INVALID` for wrong options
 * @source T. W. Anderson, "On the Distribution of the Two-Sample Cramér–von Mises Criterion", Ann. Math. Statist. 33 (1962)
 */
export function cramerVonMises(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: CramerVonMisesOptions = {},
): CramerVonMisesResult {
  const { method } = parseOptions(optionsSchema, options, "cramerVonMises");
  assertOrderedSample("the first sample of cramerVonMises", a);
  assertOrderedSample("the second sample of cramerVonMises", b);
  const n = a.length;
  const m = b.length;
  const counts = tieCounts(a, b);
  const { statistic, pValue } = cramerVonMisesFromCounts(counts.a, counts.b);
  if (method === "exact" && cramerVonMisesCells(statistic, n, m) > MAX_EXACT_CELLS) {
    const message = 'the samples are too large for the exact method; use "asymptotic"';
    throw invalidInput("cramerVonMises", [{ path: [], message }]);
  }
  if (method === "exact" || (method === "auto" && !counts.ties && Math.max(n, m) <= MAX_AUTO_LENGTH)) {
    return { statistic, pValue: exactCramerVonMisesSf(statistic, n, m), method: "exact" };
  }
  return { statistic, pValue, method: "asymptotic" };
}

/** Ties that hold less than this share of all values leave the limit law as it is. */
const SMALL_TIE = 0.01;

/**
 * {@link cramerVonMises} on counts in the same ordered bins, whose values count as ties: asymptotic. The counts are not checked: at
 * least 0, whole or not, in either array not all 0.
 */
export function cramerVonMisesFromCounts(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): Pick<CramerVonMisesResult, "statistic" | "pValue"> {
  let n = 0;
  let m = 0;
  for (let i = 0; i < reference.length; i++) {
    n += reference[i]!;
    m += current[i]!;
  }
  const total = n + m;
  const form = new QuadraticForm();
  let sum = 0;
  let largestTie = 0;
  for (let i = 0, below = 0, belowCurrent = 0; i < reference.length; i++) {
    below += reference[i]!;
    belowCurrent += current[i]!;
    const tied = reference[i]! + current[i]!;
    if (tied === 0) continue;
    sum += tied * (below / n - belowCurrent / m) ** 2;
    const share = (below + belowCurrent) / total;
    const rest = Math.max(0, 1 - share);
    form.add(tied / total, share, rest, share * rest);
    if (tied > largestTie && tied > 1) largestTie = tied;
  }
  const statistic = (n / total) * (m / total) * sum;
  if (form.mean === 0 || statistic === 0) return { statistic, pValue: 1 };
  // Without replacement the mean of T is greater by N / (N − 1).
  if (largestTie >= SMALL_TIE * total) return { statistic, pValue: form.sf((statistic * (total - 1)) / total) };
  return { statistic, pValue: untiedSf(statistic, n, m) };
}

/** Tail of the limit law at T, moved and stretched so that its mean and variance are those of the limit. */
function untiedSf(statistic: number, n: number, m: number): number {
  const total = n + m;
  const mean = (1 + 1 / total) / 6;
  const variance = (((total + 1) / total / total) * (4 * total - 3 * (n / m + m / n) - 2)) / 180;
  // T of one value each can only be what it is.
  return variance > 0 ? cramerVonMisesSf(1 / 6 + (statistic - mean) / Math.sqrt(45 * variance)) : 1;
}
