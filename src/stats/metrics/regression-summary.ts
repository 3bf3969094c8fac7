import { parseOptions } from "../../core/options.ts";
import { normalUpperQuantile } from "../distributions/normal.ts";
import { type ConfidenceOptions, confidenceOptions } from "../experiments/confidence.ts";
import { quantileOfSorted } from "../quantile.ts";
import { sorted } from "../sort.ts";
import { around, estimate, type MetricEstimate, missing, RunningMean } from "./metric-estimate.ts";
import { absoluteErrors, isConstant, percentageError, symmetricError } from "./regression.ts";
import { meanOf, type RegressionRows, regressionRows } from "./regression-rows.ts";

/** What {@link regressionSummary} finds. Intervals are by normal theory for a mean, unless another method is named. */
export interface RegressionSummary {
  /** Rows. */
  readonly n: number;
  /** Rows whose label is 0, for which no percentage error exists. */
  readonly zeroLabels: number;
  /** Mean of prediction less label: the bias. */
  readonly meanError: MetricEstimate;
  readonly meanAbsoluteError: MetricEstimate;
  readonly meanSquaredError: MetricEstimate;
  /** Interval by the delta method. */
  readonly rootMeanSquaredError: MetricEstimate;
  /** None as soon as one label is 0. */
  readonly meanAbsolutePercentageError: MetricEstimate;
  readonly symmetricMeanAbsolutePercentageError: MetricEstimate;
  /** Interval between two of the errors, whatever their distribution; none with too few rows for the confidence. */
  readonly medianAbsoluteError: MetricEstimate;
  /** Interval by the delta method. None for equal labels. */
  readonly r2: MetricEstimate;
}

/**
 * Every metric of a regression at once, each with an interval, for a monitor: what does not exist is null with its reason and never
 * NaN. A few passes and one sort by radix. With one row there are no intervals.
 *
 * @param labels - finite, at least one
 * @param predictions - finite, as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths, `CONFIG_INVALID` for wrong options
 * @source H. Cramér, "Mathematical Methods of Statistics" (1946), section 28.4, for the delta method; W. J. Conover, "Practical
 * Nonparametric Statistics" (1999), section 3.2, for the median
 *
 * @example
 * ```ts
 * import { regressionSummary } from "modelwright/stats";
 *
 * const { meanAbsoluteError, r2 } = regressionSummary([310, 250, 480, 395], [300, 270, 470, 400]);
 * meanAbsoluteError.value; // 11.25, in the unit of the labels
 * r2.value; // 0.98
 * ```
 */
export function regressionSummary(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  options: ConfidenceOptions = {},
): RegressionSummary {
  const { confidence } = parseOptions(confidenceOptions, options, "regressionSummary");
  const rows = regressionRows("regressionSummary", labels, predictions);
  const { unit } = rows;
  const n = rows.labels.length;
  const z = normalUpperQuantile((1 - confidence) / 2);
  const bias = new RunningMean();
  const absolute = new RunningMean();
  const squared = new RunningMean();
  const percentage = new RunningMean();
  const symmetric = new RunningMean();
  let zeroLabels = 0;
  for (let i = 0; i < n; i++) {
    const label = rows.labels[i]!;
    const prediction = rows.predictions[i]!;
    const error = prediction - label;
    bias.add(error);
    absolute.add(Math.abs(error));
    squared.add(error * error);
    symmetric.add(symmetricError(label, prediction));
    if (labels[i] === 0) zeroLabels += 1;
    else percentage.add(percentageError(label, prediction, Number.MIN_VALUE));
  }
  return {
    n,
    zeroLabels,
    meanError: meanEstimate(bias, z, unit),
    meanAbsoluteError: meanEstimate(absolute, z, unit, 0),
    meanSquaredError: scaled(meanEstimate(squared, z, unit, 0), unit),
    rootMeanSquaredError: rootEstimate(squared, z, unit),
    meanAbsolutePercentageError: zeroLabels > 0 ? missing("zero_labels") : meanEstimate(percentage, z, 1, 0),
    symmetricMeanAbsolutePercentageError: meanEstimate(symmetric, z, 1, 0, 2),
    medianAbsoluteError: scaled(medianEstimate(sorted(absoluteErrors(rows)), confidence, z), unit),
    r2: determination(rows, squared.mean, z),
  };
}

function meanEstimate(sums: RunningMean, z: number, unit: number, low?: number, high?: number): MetricEstimate {
  return scaled(estimate(sums.mean, around(sums.mean, z * sums.standardError, low, high)), unit);
}

/** The square root has the derivative 1 / (2 √mean). */
function rootEstimate(squared: RunningMean, z: number, unit: number): MetricEstimate {
  const root = Math.sqrt(squared.mean);
  // 0 times a standard error keeps the NaN of one row.
  const error = root === 0 ? 0 * squared.standardError : squared.standardError / (2 * root);
  return scaled(estimate(root, around(root, z * error, 0)), unit);
}

/** How many of n errors lie below their median is binomial(n, 1/2): the ranks z √n / 2 beside the middle enclose it. */
function medianEstimate(ascending: Float64Array, confidence: number, z: number): MetricEstimate {
  const n = ascending.length;
  const median = quantileOfSorted(ascending, 0.5);
  // All errors lie on one side of the median with probability 2 / 2^n: with few rows not even the extremes enclose it as surely.
  if (1 - 2 ** (1 - n) < confidence) return estimate(median, null);
  const reach = (z * Math.sqrt(n)) / 2;
  const low = Math.max(1, Math.floor(n / 2 - reach));
  const high = Math.min(n, Math.ceil(n / 2 + 1 + reach));
  return estimate(median, [ascending[low - 1]!, ascending[high - 1]!]);
}

/**
 * R² = 1 − E / S, the mean squared error over the variance of the labels. A row moves it by −(e² − E d² / S) / S with e its error and d
 * the distance of its label from the mean.
 */
function determination({ labels, predictions }: RegressionRows, error: number, z: number): MetricEstimate {
  const n = labels.length;
  if (n < 2) return missing("too_few_rows");
  if (isConstant(labels)) return missing("constant_labels");
  const center = meanOf(labels);
  let spread = 0;
  for (let i = 0; i < n; i++) spread += (labels[i]! - center) * (labels[i]! - center);
  const ratio = error / (spread / n);
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const miss = predictions[i]! - labels[i]!;
    const distance = labels[i]! - center;
    const influence = miss * miss - ratio * distance * distance;
    squares += influence * influence;
  }
  const margin = (z * Math.sqrt(squares)) / spread;
  return estimate(1 - ratio, Number.isFinite(margin) ? around(1 - ratio, margin, undefined, 1) : null);
}

function scaled(given: MetricEstimate, unit: number): MetricEstimate {
  if (unit === 1 || given.value === null) return given;
  return estimate(given.value * unit, given.interval && [given.interval[0] * unit, given.interval[1] * unit]);
}
