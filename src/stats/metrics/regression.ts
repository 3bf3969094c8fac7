import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { quantileOfSorted } from "../quantile.ts";
import { sorted } from "../sort.ts";
import { meanOf, type RegressionRows, regressionRows } from "./regression-rows.ts";

/** How {@link meanAbsolutePercentageError} treats labels of 0, for which no percentage exists. */
export interface PercentageErrorOptions {
  /**
   * `guard`: an error is divided by 2^-52 instead of 0, as by scikit-learn, so that one such row, unless it is predicted exactly, swamps
   * all others; `skip`: rows with label 0 are left out. How many there are is `zeroLabels` of `regressionSummary`.
   *
   * @defaultValue "guard"
   */
  readonly zeroLabels?: "guard" | "skip";
}

/** Which quantile {@link pinballLoss} judges. */
export interface PinballLossOptions {
  /** In [0, 1]. @defaultValue 0.5, for which the loss is half of the mean absolute error */
  readonly quantile?: number;
}

const percentageOptions = z.strictObject({ zeroLabels: z.enum(["guard", "skip"]).default("guard") });
const pinballOptions = z.strictObject({ quantile: z.number().min(0).max(1).default(0.5) });

/**
 * Mean of prediction less label: the bias. Positive when predictions are too high.
 *
 * @param labels - finite, at least one
 * @param predictions - finite, as many
 * @returns in the unit of the labels
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 */
export function meanError(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  const rows = regressionRows("meanError", labels, predictions);
  return mean(rows, (label, prediction) => prediction - label) * rows.unit;
}

/**
 * Mean of |prediction − label|.
 *
 * @param labels - finite, at least one
 * @param predictions - finite, as many
 * @returns in the unit of the labels; infinity where it is beyond the range of doubles
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 */
export function meanAbsoluteError(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  const rows = regressionRows("meanAbsoluteError", labels, predictions);
  return mean(rows, (label, prediction) => Math.abs(prediction - label)) * rows.unit;
}

/**
 * Mean of (prediction − label)².
 *
 * @param labels - finite, at least one
 * @param predictions - finite, as many
 * @returns in the unit of the labels, squared; infinity where it is beyond the range of doubles
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 */
export function meanSquaredError(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  const rows = regressionRows("meanSquaredError", labels, predictions);
  return mean(rows, squaredError) * rows.unit * rows.unit;
}

/**
 * Root of the mean of (prediction − label)².
 *
 * @param labels - finite, at least one
 * @param predictions - finite, as many
 * @returns in the unit of the labels; infinity where it is beyond the range of doubles
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 */
export function rootMeanSquaredError(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  const rows = regressionRows("rootMeanSquaredError", labels, predictions);
  return Math.sqrt(mean(rows, squaredError)) * rows.unit;
}

/**
 * Mean of |prediction − label| / |label|: 0.1 is 10 %. Labels near 0 dominate it; see {@link PercentageErrorOptions} for labels of 0.
 *
 * @param labels - finite, at least one, and one other than 0 if those are to be skipped
 * @param predictions - finite, as many
 * @returns at least 0; infinity where it is beyond the range of doubles
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths, `CONFIG_INVALID` for wrong options
 * @source S. Makridakis, "Accuracy Measures: Theoretical and Practical Concerns", Int. J. Forecast. 9 (1993)
 */
export function meanAbsolutePercentageError(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  options: PercentageErrorOptions = {},
): number {
  const { zeroLabels } = parseOptions(percentageOptions, options, "meanAbsolutePercentageError");
  const rows = regressionRows("meanAbsolutePercentageError", labels, predictions);
  const guard = Math.max(Number.EPSILON / rows.unit, Number.MIN_VALUE);
  let sum = 0;
  let count = 0;
  for (let i = 0; i < rows.labels.length; i++) {
    const label = rows.labels[i]!;
    if (labels[i] === 0 && zeroLabels === "skip") continue;
    sum += percentageError(label, rows.predictions[i]!, guard);
    count += 1;
  }
  if (count > 0) return sum / count;
  throw invalidInput("meanAbsolutePercentageError", [{ path: ["labels"], message: "expected one other than 0" }]);
}

/**
 * Mean of 2 |prediction − label| / (|prediction| + |label|), in [0, 2]. A row where both are 0 has no error; one where either is 0 has
 * an error of 2, however near they are.
 *
 * @param labels - finite, at least one
 * @param predictions - finite, as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 * @source S. Makridakis, "Accuracy Measures: Theoretical and Practical Concerns", Int. J. Forecast. 9 (1993)
 */
export function symmetricMeanAbsolutePercentageError(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  return mean(regressionRows("symmetricMeanAbsolutePercentageError", labels, predictions), symmetricError);
}

/**
 * Median of |prediction − label|; of two in the middle, their mean.
 *
 * @param labels - finite, at least one
 * @param predictions - finite, as many
 * @returns in the unit of the labels; infinity where it is beyond the range of doubles
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 */
export function medianAbsoluteError(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  const rows = regressionRows("medianAbsoluteError", labels, predictions);
  return quantileOfSorted(sorted(absoluteErrors(rows)), 0.5) * rows.unit;
}

/**
 * Coefficient of determination: 1 − Σ (label − prediction)² / Σ (label − mean label)². 1 is perfect, 0 as good as the mean of the
 * labels, below 0 worse than it. Where all labels are equal it is 1 if every prediction is exact and 0 otherwise, as in scikit-learn.
 *
 * @param labels - finite, at least two
 * @param predictions - finite, as many
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values, one row, or unequal lengths
 * @source S. Wright, "Correlation and Causation", J. Agric. Res. 20 (1921)
 */
export function r2Score(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  const rows = regressionRows("r2Score", labels, predictions);
  if (rows.labels.length < 2) throw invalidInput("r2Score", [{ path: ["labels"], message: "expected at least two" }]);
  const center = meanOf(rows.labels);
  const spread = mean(rows, (label) => (label - center) * (label - center));
  const error = mean(rows, squaredError);
  if (isConstant(rows.labels)) return error === 0 ? 1 : 0;
  return 1 - error / spread;
}

/**
 * Mean loss of predictions of a quantile q: q (label − prediction) where the label is greater, else (1 − q) (prediction − label). Least,
 * on average, for the true quantile.
 *
 * @param labels - finite, at least one
 * @param predictions - finite, as many
 * @returns in the unit of the labels; infinity where it is beyond the range of doubles
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths, `CONFIG_INVALID` for wrong options
 * @source R. Koenker, G. Bassett, "Regression Quantiles", Econometrica 46 (1978), doi:10.2307/1913643
 */
export function pinballLoss(labels: ArrayLike<number>, predictions: ArrayLike<number>, options: PinballLossOptions = {}): number {
  const { quantile } = parseOptions(pinballOptions, options, "pinballLoss");
  const rows = regressionRows("pinballLoss", labels, predictions);
  const loss = (label: number, prediction: number) =>
    label >= prediction ? quantile * (label - prediction) : (1 - quantile) * (prediction - label);
  return mean(rows, loss) * rows.unit;
}

/** (prediction − label)². */
function squaredError(label: number, prediction: number): number {
  return (prediction - label) * (prediction - label);
}

/** |prediction − label| over |label|, which counts as `guard` where it is less. */
export function percentageError(label: number, prediction: number, guard: number): number {
  return Math.abs(prediction - label) / Math.max(Math.abs(label), guard);
}

/** 2 |prediction − label| / (|prediction| + |label|), 0 for two zeros. */
export function symmetricError(label: number, prediction: number): number {
  const size = Math.abs(label) + Math.abs(prediction);
  return size === 0 ? 0 : (2 * Math.abs(prediction - label)) / size;
}

/** |prediction − label| of each row. */
export function absoluteErrors({ labels, predictions }: RegressionRows): Float64Array {
  const errors = new Float64Array(labels.length);
  for (let i = 0; i < errors.length; i++) errors[i] = Math.abs(predictions[i]! - labels[i]!);
  return errors;
}

/** Whether all values are equal: their spread about a rounded mean need not be 0. */
export function isConstant(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function mean({ labels, predictions }: RegressionRows, loss: (label: number, prediction: number) => number): number {
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += loss(labels[i]!, predictions[i]!);
  return sum / labels.length;
}
