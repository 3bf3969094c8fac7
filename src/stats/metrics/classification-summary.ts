import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { normalUpperQuantile } from "../distributions/normal.ts";
import { confidenceLevel } from "../experiments/confidence.ts";
import { scoreInterval } from "../experiments/proportion-intervals.ts";
import { calibrationErrorOf, uniformEdges } from "./calibration.ts";
import { type BinaryRows, binaryRows } from "./checked-rows.ts";
import type { ConfusionMatrix } from "./confusion-matrix.ts";
import { correlationInterval } from "./correlation-interval.ts";
import { lossOf } from "./log-loss.ts";
import { around, estimate, type MetricEstimate, missing, RunningMean } from "./metric-estimate.ts";
import { areaInterval, areaUnderCurve, greatestSeparation, precisionOverRecall, rankedCounts } from "./ranked-counts.ts";

/** What {@link classificationSummary} is given and wants. */
export interface ClassificationSummaryOptions {
  /**
   * What the model answered: `probability` of label 1; `score`, any number that is greater for what is rather positive; `label`, the
   * predicted class itself.
   *
   * @defaultValue "probability"
   */
  readonly output?: "probability" | "score" | "label";
  /** A row is called positive when its output is at least this. @defaultValue 0.5, or 0 for scores */
  readonly threshold?: number;
  /** Confidence of the intervals, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
}

/** What {@link classificationSummary} finds. */
export interface ClassificationSummary {
  /** Rows. */
  readonly n: number;
  readonly threshold: number;
  readonly counts: ConfusionMatrix;
  /** Share of rows with label 1; Wilson's interval. */
  readonly prevalence: MetricEstimate;
  /** Wilson's interval. */
  readonly accuracy: MetricEstimate;
  /** Wilson's interval. */
  readonly precision: MetricEstimate;
  /** Wilson's interval. */
  readonly recall: MetricEstimate;
  /** Share of rows with label 0 that are called negative; Wilson's interval. */
  readonly specificity: MetricEstimate;
  /** Interval from Wilson's for the share of hits among rows that are positive or called so, of which F1 is a function. */
  readonly f1: MetricEstimate;
  /** Mean of recall and specificity; interval from those of both. */
  readonly balancedAccuracy: MetricEstimate;
  /** Interval by the delta method on the scale of Fisher's z. */
  readonly matthewsCorrelation: MetricEstimate;
  /** Interval from DeLong's variance on the scale of the logit; none with one row of a class. */
  readonly auc: MetricEstimate;
  /** 2 · AUC − 1. */
  readonly gini: MetricEstimate;
  /** Without interval. */
  readonly averagePrecision: MetricEstimate;
  /** Without interval. */
  readonly ksStatistic: MetricEstimate;
  /** In nats; interval of a mean, by normal theory. */
  readonly logLoss: MetricEstimate;
  /** Interval of a mean, by normal theory. */
  readonly brierScore: MetricEstimate;
  /** In 10 equally wide bins; without interval. */
  readonly expectedCalibrationError: MetricEstimate;
}

const optionsSchema = z.strictObject({
  output: z.enum(["probability", "score", "label"]).default("probability"),
  threshold: z.number().optional(),
  confidence: confidenceLevel,
});

/**
 * Every metric of a binary classifier at once, each with an interval where a closed form is known, for a monitor: what does not exist,
 * such as the AUC of one class alone, is null with its reason and never NaN. One pass and one sort by radix. For intervals of the
 * others see `pairedBootstrap` and `bootstrapInterval`.
 *
 * @param labels - 0 or 1, at least one
 * @param outputs - what the model answered for each; see {@link ClassificationSummaryOptions.output}
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths, `CONFIG_INVALID` for wrong options
 * @source E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927); E. R. DeLong, D. M.
 * DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988)
 *
 * @example
 * ```ts
 * import { classificationSummary } from "modelwright/stats";
 *
 * const labels = [0, 1, 1, 0, 1, 0, 0, 1];
 * const probabilities = [0.2, 0.7, 0.9, 0.4, 0.4, 0.1, 0.6, 0.8];
 * const { recall, auc } = classificationSummary(labels, probabilities, { threshold: 0.5 });
 * recall.value; // 0.75: 3 of 4, in an interval from 0.30 to 0.95
 * if (auc.value === null) throw new Error(auc.reason); // such as "one_class"
 * ```
 */
export function classificationSummary(
  labels: ArrayLike<number>,
  outputs: ArrayLike<number>,
  options: ClassificationSummaryOptions = {},
): ClassificationSummary {
  const { output, confidence, ...rest } = parseOptions(optionsSchema, options, "classificationSummary");
  const threshold = rest.threshold ?? (output === "score" ? 0 : 0.5);
  const rows = binaryRows("classificationSummary", labels, outputs, output);
  const counts = countAt(rows, threshold);
  const z = normalUpperQuantile((1 - confidence) / 2);
  return {
    n: rows.labels.length,
    threshold,
    counts,
    ...thresholdMetrics(counts, z),
    ...rankMetrics(rows, output !== "label", z),
    ...probabilityMetrics(rows, output === "probability", z),
  };
}

function countAt({ labels, values, positives }: BinaryRows, threshold: number): ConfusionMatrix {
  let called = 0;
  let truePositives = 0;
  for (let i = 0; i < labels.length; i++) {
    if (!(values[i]! >= threshold)) continue;
    called += 1;
    truePositives += labels[i]!;
  }
  const falsePositives = called - truePositives;
  return {
    truePositives,
    falsePositives,
    trueNegatives: labels.length - positives - falsePositives,
    falseNegatives: positives - truePositives,
  };
}

function thresholdMetrics(counts: ConfusionMatrix, z: number) {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = counts;
  const positives = truePositives + falseNegatives;
  const negatives = trueNegatives + falsePositives;
  const called = truePositives + falsePositives;
  const n = positives + negatives;
  const share = (part: number, whole: number) => estimate(part / whole, scoreInterval(part, whole, z));
  const recall = positives === 0 ? missing("no_positive_labels") : share(truePositives, positives);
  const specificity = negatives === 0 ? missing("no_negative_labels") : share(trueNegatives, negatives);
  return {
    prevalence: share(positives, n),
    accuracy: share(truePositives + trueNegatives, n),
    precision: called === 0 ? missing("no_positive_predictions") : share(truePositives, called),
    recall,
    specificity,
    f1: f1Estimate(counts, z),
    balancedAccuracy: halfway(recall, specificity),
    matthewsCorrelation: correlationEstimate(counts, z),
  };
}

/** F1 = 2J / (1 + J) rises with J, the share of hits among rows that are positive or called so: so do the limits. */
function f1Estimate({ truePositives, falsePositives, falseNegatives }: ConfusionMatrix, z: number): MetricEstimate {
  const union = truePositives + falsePositives + falseNegatives;
  if (union === 0) return missing("no_positive_labels");
  const [low, high] = scoreInterval(truePositives, union, z);
  return estimate((2 * truePositives) / (union + truePositives), [(2 * low) / (1 + low), (2 * high) / (1 + high)]);
}

/** The mean of two independent proportions; the distances to their limits add up as those of independent errors do. */
function halfway(a: MetricEstimate, b: MetricEstimate): MetricEstimate {
  if (a.value === null || b.value === null || a.interval === null || b.interval === null) return missing("one_class");
  const value = (a.value + b.value) / 2;
  return estimate(value, [
    value - Math.hypot(a.value - a.interval[0], b.value - b.interval[0]) / 2,
    value + Math.hypot(a.interval[1] - a.value, b.interval[1] - b.value) / 2,
  ]);
}

function correlationEstimate(counts: ConfusionMatrix, z: number): MetricEstimate {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = counts;
  const positives = truePositives + falseNegatives;
  const called = truePositives + falsePositives;
  const n = positives + trueNegatives + falsePositives;
  if (positives === 0 || positives === n) return missing("one_class");
  if (called === 0 || called === n) return missing("constant_predictions");
  const scale = Math.sqrt(positives * (n - positives)) * Math.sqrt(called * (n - called));
  const value = Math.max(-1, Math.min(1, (truePositives * trueNegatives - falsePositives * falseNegatives) / scale));
  return estimate(value, correlationInterval(counts, value, z));
}

function rankMetrics(rows: BinaryRows, hasScores: boolean, z: number) {
  const n = rows.labels.length;
  const ranked = hasScores ? rankedCounts(rows) : undefined;
  const bothClasses = rows.positives > 0 && rows.positives < n;
  if (ranked === undefined || !bothClasses) {
    const none = missing(hasScores ? "one_class" : "no_scores");
    const found = ranked && rows.positives > 0 ? precisionOverRecall(ranked) : undefined;
    const averagePrecision =
      found !== undefined ? estimate(found, null) : missing(hasScores ? "no_positive_labels" : "no_scores");
    return { auc: none, gini: none, averagePrecision, ksStatistic: none };
  }
  const area = areaUnderCurve(ranked);
  const interval = areaInterval(ranked, area, z);
  return {
    auc: estimate(area, interval),
    gini: estimate(2 * area - 1, interval && [2 * interval[0] - 1, 2 * interval[1] - 1]),
    averagePrecision: estimate(precisionOverRecall(ranked), null),
    ksStatistic: estimate(greatestSeparation(ranked), null),
  };
}

function probabilityMetrics(rows: BinaryRows, hasProbabilities: boolean, z: number) {
  if (!hasProbabilities) {
    const none = missing("no_probabilities");
    return { logLoss: none, brierScore: none, expectedCalibrationError: none };
  }
  const { labels, values } = rows;
  const loss = new RunningMean();
  const brier = new RunningMean();
  for (let i = 0; i < labels.length; i++) {
    const miss = values[i]! - labels[i]!;
    loss.add(lossOf(labels[i]!, values[i]!));
    brier.add(miss * miss);
  }
  return {
    logLoss: estimate(loss.mean, around(loss.mean, z * loss.standardError, 0)),
    brierScore: estimate(brier.mean, around(brier.mean, z * brier.standardError, 0, 1)),
    expectedCalibrationError: estimate(calibrationErrorOf(rows, uniformEdges(10)), null),
  };
}
