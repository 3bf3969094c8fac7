import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { accuracy, brierScore, confusionMatrix, logLoss, quantile, rocAuc } from "../../src/stats/index.ts";
import { greatestError, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const { labels, probabilities, predictions, ...expected } = reference.classification;

describe("classification metrics", () => {
  it("agree with scikit-learn", () => {
    const pairs = [
      [rocAuc(labels, probabilities), expected.rocAuc],
      [logLoss(labels, probabilities), expected.logLoss],
      [brierScore(labels, probabilities), expected.brierScore],
      [accuracy(labels, predictions), expected.accuracy],
    ] as const;
    expect(greatestError(pairs)).toBeLessThan(1e-12);
    expect(confusionMatrix(labels, predictions)).toEqual(expected.confusionMatrix);
  });

  it("take typed arrays", () => {
    expect(rocAuc(Uint8Array.of(0, 1, 1), Float32Array.of(0.1, 0.2, 0.05))).toBe(0.5);
  });

  it("keep a certain and wrong prediction finite", () => {
    expect(logLoss([1], [0])).toBeCloseTo(-Math.log(2 ** -52), 12);
    expect(logLoss([0, 1], [0, 1])).toBeCloseTo(0, 14);
  });

  it("refuse other labels, no rows, NaN, unequal lengths and improbable probabilities", () => {
    expect(accuracy([0, 2], [0, 1])).toBe(0.5);
    for (const metric of [rocAuc, logLoss, brierScore, confusionMatrix, accuracy]) {
      if (metric !== accuracy) expect(() => metric([0, 2], [0, 1])).toThrow(invalid);
      expect(() => metric([], [])).toThrow(invalid);
      expect(() => metric([0, 1], [0, Number.NaN])).toThrow(invalid);
      expect(() => metric([0, 1], [0])).toThrow(invalid);
    }
    expect(() => logLoss([0], [1.5])).toThrow(invalid);
    expect(() => brierScore([0], [-0.5])).toThrow(invalid);
    expect(() => rocAuc([1, 1], [0.2, 0.3])).toThrow(invalid);
  });
});

describe("rocAuc", () => {
  it("is the share of pairs in the right order, ties counting half", () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 5 })), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(rows, (pairs) => {
        const scoresOf = (label: number) => pairs.filter(([given]) => given === label).map(([, score]) => score);
        const [negatives, positives] = [scoresOf(0), scoresOf(1)];
        fc.pre(negatives.length > 0 && positives.length > 0);
        const wins = positives.flatMap((p) => negatives.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
        const auc = rocAuc(
          pairs.map(([label]) => label),
          pairs.map(([, score]) => score),
        );
        expect(auc).toBeCloseTo(wins.reduce((sum: number, win) => sum + win, 0) / wins.length, 14);
      }),
    );
  });
});

describe("quantile", () => {
  it("equals numpy to the last bit", () => {
    const { values, cases } = reference.quantile;
    expect(cases.map(({ q }) => quantile(values, q))).toEqual(cases.map(({ value }) => value));
  });

  it("stays finite over the whole range of doubles, and leaves the sample as it is", () => {
    const values = [Number.MAX_VALUE, -Number.MAX_VALUE];
    expect(quantile(values, 0.5)).toBe(0);
    expect(values).toEqual([Number.MAX_VALUE, -Number.MAX_VALUE]);
  });

  it("refuses NaN, infinities, no values, and a q outside of [0, 1]", () => {
    for (const values of [[Number.NaN], [Number.POSITIVE_INFINITY], []]) expect(() => quantile(values, 0.5)).toThrow(invalid);
    for (const q of [-0.1, 1.1, Number.NaN]) expect(() => quantile([1], q)).toThrow(invalid);
  });
});
