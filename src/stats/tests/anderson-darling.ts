import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";
import { type Random, seeded } from "../../core/random.ts";
import { assertOrderedSample } from "../assert-numbers.ts";
import { andersonDarlingSf } from "./edf-limit-laws.ts";
import { permutationPValue } from "./permutation-p-value.ts";
import { QuadraticForm } from "./quadratic-form.ts";
import { tieCounts } from "./tie-counts.ts";

/** How {@link andersonDarling} computes its p-value. */
export interface AndersonDarlingOptions {
  /**
   * Random relabellings that the p-value is taken from, each in O(n + m) time; 0 takes the limit law. An integer in [0, 100 000].
   *
   * @defaultValue 0
   */
  readonly permutations?: number;
  /** Draws the relabellings. @defaultValue `seeded(0)`: equal samples give equal p-values */
  readonly random?: Random;
}

/** What {@link andersonDarling} finds. */
export interface AndersonDarlingResult {
  /** A², less its mean 1 and divided by its standard deviation when both samples come from one continuous distribution. */
  readonly statistic: number;
  /** Probability of a statistic at least as great when both samples come from one distribution. */
  readonly pValue: number;
}

const optionsSchema = z.strictObject({
  permutations: z.int().min(0).max(100_000).default(0),
  random: passed<Random>(
    "a source of random numbers",
    (value) => typeof (value as Random | null)?.uint32 === "function",
  ).optional(),
});

/**
 * Anderson–Darling test that two samples come from one distribution; sees differences in the tails better than Kolmogorov–Smirnov and
 * Cramér–von Mises.
 *
 * The statistic is that of `scipy.stats.anderson_ksamp` with midranks. The p-value is not SciPy's, which interpolates a table and is
 * clipped to [0.001, 0.25]: it is the tail of the limit law itself, or, where a value holds 1 % of both samples or more, of a law with
 * the mean, variance and skewness that the ties leave. Between 0.01 and 0.3 it rejects as often as it says, to a sixth of that for 8
 * values in each sample and to a fifteenth for 15; for fewer let `permutations` be 999. Samples of fewer than 4 values together, or of
 * one value only, give a statistic of 0 and a p-value of 1.
 *
 * @param a - one sample, not empty; infinities are ordered like other values
 * @param b - the other sample
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an empty sample or NaN, `CONFIG_INVALID` for wrong options
 * @source F. W. Scholz, M. A. Stephens, "K-Sample Anderson–Darling Tests", J. Am. Stat. Assoc. 82 (1987), eq. 4, 7 and 9
 */
export function andersonDarling(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: AndersonDarlingOptions = {},
): AndersonDarlingResult {
  const { permutations, random = seeded(0) } = parseOptions(optionsSchema, options, "andersonDarling");
  assertOrderedSample("the first sample of andersonDarling", a);
  assertOrderedSample("the second sample of andersonDarling", b);
  const counts = tieCounts(a, b);
  const found = andersonDarlingFromCounts(counts.a, counts.b);
  if (permutations === 0 || a.length + b.length < 4 || counts.a.length === 1) return found;
  const { groups, labels } = unrolled(counts.a, counts.b);
  const first = new Float64Array(counts.a.length);
  const second = new Float64Array(counts.a.length);
  const statistic = (shuffled: Uint8Array) => {
    first.fill(0);
    second.fill(0);
    for (let i = 0; i < shuffled.length; i++) (shuffled[i] === 0 ? first : second)[groups[i]!]! += 1;
    return squaredDistance(first, second, a.length, b.length);
  };
  const observed = statistic(labels);
  return { ...found, pValue: permutationPValue(labels, statistic, observed, permutations, random) };
}

/** Ties that hold less than this share of all values leave the limit law as it is. */
const SMALL_TIE = 0.01;

/** Standard deviation of the limit of A²: that of Σ z² / (k(k + 1)). */
const LIMIT_DEVIATION = Math.sqrt(2 * (Math.PI ** 2 / 3 - 3));

/**
 * {@link andersonDarling} on counts in the same ordered bins, whose values count as ties. The counts are not checked: at least 0, whole
 * or not, in either array not all 0.
 */
export function andersonDarlingFromCounts(reference: ArrayLike<number>, current: ArrayLike<number>): AndersonDarlingResult {
  let n = 0;
  let m = 0;
  let largestTie = 0;
  for (let i = 0; i < reference.length; i++) {
    n += reference[i]!;
    m += current[i]!;
    const tied = reference[i]! + current[i]!;
    if (tied > largestTie && tied > 1) largestTie = tied;
  }
  const total = n + m;
  if (total < 4 || largestTie === total) return { statistic: 0, pValue: 1 };
  const form = largestTie < SMALL_TIE * total ? undefined : new QuadraticForm();
  const distance = squaredDistance(reference, current, n, m, form);
  const statistic = (distance - 1) / deviation(n, m);
  return { statistic, pValue: form ? form.sf(distance) : andersonDarlingSf(1 + statistic * LIMIT_DEVIATION) };
}

/** A² with midranks (Scholz and Stephens, eq. 7); `form` is given what the ties leave of its law. */
function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>, n: number, m: number, form?: QuadraticForm): number {
  const total = n + m;
  let below = 0;
  let belowA = 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const tied = a[i]! + b[i]!;
    if (tied === 0) continue;
    const share = (below + tied / 2) / total;
    const variance = share * (1 - share) - tied / total / 4;
    const gap = (belowA + a[i]! / 2) / n - share;
    below += tied;
    belowA += a[i]!;
    // Where one value holds everything, nothing can vary.
    if (variance <= 0) continue;
    const weight = tied / total / variance;
    sum += weight * gap * gap;
    form?.add(weight, share, 1 - share, variance);
  }
  // The second sample's distance is the first one's times n / m: together n + n²/m = n·N/m of it, in N − 1 degrees of freedom.
  return (n / m) * (total - 1) * sum;
}

/** From this many values on the deviation is that of the limit, to a millionth; before, it takes time to add up. */
const MANY = 10_000_000;

/** Standard deviation of A² of two samples from one continuous distribution (Scholz and Stephens, eq. 4, for k = 2). */
function deviation(n: number, m: number): number {
  const total = n + m;
  if (total > MANY) return LIMIT_DEVIATION;
  // Σ 1 / i over i < N, and Σ 1 / ((N − i) j) over 1 <= i < j < N. Weighted counts need not add up to an integer.
  const size = Math.round(total);
  let harmonic = 0;
  let double = 0;
  for (let i = size - 1; i >= 1; i--) {
    double += harmonic / (size - i);
    harmonic += 1 / i;
  }
  const sizes = 1 / n + 1 / m;
  const cubic = 4 * double - 6 + (10 - 6 * double) * sizes;
  const square =
    (2 * double - 4) * 4 + 8 * harmonic * 2 + (2 * double - 14 * harmonic - 4) * sizes - 8 * harmonic + 4 * double - 6;
  const linear =
    (6 * harmonic + 2 * double - 2) * 4 + (4 * harmonic - 4 * double + 6) * 2 + (2 * harmonic - 6) * sizes + 4 * harmonic;
  const constant = (2 * harmonic + 6) * 4 - 4 * harmonic * 2;
  const variance = ((cubic * total + square) * total + linear) * total + constant;
  // Weighted counts of less than one value have no variance by this formula.
  return variance > 0 ? Math.sqrt(variance / (total - 1) / (total - 2) / (total - 3)) : LIMIT_DEVIATION;
}

/** For each value the group that it is in, and 0 or 1 for its sample. */
function unrolled(a: Uint32Array, b: Uint32Array): { readonly groups: Uint32Array; readonly labels: Uint8Array } {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! + b[i]!;
  const groups = new Uint32Array(total);
  const labels = new Uint8Array(total);
  for (let i = 0, next = 0; i < a.length; i++) {
    groups.fill(i, next, next + a[i]! + b[i]!);
    labels.fill(1, next + a[i]!, next + a[i]! + b[i]!);
    next += a[i]! + b[i]!;
  }
  return { groups, labels };
}
