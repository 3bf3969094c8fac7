import * as z from "zod";
import { validate } from "../../core/schema.ts";
import { quantileOfSorted } from "../../stats/quantile.ts";
import type { Matrix } from "../multivariate/matrix.ts";
import type { BinnedMatrix } from "./binned-matrix.ts";
import { type BoostedTrees, fitBoostedTrees, LEAVES, MAX_TREES, predictBoostedTrees, SPLITS } from "./boosted-trees.ts";
import { groupByScore } from "./score-groups.ts";

/** A {@link LossModel} as JSON. */
export interface LossModelState {
  /** Mean loss of the rows that were learned from, which the trees count in. */
  readonly unit: number;
  /** Variance of a loss around its expectation, as a share of the square of the expectation. */
  readonly dispersion: number;
  readonly calibrationError: number;
  /** How much a difference of what the trees say counts: boosting that ends early does not go all the way. */
  readonly slope: { readonly value: number; readonly variance: number; readonly center: number };
  /** What the trees say of a row is above this for 1 % of the rows that were learned from. */
  readonly high: number;
  /** One for each fold. */
  readonly models: readonly {
    readonly base: number;
    readonly columns: readonly number[];
    readonly thresholds: readonly number[];
    readonly leaves: readonly number[];
  }[];
}

/** A mean loss and the variance of what the rows will show around it. */
export interface ExpectedLoss {
  readonly mean: number;
  readonly variance: number;
  /** Share of the rows whose loss is expected to be as great as 1 % of the rows that were learned from had it, in [0, 1]. */
  readonly high: number;
}

/** Fewest rows of a leaf. */
const MIN_LEAF = 20;
const GROUPS = 10;

const MAX_SLOPE = 10;

/** Expected losses are at least this share of the mean one: trees add up to less than nothing now and then. */
const LEAST = 0.01;

const splits = z.array(z.number()).max(MAX_TREES * SPLITS);

/** A zod schema of the state; whether it fits a design is for {@link LossModel.fromJSON} to tell. */
export const lossModelState: z.ZodType<LossModelState> = z.strictObject({
  unit: z.number().min(0),
  dispersion: z.number().min(0),
  calibrationError: z.number().min(0),
  slope: z.strictObject({ value: z.number().min(0).max(MAX_SLOPE), variance: z.number().min(0), center: z.number() }),
  high: z.number(),
  models: z
    .array(
      z
        .strictObject({
          base: z.number(),
          columns: z.array(z.int().min(-1)).max(MAX_TREES * SPLITS),
          thresholds: splits,
          leaves: z.array(z.number()).max(MAX_TREES * LEAVES),
        })
        .refine(
          ({ columns, thresholds, leaves }) =>
            columns.length === thresholds.length &&
            columns.length % SPLITS === 0 &&
            leaves.length * SPLITS === columns.length * LEAVES,
          { error: "expected whole trees" },
        ),
    )
    .min(2)
    .max(10),
});

/**
 * Expected loss of a row, as the mean of boosted trees that were each learned from all folds but one. How far they disagree tells how
 * sure they are. The held-out rows tell when to stop, by how much trees that stopped early fall short, how losses scatter, and how far off
 * the expectations are.
 *
 * @source B. Efron, C. Stein, "The Jackknife Estimate of Variance", Ann. Statist. 9 (1981), for the variance between folds
 */
export class LossModel {
  readonly #state: Omit<LossModelState, "models">;
  readonly #models: readonly BoostedTrees[];

  private constructor(state: Omit<LossModelState, "models">, models: readonly BoostedTrees[]) {
    this.#state = state;
    this.#models = models;
  }

  /**
   * @param losses - at least 0 and finite, one for each row
   * @param assigned - the fold of each row
   */
  static learn(x: BinnedMatrix, losses: Float64Array, assigned: Int32Array, folds: number): LossModel {
    let unit = 0;
    for (let i = 0; i < losses.length; i++) unit += losses[i]! / losses.length;
    const scaled = losses.map((loss) => (unit > 0 ? loss / unit : 0));
    // What the trees add to the base: the base of a fold's model is low where the fold's own losses are high, by construction.
    const raw = new Float64Array(losses.length);
    const models: BoostedTrees[] = [];
    for (let k = 0; k < folds; k++) {
      const { model, predictions } = fitBoostedTrees(
        x,
        scaled,
        Uint8Array.from(assigned, (fold) => (fold === k ? 1 : 0)),
        MIN_LEAF,
      );
      models.push(model);
      for (let i = 0; i < raw.length; i++) if (assigned[i] === k) raw[i] = predictions[i]! - model.base;
    }
    const slope = fitSlope(raw, scaled);
    const expected = raw.map((loss) => stretched(slope, loss));
    let squares = 0;
    let scale = 0;
    for (let i = 0; i < expected.length; i++) {
      squares += (scaled[i]! - expected[i]!) ** 2;
      scale += expected[i]! ** 2;
    }
    let error = 0;
    for (const { rows, first, second } of groupByScore(expected, scaled, expected, GROUPS)) {
      error += (rows / losses.length) * Math.abs(first - second);
    }
    const exact = unit === 0; // no error anywhere: nothing to be wrong about
    const high = quantileOfSorted(raw.slice().sort(), 0.99);
    return new LossModel(
      { unit, slope, high, dispersion: exact ? 0 : squares / scale, calibrationError: exact ? 0 : error },
      models,
    );
  }

  /** Mean loss of the rows that were learned from. */
  get reference(): number {
    return this.#state.unit;
  }

  /** Mean distance of expected and true loss over ten groups of held-out rows, as a share of the mean loss. */
  get calibrationError(): number {
    return this.#state.calibrationError;
  }

  /** @param x - at least one row */
  estimate(x: Matrix): ExpectedLoss {
    const { unit, dispersion, slope, high } = this.#state;
    const folds = this.#models.length;
    const raw = new Float64Array(x.rows);
    const means: number[] = [];
    for (const model of this.#models) {
      const predictions = predictBoostedTrees(model, x);
      let sum = 0;
      for (let i = 0; i < x.rows; i++) {
        raw[i]! += (predictions[i]! - model.base) / folds;
        sum += predictions[i]!;
      }
      means.push(sum / x.rows);
    }
    const mean = means.reduce((sum, one) => sum + one, 0) / folds;
    const between = means.reduce((sum, one) => sum + (one - mean) ** 2, 0);
    let sum = 0;
    let squares = 0;
    let moved = 0;
    let above = 0;
    for (let i = 0; i < x.rows; i++) {
      moved += raw[i]!;
      if (raw[i]! > high) above += 1;
      const loss = stretched(slope, raw[i]!);
      sum += loss;
      squares += loss ** 2;
    }
    const variance =
      (dispersion * squares) / x.rows ** 2 +
      slope.value ** 2 * ((folds - 1) / folds) * between +
      slope.variance * (moved / x.rows - slope.center) ** 2;
    return { mean: (sum / x.rows) * unit, variance: variance * unit ** 2, high: above / x.rows };
  }

  toJSON(): LossModelState {
    const models = this.#models.map(({ base, columns, thresholds, leaves }) => ({
      base,
      columns: [...columns],
      thresholds: [...thresholds],
      leaves: [...leaves],
    }));
    return { ...this.#state, models };
  }

  /**
   * @param width - columns of the matrices that it is for
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged or asks about other columns
   */
  static fromJSON(given: LossModelState, width: number): LossModel {
    const { models, ...state } = validate(lossModelState, given, "The state of a loss model");
    const greatest = models.reduce((most, { columns }) => columns.reduce((a, b) => Math.max(a, b), most), -1);
    validate(z.number().lt(width), greatest, "The greatest column of a loss model");
    return new LossModel(
      state,
      models.map(({ base, columns, thresholds, leaves }) => ({
        base,
        columns: Int32Array.from(columns),
        thresholds: Float64Array.from(thresholds),
        leaves: Float64Array.from(leaves),
      })),
    );
  }
}

type Slope = LossModelState["slope"];

/**
 * Slope of the line of least squares of losses over what the trees say of held-out rows.
 *
 * @source H. White, "A Heteroskedasticity-Consistent Covariance Matrix Estimator", Econometrica 48 (1980), for the variance
 */
function fitSlope(raw: Float64Array, scaled: Float64Array): Slope {
  let center = 0;
  let level = 0;
  for (let i = 0; i < raw.length; i++) {
    center += raw[i]! / raw.length;
    level += scaled[i]! / raw.length;
  }
  let spread = 0;
  let common = 0;
  for (let i = 0; i < raw.length; i++) {
    spread += (raw[i]! - center) ** 2;
    common += (raw[i]! - center) * (scaled[i]! - level);
  }
  if (!(spread > 1e-12 * raw.length)) return { value: 1, variance: 0, center };
  const value = Math.min(MAX_SLOPE, Math.max(0, common / spread));
  let scatter = 0;
  for (let i = 0; i < raw.length; i++) scatter += ((raw[i]! - center) * (scaled[i]! - level - value * (raw[i]! - center))) ** 2;
  return { value, variance: scatter / spread ** 2, center };
}

/** Held-out losses are 1 on average, and what trees say of them is `center`. */
function stretched({ value, center }: Slope, loss: number): number {
  return Math.max(LEAST, 1 + value * (loss - center));
}
