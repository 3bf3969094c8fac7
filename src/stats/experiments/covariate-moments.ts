import * as z from "zod";
import { validate } from "../../core/schema.ts";
import { assertSample } from "../assert-sample.ts";
import { assertSameClass } from "../sketches/sketch-state.ts";
import { isMagnitude, MAX_MAGNITUDE } from "./sample-summary.ts";

/** Means, variances and covariance of an outcome and a covariate of the same units; plain JSON. */
export interface CovariateSummary {
  /** Number of units; a whole number. */
  readonly n: number;
  /** Within ±1e140. */
  readonly outcomeMean: number;
  /** Within ±1e140. */
  readonly covariateMean: number;
  /** With divisor n − 1; in [0, 2e280]. */
  readonly outcomeVariance: number;
  /** With divisor n − 1; in [0, 2e280]. */
  readonly covariateVariance: number;
  /** With divisor n − 1; its square is at most the product of the variances. */
  readonly covariance: number;
}

/** A {@link CovariateMoments} as JSON. */
export interface CovariateMomentsState {
  readonly schemaVersion: 1;
  readonly n: number;
  readonly outcomeMean: number;
  readonly covariateMean: number;
  /** Sums of squared distances from the means, and of their products. */
  readonly outcomeSquares: number;
  readonly covariateSquares: number;
  readonly products: number;
}

const stateSchema = z.object({
  schemaVersion: z.literal(1),
  n: z.int().min(0),
  outcomeMean: z.number(),
  covariateMean: z.number(),
  outcomeSquares: z.number().min(0),
  covariateSquares: z.number().min(0),
  products: z.number(),
});

/**
 * Running moments of pairs of an outcome and a covariate: constant memory, one pass, merges across workers, no loss for values
 * far from 0. What {@link cupedFromMoments} needs of an arm.
 *
 * @source T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances",
 * COMPSTAT (1982), doi:10.1007/978-3-642-51461-6_3
 */
export class CovariateMoments {
  #n = 0;
  #outcomeMean = 0;
  #covariateMean = 0;
  #outcomeSquares = 0;
  #covariateSquares = 0;
  #products = 0;

  /**
   * Takes the values of one unit.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for a value that is no number within ±1e140
   */
  add(outcome: number, covariate: number): void {
    if (!(isMagnitude(outcome) && isMagnitude(covariate))) {
      assertSample("a unit of CovariateMoments", [outcome, covariate], `a number within ±${MAX_MAGNITUDE}`, isMagnitude);
    }
    this.#n += 1;
    const outcomeShift = outcome - this.#outcomeMean;
    const covariateShift = covariate - this.#covariateMean;
    this.#outcomeMean += outcomeShift / this.#n;
    this.#covariateMean += covariateShift / this.#n;
    const covariateRest = covariate - this.#covariateMean;
    this.#outcomeSquares += outcomeShift * (outcome - this.#outcomeMean);
    this.#covariateSquares += covariateShift * covariateRest;
    this.#products += outcomeShift * covariateRest;
  }

  /** Adds the units of another. */
  merge(other: CovariateMoments): void {
    assertSameClass("CovariateMoments.merge", other, CovariateMoments);
    const n = this.#n + other.#n;
    if (other.#n === 0) return;
    const outcomeShift = other.#outcomeMean - this.#outcomeMean;
    const covariateShift = other.#covariateMean - this.#covariateMean;
    const weight = other.#n / n;
    const cross = this.#n * weight;
    this.#outcomeSquares += other.#outcomeSquares + outcomeShift * outcomeShift * cross;
    this.#covariateSquares += other.#covariateSquares + covariateShift * covariateShift * cross;
    this.#products += other.#products + outcomeShift * covariateShift * cross;
    this.#outcomeMean += outcomeShift * weight;
    this.#covariateMean += covariateShift * weight;
    this.#n = n;
  }

  /** The moments so far; variances of fewer than two units are 0. */
  summary(): CovariateSummary {
    const divisor = Math.max(1, this.#n - 1);
    // Squares may have underflowed where the product has not.
    const greatest = Math.sqrt(this.#outcomeSquares) * Math.sqrt(this.#covariateSquares);
    return {
      n: this.#n,
      outcomeMean: this.#outcomeMean,
      covariateMean: this.#covariateMean,
      outcomeVariance: this.#outcomeSquares / divisor,
      covariateVariance: this.#covariateSquares / divisor,
      covariance: Math.max(-greatest, Math.min(greatest, this.#products)) / divisor,
    };
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): CovariateMomentsState {
    return {
      schemaVersion: 1,
      n: this.#n,
      outcomeMean: this.#outcomeMean,
      covariateMean: this.#covariateMean,
      outcomeSquares: this.#outcomeSquares,
      covariateSquares: this.#covariateSquares,
      products: this.#products,
    };
  }

  /**
   * The moments that {@link CovariateMoments.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: CovariateMomentsState): CovariateMoments {
    const state = validate(stateSchema, given, "The state of covariate moments");
    const restored = new CovariateMoments();
    restored.#n = state.n;
    restored.#outcomeMean = state.outcomeMean;
    restored.#covariateMean = state.covariateMean;
    restored.#outcomeSquares = state.outcomeSquares;
    restored.#covariateSquares = state.covariateSquares;
    restored.#products = state.products;
    return restored;
  }
}
