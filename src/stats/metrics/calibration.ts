import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { binIndex } from "../bins.ts";
import { normalUpperQuantile } from "../distributions/normal.ts";
import { confidenceLevel } from "../experiments/confidence.ts";
import { scoreInterval } from "../experiments/proportion-intervals.ts";
import { quantileOfSorted } from "../quantile.ts";
import { sorted } from "../sort.ts";
import { type BinaryRows, binaryRows } from "./checked-rows.ts";

/** How probabilities are put in bins. */
export interface CalibrationOptions {
  /** Number of bins, from 1 to 10 000. @defaultValue 10 */
  readonly bins?: number;
  /** `uniform`: equally wide; `quantile`: about equally many rows each. Bins are closed on the right. @defaultValue "uniform" */
  readonly strategy?: "uniform" | "quantile";
}

/** What {@link calibrationCurve} wants to know. */
export interface CalibrationCurveOptions extends CalibrationOptions {
  /** Confidence of the intervals, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
}

/** The rows whose probability lies in one bin. */
export interface CalibrationBin {
  /** The bin is (`low`, `high`]; the first one holds `low`, too. */
  readonly low: number;
  readonly high: number;
  /** Rows, at least 1. */
  readonly count: number;
  /** Mean of their probabilities. */
  readonly meanProbability: number;
  /** Share of them whose label is 1. */
  readonly positiveRate: number;
  /** Wilson's interval of that share. */
  readonly interval: readonly [low: number, high: number];
}

const shape = {
  bins: z.int().min(1).max(10_000).default(10),
  strategy: z.enum(["uniform", "quantile"]).default("uniform"),
};
const optionsSchema = z.strictObject(shape);
const curveOptionsSchema = z.strictObject({ ...shape, confidence: confidenceLevel });

/**
 * Mean squared distance between binary labels and their probabilities, in [0, 1].
 *
 * @param labels - 0 or 1, at least one
 * @param probabilities - of label 1, in [0, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths
 * @source G. W. Brier, "Verification of Forecasts Expressed in Terms of Probability", Mon. Weather Rev. 78 (1950), halved for two classes
 */
export function brierScore(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  const rows = binaryRows("brierScore", labels, probabilities, "probability");
  let sum = 0;
  for (let i = 0; i < rows.labels.length; i++) {
    const miss = rows.values[i]! - rows.labels[i]!;
    sum += miss * miss;
  }
  return sum / rows.labels.length;
}

/**
 * How often what has a probability of p comes true: one point for every bin that has rows, ascending.
 *
 * @param labels - 0 or 1, at least one
 * @param probabilities - of label 1, in [0, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths, `CONFIG_INVALID` for wrong options
 * @source A. Niculescu-Mizil, R. Caruana, "Predicting Good Probabilities with Supervised Learning", ICML (2005)
 */
export function calibrationCurve(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  options: CalibrationCurveOptions = {},
): readonly CalibrationBin[] {
  const { bins, strategy, confidence } = parseOptions(curveOptionsSchema, options, "calibrationCurve");
  const rows = binaryRows("calibrationCurve", labels, probabilities, "probability");
  const edges = strategy === "uniform" ? uniformEdges(bins) : quantileEdges(rows.values, bins);
  const { counts, sums, positives } = binSums(rows, edges);
  const z = normalUpperQuantile((1 - confidence) / 2);
  const curve: CalibrationBin[] = [];
  counts.forEach((count, bin) => {
    if (count === 0) return;
    curve.push({
      low: edges[bin]!,
      high: edges[bin + 1]!,
      count,
      meanProbability: sums[bin]! / count,
      positiveRate: positives[bin]! / count,
      interval: scoreInterval(positives[bin]!, count, z),
    });
  });
  return curve;
}

/**
 * Mean distance between how probable and how frequent label 1 is, over bins of probability weighted by their rows; in [0, 1]. Depends
 * on the bins, and is above 0 by chance alone: the more so the fewer rows a bin has.
 *
 * @param labels - 0 or 1, at least one
 * @param probabilities - of label 1, in [0, 1]
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other values or unequal lengths, `CONFIG_INVALID` for wrong options
 * @source M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI (2015)
 */
export function expectedCalibrationError(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  options: CalibrationOptions = {},
): number {
  const { bins, strategy } = parseOptions(optionsSchema, options, "expectedCalibrationError");
  const rows = binaryRows("expectedCalibrationError", labels, probabilities, "probability");
  return calibrationErrorOf(rows, strategy === "uniform" ? uniformEdges(bins) : quantileEdges(rows.values, bins));
}

/** As {@link expectedCalibrationError}, of rows that were checked, in bins between `edges`. */
export function calibrationErrorOf(rows: BinaryRows, edges: Float64Array): number {
  const { sums, positives } = binSums(rows, edges);
  let distance = 0;
  for (let bin = 0; bin < sums.length; bin++) distance += Math.abs(sums[bin]! - positives[bin]!);
  return distance / rows.labels.length;
}

/** Edges of `bins` equally wide bins of [0, 1]. */
export function uniformEdges(bins: number): Float64Array {
  return Float64Array.from({ length: bins + 1 }, (_, i) => i / bins);
}

/** Edges at the quantiles; bins between equal ones stay empty. */
function quantileEdges(values: Float64Array, bins: number): Float64Array {
  const ascending = sorted(values);
  return Float64Array.from({ length: bins + 1 }, (_, i) => quantileOfSorted(ascending, i / bins));
}

function binSums({ labels, values }: BinaryRows, edges: Float64Array) {
  const inner = edges.subarray(1, -1);
  const counts = new Float64Array(inner.length + 1);
  const sums = new Float64Array(inner.length + 1);
  const positives = new Float64Array(inner.length + 1);
  for (let i = 0; i < labels.length; i++) {
    const bin = binIndex(inner, values[i]!);
    counts[bin]! += 1;
    sums[bin]! += values[i]!;
    positives[bin]! += labels[i]!;
  }
  return { counts, sums, positives };
}
