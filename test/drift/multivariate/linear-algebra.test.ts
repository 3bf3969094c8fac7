import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import { aucVariance } from "../../../src/drift/multivariate/auc-variance.ts";
import { factorCholesky, solveCholesky } from "../../../src/drift/multivariate/cholesky.ts";
import { fitLogisticRegression } from "../../../src/drift/multivariate/logistic-regression.ts";
import {
  componentsFor,
  principalComponents,
  reconstructionErrors,
} from "../../../src/drift/multivariate/principal-components.ts";
import { symmetricEigen } from "../../../src/drift/multivariate/symmetric-eigen.ts";
import { greatestGap, matrixOf, reference } from "./reference.ts";

describe("factorCholesky", () => {
  it("solves a system that can be solved by hand, and refuses a matrix that is not positive definite", () => {
    const factor = Float64Array.of(4, 99, 2, 5);
    expect(factorCholesky(factor, 2)).toBe(true);
    const right = Float64Array.of(8, 9);
    solveCholesky(factor, 2, right);
    expect(greatestGap(right, [1.375, 1.25])).toBeLessThan(1e-15);
    expect(factorCholesky(Float64Array.of(1, 2, 2, 4), 2)).toBe(false);
    expect(factorCholesky(Float64Array.of(Number.NaN), 1)).toBe(false);
  });
});

describe("symmetricEigen", () => {
  /** Symmetric, of the given rank at most. */
  const symmetric = (n: number, rank: number, seed: number) => {
    const random = seeded(seed);
    const factors = Array.from({ length: rank }, (_, k) => ({
      sign: k % 2 === 0 ? 1 : -1,
      v: Float64Array.from({ length: n }, () => randomNormal(random)),
    }));
    return Float64Array.from({ length: n * n }, (_, at) =>
      factors.reduce((sum, { sign, v }) => sum + sign * v[Math.floor(at / n)]! * v[at % n]!, 0),
    );
  };

  it("finds orthonormal vectors that the matrix only stretches, greatest values first, of any rank", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 }), fc.nat(), (n, rank, seed) => {
        const matrix = symmetric(n, rank, seed);
        const { values, vectors } = symmetricEigen(matrix, n);
        const scale = 1e-13 * n * (1 + Math.max(...matrix.map(Math.abs)));
        for (let i = 0; i < n; i++) {
          if (i > 0) expect(values[i]!).toBeLessThanOrEqual(values[i - 1]!);
          for (let j = 0; j < n; j++) {
            let product = 0;
            let inner = 0;
            for (let k = 0; k < n; k++) {
              product += matrix[j * n + k]! * vectors[i * n + k]!;
              inner += vectors[j * n + k]! * vectors[i * n + k]!;
            }
            expect(Math.abs(product - values[i]! * vectors[i * n + j]!)).toBeLessThan(scale);
            expect(Math.abs(inner - (i === j ? 1 : 0))).toBeLessThan(1e-13 * n);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("leaves its input as it is, and knows diagonal, equal and no values", () => {
    const matrix = Float64Array.of(1, 0, 0, 3);
    expect([...symmetricEigen(matrix, 2).values]).toEqual([3, 1]);
    expect([...matrix]).toEqual([1, 0, 0, 3]);
    expect([...symmetricEigen(Float64Array.of(2, 0, 0, 0, 2, 0, 0, 0, 2), 3).values]).toEqual([2, 2, 2]);
    expect(greatestGap(symmetricEigen(Float64Array.of(0, 1, 1, 0), 2).values, [1, -1])).toBeLessThan(1e-15);
    expect(symmetricEigen(new Float64Array(0), 0).values).toHaveLength(0);
  });
});

describe("fitLogisticRegression", () => {
  it("agrees with scikit-learn's LogisticRegression", () => {
    for (const { x, labels, l2, coefficients, intercept } of reference.logistic) {
      const model = fitLogisticRegression(matrixOf(x), labels, l2);
      expect(greatestGap(model.coefficients, coefficients)).toBeLessThan(1e-6);
      expect(Math.abs(model.intercept - intercept)).toBeLessThan(1e-6);
    }
  });

  it("finds the same minimum from a fit to other rows, however unlike they are", () => {
    for (const { x, labels, l2, coefficients } of reference.logistic) {
      const opposite = labels.map((label) => 1 - label);
      const start = fitLogisticRegression(matrixOf(x.slice(0, 50)), opposite.slice(0, 50), 1e-3, 1e-3);
      const model = fitLogisticRegression(matrixOf(x), labels, l2, 1e-9, start);
      expect(greatestGap(model.coefficients, coefficients)).toBeLessThan(1e-6);
    }
  });

  it("stays finite where a column tells the labels apart", () => {
    const labels = [0, 0, 0, 1, 1, 1];
    const x = matrixOf(labels.map((label) => [label * 10]));
    const { coefficients, intercept } = fitLogisticRegression(x, labels, 1e-6);
    expect(coefficients[0]).toBeGreaterThan(1);
    expect(intercept / coefficients[0]!).toBeCloseTo(-5, 6);
  });

  it("fits the intercept alone without columns", () => {
    const model = fitLogisticRegression({ data: new Float64Array(0), rows: 4, columns: 0 }, [1, 0, 0, 0], 1);
    expect(model.intercept).toBeCloseTo(Math.log(1 / 3), 8);
  });
});

describe("principalComponents", () => {
  it("agrees with scikit-learn's PCA: variances, components up to sign, and reconstruction errors", () => {
    for (const { x, fresh, kept, variances, components, errors } of reference.pca) {
      const model = principalComponents(matrixOf(x));
      expect(greatestGap(model.variances.subarray(0, variances.length), variances)).toBeLessThan(1e-12);
      components.forEach((component, k) => {
        const own = model.components.subarray(k * component.length, (k + 1) * component.length);
        const sign = own.reduce((sum, value, j) => sum + value * component[j]!, 0) < 0 ? -1 : 1;
        expect(
          greatestGap(
            own.map((value) => sign * value),
            component,
          ),
        ).toBeLessThan(1e-10);
      });
      expect(greatestGap(reconstructionErrors(model, kept, matrixOf(fresh)), errors)).toBeLessThan(1e-12);
    }
  });

  it("keeps as few components as hold the share, and none where nothing varies", () => {
    const model = principalComponents(
      matrixOf([
        [3, 0, 7],
        [-3, 0, 7],
        [0, 1, 7],
        [0, -1, 7],
      ]),
    );
    expect([0.1, 0.9, 0.91, 1].map((share) => componentsFor(model, share))).toEqual([1, 1, 2, 2]);
    expect(
      componentsFor(
        principalComponents(
          matrixOf([
            [1, 2],
            [1, 2],
          ]),
        ),
        0.5,
      ),
    ).toBe(0);
  });
});

describe("aucVariance", () => {
  it("agrees with DeLong's placement values, counted pair by pair", () => {
    for (const { positives, negatives, auc, variance } of reference.delong) {
      const found = aucVariance(positives, negatives);
      expect(found.auc).toBeCloseTo(auc, 13);
      expect(found.variance).toBeCloseTo(variance, 13);
    }
  });

  it("knows the variance over all orders of the labels, ties or not", () => {
    const scores = [1, 2, 2, 3, 5, 5, 5, 8];
    const areas: number[] = [];
    for (let mask = 0; mask < 2 ** scores.length; mask++) {
      const chosen = scores.filter((_, i) => (mask >> i) & 1);
      if (chosen.length === 3)
        areas.push(
          aucVariance(
            chosen,
            scores.filter((_, i) => !((mask >> i) & 1)),
          ).auc,
        );
    }
    const variance = areas.reduce((sum, auc) => sum + (auc - 0.5) ** 2, 0) / areas.length;
    expect(aucVariance(scores.slice(0, 3), scores.slice(3)).nullVariance).toBeCloseTo(variance, 13);
  });

  it("is never sure of samples that lie apart, and knows nothing of scores that are all equal", () => {
    const apart = aucVariance([5, 6, 7], [1, 2]);
    expect(apart.auc).toBe(1);
    expect(apart.variance).toBeGreaterThan(0);
    expect(aucVariance([4, 4], [4, 4, 4])).toMatchObject({ auc: 0.5, nullVariance: 0 });
  });
});
