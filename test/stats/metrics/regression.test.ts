import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import {
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanError,
  meanSquaredError,
  medianAbsoluteError,
  pinballLoss,
  r2Score,
  regressionSummary,
  rootMeanSquaredError,
  symmetricMeanAbsolutePercentageError,
} from "../../../src/stats/index.ts";
import { agrees, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

const metrics = {
  meanError,
  meanAbsoluteError,
  meanSquaredError,
  rootMeanSquaredError,
  meanAbsolutePercentageError,
  symmetricMeanAbsolutePercentageError,
  medianAbsoluteError,
} as const;
const all = [...Object.values(metrics), pinballLoss, r2Score, regressionSummary];

describe.each(reference.regression)("regression metrics of $name", (expected) => {
  const { labels, predictions } = expected;

  it("agree with scikit-learn", () => {
    for (const [name, metric] of Object.entries(metrics)) {
      const wanted = expected[name as keyof typeof metrics];
      expect(metric(labels, predictions), name).toSatisfy((value: number) => agrees(value, wanted));
    }
    for (const [quantile, loss] of expected.pinballLoss) {
      expect(pinballLoss(labels, predictions, { quantile })).toSatisfy((value: number) => agrees(value, loss));
    }
    if (expected.r2Score === undefined) expect(() => r2Score(labels, predictions)).toThrow(invalid);
    else expect(r2Score(labels, predictions)).toSatisfy((value: number) => agrees(value, expected.r2Score!));
  });

  it("are in one summary, with intervals around them", () => {
    const summary = regressionSummary(labels, predictions);
    expect(summary.n).toBe(labels.length);
    expect(summary.zeroLabels).toBe(labels.filter((label) => label === 0).length);
    for (const name of Object.keys(metrics) as (keyof typeof metrics)[]) {
      const { value, interval, reason } = summary[name];
      if (name === "meanAbsolutePercentageError" && summary.zeroLabels > 0) expect(reason).toBe("zero_labels");
      else expect(value, name).toSatisfy((found: number) => agrees(found, expected[name]));
      if (interval !== null) expect(interval[0] <= value! && value! <= interval[1], name).toBe(true);
    }
    for (const [name, [low, high]] of Object.entries(expected.intervals ?? {})) {
      const { interval } = summary[name as "meanError"];
      expect(
        [interval![0] - low, interval![1] - high].every((gap) => Math.abs(gap) < 1e-9),
        name,
      ).toBe(true);
    }
    if (new Set(labels).size === 1) expect(summary.r2.reason).toBe(labels.length === 1 ? "too_few_rows" : "constant_labels");
    else expect(agrees(summary.r2.value!, expected.r2Score!)).toBe(true);
  });
});

describe("regression metrics", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  const pairs = fc.array(fc.tuple(finite, finite), { minLength: 2, maxLength: 12 });

  it("are never NaN, over the whole range of doubles", () => {
    fc.assert(
      fc.property(pairs, (drawn) => {
        const labels = drawn.map(([label]) => label);
        const predictions = drawn.map(([, prediction]) => prediction);
        const values = [...Object.values(metrics), pinballLoss, r2Score].map((metric) => metric(labels, predictions));
        const summary = Object.values(regressionSummary(labels, predictions)).flatMap((item: unknown) =>
          typeof item === "object" && item !== null && "value" in item && "interval" in item
            ? [item.value, ...((item.interval as readonly number[] | null) ?? [])]
            : [],
        );
        expect([...values, ...summary].some((value) => Number.isNaN(value))).toBe(false);
      }),
    );
  });

  it("scale with the unit of the data, to the ends of the range of doubles", () => {
    const labels = [3, -1, 7, 0.5];
    const predictions = [2.5, 0, 8, 0];
    for (const unit of [2 ** 1000, 2 ** 1019, 2 ** -300, 2 ** -1000]) {
      const scaled = [labels.map((value) => value * unit), predictions.map((value) => value * unit)] as const;
      for (const metric of [meanError, meanAbsoluteError, rootMeanSquaredError, medianAbsoluteError, pinballLoss]) {
        expect(metric(...scaled) / unit).toBeCloseTo(metric(labels, predictions), 12);
      }
      for (const metric of [symmetricMeanAbsolutePercentageError, r2Score]) {
        expect(metric(...scaled)).toBeCloseTo(metric(labels, predictions), 12);
      }
      const { r2, rootMeanSquaredError: root } = regressionSummary(...scaled);
      const plain = regressionSummary(labels, predictions);
      expect(r2.interval![0]).toBeCloseTo(plain.r2.interval![0], 10);
      expect(root.interval![1] / unit).toBeCloseTo(plain.rootMeanSquaredError.interval![1], 10);
    }
  });

  it("say infinity where a square is beyond the range of doubles, but not its root", () => {
    expect(meanSquaredError([1e200], [-1e200])).toBe(Number.POSITIVE_INFINITY);
    expect(rootMeanSquaredError([1e200], [-1e200])).toBeCloseTo(2e200, -190);
    expect(meanError([1e308, -1e308], [-1e308, 1e308])).toBe(0);
  });

  it("refuse no rows, unequal lengths, NaN, infinities and texts", () => {
    for (const metric of all) {
      expect(() => metric([], [])).toThrow(invalid);
      expect(() => metric([1, 2], [1])).toThrow(invalid);
      expect(() => metric([1, Number.NaN], [1, 2])).toThrow(invalid);
      expect(() => metric([1, 2], [1, Number.NEGATIVE_INFINITY])).toThrow(invalid);
      expect(() => metric([1, "2" as unknown as number], [1, 2])).toThrow(invalid);
    }
    expect(() => pinballLoss([1], [1], { quantile: 1.5 })).toThrow(misconfigured);
    expect(() => regressionSummary([1], [1], { confidence: 0 })).toThrow(misconfigured);
  });

  it("leave rows with label 0 out of the percentage error when told to", () => {
    expect(meanAbsolutePercentageError([0, 2, 4], [9, 1, 4], { zeroLabels: "skip" })).toBe(0.25);
    expect(meanAbsolutePercentageError([0, 2], [1, 2])).toBe(2 ** 51);
    expect(() => meanAbsolutePercentageError([0, 0], [1, 2], { zeroLabels: "skip" })).toThrow(invalid);
  });

  it("has no intervals for one row", () => {
    const { r2, ...summary } = regressionSummary([2], [5]);
    expect(summary.meanAbsoluteError).toEqual({ value: 3, interval: null, reason: null });
    expect(summary.rootMeanSquaredError).toEqual({ value: 3, interval: null, reason: null });
    expect(summary.medianAbsoluteError).toEqual({ value: 3, interval: null, reason: null });
    expect(r2).toEqual({ value: null, interval: null, reason: "too_few_rows" });
  });
});

describe("the intervals of regressionSummary", () => {
  it("hold the true value about as often as they say", () => {
    const random = seeded(11);
    const rounds = 400;
    const n = 120;
    // Labels of variance 4, errors of mean 0.5 and standard deviation 1.
    const truth = {
      meanError: 0.5,
      meanSquaredError: 1.25,
      rootMeanSquaredError: Math.sqrt(1.25),
      r2: 1 - 1.25 / 4,
      medianAbsoluteError: 0.762_239, // scipy.stats.foldnorm(0.5).median(), SciPy 1.10.1
      meanAbsoluteError: 0.895_593, // scipy.stats.foldnorm(0.5).mean(), SciPy 1.10.1
    };
    const hits = Object.fromEntries(Object.keys(truth).map((name) => [name, 0]));
    for (let round = 0; round < rounds; round++) {
      const labels = Float64Array.from({ length: n }, () => 2 * randomNormal(random));
      const summary = regressionSummary(
        labels,
        labels.map((label) => label + 0.5 + randomNormal(random)),
      );
      for (const [name, value] of Object.entries(truth)) {
        const [low, high] = summary[name as keyof typeof truth].interval!;
        if (low <= value && value <= high) hits[name]! += 1;
      }
    }
    for (const [name, count] of Object.entries(hits)) expect(count / rounds, name).toBeGreaterThan(0.91);
    for (const [name, count] of Object.entries(hits)) expect(count / rounds, name).toBeLessThan(0.985);
  });
});
