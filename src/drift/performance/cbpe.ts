import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";
import { type Random, seeded } from "../../core/random.ts";
import { validate } from "../../core/schema.ts";
import { assertPaired, assertSample, isLabel } from "../../stats/assert-sample.ts";
import type { Interval } from "../port.ts";
import { type Calibration, checkCalibration, isBadCalibration } from "./calibration.ts";
import { type Calibrated, Calibrator, type CalibratorState, calibratorState } from "./calibrator.ts";
import { type ExpectedConfusion, type ExpectedMetric, expectedConfusion, expectedMetrics } from "./expected-metrics.ts";

/** Rows whose labels are known, to learn from. */
export interface LabelledScores {
  /** 0 or 1. */
  readonly labels: ArrayLike<number>;
  /** Finite, greater for what is rather positive; need not be probabilities. */
  readonly scores: ArrayLike<number>;
  /** 0 or 1. By default 1 where the score reaches the threshold. */
  readonly predictions?: ArrayLike<number>;
}

/** Rows whose labels are not known yet. */
export type UnlabelledScores = Omit<LabelledScores, "labels">;

/** Options of {@link Cbpe.fit}. */
export interface CbpeOptions {
  /** Least score that is predicted positive, where no predictions are given; finite. @defaultValue 0.5 */
  readonly threshold?: number;
  /** Draws the folds that calibration is checked in. @defaultValue one of fixed seed, so that equal input gives an equal result */
  readonly random?: Random;
}

/** A metric that was estimated without labels. */
export interface MetricEstimate {
  readonly value: number;
  /** Holds what the labels will show with a probability of about 0.95, if calibration holds: error of sampling and of calibration. */
  readonly interval: Interval;
  /** What the labels of the reference show; null where the metric is not defined there. */
  readonly reference: number | null;
}

/** What {@link Cbpe.estimate} finds. */
export type CbpeResult =
  | {
      readonly status: "ok";
      readonly accuracy: MetricEstimate;
      /** Null when no row is predicted positive. */
      readonly precision: MetricEstimate | null;
      readonly recall: MetricEstimate;
      readonly f1: MetricEstimate;
      readonly rocAuc: MetricEstimate;
      /** Rows that are expected of each pair of label and prediction. */
      readonly confusion: ExpectedConfusion;
      readonly rows: number;
      /** {@link Calibration.error} of the reference. */
      readonly calibrationError: number;
      /** A relation of score and label that has changed since the reference: no estimate without labels can see it. */
      readonly blindTo: "concept drift";
      /** Why the estimates deserve less trust, for a human. */
      readonly warnings: readonly string[];
    }
  | {
      readonly status: "insufficient_data";
      /** Fewer than 30 rows in the reference or in the window, or a reference with labels of one class alone. */
      readonly reason: "few_reference_rows" | "single_class_reference" | "few_rows";
      readonly rows: number;
      readonly blindTo: "concept drift";
    };

/** A {@link Cbpe} as JSON; {@link Cbpe.fromJSON} restores it. */
export interface CbpeState {
  readonly schemaVersion: 1;
  readonly threshold: number;
  readonly rows: number;
  readonly positives: number;
  /** Null when the reference is insufficient. */
  readonly learned: Learned | null;
}

interface Learned {
  readonly calibrator: CalibratorState;
  readonly calibration: Calibration;
  /** Least and greatest score. */
  readonly range: Interval;
  readonly metrics: Readonly<Record<"accuracy" | "recall" | "f1" | "rocAuc", number>> & { readonly precision: number | null };
}

/** Fewest rows of the reference and of a window. */
const MIN_ROWS = 30;
/** Below so many rows of a class an interval that is symmetric is rough. */
const FEW_POSITIVES = 10;
const Z_95 = 1.959963984540054;

const optionsSchema = z.strictObject({
  threshold: z.number().default(0.5),
  random: passed<Random>(
    "a source of random numbers",
    (value) => typeof (value as Random | null)?.uint32 === "function",
  ).optional(),
});

const ratio = z.number().min(0).max(1);
const whole = z.int().min(0);

const stateSchema = z
  .strictObject({
    schemaVersion: z.literal(1),
    threshold: z.number(),
    rows: whole,
    positives: whole,
    learned: z
      .strictObject({
        calibrator: calibratorState,
        calibration: z.strictObject({ error: ratio, chance: ratio, pValue: ratio }),
        range: z.tuple([z.number(), z.number()]),
        metrics: z.strictObject({ accuracy: ratio, precision: ratio.nullable(), recall: ratio, f1: ratio, rocAuc: ratio }),
      })
      .nullable(),
  })
  .refine(({ rows, positives, learned }) => (learned !== null) === (insufficiency(rows, positives) === undefined), {
    path: ["learned"],
    error: "does not fit the numbers of rows and positives",
  });

/**
 * Confidence-based performance estimation: metrics of a binary classifier before the labels are known.
 *
 * From labelled rows it learns what probability a score stands for (isotonic calibration). A row of probability p then counts as p of
 * a positive and 1 − p of a negative, and the sums over a window estimate its confusion matrix and what follows of it. That sees what
 * a shift of the inputs does to the metrics, as long as a score keeps its meaning. When it does not, which is concept drift, the
 * estimates go on as if nothing had happened: compare them with labels as soon as there are some.
 *
 * The reference must be rows that the model was not trained on. Takes O(n log n) time for a window of n rows.
 *
 * @source The method is that of NannyML (https://nannyml.readthedocs.io, "CBPE"); C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On
 * Calibration of Modern Neural Networks", ICML (2017), for calibration. The errors are by the delta method.
 */
export class Cbpe {
  readonly #state: CbpeState;
  readonly #calibrator: Calibrator | undefined;

  private constructor(state: CbpeState) {
    this.#state = state;
    this.#calibrator = state.learned === null ? undefined : Calibrator.fromJSON(state.learned.calibrator);
  }

  /**
   * Learns from labelled rows. Too few, or of one class alone, are no error: each estimate then says so.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels or predictions, scores that are not finite, or unequal
   * lengths; `CONFIG_INVALID` for wrong options
   */
  static fit(reference: LabelledScores, options: CbpeOptions = {}): Cbpe {
    const { threshold, random = seeded(1) } = parseOptions(optionsSchema, options, "Cbpe");
    const { scores, predictions } = checkedWindow("the reference", reference, threshold);
    assertPaired("the labels and scores of the reference of Cbpe", reference.labels, scores);
    if (scores.length > 0) assertSample("the labels of the reference of Cbpe", reference.labels, "0 or 1", isLabel);
    const labels = Uint8Array.from(reference.labels);
    const rows = labels.length;
    const positives = labels.reduce((sum, label) => sum + label, 0);
    if (insufficiency(rows, positives) !== undefined) {
      return new Cbpe({ schemaVersion: 1, threshold, rows, positives, learned: null });
    }
    // With labels for probabilities, what is expected is what they show.
    const shown = expectedMetrics(Float64Array.from(labels), predictions, scores);
    const learned = {
      calibrator: Calibrator.learn(labels, scores).toJSON(),
      calibration: checkCalibration(labels, scores, random),
      range: [scores.reduce((a, b) => Math.min(a, b)) + 0, scores.reduce((a, b) => Math.max(a, b)) + 0] as const,
      metrics: {
        accuracy: shown.accuracy.value,
        precision: shown.precision?.value ?? null,
        recall: shown.recall.value,
        f1: shown.f1.value,
        rocAuc: shown.rocAuc.value,
      },
    };
    return new Cbpe({ schemaVersion: 1, threshold, rows, positives, learned });
  }

  /** How well probabilities fit labels of the reference that were held out; null when the reference is insufficient. */
  get calibration(): Calibration | null {
    return this.#state.learned?.calibration ?? null;
  }

  /**
   * Estimates the metrics of a window.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for scores that are not finite, other predictions, or unequal lengths
   */
  estimate(window: UnlabelledScores): CbpeResult {
    const { scores, predictions } = checkedWindow("the window", window, this.#state.threshold);
    const { learned, rows: referenceRows, positives } = this.#state;
    const calibrator = this.#calibrator;
    const blindTo = "concept drift";
    const rows = scores.length;
    const reason = insufficiency(referenceRows, positives) ?? (rows < MIN_ROWS ? "few_rows" : undefined);
    if (reason !== undefined || learned === null || calibrator === undefined) {
      return { status: "insufficient_data", reason: reason ?? "few_rows", rows, blindTo };
    }
    const calibrated = calibrator.apply(scores);
    const metrics = expectedMetrics(calibrated.probabilities, predictions, scores);
    const confusion = expectedConfusion(calibrated.probabilities, predictions);
    const estimate = (metric: ExpectedMetric, reference: number | null) => ({
      ...withInterval(metric, calibrated, calibrator),
      reference,
    });
    return {
      status: "ok",
      accuracy: estimate(metrics.accuracy, learned.metrics.accuracy),
      precision: metrics.precision === null ? null : estimate(metrics.precision, learned.metrics.precision),
      recall: estimate(metrics.recall, learned.metrics.recall),
      f1: estimate(metrics.f1, learned.metrics.f1),
      rocAuc: estimate(metrics.rocAuc, learned.metrics.rocAuc),
      confusion,
      rows,
      calibrationError: learned.calibration.error,
      blindTo,
      warnings: warningsOf(learned, scores, confusion),
    };
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): CbpeState {
    return this.#state;
  }

  /**
   * What {@link Cbpe.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: CbpeState): Cbpe {
    return new Cbpe(validate(stateSchema, given, "The state of Cbpe"));
  }
}

function insufficiency(rows: number, positives: number): "few_reference_rows" | "single_class_reference" | undefined {
  if (rows < MIN_ROWS) return "few_reference_rows";
  return positives === 0 || positives >= rows ? "single_class_reference" : undefined;
}

function checkedWindow(
  what: string,
  { scores, predictions }: UnlabelledScores,
  threshold: number,
): { readonly scores: Float64Array; readonly predictions: Uint8Array } {
  if (scores.length > 0) assertSample(`the scores of ${what} of Cbpe`, scores, "a finite number", Number.isFinite);
  const copy = Float64Array.from(scores);
  if (predictions === undefined)
    return { scores: copy, predictions: Uint8Array.from(copy, (score) => (score >= threshold ? 1 : 0)) };
  assertPaired(`the scores and predictions of ${what} of Cbpe`, scores, predictions);
  if (predictions.length > 0) assertSample(`the predictions of ${what} of Cbpe`, predictions, "0 or 1", isLabel);
  return { scores: copy, predictions: Uint8Array.from(predictions) };
}

/** Labels vary around their probabilities, and probabilities around what the reference should have shown. */
function withInterval({ value, gradient }: ExpectedMetric, calibrated: Calibrated, calibrator: Calibrator) {
  let variance = calibrator.variance(calibrated, gradient);
  for (let i = 0; i < gradient.length; i++) {
    const p = calibrated.probabilities[i]!;
    variance += gradient[i]! ** 2 * p * (1 - p);
  }
  const half = Z_95 * Math.sqrt(variance);
  const interval: Interval = [Math.max(0, value - half), Math.min(1, value + half)];
  return { value, interval };
}

function warningsOf({ calibration, range }: Learned, scores: Float64Array, confusion: ExpectedConfusion): string[] {
  const warnings: string[] = [];
  if (isBadCalibration(calibration)) {
    const { error, chance } = calibration;
    warnings.push(
      `Calibrated probabilities are off by ${error.toFixed(3)} on held-out reference rows, where chance explains ${chance.toFixed(3)}; use more reference rows, or scores that rise with the share of positives`,
    );
  }
  let outside = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i]! < range[0] || scores[i]! > range[1]) outside += 1;
  if (outside > 0.01 * scores.length) {
    warnings.push(
      `${((100 * outside) / scores.length).toFixed(1)} % of the scores lie outside of the reference's range, where calibration is a guess`,
    );
  }
  const positives = confusion.truePositives + confusion.falseNegatives;
  if (Math.min(positives, scores.length - positives) < FEW_POSITIVES) {
    warnings.push(`Fewer than ${FEW_POSITIVES} rows of one class are expected; intervals are rough`);
  }
  return warnings;
}
