import * as z from "zod";
import { validate } from "../../core/schema.ts";
import { poolViolators } from "./isotonic.ts";
import { groupByScore } from "./score-groups.ts";

/** A {@link Calibrator} as JSON: its knots. */
export interface CalibratorState {
  readonly scores: readonly number[];
  readonly probabilities: readonly number[];
  /** Rows behind each knot. */
  readonly rows: readonly number[];
}

/** Probabilities of rows, and the knots that they lie between. */
export interface Calibrated {
  /** Probability of a positive label, in (0, 1). */
  readonly probabilities: Float64Array;
  /** Index of the knot before each score. */
  readonly knots: Uint32Array;
  /** How far the score is on the way to the next knot, in [0, 1]. */
  readonly parts: Float64Array;
}

/** Most knots, and most rows to a knot where there are few rows. */
const MAX_KNOTS = 50;
const ROWS_PER_KNOT = 15;

const knots = z.array(z.number()).min(1).max(MAX_KNOTS);

/** A zod schema of the state. */
export const calibratorState: z.ZodType<CalibratorState> = z
  .strictObject({
    scores: knots,
    probabilities: z.array(z.number().gt(0).lt(1)).min(1).max(MAX_KNOTS),
    rows: z.array(z.int().min(1)).min(1).max(MAX_KNOTS),
  })
  .refine((state) => state.scores.length === state.probabilities.length && state.scores.length === state.rows.length, {
    error: "expected as many scores as probabilities and rows",
  })
  .refine((state) => state.scores.every((score, i) => i === 0 || score >= state.scores[i - 1]!), {
    path: ["scores"],
    error: "expected scores in order",
  });

/**
 * Turns scores into probabilities of a positive label, growing with the score.
 *
 * Plain isotonic regression follows each row and says 0 and 1 at its ends. This one takes means of at most 50 groups of neighbouring
 * scores, of 15 rows or more, pools those that violate the order, puts one knot at the centre of each block and is linear in between;
 * and no knot is nearer to 0 or 1 than half a row. Below the first and above the last knot it is constant.
 *
 * @source A. P. Oron, N. Flournoy, "Centered Isotonic Regression", Stat. Biopharm. Res. 9 (2017)
 */
export class Calibrator {
  readonly #scores: Float64Array;
  readonly #probabilities: Float64Array;
  readonly #rows: Float64Array;

  private constructor({ scores, probabilities, rows }: CalibratorState) {
    this.#scores = Float64Array.from(scores);
    this.#probabilities = Float64Array.from(probabilities);
    this.#rows = Float64Array.from(rows);
  }

  /**
   * @param labels - 0 or 1, at least one
   * @param scores - finite, as many
   */
  static learn(labels: ArrayLike<number>, scores: ArrayLike<number>): Calibrator {
    const limit = Math.max(1, Math.min(MAX_KNOTS, Math.floor(scores.length / ROWS_PER_KNOT)));
    const groups = groupByScore(scores, labels, labels, limit);
    const blocks = poolViolators(
      groups.map(({ score }) => score),
      groups.map(({ first }) => first),
      groups.map(({ rows }) => rows),
    );
    const probabilities = blocks.map(({ value, weight }) =>
      Math.min(1 - 0.5 / (weight + 1), Math.max(0.5 / (weight + 1), value)),
    );
    // Only the first block may be all 0 and only the last all 1. Their limits may have passed the value next to them.
    const last = probabilities.length - 1;
    if (last > 0) {
      probabilities[0] = Math.min(probabilities[0]!, probabilities[1]!);
      probabilities[last] = Math.max(probabilities[last]!, probabilities[last - 1]!);
    }
    return new Calibrator({
      scores: blocks.map(({ center }) => center),
      probabilities,
      rows: blocks.map(({ weight }) => weight),
    });
  }

  /** @param scores - finite */
  apply(scores: ArrayLike<number>): Calibrated {
    const n = scores.length;
    const probabilities = new Float64Array(n);
    const knots = new Uint32Array(n);
    const parts = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const k = this.#knotBefore(scores[i]!);
      const low = this.#probabilities[k]!;
      knots[i] = k;
      parts[i] = this.#partAfter(k, scores[i]!);
      probabilities[i] = parts[i] === 0 ? low : low + parts[i]! * (this.#probabilities[k + 1]! - low);
    }
    return { probabilities, knots, parts };
  }

  /**
   * Variance of Σ gradient · probability that comes from the knots: each is a share of the rows behind it.
   *
   * @param gradient - one for each row of `calibrated`
   */
  variance({ knots, parts }: Calibrated, gradient: Float64Array): number {
    const loads = new Float64Array(this.#scores.length + 1);
    for (let i = 0; i < gradient.length; i++) {
      loads[knots[i]!]! += gradient[i]! * (1 - parts[i]!);
      loads[knots[i]! + 1]! += gradient[i]! * parts[i]!;
    }
    let sum = 0;
    for (let k = 0; k < this.#scores.length; k++) {
      const rows = this.#rows[k]!;
      const p = (this.#probabilities[k]! * rows + 0.5) / (rows + 1);
      sum += (loads[k]! ** 2 * p * (1 - p)) / rows;
    }
    return sum;
  }

  toJSON(): CalibratorState {
    return { scores: [...this.#scores], probabilities: [...this.#probabilities], rows: [...this.#rows] };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(state: CalibratorState): Calibrator {
    return new Calibrator(validate(calibratorState, state, "The state of a calibrator"));
  }

  #knotBefore(score: number): number {
    let low = 0;
    let high = this.#scores.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#scores[middle]! <= score) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #partAfter(k: number, score: number): number {
    const low = this.#scores[k]!;
    if (k + 1 === this.#scores.length || score <= low) return 0;
    // Halves, for the difference of two scores may leave the range of doubles.
    return Math.min(1, (score / 2 - low / 2) / (this.#scores[k + 1]! / 2 - low / 2));
  }
}
