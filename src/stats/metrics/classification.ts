import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { accuracyOf, balancedAccuracyOf, type ClassCounts, correlationOf, countClasses } from "./class-counts.ts";
import type { ClassLabel } from "./class-labels.ts";

/** How {@link precision}, {@link recall} and {@link f1} make one number of several classes. */
export interface AveragingOptions {
  /**
   * `binary`: of the class `positive` alone, for at most two classes; `macro`: mean over the classes; `weighted`: mean over the classes,
   * weighted by how many rows have each; `micro`: of all classes counted together, which is the accuracy.
   *
   * @defaultValue "binary"
   */
  readonly average?: "binary" | "macro" | "micro" | "weighted";
  /** The class that `binary` is about. @defaultValue 1 */
  readonly positive?: ClassLabel;
  /**
   * What a class gets whose ratio is 0 / 0: the precision of a class that is never predicted, the recall of one that is never the truth.
   * The averages take it for a ratio like any other.
   *
   * @defaultValue 0
   */
  readonly zeroDivision?: 0 | 1;
}

const optionsSchema = z.strictObject({
  average: z.enum(["binary", "macro", "micro", "weighted"]).default("binary"),
  positive: z.union([z.string(), z.number()]).default(1),
  zeroDivision: z.union([z.literal(0), z.literal(1)]).default(0),
});

/** A ratio of counts of one class. */
type Ratio = (hits: number, labelled: number, predicted: number) => readonly [part: number, whole: number];

/**
 * Share of predictions that are right, in [0, 1].
 *
 * @param labels - texts or finite numbers, at least one; `1` and `"1"` are two classes
 * @param predictions - as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels or unequal lengths
 */
export function accuracy(labels: ArrayLike<ClassLabel>, predictions: ArrayLike<ClassLabel>): number {
  return accuracyOf(countClasses("accuracy", labels, predictions));
}

/**
 * Mean recall over the classes that are the truth of a row, in [0, 1]: the accuracy, were all classes equally frequent. A class that
 * is only predicted does not count.
 *
 * @param labels - texts or finite numbers, at least one
 * @param predictions - as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels or unequal lengths
 * @source K. H. Brodersen et al., "The Balanced Accuracy and Its Posterior Distribution", ICPR (2010), doi:10.1109/ICPR.2010.764
 */
export function balancedAccuracy(labels: ArrayLike<ClassLabel>, predictions: ArrayLike<ClassLabel>): number {
  return balancedAccuracyOf(countClasses("balancedAccuracy", labels, predictions));
}

/**
 * Matthews' correlation of labels and predictions, of any number of classes. 1 is perfect, 0 what guessing gets; the least is −1 with
 * two classes, and nearer to 0 with more. It is 0 where all labels or all predictions are of one class.
 *
 * @param labels - texts or finite numbers, at least one
 * @param predictions - as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels or unequal lengths
 * @source B. W. Matthews, "Comparison of the Predicted and Observed Secondary Structure of T4 Phage Lysozyme", Biochim. Biophys. Acta
 * 405 (1975); J. Gorodkin, "Comparing Two K-category Assignments by a K-category Correlation Coefficient", Comput. Biol. Chem. 28
 * (2004), doi:10.1016/j.compbiolchem.2004.09.006
 */
export function matthewsCorrelation(labels: ArrayLike<ClassLabel>, predictions: ArrayLike<ClassLabel>): number {
  return correlationOf(countClasses("matthewsCorrelation", labels, predictions)) ?? 0;
}

/**
 * Share of the rows predicted to be of a class that are of it, in [0, 1].
 *
 * @param labels - texts or finite numbers, at least one; 0 and 1 unless told otherwise
 * @param predictions - as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels, unequal lengths, or `binary` with more than two classes or
 * with two of which neither is `positive`; `CONFIG_INVALID` for wrong options
 * @source C. J. van Rijsbergen, "Information Retrieval" (1979), chapter 7
 */
export function precision(
  labels: ArrayLike<ClassLabel>,
  predictions: ArrayLike<ClassLabel>,
  options: AveragingOptions = {},
): number {
  return averaged("precision", labels, predictions, options, precisionRatio);
}

/**
 * Share of the rows of a class that are predicted to be of it, in [0, 1]; also called sensitivity or true positive rate.
 *
 * @param labels - texts or finite numbers, at least one; 0 and 1 unless told otherwise
 * @param predictions - as many
 * @throws a `ModelwrightError` as {@link precision}
 * @source C. J. van Rijsbergen, "Information Retrieval" (1979), chapter 7
 */
export function recall(
  labels: ArrayLike<ClassLabel>,
  predictions: ArrayLike<ClassLabel>,
  options: AveragingOptions = {},
): number {
  return averaged("recall", labels, predictions, options, recallRatio);
}

/**
 * Harmonic mean of precision and recall, in [0, 1]: twice the hits over the rows of the class and those predicted to be, so that it is
 * 0 / 0 only where both are. The average of several classes is that of their F1, not the F1 of their averages.
 *
 * @param labels - texts or finite numbers, at least one; 0 and 1 unless told otherwise
 * @param predictions - as many
 * @throws a `ModelwrightError` as {@link precision}
 * @source C. J. van Rijsbergen, "Information Retrieval" (1979), chapter 7
 */
export function f1(labels: ArrayLike<ClassLabel>, predictions: ArrayLike<ClassLabel>, options: AveragingOptions = {}): number {
  return averaged("f1", labels, predictions, options, f1Ratio);
}

/** Hits over predictions. */
export const precisionRatio: Ratio = (hits, _, predicted) => [hits, predicted];

/** Hits over labels. */
export const recallRatio: Ratio = (hits, labelled) => [hits, labelled];

/** Twice the hits over labels and predictions. */
export const f1Ratio: Ratio = (hits, labelled, predicted) => [2 * hits, labelled + predicted];

/** The ratio of each class, averaged; `empty` stands for 0 / 0. */
export function averageOf(
  { hits, labelled, predicted, total }: ClassCounts,
  ratio: Ratio,
  average: "macro" | "weighted",
  empty: 0 | 1,
): number {
  let sum = 0;
  for (let i = 0; i < hits.length; i++) {
    const [part, whole] = ratio(hits[i]!, labelled[i]!, predicted[i]!);
    sum += (whole === 0 ? empty : part / whole) * (average === "macro" ? 1 : labelled[i]!);
  }
  return sum / (average === "macro" ? hits.length : total);
}

function averaged(
  subject: string,
  labels: ArrayLike<ClassLabel>,
  predictions: ArrayLike<ClassLabel>,
  options: AveragingOptions,
  ratio: Ratio,
): number {
  const { average, positive, zeroDivision } = parseOptions(optionsSchema, options, subject);
  const counts = countClasses(subject, labels, predictions);
  // Every row is one label and one prediction, so that all three ratios of all classes together have the same whole.
  if (average === "micro") return accuracyOf(counts);
  if (average !== "binary") return averageOf(counts, ratio, average, zeroDivision);
  const index = positiveIndex(subject, counts.classes, positive);
  const [part, whole] = index === -1 ? [0, 0] : ratio(counts.hits[index]!, counts.labelled[index]!, counts.predicted[index]!);
  return whole === 0 ? zeroDivision : part / whole;
}

/** The index of the positive class; −1 where every row is of the other one. */
function positiveIndex(subject: string, classes: readonly ClassLabel[], positive: ClassLabel): number {
  const index = classes.indexOf(positive);
  if (classes.length > 2) {
    const message = `expected at most two classes, but got ${classes.length}; choose average macro, micro or weighted`;
    throw invalidInput(subject, [{ path: [], message }]);
  }
  if (index === -1 && classes.length === 2) {
    throw invalidInput(subject, [{ path: [], message: "expected one of the two classes to be options.positive" }]);
  }
  return index;
}
