import { binaryRows } from "./checked-rows.ts";
import type { ClassLabel } from "./class-labels.ts";
import { type ClassProbabilitiesOptions, classProbabilities, type ProbabilityRows } from "./class-probabilities.ts";

/**
 * Mean negative log-likelihood of binary labels, in nats. Probabilities are kept 2^-52 away from 0 and 1, so that a certain and
 * wrong one costs 36.04 instead of infinity; scikit-learn does the same for doubles.
 *
 * @param labels - 0 or 1, at least one
 * @param probabilities - of label 1, in [0, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 * @source I. J. Good, "Rational Decisions", J. R. Statist. Soc. B 14 (1952)
 */
export function logLoss(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  const rows = binaryRows("logLoss", labels, probabilities, "probability");
  let sum = 0;
  for (let i = 0; i < rows.labels.length; i++) sum += lossOf(rows.labels[i]!, rows.values[i]!);
  return sum / rows.labels.length;
}

/** What one row costs, in nats. */
export function lossOf(label: number, probability: number): number {
  const p = Math.min(Math.max(probability, Number.EPSILON), 1 - Number.EPSILON);
  return label === 1 ? -Math.log(p) : -Math.log1p(-p);
}

/**
 * Mean negative log-likelihood of labels of any number of classes, in nats. Probabilities are kept 2^-52 away from 0 and 1 and made to
 * add up to 1.
 *
 * @param labels - texts or finite numbers, at least one
 * @param probabilities - of every class for each label
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for rows that do not fit the classes or do not add up to 1, `CONFIG_INVALID`
 * for wrong options
 * @source I. J. Good, "Rational Decisions", J. R. Statist. Soc. B 14 (1952)
 */
export function multiclassLogLoss(
  labels: ArrayLike<ClassLabel>,
  probabilities: ProbabilityRows,
  options: ClassProbabilitiesOptions = {},
): number {
  const { classes, indexes, values } = classProbabilities("multiclassLogLoss", labels, probabilities, options);
  let sum = 0;
  for (let i = 0; i < indexes.length; i++) sum += classLoss(values, i * classes.length, classes.length, indexes[i]!);
  return sum / indexes.length;
}

/** What the row that begins at `start` costs, in nats. */
export function classLoss(values: Float64Array, start: number, width: number, index: number): number {
  let whole = 0;
  for (let k = 0; k < width; k++) whole += kept(values[start + k]!);
  return Math.log(whole / kept(values[start + index]!));
}

function kept(probability: number): number {
  return Math.min(Math.max(probability, Number.EPSILON), 1 - Number.EPSILON);
}
