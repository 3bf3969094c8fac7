import { assertPaired, assertSample, isLabel, isProbability } from "./assert-sample.ts";

/** How often binary predictions were right and wrong. */
export interface ConfusionMatrix {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
}

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
  assertProbabilities("logLoss", labels, probabilities);
  let sum = 0;
  for (let i = 0; i < labels.length; i++) {
    const p = Math.min(Math.max(probabilities[i]!, Number.EPSILON), 1 - Number.EPSILON);
    sum -= labels[i] === 1 ? Math.log(p) : Math.log1p(-p);
  }
  return sum / labels.length;
}

/**
 * Mean squared distance between binary labels and their probabilities, in [0, 1].
 *
 * @param labels - 0 or 1, at least one
 * @param probabilities - of label 1, in [0, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 * @source G. W. Brier, "Verification of Forecasts Expressed in Terms of Probability", Mon. Weather Rev. 78 (1950), halved for two classes
 */
export function brierScore(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  assertProbabilities("brierScore", labels, probabilities);
  let sum = 0;
  for (let i = 0; i < labels.length; i++) sum += (probabilities[i]! - labels[i]!) ** 2;
  return sum / labels.length;
}

/**
 * Counts of right and wrong binary predictions.
 *
 * @param labels - 0 or 1, at least one
 * @param predictions - 0 or 1
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 */
export function confusionMatrix(labels: ArrayLike<number>, predictions: ArrayLike<number>): ConfusionMatrix {
  assertPaired("confusionMatrix", labels, predictions);
  assertSample("the labels", labels, "0 or 1", isLabel);
  assertSample("the predictions", predictions, "0 or 1", isLabel);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) counts[2 * labels[i]! + predictions[i]!]! += 1;
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = counts as [number, number, number, number];
  return { truePositives, falsePositives, trueNegatives, falseNegatives };
}

/**
 * Share of binary predictions that are right, in [0, 1].
 *
 * @param labels - 0 or 1, at least one
 * @param predictions - 0 or 1
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 */
export function accuracy(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  const { truePositives, trueNegatives } = confusionMatrix(labels, predictions);
  return (truePositives + trueNegatives) / labels.length;
}

function assertProbabilities(subject: string, labels: ArrayLike<number>, probabilities: ArrayLike<number>): void {
  assertPaired(subject, labels, probabilities);
  assertSample(`the labels of ${subject}`, labels, "0 or 1", isLabel);
  assertSample(`the probabilities of ${subject}`, probabilities, "a number in [0, 1]", isProbability);
}
