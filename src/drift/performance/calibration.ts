import type { Random } from "../../core/random.ts";
import { chiSquaredSf } from "../../stats/distributions/chi-squared.ts";
import { assignFolds, rowsWhere } from "../multivariate/folds.ts";
import { Calibrator } from "./calibrator.ts";
import { groupByScore } from "./score-groups.ts";

/** How well calibrated probabilities agree with labels that they were not learned from. */
export interface Calibration {
  /** Expected calibration error: mean distance of probability and share of positives over ten groups of scores, in [0, 1]. */
  readonly error: number;
  /** What the error would be on average if the probabilities were right: chance alone, in so few rows. */
  readonly chance: number;
  /** Probability of groups at least as far off if the probabilities were right (Hosmer and Lemeshow). */
  readonly pValue: number;
}

const FOLDS = 5;
const GROUPS = 10;

/** Below this an error does no harm even if it is no chance. */
const HARMLESS_ERROR = 0.02;

/**
 * Learns a calibrator from four fifths of the rows, applies it to the rest, five times over, and compares the probabilities with the
 * labels in groups of like scores. Groups are by the raw score: labels that do not rise with it show up.
 *
 * @param labels - 0 or 1
 * @param scores - finite, as many, at least 10
 * @source D. W. Hosmer, S. Lemeshow, "Goodness of fit tests for the multiple logistic regression model", Comm. Stat. A9 (1980); M. P.
 * Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI (2015)
 */
export function checkCalibration(labels: Uint8Array, scores: Float64Array, random: Random): Calibration {
  const folds = assignFolds(labels, FOLDS, random);
  const probabilities = new Float64Array(labels.length);
  for (let k = 0; k < FOLDS; k++) {
    const learned = rowsWhere(folds, (fold) => fold !== k);
    const heldOut = rowsWhere(folds, (fold) => fold === k);
    const calibrator = Calibrator.learn(
      Uint8Array.from(learned, (i) => labels[i]!),
      Float64Array.from(learned, (i) => scores[i]!),
    );
    const found = calibrator.apply(Float64Array.from(heldOut, (i) => scores[i]!)).probabilities;
    heldOut.forEach((row, i) => {
      probabilities[row] = found[i]!;
    });
  }
  const groups = groupByScore(scores, labels, probabilities, GROUPS);
  let error = 0;
  let chance = 0;
  let statistic = 0;
  for (const { rows, first, second } of groups) {
    const variance = (second * (1 - second)) / rows;
    error += (rows / labels.length) * Math.abs(first - second);
    chance += (rows / labels.length) * Math.sqrt((2 / Math.PI) * variance);
    statistic += (first - second) ** 2 / variance;
  }
  return { error, chance, pValue: chiSquaredSf(statistic, groups.length) };
}

/** Whether probabilities are off by more than chance explains, which intervals allow for, and by enough to matter. */
export function isBadCalibration({ error, pValue }: Calibration): boolean {
  return error > HARMLESS_ERROR && pValue < 0.01;
}
