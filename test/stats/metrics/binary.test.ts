import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import {
  accuracy,
  averagePrecision,
  balancedAccuracy,
  brierScore,
  calibrationCurve,
  confusionMatrix,
  expectedCalibrationError,
  f1,
  gini,
  ksStatistic,
  logLoss,
  matthewsCorrelation,
  precision,
  recall,
  rocAuc,
  rocCurve,
} from "../../../src/stats/index.ts";
import { agrees, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

/** Labels and scores with ties; both classes. */
const rows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 6 })), { minLength: 2, maxLength: 40 })
  .filter((pairs) => new Set(pairs.map(([label]) => label)).size === 2)
  .map((pairs) => ({ labels: pairs.map(([label]) => label), scores: pairs.map(([, score]) => score) }));

/** Enough rows for the radix sort. */
function manyRows(n: number) {
  const random = seeded(7);
  const labels = Uint8Array.from({ length: n }, () => (random.next() < 0.3 ? 1 : 0));
  const scores = Float64Array.from(labels, (label) => label + randomNormal(random));
  return { labels, scores };
}

describe.each(reference.binary)("binary metrics of $name", (expected) => {
  const { labels, scores } = expected;
  const predictions = scores.map((score) => (score >= 0.5 ? 1 : 0));

  it("agree with scikit-learn on predictions", () => {
    expect(accuracy(labels, predictions)).toSatisfy((value: number) => agrees(value, expected.accuracy));
    expect(balancedAccuracy(labels, predictions)).toSatisfy((value: number) => agrees(value, expected.balancedAccuracy));
    expect(matthewsCorrelation(labels, predictions)).toSatisfy((value: number) => agrees(value, expected.matthewsCorrelation));
    for (const average of ["binary", "macro", "micro", "weighted"] as const) {
      for (const zeroDivision of [0, 1] as const) {
        const found = [precision, recall, f1].map((metric) => metric(labels, predictions, { average, zeroDivision }));
        const wanted = expected[`${average}${zeroDivision}`];
        expect(found, `${average}, ${zeroDivision}`).toSatisfy(() => found.every((value, i) => agrees(value, wanted[i]!)));
      }
    }
  });

  it("agree with scikit-learn on scores", () => {
    const check = (metric: (labels: readonly number[], scores: readonly number[]) => number, value: number | undefined) => {
      if (value === undefined) expect(() => metric(labels, scores)).toThrow(invalid);
      else expect(metric(labels, scores), metric.name).toSatisfy((found: number) => agrees(found, value));
    };
    check(rocAuc, expected.rocAuc);
    check(gini, expected.rocAuc === undefined ? undefined : 2 * expected.rocAuc - 1);
    check(ksStatistic, expected.ksStatistic);
    check(averagePrecision, expected.averagePrecision);
    if (expected.rocCurve) {
      const curve = rocCurve(labels, scores);
      expect(curve.thresholds[0]).toBe(Number.POSITIVE_INFINITY);
      expect([...curve.thresholds.subarray(1)]).toEqual(expected.rocCurve[2].map((score) => score + 0));
      expect([...curve.falsePositiveRates].every((value, i) => agrees(value, expected.rocCurve![0][i]!))).toBe(true);
      expect([...curve.truePositiveRates].every((value, i) => agrees(value, expected.rocCurve![1][i]!))).toBe(true);
    }
  });

  it.runIf(expected.calibration)("agree with scikit-learn on probabilities", () => {
    expect(logLoss(labels, scores)).toSatisfy((value: number) => agrees(value, expected.logLoss!));
    expect(brierScore(labels, scores)).toSatisfy((value: number) => agrees(value, expected.brierScore!));
    for (const { strategy, bins, rate, mean, counts, error } of expected.calibration!) {
      const curve = calibrationCurve(labels, scores, { strategy, bins });
      expect(curve.map(({ count }) => count)).toEqual(counts);
      expect(curve.every(({ positiveRate }, i) => agrees(positiveRate, rate[i]!))).toBe(true);
      expect(curve.every(({ meanProbability }, i) => agrees(meanProbability, mean[i]!))).toBe(true);
      expect(curve.every(({ interval: [low, high], positiveRate }) => low <= positiveRate && positiveRate <= high)).toBe(true);
      const found = expectedCalibrationError(labels, scores, { strategy, bins });
      expect(found).toSatisfy((value: number) => agrees(value, error) || Math.abs(value - error) < 1e-15);
    }
  });
});

describe("ranking metrics", () => {
  it("depend on the order of scores alone, and turn around with the labels", () => {
    fc.assert(
      fc.property(rows, ({ labels, scores }) => {
        const stretched = scores.map((score) => (score === 0 ? Number.NEGATIVE_INFINITY : score === 6 ? Infinity : score ** 3));
        for (const metric of [rocAuc, gini, ksStatistic, averagePrecision]) {
          expect(metric(labels, stretched)).toBe(metric(labels, scores));
        }
        const opposite = labels.map((label) => 1 - label);
        expect(rocAuc(opposite, scores)).toBeCloseTo(1 - rocAuc(labels, scores), 14);
        expect(ksStatistic(opposite, scores)).toBe(ksStatistic(labels, scores));
      }),
    );
  });

  it("take 0 and -0 for one score", () => {
    expect(rocAuc([0, 1], [0, -0])).toBe(0.5);
    expect(rocCurve([0, 1], [-0, 0]).thresholds).toHaveLength(2);
  });

  it("equal their definitions over thousands of rows", () => {
    const { labels, scores } = manyRows(5000);
    const above = [...scores].filter((_, i) => labels[i] === 1);
    const below = Float64Array.from([...scores].filter((_, i) => labels[i] === 0)).sort();
    let wins = 0;
    for (const score of above) wins += below.findLastIndex((other) => other < score) + 1;
    expect(rocAuc(labels, scores)).toBeCloseTo(wins / above.length / below.length, 13);
    const { falsePositiveRates, truePositiveRates } = rocCurve(labels, scores);
    const gaps = truePositiveRates.map((rate, i) => Math.abs(rate - falsePositiveRates[i]!));
    expect(ksStatistic(labels, scores)).toBeCloseTo(Math.max(...gaps), 13);
  });

  it("give the same for every kind of array", () => {
    const labels = [0, 1, 1, 0, 1];
    const scores = [0.125, 0.5, 0.25, 0.25, 1];
    for (const metric of [rocAuc, averagePrecision, logLoss, brierScore, expectedCalibrationError]) {
      const plain = metric(labels, scores);
      expect(metric(Uint8Array.from(labels), Float32Array.from(scores))).toBe(plain);
      expect(metric(Float64Array.from(labels), Float64Array.from(scores))).toBe(plain);
    }
  });
});

describe("confusionMatrix", () => {
  it("counts all rows, and gives precision, recall, F1 and Matthews' correlation by their formulas", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 30 }), (pairs) => {
        const labels = pairs.map(([label]) => Number(label));
        const predictions = pairs.map(([, prediction]) => Number(prediction));
        const {
          truePositives: tp,
          falsePositives: fp,
          trueNegatives: tn,
          falseNegatives: fn,
        } = confusionMatrix(labels, predictions);
        expect(tp + fp + tn + fn).toBe(pairs.length);
        expect(precision(labels, predictions)).toBe(tp + fp === 0 ? 0 : tp / (tp + fp));
        expect(recall(labels, predictions)).toBe(tp + fn === 0 ? 0 : tp / (tp + fn));
        expect(f1(labels, predictions)).toBeCloseTo(tp + fp + fn === 0 ? 0 : (2 * tp) / (2 * tp + fp + fn), 14);
        const scale = Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));
        expect(matthewsCorrelation(labels, predictions)).toBeCloseTo(scale === 0 ? 0 : (tp * tn - fp * fn) / scale, 14);
      }),
    );
  });
});

describe("precision, recall and f1", () => {
  it("know which class is the positive one", () => {
    const labels = ["spam", "ham", "spam", "ham"];
    const predictions = ["spam", "spam", "spam", "ham"];
    expect(precision(labels, predictions, { positive: "spam" })).toBe(2 / 3);
    expect(precision(labels, predictions, { positive: "ham" })).toBe(1);
    expect(recall(labels, predictions, { positive: "ham" })).toBe(0.5);
  });

  it("refuse to guess it, and more than two classes without an average", () => {
    expect(() => precision(["a", "b"], ["a", "b"])).toThrow(invalid);
    expect(() => f1([0, 1, 2], [0, 1, 2])).toThrow(invalid);
    expect(f1([0, 1, 2], [0, 1, 2], { average: "macro" })).toBe(1);
    expect(recall(["a", "a"], ["a", "a"])).toBe(0);
    expect(recall(["a", "a"], ["a", "a"], { zeroDivision: 1 })).toBe(1);
    expect(() => precision([0, 1], [0, 1], { average: "samples" as "macro" })).toThrow(misconfigured);
    expect(() => precision([0, 1], [0, 1], { zeroDivision: Number.NaN as 0 })).toThrow(misconfigured);
  });
});

describe("calibration", () => {
  it("closes bins on the right, and keeps 0 and 1", () => {
    const curve = calibrationCurve([0, 0, 1, 1], [0, 0.2, 0.200001, 1], { bins: 5 });
    expect(curve.map(({ low, high, count }) => [low, high, count])).toEqual([
      [0, 0.2, 2],
      [0.2, 0.4, 1],
      [0.8, 1, 1],
    ]);
  });

  it("finds no error where the frequency is the probability, and all of it where it is the opposite", () => {
    expect(expectedCalibrationError([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5])).toBe(0);
    expect(expectedCalibrationError([0, 1], [1, 0])).toBe(1);
  });

  it("refuses bins that are none", () => {
    for (const bins of [0, 1.5, -1, 1e9]) expect(() => expectedCalibrationError([0], [0], { bins })).toThrow(misconfigured);
    expect(() => calibrationCurve([0], [0], { confidence: 1 })).toThrow(misconfigured);
  });
});

describe("binary inputs", () => {
  const ranking = [rocAuc, gini, ksStatistic, averagePrecision, rocCurve];
  const probabilistic = [logLoss, brierScore, calibrationCurve, expectedCalibrationError];

  it("are refused without rows, of unequal lengths, with other labels, with NaN, and with text that looks like numbers", () => {
    for (const metric of [...ranking, ...probabilistic, confusionMatrix]) {
      expect(() => metric([], [])).toThrow(invalid);
      expect(() => metric([0, 1], [0])).toThrow(invalid);
      expect(() => metric([0, 2], [0, 1])).toThrow(invalid);
      expect(() => metric([0, 1], [0, Number.NaN])).toThrow(invalid);
      expect(() => metric([0, 1], [0, "1" as unknown as number])).toThrow(invalid);
      expect(() => metric(["0" as unknown as number, 1], [0, 1])).toThrow(invalid);
      expect(() => metric(new Array<number>(2), [0, 1])).toThrow(invalid);
    }
    for (const metric of probabilistic) expect(() => metric([0, 1], [0, 1.1])).toThrow(invalid);
    for (const metric of ranking.slice(0, 3)) expect(() => metric([1, 1], [0.1, 0.2])).toThrow(invalid);
    expect(() => averagePrecision([0, 0], [0.1, 0.2])).toThrow(invalid);
  });

  it("are left as they are", () => {
    const labels = [1, 0, 1];
    const scores = Float64Array.of(0.9, 0.1, 0.5);
    rocAuc(labels, scores);
    calibrationCurve(labels, scores, { strategy: "quantile" });
    expect([labels, [...scores]]).toEqual([
      [1, 0, 1],
      [0.9, 0.1, 0.5],
    ]);
  });
});
