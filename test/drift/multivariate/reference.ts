import { readFileSync } from "node:fs";
import type { Matrix } from "../../../src/drift/multivariate/matrix.ts";

type Rows = readonly (readonly number[])[];

interface Reference {
  readonly logistic: readonly {
    readonly x: Rows;
    readonly labels: readonly number[];
    readonly l2: number;
    readonly coefficients: readonly number[];
    readonly intercept: number;
  }[];
  readonly pca: readonly {
    readonly x: Rows;
    readonly fresh: Rows;
    readonly kept: number;
    readonly variances: readonly number[];
    readonly components: Rows;
    readonly errors: readonly number[];
  }[];
  readonly isotonic: readonly {
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly weights: readonly number[];
    readonly fitted: readonly number[];
  }[];
  readonly delong: readonly {
    readonly positives: readonly number[];
    readonly negatives: readonly number[];
    readonly variance: number;
    readonly auc: number;
  }[];
}

/** Values of scikit-learn and NumPy; `scripts/reference-stats/multivariate.py` writes them, with versions and seed. */
export const reference = JSON.parse(
  readFileSync(new URL("../../reference/stats/multivariate.json", import.meta.url), "utf8"),
) as Reference;

export function matrixOf(rows: Rows): Matrix {
  return { data: Float64Array.from(rows.flat()), rows: rows.length, columns: rows[0]?.length ?? 0 };
}

/** The greatest distance of two lists, item by item. */
export function greatestGap(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return Math.max(
    actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY,
    ...Array.from(expected, (value, i) => Math.abs(actual[i]! - value)),
  );
}
