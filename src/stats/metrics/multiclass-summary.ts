import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { normalUpperQuantile } from "../distributions/normal.ts";
import { confidenceLevel } from "../experiments/confidence.ts";
import { scoreInterval } from "../experiments/proportion-intervals.ts";
import { accuracyOf, balancedAccuracyOf, type ClassCounts, correlationOf, countClasses } from "./class-counts.ts";
import type { ClassLabel } from "./class-labels.ts";
import { type ClassProbabilities, classProbabilities, type ProbabilityRows } from "./class-probabilities.ts";
import { averageOf, f1Ratio, precisionRatio, recallRatio } from "./classification.ts";
import { classList } from "./confusion-matrix.ts";
import { classLoss } from "./log-loss.ts";
import { around, estimate, type MetricEstimate, missing, RunningMean } from "./metric-estimate.ts";
import { areasByClass } from "./multiclass-roc-auc.ts";

/** What {@link multiclassSummary} is given and wants. */
export interface MulticlassSummaryOptions {
  /** Of every class for each row; without, there is neither log loss nor AUC. */
  readonly probabilities?: ProbabilityRows;
  /** The order of the classes in `probabilities`. @defaultValue the classes of the labels, ascending */
  readonly classes?: readonly ClassLabel[];
  /** Confidence of the intervals, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
}

/** How well one class is told from the others. */
export interface ClassSummary {
  readonly class: ClassLabel;
  /** Rows whose label it is. */
  readonly labelled: number;
  /** Rows for which it was predicted. */
  readonly predicted: number;
  /** Wilson's interval. */
  readonly precision: MetricEstimate;
  /** Wilson's interval. */
  readonly recall: MetricEstimate;
  /** Interval from Wilson's for the share of hits among rows that are of the class or called so. */
  readonly f1: MetricEstimate;
  /** Against all other classes. */
  readonly auc: MetricEstimate;
}

/** What {@link multiclassSummary} finds. Averages count the ratio of a class that is 0 / 0 as 0. */
export interface MulticlassSummary {
  /** Rows. */
  readonly n: number;
  /** Of the labels and the predictions: numbers ascending, then texts by code unit. */
  readonly classes: readonly ClassSummary[];
  /** Wilson's interval. */
  readonly accuracy: MetricEstimate;
  /** Mean recall of the classes that are the truth of a row; without interval. */
  readonly balancedAccuracy: MetricEstimate;
  /** Without interval. */
  readonly matthewsCorrelation: MetricEstimate;
  /** Means over the classes. */
  readonly macro: { readonly precision: number; readonly recall: number; readonly f1: number };
  /** Means over the classes, weighted by their rows. */
  readonly weighted: { readonly precision: number; readonly recall: number; readonly f1: number };
  /** In nats; interval of a mean, by normal theory. */
  readonly logLoss: MetricEstimate;
  /** Mean over the classes of the probabilities, each against all others; none when one of them has no rows. */
  readonly auc: MetricEstimate;
}

const optionsSchema = z.strictObject({
  probabilities: z.custom<ProbabilityRows>((value) => Array.isArray(value) || ArrayBuffer.isView(value)).optional(),
  classes: classList.optional(),
  confidence: confidenceLevel,
});

/**
 * Every metric of a classifier of any number of classes at once, of each class and of all, for a monitor: what does not exist is null
 * with its reason and never NaN.
 *
 * @param labels - texts or finite numbers, at least one; `1` and `"1"` are two classes
 * @param predictions - as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels, unequal lengths, or probabilities that do not fit;
 * `CONFIG_INVALID` for wrong options
 * @source E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927)
 */
export function multiclassSummary(
  labels: ArrayLike<ClassLabel>,
  predictions: ArrayLike<ClassLabel>,
  options: MulticlassSummaryOptions = {},
): MulticlassSummary {
  const { probabilities, classes, confidence } = parseOptions(optionsSchema, options, "multiclassSummary");
  const counts = countClasses("multiclassSummary", labels, predictions);
  const rows =
    probabilities && classProbabilities("multiclassSummary", labels, probabilities, classes === undefined ? {} : { classes });
  const z = normalUpperQuantile((1 - confidence) / 2);
  const share = (part: number, whole: number) => estimate(part / whole, scoreInterval(part, whole, z));
  const averages = (average: "macro" | "weighted") => ({
    precision: averageOf(counts, precisionRatio, average, 0),
    recall: averageOf(counts, recallRatio, average, 0),
    f1: averageOf(counts, f1Ratio, average, 0),
  });
  const right = Math.round(accuracyOf(counts) * counts.total);
  const correlation = correlationOf(counts);
  return {
    n: counts.total,
    accuracy: share(right, counts.total),
    balancedAccuracy: estimate(balancedAccuracyOf(counts), null),
    matthewsCorrelation:
      correlation === undefined
        ? missing(counts.labelled.includes(counts.total) ? "one_class" : "constant_predictions")
        : estimate(correlation, null),
    macro: averages("macro"),
    weighted: averages("weighted"),
    logLoss: rows === undefined ? missing("no_probabilities") : lossEstimate(rows, z),
    ...areaEstimates(counts, rows, share),
  };
}

function lossEstimate({ classes, indexes, values }: ClassProbabilities, z: number): MetricEstimate {
  const loss = new RunningMean();
  for (let i = 0; i < indexes.length; i++) loss.add(classLoss(values, i * classes.length, classes.length, indexes[i]!));
  return estimate(loss.mean, around(loss.mean, z * loss.standardError, 0));
}

function areaEstimates(
  { classes, labelled, predicted, hits }: ClassCounts,
  rows: ClassProbabilities | undefined,
  share: (part: number, whole: number) => MetricEstimate,
): Pick<MulticlassSummary, "auc" | "classes"> {
  const areas = rows && areasByClass(rows);
  const areaOf = new Map(rows?.classes.map((label, index) => [label, areas?.[index]]));
  const summaries = classes.map((label, i): ClassSummary => {
    const area = areaOf.get(label)?.value;
    const [right, truth, called] = [hits[i]!, labelled[i]!, predicted[i]!];
    const union = truth + called - right;
    const overlap = share(right, union).interval;
    return {
      class: label,
      labelled: truth,
      predicted: called,
      precision: called === 0 ? missing("no_positive_predictions") : share(right, called),
      recall: truth === 0 ? missing("no_positive_labels") : share(right, truth),
      f1: estimate((2 * right) / (truth + called), overlap && [f1Of(overlap[0]), f1Of(overlap[1])]),
      auc: area === undefined ? missing(rows === undefined ? "no_probabilities" : "absent_class") : estimate(area, null),
    };
  });
  if (areas === undefined) return { classes: summaries, auc: missing("no_probabilities") };
  let sum = 0;
  for (const area of areas) {
    if (area === undefined) return { classes: summaries, auc: missing("absent_class") };
    sum += area.value;
  }
  return { classes: summaries, auc: estimate(sum / areas.length, null) };
}

/** F1 of a class whose hits are a share of the rows that are of it or called so. */
function f1Of(overlap: number): number {
  return (2 * overlap) / (1 + overlap);
}
