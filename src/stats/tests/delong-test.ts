import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertPaired } from "../assert-sample.ts";
import { normalSf, normalUpperQuantile } from "../distributions/normal.ts";
import { type ConfidenceOptions, confidenceOptions } from "../experiments/confidence.ts";
import { type BinaryRows, binaryRows } from "../metrics/checked-rows.ts";
import { sortOrder } from "../sort.ts";

/** What {@link deLongTest} finds. */
export interface DeLongTestResult {
  readonly aucA: number;
  readonly aucB: number;
  /** `aucA` less `aucB`. */
  readonly difference: number;
  /** Of the difference, within [−1, 1]. */
  readonly interval: readonly [low: number, high: number];
  /** Estimated standard deviation of the difference. */
  readonly standardError: number;
  /** z: the difference in standard errors; 0 when it is 0. */
  readonly statistic: number;
  /** Probability of a difference at least as great, either way, when both areas are equal. */
  readonly pValue: number;
}

/**
 * DeLong's test that two scores of the same rows have the same area under the receiver operating characteristic. Normal theory: with
 * fewer than some dozens of rows of a class the p-value is rough. O(n) by radix sort, where the definition compares all pairs.
 *
 * Where every row of a class wins as often as any other with each score, as with a perfect score beside a constant one, the estimated
 * variance is 0 although that of the areas is not. A difference is then judged by the greatest variance that they can have,
 * 1 / min(positives, negatives), which is cautious.
 *
 * @param labels - 0 or 1, at least two of each
 * @param scoresA - any numbers, greater for what is rather positive; only their order counts
 * @param scoresB - of the same rows
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels, fewer rows, NaN, or unequal lengths; `CONFIG_INVALID` for
 * wrong options
 * @source E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the Areas under Two or More Correlated Receiver Operating
 * Characteristic Curves", Biometrics 44 (1988), doi:10.2307/2531595; X. Sun, W. Xu, "Fast Implementation of DeLong's Algorithm", IEEE
 * Signal Process. Lett. 21 (2014), doi:10.1109/LSP.2014.2337313; Z. W. Birnbaum, O. M. Klose, "Bounds for the Variance of the
 * Mann–Whitney Statistic", Ann. Math. Statist. 28 (1957)
 *
 * @example
 * ```ts
 * import { deLongTest } from "modelwright/stats";
 *
 * const labels = [0, 0, 1, 1, 0, 1, 0, 1];
 * const champion = [0.1, 0.6, 0.5, 0.7, 0.2, 0.4, 0.5, 0.9];
 * const challenger = [0.1, 0.3, 0.6, 0.8, 0.2, 0.7, 0.4, 0.9];
 * const { aucA, aucB, interval, pValue } = deLongTest(labels, champion, challenger); // 0.78, 1, [-0.58, 0.14], 0.23
 * ```
 */
export function deLongTest(
  labels: ArrayLike<number>,
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  options: ConfidenceOptions = {},
): DeLongTestResult {
  const { confidence } = parseOptions(confidenceOptions, options, "deLongTest");
  assertPaired("deLongTest", scoresA, scoresB);
  const a = binaryRows("deLongTest", labels, scoresA, "score");
  const b = binaryRows("deLongTest", labels, scoresB, "score");
  const { positives } = a;
  const negatives = a.labels.length - positives;
  if (positives < 2 || negatives < 2) {
    throw invalidInput("deLongTest", [{ path: ["labels"], message: "expected at least two of each class" }]);
  }
  const winsA = winCounts(a);
  const winsB = winCounts(b);
  const aucA = areaOf(a, winsA);
  const aucB = areaOf(a, winsB);
  const difference = aucA - aucB;
  const variance = differenceVariance(a, winsA, winsB, difference);
  const standardError = variance === 0 && difference !== 0 ? Math.sqrt(1 / Math.min(positives, negatives)) : Math.sqrt(variance);
  const statistic = difference === 0 ? 0 : difference / standardError;
  const margin = normalUpperQuantile((1 - confidence) / 2) * standardError;
  return {
    aucA,
    aucB,
    difference,
    interval: [Math.max(-1, difference - margin), Math.min(1, difference + margin)],
    standardError,
    statistic,
    pValue: Math.min(1, 2 * normalSf(Math.abs(statistic))),
  };
}

/** With how many rows of the other class each row is in the right order, a tie counting half. */
function winCounts({ labels, values, positives }: BinaryRows): Float64Array {
  const order = sortOrder(values);
  const wins = new Float64Array(labels.length);
  let positivesBelow = 0;
  let negativesBelow = 0;
  for (let start = 0; start < order.length; ) {
    const score = values[order[start]!]!;
    let end = start;
    let tiedPositives = 0;
    for (; end < order.length && values[order[end]!] === score; end++) tiedPositives += labels[order[end]!]!;
    const tiedNegatives = end - start - tiedPositives;
    const ofPositive = negativesBelow + tiedNegatives / 2;
    const ofNegative = positives - positivesBelow - tiedPositives / 2;
    for (; start < end; start++) wins[order[start]!] = labels[order[start]!] === 1 ? ofPositive : ofNegative;
    positivesBelow += tiedPositives;
    negativesBelow += tiedNegatives;
  }
  return wins;
}

/** Adds halves of whole numbers, which is exact; so the areas are those of `rocAuc` to the last bit. */
function areaOf({ labels, positives }: BinaryRows, wins: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === 1) sum += wins[i]!;
  return sum / positives / (labels.length - positives);
}

/**
 * The variance of the mean, over each class, of what a row wins more with A than with B. Taken of the differences and not from three
 * variances, which would cancel for scores that are almost the same; exactly 0 where no row of a class differs from the others.
 */
function differenceVariance(
  { labels, positives }: BinaryRows,
  winsA: Float64Array,
  winsB: Float64Array,
  difference: number,
): number {
  const negatives = labels.length - positives;
  const firstPositive = labels.indexOf(1);
  const firstNegative = labels.indexOf(0);
  let ofPositives = 0;
  let ofNegatives = 0;
  let varies = false;
  for (let i = 0; i < labels.length; i++) {
    const isPositive = labels[i] === 1;
    const first = isPositive ? firstPositive : firstNegative;
    const gain = winsA[i]! - winsB[i]!;
    varies ||= gain !== winsA[first]! - winsB[first]!;
    const distance = gain / (isPositive ? negatives : positives) - difference;
    if (isPositive) ofPositives += distance * distance;
    else ofNegatives += distance * distance;
  }
  return varies ? ofPositives / (positives - 1) / positives + ofNegatives / (negatives - 1) / negatives : 0;
}
