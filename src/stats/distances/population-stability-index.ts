import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { assertFiniteSample } from "../assert-numbers.ts";
import { assertPaired, sampleSize } from "../assert-sample.ts";
import { countBins, learnBinsUnsorted } from "../bins.ts";
import { chiSquaredSf } from "../distributions/chi-squared.ts";
import { normalUpperQuantile } from "../distributions/normal.ts";

/** Interval of {@link psiFromCounts}. */
export interface PsiFromCountsOptions {
  /** Probability that the interval holds the index of what both samples come from, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
}

/** Bins and interval of {@link populationStabilityIndex}. */
export interface PsiOptions extends PsiFromCountsOptions {
  /** Number of quantile bins, an integer in [2, 1000]. @defaultValue 10 */
  readonly bins?: number;
}

/** What {@link populationStabilityIndex} and {@link psiFromCounts} find. */
export interface PsiResult {
  /** Population stability index, at least 0: sum of (q − p) ln(q / p). By custom below 0.1 is stable and above 0.25 a significant shift. */
  readonly psi: number;
  /** The index less what it is expected to be without any shift, (bins − 1)(1/n + 1/m); may be below 0. */
  readonly psiDebiased: number;
  /**
   * Around the debiased index, cut off at 0, below which the index of no two distributions is. By the delta method, and what chance adds
   * without any shift: wider than it has to be next to 0, good above where bins are expected to hold about 5 values or more.
   */
  readonly interval: readonly [low: number, high: number];
  /** Probability of an index at least as great when both samples come from one distribution. */
  readonly pValue: number;
  /** Bins that hold a value of either sample. */
  readonly bins: number;
}

const confidence = z.number().gt(0).lt(1).default(0.95);
const countsOptionsSchema = z.strictObject({ confidence });
const optionsSchema = z.strictObject({ confidence, bins: z.int().min(2).max(1000).default(10) });

/**
 * Population stability index between two samples of numbers, in bins learned from the reference: one for each value when it has at most
 * 20 distinct ones, else right-closed between its quantiles (those of `numpy.quantile`), and one for a least value that is a quantile.
 * The outer bins are open, so that an outlier moves one value from one bin to another and nothing more. O(n + m) time: nothing is
 * sorted.
 *
 * @param reference - finite, at least one value
 * @param current - finite, at least one value
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an empty sample, NaN or infinities, `CONFIG_INVALID` for wrong options
 * @source B. Yurdakul, "Statistical Properties of Population Stability Index", dissertation, Western Michigan University (2018)
 *
 * @example
 * ```ts
 * import { populationStabilityIndex } from "modelwright/stats";
 *
 * const reference = Float64Array.from({ length: 5000 }, (_, i) => i / 5000);
 * const current = reference.map((value) => value ** 1.3);
 * const { psi, psiDebiased, interval } = populationStabilityIndex(reference, current, { bins: 10 });
 * const shifted = interval[0] > 0.1; // not psi > 0.1, which small samples exceed by chance
 * ```
 */
export function populationStabilityIndex(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: PsiOptions = {},
): PsiResult {
  const { bins, confidence } = parseOptions(optionsSchema, options, "populationStabilityIndex");
  assertFiniteSample("the reference of populationStabilityIndex", reference);
  assertFiniteSample("the current sample of populationStabilityIndex", current);
  const before = doubles(reference);
  const { edges } = learnBinsUnsorted(before, bins);
  const counts = countBins(edges, before);
  return psiOfCounts(counts, countBins(edges, doubles(current)), before.length, current.length, confidence);
}

/**
 * Population stability index between counts in the same bins. Bins that are empty in both do not count.
 *
 * Shares are smoothed by half a value in each bin of the smaller sample and by the same share in the larger one, so that an empty
 * bin is finite and samples of unlike sizes stay comparable: half a value in both would let one value in a bin that is new to a
 * large reference look like a shift. For samples of one size it is the usual (c + ½) / (n + ½B). Without a shift the index is
 * (1/n + 1/m) times a chi-squared variate of B − 1 degrees of freedom, while bins are expected to hold about 5 values or more; sparser
 * ones make the p-value too large. One bin gives an index of 0 and a p-value of 1.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless both arrays hold counts, of the same number of bins, and
 * neither is all 0, `CONFIG_INVALID` for wrong options
 * @source B. Yurdakul, "Statistical Properties of Population Stability Index", dissertation, Western Michigan University (2018), for
 * the distribution
 */
export function psiFromCounts(
  referenceCounts: ArrayLike<number>,
  currentCounts: ArrayLike<number>,
  options: PsiFromCountsOptions = {},
): PsiResult {
  const { confidence } = parseOptions(countsOptionsSchema, options, "psiFromCounts");
  const n = sampleSize("the reference counts of psiFromCounts", referenceCounts);
  const m = sampleSize("the current counts of psiFromCounts", currentCounts);
  assertPaired("psiFromCounts", referenceCounts, currentCounts);
  return psiOfCounts(referenceCounts, currentCounts, n, m, confidence);
}

/**
 * {@link psiFromCounts} of weighted counts, without checking them: at least 0, whole or not, in either array not all 0, divided by their
 * own sum.
 *
 * @param n - effective size of the reference, above 0: how many unweighted values would say as much
 * @param m - effective size of the current sample, above 0
 */
export function psiOfCounts(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  n: number,
  m: number,
  confidence = 0.95,
): PsiResult {
  let bins = 0;
  let before = 0;
  let now = 0;
  for (let i = 0; i < reference.length; i++) {
    if (reference[i]! + current[i]! > 0) bins += 1;
    before += reference[i]!;
    now += current[i]!;
  }
  if (bins === 1) return { psi: 0, psiDebiased: 0, interval: [0, 0], pValue: 1, bins };
  const smoothing = 0.5 / Math.min(n, m);
  const whole = 1 + bins * smoothing;
  let psi = 0;
  // Mean and mean square, over p and over q, of how the index changes with a share: the delta method.
  let meanP = 0;
  let squareP = 0;
  let meanQ = 0;
  let squareQ = 0;
  for (let i = 0; i < reference.length; i++) {
    if (reference[i]! + current[i]! === 0) continue;
    const p = (reference[i]! / before + smoothing) / whole;
    const q = (current[i]! / now + smoothing) / whole;
    const log = Math.log(q / p);
    psi += (q - p) * log;
    const byP = q / p + log;
    const byQ = p / q - log;
    meanP += p * byP;
    squareP += p * byP * byP;
    meanQ += q * byQ;
    squareQ += q * byQ * byQ;
  }
  const scale = 1 / n + 1 / m;
  const psiDebiased = psi - (bins - 1) * scale;
  const variance =
    Math.max(0, squareP - meanP * meanP) / n + Math.max(0, squareQ - meanQ * meanQ) / m + 2 * (bins - 1) * scale * scale;
  const margin = normalUpperQuantile((1 - confidence) / 2) * Math.sqrt(variance);
  return {
    psi,
    psiDebiased,
    interval: [Math.max(0, psiDebiased - margin), Math.max(0, psiDebiased + margin)],
    pValue: chiSquaredSf(psi / scale, bins - 1),
    bins,
  };
}

function doubles(values: ArrayLike<number>): Float64Array {
  return values instanceof Float64Array ? values : new Float64Array(values);
}
