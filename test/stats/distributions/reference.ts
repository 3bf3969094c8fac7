import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";

/** A place, the parameters of the distribution, the lower tail there and the upper one. */
type TailRows = readonly (readonly number[])[];

/** Arguments of a function and its value. */
type ValueRows = readonly (readonly number[])[];

interface DistributionReference {
  /** x, erf, erfc. */
  readonly erf: ValueRows;
  readonly normal: TailRows;
  readonly normalQuantile: ValueRows;
  readonly gamma: TailRows;
  readonly beta: TailRows;
  readonly studentT: TailRows;
  readonly f: TailRows;
  readonly binomial: TailRows;
  readonly binomialPmf: ValueRows;
  readonly logChoose: ValueRows;
  readonly logBeta: ValueRows;
  readonly digamma: ValueRows;
  readonly kolmogorov: TailRows;
}

/** Values of mpmath at quantiles of SciPy; `scripts/reference-stats/distributions.py` writes them, with versions. */
export const distributions = JSON.parse(
  readFileSync(new URL("../../reference/stats/distributions.json", import.meta.url), "utf8"),
) as DistributionReference;

/** A distribution's four functions, the first argument of which is the place or the probability. */
interface Distribution {
  readonly cdf: (...point: number[]) => number;
  readonly sf: (...point: number[]) => number;
  readonly quantile: (...point: number[]) => number;
  readonly upperQuantile: (...point: number[]) => number;
}

/** The distribution's four functions, taking their arguments as a row has them. */
export function distribution(functions: { readonly [Name in keyof Distribution]: (...args: never[]) => number }): Distribution {
  return functions as unknown as Distribution;
}

/** The greatest relative error of the tails in all rows, and how small the least tail is. */
export function tailErrors({ cdf, sf }: Pick<Distribution, "cdf" | "sf">, rows: TailRows) {
  let error = 0;
  let least = 1;
  for (const row of rows) {
    const point = row.slice(0, -2);
    const [lower, upper] = row.slice(-2) as [number, number];
    error = Math.max(error, relative(cdf(...point), lower), relative(sf(...point), upper));
    least = Math.min(least, lower, upper);
  }
  return { error, least };
}

/** The greatest relative error of the places that belong to the smaller tail of each row. */
export function quantileError({ quantile, upperQuantile }: Distribution, rows: TailRows): number {
  let error = 0;
  for (const row of rows) {
    const [place, ...parameters] = row.slice(0, -2) as [number, ...number[]];
    const [lower, upper] = row.slice(-2) as [number, number];
    const found = lower < upper ? quantile(lower, ...parameters) : upperQuantile(upper, ...parameters);
    error = Math.max(error, relative(found, place));
  }
  return error;
}

/** The greatest relative error of a function's values. */
export function valueError(value: (...args: number[]) => number, rows: ValueRows): number {
  return Math.max(...rows.map((row) => relative(value(...row.slice(0, -1)), row.at(-1)!)));
}

/** How far a value is from what it should be, in units of that; infinite for NaN, so that no comparison passes it. */
export function relative(actual: number, expected: number): number {
  if (actual === expected) return 0;
  const error = Math.abs(actual - expected) / Math.abs(expected);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

/** Matches the error for wrong arguments. */
export const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
