import { invalidInput } from "../../core/schema.ts";
import { type BinaryRows, binaryRows } from "./checked-rows.ts";
import { areaOfSorted, greatestSeparation, precisionOverRecall, rankedCounts } from "./ranked-counts.ts";
import { sortByClass } from "./sort-by-class.ts";

/** The receiver operating characteristic, from no row called positive to all of them. The three arrays are equally long. */
export interface RocCurve {
  /** A row is positive when its score is at least the threshold; infinity first, then every distinct score, descending. */
  readonly thresholds: Float64Array;
  /** Share of the negatives that is called positive, ascending from 0 to 1. */
  readonly falsePositiveRates: Float64Array;
  /** Share of the positives that is called positive, ascending from 0 to 1. */
  readonly truePositiveRates: Float64Array;
}

/**
 * Area under the receiver operating characteristic: the probability that a positive scores above a negative, a tie counting half.
 * Sorts by radix, O(n).
 *
 * @param labels - 0 or 1, at least one of each
 * @param scores - any numbers, greater for what is rather positive; only their order counts
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels, one class alone, NaN, or unequal lengths
 * @source J. A. Hanley, B. J. McNeil, "The Meaning and Use of the Area under a ROC Curve", Radiology 143 (1982)
 */
export function rocAuc(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  return areaOfSorted(sortByClass(bothClasses("rocAuc", labels, scores)));
}

/**
 * Gini coefficient of a classifier: 2 · AUC − 1, in [−1, 1]; 0 for scores that know nothing.
 *
 * @param labels - 0 or 1, at least one of each
 * @param scores - any numbers; only their order counts
 * @throws a `ModelwrightError` with code `INPUT_INVALID` as {@link rocAuc}
 * @source R. H. Somers, "A New Asymmetric Measure of Association for Ordinal Variables", Am. Sociol. Rev. 27 (1962)
 */
export function gini(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  return 2 * areaOfSorted(sortByClass(bothClasses("gini", labels, scores))) - 1;
}

/**
 * How far the scores of the two classes lie apart: the greatest distance between their distribution functions, in [0, 1]. It is the
 * greatest |true positive rate − false positive rate| over all thresholds.
 *
 * @param labels - 0 or 1, at least one of each
 * @param scores - any numbers; only their order counts
 * @throws a `ModelwrightError` with code `INPUT_INVALID` as {@link rocAuc}
 * @source N. Smirnov, "Table for Estimating the Goodness of Fit of Empirical Distributions", Ann. Math. Statist. 19 (1948)
 */
export function ksStatistic(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  return greatestSeparation(rankedCounts(bothClasses("ksStatistic", labels, scores)));
}

/**
 * Area under the curve of precision over recall, as a sum of steps and not of trapezia: the mean, over the positives, of the precision
 * at the threshold that just finds each of them. Equal scores are found together. In (0, 1]; scores that know nothing get about the
 * share of positives.
 *
 * @param labels - 0 or 1, at least one of them 1
 * @param scores - any numbers; only their order counts
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels, no positive, NaN, or unequal lengths
 * @source M. Zhu, "Recall, Precision and Average Precision", University of Waterloo (2004)
 */
export function averagePrecision(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const rows = binaryRows("averagePrecision", labels, scores, "score");
  if (rows.positives === 0) {
    throw invalidInput("averagePrecision", [{ path: ["labels"], message: "expected at least one label 1" }]);
  }
  return precisionOverRecall(rankedCounts(rows));
}

/**
 * The receiver operating characteristic, with one point for every distinct score.
 *
 * @param labels - 0 or 1, at least one of each
 * @param scores - any numbers
 * @throws a `ModelwrightError` with code `INPUT_INVALID` as {@link rocAuc}
 * @source T. Fawcett, "An Introduction to ROC Analysis", Pattern Recognit. Lett. 27 (2006), algorithm 1
 */
export function rocCurve(labels: ArrayLike<number>, scores: ArrayLike<number>): RocCurve {
  const ranked = rankedCounts(bothClasses("rocCurve", labels, scores));
  const last = ranked.scores.length - 1;
  const thresholds = new Float64Array(last + 2).fill(Number.POSITIVE_INFINITY);
  const falsePositiveRates = new Float64Array(last + 2);
  const truePositiveRates = new Float64Array(last + 2);
  let falsePositives = 0;
  let truePositives = 0;
  for (let i = last; i >= 0; i--) {
    falsePositives += ranked.negatives[i]!;
    truePositives += ranked.positives[i]!;
    const point = last - i + 1;
    thresholds[point] = ranked.scores[i]!;
    falsePositiveRates[point] = falsePositives / ranked.negativeCount;
    truePositiveRates[point] = truePositives / ranked.positiveCount;
  }
  return { thresholds, falsePositiveRates, truePositiveRates };
}

function bothClasses(subject: string, labels: ArrayLike<number>, scores: ArrayLike<number>): BinaryRows {
  const rows = binaryRows(subject, labels, scores, "score");
  if (rows.positives === 0 || rows.positives === rows.labels.length) {
    throw invalidInput(subject, [{ path: ["labels"], message: "expected both classes, but got one alone" }]);
  }
  return rows;
}
