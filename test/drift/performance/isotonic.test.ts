import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Calibrator } from "../../../src/drift/performance/calibrator.ts";
import { type PooledBlock, poolViolators } from "../../../src/drift/performance/isotonic.ts";
import { greatestGap, reference } from "../multivariate/reference.ts";

const valueAt = (blocks: readonly PooledBlock[], x: number) => blocks.find(({ first, last }) => first <= x && x <= last)!.value;

describe("poolViolators", () => {
  it("agrees with scikit-learn's IsotonicRegression, with weights and equal x", () => {
    for (const { x, y, weights, fitted } of reference.isotonic) {
      const blocks = poolViolators(x, y, weights);
      expect(
        greatestGap(
          x.map((at) => valueAt(blocks, at)),
          fitted,
        ),
      ).toBeLessThan(1e-12);
    }
  });

  it("gives blocks that grow and keep weight and mean, whatever the order of the points", () => {
    const point = fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -5, max: 5 }));
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 30 }), (points) => {
        const [x, y] = [points.map(([at]) => at), points.map(([, value]) => value)];
        const blocks = poolViolators(x, y);
        blocks.forEach(({ first, last, center, value }, k) => {
          expect(first <= center + 1e-12 && center <= last + 1e-12).toBe(true);
          if (k > 0) expect(first > blocks[k - 1]!.last && value > blocks[k - 1]!.value).toBe(true);
        });
        expect(blocks.reduce((sum, { weight }) => sum + weight, 0)).toBe(points.length);
        expect(blocks.reduce((sum, { weight, value }) => sum + weight * value, 0)).toBeCloseTo(
          y.reduce((a, b) => a + b, 0),
          9,
        );
        const turned = poolViolators(x.toReversed(), y.toReversed());
        expect(
          greatestGap(
            turned.map(({ value }) => value),
            blocks.map(({ value }) => value),
          ),
        ).toBeLessThan(1e-12);
      }),
    );
  });
});

describe("Calibrator", () => {
  it("rises with the score, and says neither 0 nor 1", () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.double({ min: -1e308, max: 1e308, noNaN: true }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 30, maxLength: 120 }), (rows) => {
        const calibrator = Calibrator.learn(
          rows.map(([label]) => label),
          rows.map(([, score]) => score),
        );
        const scores = rows.map(([, score]) => score).sort((a, b) => a - b);
        const { probabilities } = calibrator.apply(scores);
        probabilities.forEach((probability, i) => {
          expect(probability > 0 && probability < 1).toBe(true);
          if (i > 0) expect(probability).toBeGreaterThanOrEqual(probabilities[i - 1]! - 1e-15);
        });
        const restored = Calibrator.fromJSON(JSON.parse(JSON.stringify(calibrator)));
        expect(restored.apply(scores)).toEqual(calibrator.apply(scores));
      }),
    );
  });

  it("takes the share of positives where labels fall with the score", () => {
    const scores = Array.from({ length: 60 }, (_, i) => i);
    const { probabilities } = Calibrator.learn(
      scores.map((score) => (score < 20 ? 1 : 0)),
      scores,
    ).apply([-9, 30, 99]);
    expect(greatestGap(probabilities, [1 / 3, 1 / 3, 1 / 3])).toBeLessThan(1e-12);
  });
});
