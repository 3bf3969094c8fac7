import { readFileSync } from "node:fs";

interface Reference {
  readonly chiSquaredSf: readonly { readonly x: number; readonly df: number; readonly sf: number }[];
  readonly kolmogorovSf: readonly { readonly x: number; readonly sf: number }[];
  readonly logGamma: readonly { readonly z: number; readonly value: number }[];
  readonly gammaQ: readonly { readonly a: number; readonly x: number; readonly value: number }[];
  readonly ksTest: readonly {
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly statistic: number;
    readonly location: number;
    readonly exact: number;
    readonly asymptotic: number;
  }[];
  readonly classification: {
    readonly labels: readonly number[];
    readonly probabilities: readonly number[];
    readonly predictions: readonly number[];
    readonly rocAuc: number;
    readonly logLoss: number;
    readonly brierScore: number;
    readonly accuracy: number;
    readonly confusionMatrix: object;
  };
  readonly mcNemarTest: readonly {
    readonly b: number;
    readonly c: number;
    readonly exact: number;
    readonly statistic: number;
    readonly asymptotic: number;
  }[];
  readonly benjaminiHochberg: { readonly pValues: readonly number[]; readonly adjusted: readonly number[] };
  readonly quantile: {
    readonly values: readonly number[];
    readonly cases: readonly { readonly q: number; readonly value: number }[];
  };
  readonly psi: {
    readonly reference: readonly number[];
    readonly current: readonly number[];
    readonly referenceCounts: readonly number[];
    readonly currentCounts: readonly number[];
    readonly psi: number;
    readonly psiDebiased: number;
    readonly pValue: number;
  };
}

/** Values of SciPy, scikit-learn, NumPy and mpmath; `scripts/reference-stats.py` writes them, with versions and seed. */
export const reference = JSON.parse(readFileSync(new URL("../reference/stats.json", import.meta.url), "utf8")) as Reference;

/** The greatest relative error of pairs of a value and what it should be. */
export function greatestError(pairs: readonly (readonly [actual: number, expected: number])[]): number {
  return Math.max(...pairs.map(([actual, expected]) => (actual === expected ? 0 : Math.abs(actual / expected - 1))));
}
