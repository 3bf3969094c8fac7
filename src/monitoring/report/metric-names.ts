import type { ModelTask } from "../model-task.ts";

/** Which way a metric is good. */
export type MetricDirection = "more" | "less";

const binary = {
  accuracy: "more",
  precision: "more",
  recall: "more",
  specificity: "more",
  f1: "more",
  balancedAccuracy: "more",
  matthewsCorrelation: "more",
  auc: "more",
  gini: "more",
  averagePrecision: "more",
  ksStatistic: "more",
  logLoss: "less",
  brierScore: "less",
  expectedCalibrationError: "less",
} as const;

const multiclass = {
  accuracy: "more",
  balancedAccuracy: "more",
  matthewsCorrelation: "more",
  macroPrecision: "more",
  macroRecall: "more",
  macroF1: "more",
  weightedPrecision: "more",
  weightedRecall: "more",
  weightedF1: "more",
  auc: "more",
  logLoss: "less",
  expectedCalibrationError: "less",
} as const;

const regression = {
  meanAbsoluteError: "less",
  meanSquaredError: "less",
  rootMeanSquaredError: "less",
  meanAbsolutePercentageError: "less",
  symmetricMeanAbsolutePercentageError: "less",
  medianAbsoluteError: "less",
  r2: "more",
} as const;

/** Metrics of a binary task. */
export type BinaryMetric = keyof typeof binary;

/** Metrics of a multiclass task. Micro averages of precision, recall and F1 are the accuracy, for each row has one class. */
export type MulticlassMetric = keyof typeof multiclass;

/** Metrics of a regression. */
export type RegressionMetric = keyof typeof regression;

/** A metric of the labelled predictions of a model. */
export type PerformanceMetric = BinaryMetric | MulticlassMetric | RegressionMetric;

const directions: Readonly<Record<ModelTask, Readonly<Partial<Record<PerformanceMetric, MetricDirection>>>>> = {
  binary,
  multiclass,
  regression,
};

/** The metrics of a kind of model. */
export function metricNames(task: ModelTask): readonly PerformanceMetric[] {
  return Object.keys(directions[task]) as PerformanceMetric[];
}

/** Whether a kind of model has this metric. */
export function isMetricOf(task: ModelTask, name: string): name is PerformanceMetric {
  return Object.hasOwn(directions[task], name);
}

/** Whether any kind of model has this metric. */
export function isMetricName(name: string): name is PerformanceMetric {
  return Object.values(directions).some((metrics) => Object.hasOwn(metrics, name));
}

/** Which way a metric is good. */
export function metricDirection(task: ModelTask, name: PerformanceMetric): MetricDirection {
  return directions[task][name] ?? "more";
}
