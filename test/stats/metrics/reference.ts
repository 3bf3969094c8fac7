import { readFileSync } from "node:fs";
import { uniforms } from "../uniforms.ts";

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

/** How the rows of a case with too many of them are made, as `scripts/reference-stats/metrics.py` does. */
const MAKERS = {
  binary: (n: number, seed: number) => {
    const [u, v] = [uniforms(n, seed), uniforms(n, seed + 1)];
    const labels = Array.from(u, (value) => (value < 0.3 ? 1 : 0));
    return { labels, scores: labels.map((label, i) => Math.floor((0.25 * label + 0.75 * v[i]!) * 10_000) / 10_000) };
  },
  multiclass: (n: number, seed: number) => {
    const labels = Array.from(uniforms(n, seed), (value) => Math.floor(value * 3));
    const noise = [0, 1, 2].map((k) => uniforms(n, seed + 1 + k));
    const probabilities = labels.map((label, i) => {
      const weights = noise.map((values, k) => values[i]! + 0.5 * (label === k ? 1 : 0));
      const sum = weights[0]! + weights[1]! + weights[2]!;
      return weights.map((weight) => weight / sum);
    });
    return { labels, probabilities, predictions: probabilities.map((row) => row.indexOf(Math.max(...row))) };
  },
  regression: (n: number, seed: number) => {
    const labels = Array.from(uniforms(n, seed), (value) => 100 * value);
    const noise = uniforms(n, seed + 1);
    return { labels, predictions: labels.map((label, i) => label + 10 * (noise[i]! - 0.5)) };
  },
  deLong: (n: number, seed: number) => {
    const [u, v, w] = [uniforms(n, seed), uniforms(n, seed + 1), uniforms(n, seed + 2)];
    const labels = Array.from(u, (value) => (value < 0.4 ? 1 : 0));
    return {
      labels,
      a: labels.map((label, i) => Math.floor((0.3 * label + v[i]!) * 1000)),
      b: labels.map((label, i) => Math.floor((0.303 * label + 0.2 * v[i]! + 0.8 * w[i]!) * 1000)),
    };
  },
} as const;

interface Made {
  readonly n: number;
  readonly seed: number;
}

function withRows(document: Reference & { readonly [K in keyof typeof MAKERS]: readonly (object | Made)[] }): Reference {
  const made = Object.entries(MAKERS).map(([area, make]) => {
    const cases = document[area as keyof typeof MAKERS];
    return [area, cases.map((found) => ("seed" in found ? { ...found, ...make(found.n, found.seed) } : found))] as const;
  });
  return { ...document, ...Object.fromEntries(made) };
}

/** Values of scikit-learn, NumPy and SciPy; `scripts/reference-stats/metrics.py` writes them, with versions and seed. */
export const reference = withRows(
  JSON.parse(readFileSync(new URL("../../reference/stats/metrics.json", import.meta.url), "utf8")),
);

/** Whether a number is what it should be to 10 digits; below 1e-5, to 15 places. */
export function agrees(actual: number, expected: number): boolean {
  return actual === expected || Math.abs(actual - expected) <= 1e-10 * Math.max(Math.abs(expected), 1e-5);
}
