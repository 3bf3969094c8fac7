import { expectedCalibrationError } from "../../stats/metrics/calibration.ts";
import { classificationSummary } from "../../stats/metrics/classification-summary.ts";
import {
  type ConfusionMatrix,
  type MulticlassConfusionMatrix,
  multiclassConfusionMatrix,
} from "../../stats/metrics/confusion-matrix.ts";
import { type MetricEstimate, missing } from "../../stats/metrics/metric-estimate.ts";
import { type ClassSummary, multiclassSummary } from "../../stats/metrics/multiclass-summary.ts";
import { regressionSummary } from "../../stats/metrics/regression-summary.ts";
import { topClass } from "../checked-answer.ts";
import type { ModelTask } from "../model-task.ts";
import type { PredictionLabel, PredictionOutput } from "../port.ts";
import { metricNames, type PerformanceMetric } from "./metric-names.ts";

/** A metric, or the reason why it does not exist: beside those of {@link MetricEstimate}, `out_of_range` of one that no double can hold. */
export type Measure = MetricEstimate | { readonly value: null; readonly interval: null; readonly reason: "out_of_range" };

/** How well answers fit their labels. */
export interface Measures {
  /** Each with its interval at 95 %, or the reason why it does not exist. */
  readonly metrics: Readonly<Partial<Record<PerformanceMetric, Measure>>>;
  /** Mean of answer less label; null for other tasks. */
  readonly bias: Measure | null;
  /** Share of the positive class among the labels; null for other tasks. */
  readonly prevalence: Measure | null;
  /** Counts of a binary task; null for other tasks and without a label. */
  readonly confusion: ConfusionMatrix | null;
  /** Counts of up to 50 classes of a multiclass task; null for more, for other tasks, and without a label. */
  readonly classConfusion: MulticlassConfusionMatrix | null;
  /** The 50 classes of a multiclass task with the most labels, one by one. */
  readonly classes: readonly ClassSummary[];
}

/** Classes that a report has one by one. */
const MAX_CLASSES = 50;

/** Probabilities that are put in one table, 40 MB. */
const MAX_PROBABILITIES = 5_000_000;

/** How far probabilities may be from adding up to 1 and still be those of all classes. */
const SLACK = 1e-3;

const nothing = { bias: null, prevalence: null, confusion: null, classConfusion: null, classes: [] };

/**
 * Measures answers against their labels, which are as many, of the kind of the task.
 *
 * @param threshold - of the binary task
 */
export function measureRows(
  task: ModelTask,
  labels: readonly PredictionLabel[],
  outputs: readonly PredictionOutput[],
  threshold: number,
): Measures {
  if (labels.length === 0) return { ...nothing, metrics: noMetrics(task) };
  if (task === "multiclass") return measureClasses(labels as readonly string[], outputs as readonly (string | ClassMap)[]);
  const truth = Float64Array.from(labels as readonly number[]);
  const answers = Float64Array.from(outputs as readonly number[]);
  if (task === "regression") {
    const { n: _, zeroLabels: _zero, meanError, ...metrics } = regressionSummary(truth, answers);
    return { ...nothing, metrics: withinRange(metrics), bias: finite(meanError) };
  }
  const { n: _, threshold: _threshold, counts, prevalence, ...metrics } = classificationSummary(truth, answers, { threshold });
  return { ...nothing, metrics: withinRange(metrics), prevalence, confusion: counts };
}

function withinRange(metrics: Readonly<Partial<Record<PerformanceMetric, MetricEstimate>>>): Measures["metrics"] {
  return Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, finite(metric)]));
}

/** A metric without infinities, which JSON does not have: the squares of great numbers are greater than any double. */
function finite(metric: MetricEstimate): Measure {
  if (metric.value === null) return metric;
  if (!Number.isFinite(metric.value)) return { value: null, interval: null, reason: "out_of_range" };
  return metric.interval === null || metric.interval.every(Number.isFinite) ? metric : { ...metric, interval: null };
}

/** Every metric of the task, without a value. */
function noMetrics(task: ModelTask): Measures["metrics"] {
  return Object.fromEntries(metricNames(task).map((name) => [name, missing("too_few_rows")]));
}

type ClassMap = Readonly<Record<string, number>>;

function measureClasses(labels: readonly string[], outputs: readonly (string | ClassMap)[]): Measures {
  const answers = outputs.map((output) => (typeof output === "string" ? output : topClass(output)!));
  const table = probabilityTable(labels, outputs);
  const summary = multiclassSummary(labels, answers, table ?? {});
  const { macro, weighted, accuracy, balancedAccuracy, matthewsCorrelation, logLoss, auc } = summary;
  const exact = (value: number): MetricEstimate => ({ value, interval: null, reason: null });
  const frequent = [...summary.classes].sort((a, b) => b.labelled - a.labelled).slice(0, MAX_CLASSES);
  return {
    ...nothing,
    metrics: {
      accuracy,
      balancedAccuracy,
      matthewsCorrelation,
      macroPrecision: exact(macro.precision),
      macroRecall: exact(macro.recall),
      macroF1: exact(macro.f1),
      weightedPrecision: exact(weighted.precision),
      weightedRecall: exact(weighted.recall),
      weightedF1: exact(weighted.f1),
      auc,
      logLoss,
      expectedCalibrationError: confidenceError(labels, answers, outputs),
    },
    classes: frequent,
    classConfusion: summary.classes.length <= MAX_CLASSES ? multiclassConfusionMatrix(labels, answers) : null,
  };
}

/** How far the probability of the answered class is from the share of answers that are right. */
function confidenceError(
  labels: readonly string[],
  answers: readonly string[],
  outputs: readonly (string | ClassMap)[],
): MetricEstimate {
  const confidence = new Float64Array(labels.length);
  const right = new Float64Array(labels.length);
  for (const [i, output] of outputs.entries()) {
    if (typeof output === "string") return missing("no_probabilities");
    confidence[i] = output[answers[i]!]!;
    right[i] = answers[i] === labels[i] ? 1 : 0;
  }
  return { value: expectedCalibrationError(right, confidence), interval: null, reason: null };
}

/** The probabilities of every class, row after row; none unless each row has them, they add up to 1, and the table is not too big. */
function probabilityTable(labels: readonly string[], outputs: readonly (string | ClassMap)[]) {
  const names = new Set(labels);
  for (const output of outputs) {
    if (typeof output === "string") return undefined;
    let sum = 0;
    for (const name of Object.keys(output)) {
      names.add(name);
      sum += output[name]!;
    }
    if (Math.abs(sum - 1) > SLACK || names.size * labels.length > MAX_PROBABILITIES) return undefined;
  }
  if (names.size < 2) return undefined;
  const classes = [...names].sort();
  const column = new Map(classes.map((name, i) => [name, i]));
  const probabilities = new Float64Array(labels.length * classes.length);
  for (const [row, output] of (outputs as readonly ClassMap[]).entries()) {
    for (const name of Object.keys(output)) probabilities[row * classes.length + column.get(name)!] = output[name]!;
  }
  return { classes, probabilities };
}
