import { readFileSync } from "node:fs";

type Triple = readonly [precision: number, recall: number, f1: number];
type Averages = { readonly [K in `${"macro" | "micro" | "weighted"}${0 | 1}`]: Triple };

interface BinaryCase extends Averages {
  readonly name: string;
  readonly labels: readonly number[];
  readonly scores: readonly number[];
  readonly accuracy: number;
  readonly balancedAccuracy: number;
  readonly matthewsCorrelation: number;
  readonly binary0: Triple;
  readonly binary1: Triple;
  readonly averagePrecision?: number;
  readonly rocAuc?: number;
  readonly ksStatistic?: number;
  readonly rocCurve?: readonly [fpr: readonly number[], tpr: readonly number[], thresholds: readonly number[]];
  readonly logLoss?: number;
  readonly brierScore?: number;
  readonly calibration?: readonly {
    readonly strategy: "uniform" | "quantile";
    readonly bins: number;
    readonly rate: readonly number[];
    readonly mean: readonly number[];
    readonly counts: readonly number[];
    readonly error: number;
  }[];
}

interface MulticlassCase extends Averages {
  readonly name: string;
  readonly labels: readonly (string | number)[];
  readonly predictions: readonly (string | number)[];
  readonly classes: readonly (string | number)[];
  readonly confusionMatrix: readonly (readonly number[])[];
  readonly accuracy: number;
  readonly balancedAccuracy: number;
  readonly matthewsCorrelation: number;
  readonly each: { readonly [K in "precision" | "recall" | "f1" | "support"]: readonly number[] };
  readonly order?: readonly (string | number)[];
  readonly probabilities?: readonly (readonly number[])[];
  readonly logLoss?: number;
  readonly macroAuc?: number;
  readonly weightedAuc?: number;
}

interface RegressionCase {
  readonly name: string;
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  readonly meanError: number;
  readonly meanAbsoluteError: number;
  readonly meanSquaredError: number;
  readonly rootMeanSquaredError: number;
  readonly meanAbsolutePercentageError: number;
  readonly symmetricMeanAbsolutePercentageError: number;
  readonly medianAbsoluteError: number;
  readonly pinballLoss: readonly (readonly [quantile: number, loss: number])[];
  readonly r2Score?: number;
  readonly intervals?: {
    readonly [K in "meanError" | "meanAbsoluteError" | "meanSquaredError"]: readonly [number, number];
  };
}

interface DeLongCase {
  readonly name: string;
  readonly labels: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly aucA: number;
  readonly aucB: number;
  readonly difference: number;
  readonly standardError: number;
  readonly statistic: number;
  readonly pValue: number;
  readonly interval: readonly [number, number];
  readonly intervalA: readonly [number, number];
}

interface Reference {
  readonly binary: readonly BinaryCase[];
  readonly multiclass: readonly MulticlassCase[];
  readonly regression: readonly RegressionCase[];
  readonly deLong: readonly DeLongCase[];
  readonly wilson: readonly { readonly successes: number; readonly n: number; readonly interval: readonly [number, number] }[];
}

/** Values of scikit-learn, NumPy and SciPy; `scripts/reference-stats/metrics.py` writes them, with versions and seed. */
export const reference = JSON.parse(
  readFileSync(new URL("../../reference/stats/metrics.json", import.meta.url), "utf8"),
) as Reference;

/** Whether a number is what it should be to 10 digits; below 1e-5, to 15 places. */
export function agrees(actual: number, expected: number): boolean {
  return actual === expected || Math.abs(actual - expected) <= 1e-10 * Math.max(Math.abs(expected), 1e-5);
}
