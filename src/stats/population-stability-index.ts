import * as z from "zod";
import { parseOptions } from "../core/options.ts";
import { assertPaired, assertSample, sampleSize } from "./assert-sample.ts";
import { binIndex, learnBins } from "./bins.ts";
import { chiSquaredSf } from "./chi-squared.ts";

/** Bins of {@link populationStabilityIndex}. */
export interface PsiOptions {
  /** Number of quantile bins, an integer in [2, 1000]. @defaultValue 10 */
  readonly bins?: number;
}

/** What {@link populationStabilityIndex} and {@link psiFromCounts} find. */
export interface PsiResult {
  /** Population stability index, at least 0: sum of (q − p) ln(q / p). By custom below 0.1 is stable and above 0.25 a significant shift. */
  readonly psi: number;
  /** The index less what it is expected to be without any shift, (bins − 1)(1/n + 1/m); may be below 0. */
  readonly psiDebiased: number;
  /** Probability of an index at least as great when both samples come from one distribution. */
  readonly pValue: number;
  /** Bins that hold a value of either sample. */
  readonly bins: number;
}

const optionsSchema = z.strictObject({ bins: z.int().min(2).max(1000).default(10) });

/**
 * Population stability index between two samples of numbers, in bins learned from the reference: one for each value when it has at
 * most 20 distinct ones, else right-closed between its quantiles, and one for a least value that is a quantile. The outer bins are open, so that an outlier moves one value from
 * one bin to another and nothing more.
 *
 * @param reference - finite, at least one value
 * @param current - finite, at least one value
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an empty sample, NaN or infinities, `CONFIG_INVALID` for wrong options
 * @source B. Yurdakul, "Statistical Properties of Population Stability Index", dissertation, Western Michigan University (2018)
 */
export function populationStabilityIndex(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  options: PsiOptions = {},
): PsiResult {
  const { bins } = parseOptions(optionsSchema, options, "populationStabilityIndex");
  assertSample("the reference of populationStabilityIndex", reference, "a finite number", Number.isFinite);
  assertSample("the current sample of populationStabilityIndex", current, "a finite number", Number.isFinite);
  const { edges } = learnBins(Float64Array.from(reference).sort(), bins);
  return psiFromCounts(countBins(edges, reference), countBins(edges, current));
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
 * neither is all 0
 * @source B. Yurdakul, "Statistical Properties of Population Stability Index", dissertation, Western Michigan University (2018), for
 * the distribution
 */
export function psiFromCounts(referenceCounts: ArrayLike<number>, currentCounts: ArrayLike<number>): PsiResult {
  const n = sampleSize("the reference counts of psiFromCounts", referenceCounts);
  const m = sampleSize("the current counts of psiFromCounts", currentCounts);
  assertPaired("psiFromCounts", referenceCounts, currentCounts);
  let bins = 0;
  for (let i = 0; i < referenceCounts.length; i++) if (referenceCounts[i]! + currentCounts[i]! > 0) bins += 1;
  const smoothing = 0.5 / Math.min(n, m);
  let psi = 0;
  for (let i = 0; i < referenceCounts.length; i++) {
    if (referenceCounts[i]! + currentCounts[i]! === 0) continue;
    const p = referenceCounts[i]! / n + smoothing;
    const q = currentCounts[i]! / m + smoothing;
    psi += (q - p) * Math.log(q / p);
  }
  psi /= 1 + bins * smoothing;
  const scale = 1 / n + 1 / m;
  const pValue = bins === 1 ? 1 : chiSquaredSf(psi / scale, bins - 1);
  return { psi, psiDebiased: psi - (bins - 1) * scale, pValue, bins };
}

function countBins(edges: Float64Array, values: ArrayLike<number>): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  for (let i = 0; i < values.length; i++) counts[binIndex(edges, values[i]!)]! += 1;
  return counts;
}
