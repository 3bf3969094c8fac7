import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectedConfusion, expectedMetrics } from "../../../src/drift/performance/expected-metrics.ts";
import { rocAuc } from "../../../src/stats/metrics/roc-auc.ts";

const rows = fc.array(
  fc.record({
    probability: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    prediction: fc.integer({ min: 0, max: 1 }),
    score: fc.integer({ min: 0, max: 6 }),
  }),
  { minLength: 2, maxLength: 12 },
);

const split = (items: readonly { probability: number; prediction: number; score: number }[]) =>
  [
    Float64Array.from(items, ({ probability }) => probability),
    Uint8Array.from(items, ({ prediction }) => prediction),
    Float64Array.from(items, ({ score }) => score),
  ] as const;

describe("expectedMetrics", () => {
  it("is what labels show when they are given for probabilities", () => {
    const [labels, predictions, scores] = [
      [1, 0, 1, 1, 0, 0],
      [1, 1, 0, 1, 0, 0],
      [0.9, 0.6, 0.4, 0.6, 0.1, 0.2],
    ];
    const metrics = expectedMetrics(Float64Array.from(labels), Uint8Array.from(predictions), Float64Array.from(scores));
    expect(metrics.accuracy.value).toBeCloseTo(4 / 6, 14);
    expect(metrics.precision?.value).toBeCloseTo(2 / 3, 14);
    expect(metrics.recall.value).toBeCloseTo(2 / 3, 14);
    expect(metrics.f1.value).toBeCloseTo(2 / 3, 14);
    expect(metrics.rocAuc.value).toBeCloseTo(rocAuc(labels, scores), 14);
  });

  it("takes for AUC the expected pairs won over the expected pairs, as over all labels", () => {
    fc.assert(
      fc.property(
        fc.array(
          rows.map((items) => items[0]!),
          { minLength: 2, maxLength: 7 },
        ),
        (items) => {
          const [probabilities, predictions, scores] = split(items);
          let wins = 0;
          let pairs = 0;
          for (let mask = 1; mask < 2 ** items.length - 1; mask++) {
            const labels = items.map((_, i) => (mask >> i) & 1);
            const chance = labels.reduce((product, label, i) => product * (label ? probabilities[i]! : 1 - probabilities[i]!), 1);
            const positives = labels.reduce((a, b) => a + b, 0);
            const both = positives * (labels.length - positives);
            wins += chance * both * rocAuc(labels, scores);
            pairs += chance * both;
          }
          expect(expectedMetrics(probabilities, predictions, scores).rocAuc.value).toBeCloseTo(wins / pairs, 11);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("has the gradients that small steps of the probabilities show", () => {
    fc.assert(
      fc.property(rows, (items) => {
        const [probabilities, predictions, scores] = split(items);
        const step = 1e-6;
        for (const name of ["accuracy", "precision", "recall", "f1", "rocAuc"] as const) {
          const gradient = expectedMetrics(probabilities, predictions, scores)[name]?.gradient;
          gradient?.forEach((slope, i) => {
            const at = (move: number) => {
              const moved = probabilities.slice();
              moved[i]! += move;
              return expectedMetrics(moved, predictions, scores)[name]!.value;
            };
            expect(Math.abs((at(step) - at(-step)) / (2 * step) - slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  it("does not define precision without positive predictions; counts add up to the rows", () => {
    const probabilities = Float64Array.of(0.2, 0.7);
    const metrics = expectedMetrics(probabilities, Uint8Array.of(0, 0), Float64Array.of(1, 2));
    expect(metrics.precision).toBeNull();
    expect(metrics.recall.value).toBe(0);
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = expectedConfusion(
      probabilities,
      Uint8Array.of(0, 1),
    );
    expect([truePositives, falsePositives, falseNegatives, trueNegatives].map((count) => count.toFixed(12))).toEqual(
      [0.7, 0.3, 0.2, 0.8].map((count) => count.toFixed(12)),
    );
  });
});
