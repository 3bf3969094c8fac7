import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";
import { type Random, seeded } from "../../core/random.ts";
import { invalidInput, validate } from "../../core/schema.ts";
import { assertPaired, assertSample } from "../../stats/assert-sample.ts";
import { Design, type DesignState, designState } from "../multivariate/design.ts";
import { assignFolds, sampleRows } from "../multivariate/folds.ts";
import { assertRows, type CellRow, type Column, checkedColumns } from "../multivariate/rows.ts";
import type { Interval } from "../port.ts";
import { binMatrix } from "./binned-matrix.ts";
import { type ExpectedLoss, LossModel, type LossModelState, lossModelState } from "./loss-model.ts";

/** Rows whose targets are known, to learn from. */
export interface LabelledPredictions {
  /** Inputs of the model, a cell for each column. */
  readonly features: readonly CellRow[];
  /** What the model predicted; finite, one for each row. */
  readonly predictions: ArrayLike<number>;
  /** What came true; finite, one for each row. */
  readonly targets: ArrayLike<number>;
}

/** Rows whose targets are not known yet. */
export type UnlabelledPredictions = Omit<LabelledPredictions, "targets">;

/** Options of {@link Dle.fit}. */
export interface DleOptions {
  /** Names and kinds of the features. By default as the values are, named "column 0" and so on. */
  readonly columns?: readonly Column[];
  /** Most rows to learn from, drawn by chance; an integer in [100, 100 000]. @defaultValue 10 000 */
  readonly maxRows?: number;
  /** Draws the sample and the folds. @defaultValue one of fixed seed, so that equal input gives an equal result */
  readonly random?: Random;
}

/** A mean loss that was estimated without targets. */
export interface LossEstimate {
  /** At least 0, in units of the target; of its square for `mse`. */
  readonly value: number;
  /** Holds what the targets will show with a probability of about 0.95, if losses still depend on the inputs as they did. */
  readonly interval: Interval;
  /** What the targets of the reference show. */
  readonly reference: number;
}

/** What {@link Dle.estimate} finds. */
export type DleResult =
  | {
      readonly status: "ok";
      /** Mean absolute error. */
      readonly mae: LossEstimate;
      /** Mean squared error. */
      readonly mse: LossEstimate;
      /** Root of the mean squared error. */
      readonly rmse: LossEstimate;
      readonly rows: number;
      /** Mean distance of estimated and true absolute error over ten groups of held-out reference rows, as a share of the mean. */
      readonly calibrationError: number;
      /** A relation of inputs and target that has changed since the reference: no estimate without targets can see it. */
      readonly blindTo: "concept drift";
      /** Why the estimates deserve less trust, for a human. */
      readonly warnings: readonly string[];
    }
  | {
      readonly status: "insufficient_data";
      /** Fewer than 30 rows in the reference or in the window. */
      readonly reason: "few_reference_rows" | "few_rows";
      readonly rows: number;
      readonly blindTo: "concept drift";
    };

/** A {@link Dle} as JSON; {@link Dle.fromJSON} restores it. */
export interface DleState {
  readonly schemaVersion: 1;
  /** Null when the reference is insufficient. */
  readonly learned: {
    readonly design: DesignState;
    readonly absolute: LossModelState;
    readonly squared: LossModelState;
  } | null;
}

interface Learned {
  readonly design: Design;
  readonly absolute: LossModel;
  readonly squared: LossModel;
}

/** Fewest rows of the reference and of a window. */
const MIN_ROWS = 30;
const FOLDS = 5;
const Z_95 = 1.959963984540054;
/** So that squares, and sums of them, stay in the range of doubles. */
const MAX_ERROR = 1e150;
/** A calibration error above this share of the mean loss is bad. */
const BAD_CALIBRATION = 0.2;
/** More rows than this share, where the reference has 1 %, are more than it can tell about. */
const MANY_HIGH = 0.05;
/** Name of the column that predictions are learned from. */
const PREDICTION = "prediction";

const optionsSchema = z.strictObject({
  columns: z.custom<readonly Column[]>().optional(),
  maxRows: z.int().min(100).max(100_000).default(10_000),
  random: passed<Random>(
    "a source of random numbers",
    (value) => typeof (value as Random | null)?.uint32 === "function",
  ).optional(),
});

const stateSchema = z.strictObject({
  schemaVersion: z.literal(1),
  learned: z.strictObject({ design: designState, absolute: lossModelState, squared: lossModelState }).nullable(),
});

/**
 * Direct loss estimation: the mean error of a regression model before the targets are known.
 *
 * From rows with targets it learns how large an error to expect for what inputs and prediction (boosted trees), and takes the mean
 * over a window. That sees inputs move to where the model is worse, as long as errors depend on the inputs as they did. When they do
 * not, which is concept drift, the estimates go on as if nothing had happened: compare them with targets as soon as there are some.
 * Where the reference has few rows trees cannot follow errors that grow on, and intervals hold the truth less often (a warning says so).
 *
 * The reference must be rows that the model was not trained on. Learning takes O(rows · numbers) time for each of at most 1000 trees.
 *
 * @source The method is that of NannyML (https://nannyml.readthedocs.io, "DLE"); the trees are those of J. H. Friedman, "Greedy
 * Function Approximation: A Gradient Boosting Machine", Ann. Statist. 29 (2001)
 */
export class Dle {
  readonly #learned: Learned | undefined;

  private constructor(learned: Learned | undefined) {
    this.#learned = learned;
  }

  /**
   * Learns from rows with targets. Too few are no error: each estimate then says so.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for rows that do not fit the columns, predictions or targets that are not
   * finite or further apart than 1e150, or unequal lengths; `CONFIG_INVALID` for wrong options or more than 1000 numbers a row
   */
  static fit(reference: LabelledPredictions, options: DleOptions = {}): Dle {
    const { columns: told, maxRows, random = seeded(1) } = parseOptions(optionsSchema, options, "Dle");
    const { features, predictions, targets } = reference;
    const columns = checkedColumns("Dle", told, { "features of the reference": features });
    assertPredictions("the reference", features, predictions);
    assertPaired("the predictions and targets of the reference of Dle", predictions, targets);
    const errors = Float64Array.from(targets, (target, i) => target - predictions[i]!);
    if (features.length < MIN_ROWS) return new Dle(undefined);
    const fits = (error: number) => Math.abs(error) <= MAX_ERROR;
    assertSample("the errors of the reference of Dle", errors, "a finite number, at most 1e150,", fits);

    const rows = sampleRows(Array.from(features.keys()), maxRows, random);
    const cells = withPredictions(features, predictions);
    const sample = rows.map((i) => cells[i]!);
    const design = Design.learn([...columns, { name: PREDICTION, kind: "numeric" }], sample);
    const x = binMatrix(design.matrix(sample));
    const assigned = assignFolds(new Uint8Array(rows.length), FOLDS, random);
    const losses = Float64Array.from(rows, (i) => Math.abs(errors[i]!));
    return new Dle({
      design,
      absolute: LossModel.learn(x, losses, assigned, FOLDS),
      squared: LossModel.learn(
        x,
        losses.map((loss) => loss ** 2),
        assigned,
        FOLDS,
      ),
    });
  }

  /**
   * Estimates the errors of a window.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for rows that do not fit the columns of the reference, predictions that are
   * not finite, or unequal lengths
   */
  estimate({ features, predictions }: UnlabelledPredictions): DleResult {
    const learned = this.#learned;
    const blindTo = "concept drift";
    assertPredictions("the window", features, predictions);
    const rows = features.length;
    if (learned === undefined) return { status: "insufficient_data", reason: "few_reference_rows", rows, blindTo };
    assertRows("the features of the window of Dle", features, learned.design.describe().slice(0, -1));
    if (rows < MIN_ROWS) return { status: "insufficient_data", reason: "few_rows", rows, blindTo };
    const x = learned.design.matrix(withPredictions(features, predictions));
    const absolute = learned.absolute.estimate(x);
    const mae = lossEstimate(absolute, learned.absolute.reference);
    const mse = lossEstimate(learned.squared.estimate(x), learned.squared.reference);
    const { calibrationError } = learned.absolute;
    return {
      status: "ok",
      mae,
      mse,
      rmse: {
        value: Math.sqrt(mse.value),
        interval: [Math.sqrt(mse.interval[0]), Math.sqrt(mse.interval[1])],
        reference: Math.sqrt(mse.reference),
      },
      rows,
      calibrationError,
      blindTo,
      warnings: warningsOf(calibrationError, absolute.high),
    };
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): DleState {
    const learned = this.#learned;
    return {
      schemaVersion: 1,
      learned:
        learned === undefined
          ? null
          : { design: learned.design.toJSON(), absolute: learned.absolute.toJSON(), squared: learned.squared.toJSON() },
    };
  }

  /**
   * What {@link Dle.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: DleState): Dle {
    const { learned } = validate(stateSchema, given, "The state of Dle");
    if (learned === null) return new Dle(undefined);
    const design = Design.fromJSON(learned.design);
    const width = design.owners.length;
    return new Dle({
      design,
      absolute: LossModel.fromJSON(learned.absolute, width),
      squared: LossModel.fromJSON(learned.squared, width),
    });
  }
}

function assertPredictions(what: string, features: readonly CellRow[], predictions: ArrayLike<number>): void {
  if (features.length !== predictions.length) {
    const message = `expected one prediction for each of ${features.length} rows, but got ${predictions.length}`;
    throw invalidInput(`${what} of Dle`, [{ path: ["predictions"], message }]);
  }
  if (predictions.length > 0) assertSample(`the predictions of ${what} of Dle`, predictions, "a finite number", Number.isFinite);
}

/** The prediction goes last. */
function withPredictions(features: readonly CellRow[], predictions: ArrayLike<number>): CellRow[] {
  return features.map((row, i) => [...Array.from(row), predictions[i]!]);
}

function lossEstimate({ mean, variance }: ExpectedLoss, reference: number): LossEstimate {
  const half = Z_95 * Math.sqrt(variance);
  return { value: mean, interval: [Math.max(0, mean - half), mean + half], reference };
}

function warningsOf(calibrationError: number, high: number): string[] {
  const warnings: string[] = [];
  if (calibrationError > BAD_CALIBRATION) {
    warnings.push(
      `Expected errors are off by ${(100 * calibrationError).toFixed(0)} % of the mean on held-out reference rows; use more reference rows`,
    );
  }
  if (high > MANY_HIGH) {
    warnings.push(
      `${(100 * high).toFixed(0)} % of the rows are where errors are greatest, which 1 % of the reference rows are; the estimates are rather too low there`,
    );
  }
  return warnings;
}
