import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import { leveneTest, proportionTest, welchTest } from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { INVALID_SAMPLES, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));
const infinite = [
  [1, 1 / 0, 2],
  [-1 / 0, 0, 1],
];

describe("welchTest", () => {
  it.each(reference.twoSamples)("agrees with SciPy and mpmath: $name", ({ a, b, welch, welchInterval: { df, low, high } }) => {
    for (const { alternative, statistic, pValue } of welch) {
      const found = welchTest(a, b, { alternative });
      expect(
        greatestError([
          [found.statistic, statistic],
          [found.pValue, pValue],
          [found.df, df],
          [found.interval[0], low],
          [found.interval[1], high],
        ]),
      ).toBeLessThan(1e-9);
    }
  });

  it("has an interval around the difference that excludes 0 where the p-value is below 1 less the confidence", () => {
    const number = fc.integer({ min: -50, max: 50 });
    const sample = fc.array(number, { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(sample, sample, fc.double({ min: 0.5, max: 0.999 }), (a, b, confidence) => {
        const { difference, interval, pValue } = welchTest(a, b, { confidence });
        expect(interval[0]).toBeLessThanOrEqual(difference);
        expect(interval[1]).toBeGreaterThanOrEqual(difference);
        fc.pre(Math.abs(pValue - (1 - confidence)) > 1e-9);
        expect(interval[0] > 0 || interval[1] < 0).toBe(pValue < 1 - confidence);
      }),
    );
  });

  it("does not change under a common unit, however great or small, and mirrors under swapped samples", () => {
    const a = [1, 2, 4, 8];
    const b = [2, 3, 5, 6, 11];
    const { statistic, pValue, interval } = welchTest(a, b);
    for (const unit of [1e-300, 1e-160, 1e-3, 1e5, 1e160, 1e306]) {
      const other = welchTest(
        a.map((x) => x * unit),
        b.map((x) => x * unit),
      );
      expect(
        greatestError([
          [other.statistic, statistic],
          [other.pValue, pValue],
          [other.interval[0], interval[0] * unit],
        ]),
      ).toBeLessThan(1e-12);
    }
    const back = welchTest(b, a);
    expect(back.statistic).toBe(-statistic);
    expect(back.interval[0]).toBeCloseTo(-interval[1], 13);
  });

  it("tells two constants apart or not", () => {
    expect(welchTest([0.1, 0.1, 0.1], [0.1, 0.1])).toEqual({ statistic: 0, pValue: 1, df: 3, difference: 0, interval: [0, 0] });
    expect(welchTest([3, 3], [1, 1])).toEqual({ statistic: 1 / 0, pValue: 0, df: 2, difference: 2, interval: [2, 2] });
    expect(welchTest([3, 3], [1, 1], { alternative: "less" }).pValue).toBe(1);
    expect(welchTest([3, 3], [1, 1], { alternative: "greater" }).pValue).toBe(0);
    expect(welchTest([3, 3], [1, 2]).pValue).toBeGreaterThan(0);
  });

  it("refuses fewer than two values, infinities and wrong options", () => {
    for (const values of [...INVALID_SAMPLES, ...infinite, [1]]) {
      expect(() => welchTest(values, [1, 2])).toThrow(invalid);
      expect(() => welchTest([1, 2], values)).toThrow(invalid);
    }
    expect(() => welchTest([1, 2], [1, 2], { confidence: 95 })).toThrow(misconfigured);
  });
});

describe("leveneTest", () => {
  it.each(reference.twoSamples)("agrees with SciPy: $name", ({ a, b, ...expected }) => {
    for (const center of ["median", "mean"] as const) {
      const found = leveneTest(a, b, { center });
      const { statistic, pValue } = expected[`levene ${center}`];
      expect(
        greatestError([
          [found.statistic, statistic],
          [found.pValue, pValue],
        ]),
      ).toBeLessThan(1e-8);
    }
    expect(leveneTest(a, b)).toEqual(leveneTest(a, b, { center: "median" }));
  });

  it("does not change under a moved sample or a common unit", () => {
    const a = [1, 2, 4, 8];
    const b = [2, 3, 5, 6, 30];
    const { statistic } = leveneTest(a, b);
    expect(
      leveneTest(
        a.map((x) => x + 1000),
        b,
      ).statistic,
    ).toBeCloseTo(statistic, 10);
    for (const unit of [1e-300, 1e200]) {
      expect(
        leveneTest(
          a.map((x) => x * unit),
          b.map((x) => x * unit),
        ).statistic,
      ).toBeCloseTo(statistic, 10);
    }
  });

  it("takes constants, and deviations that do not vary", () => {
    expect(leveneTest([0.1, 0.1, 0.1], [7, 7, 7])).toEqual({ statistic: 0, pValue: 1 });
    expect(leveneTest([0.1, 0.1, 0.3, 0.3], [5.1, 5.1, 5.3, 5.3])).toEqual({ statistic: 0, pValue: 1 });
    expect(leveneTest([0, 0, 2, 2], [5, 5, 5])).toEqual({ statistic: 1 / 0, pValue: 0 });
  });

  it("rejects 3 to 6.5 % of equal samples at 5 %, skewed ones too", () => {
    const random = seeded(23);
    const draw = (length: number) => Float64Array.from({ length }, () => Math.exp(randomNormal(random)));
    let rejected = 0;
    for (let run = 0; run < 1000; run++) if (leveneTest(draw(40), draw(60)).pValue < 0.05) rejected += 1;
    expect(rejected / 1000).toBeGreaterThan(0.03);
    expect(rejected / 1000).toBeLessThan(0.065);
  });

  it("refuses fewer than three values, infinities and wrong options", () => {
    for (const values of [...INVALID_SAMPLES, ...infinite, [1], [1, 2]]) {
      expect(() => leveneTest(values, [1, 2, 3])).toThrow(invalid);
      expect(() => leveneTest([1, 2, 3], values)).toThrow(invalid);
    }
    expect(() => leveneTest([1, 2, 3], [1, 2, 3], { center: "mode" as "mean" })).toThrow(misconfigured);
  });
});

describe("proportionTest", () => {
  it.each(reference.proportionTest)("agrees with SciPy and statsmodels: $a of $n, $b of $m", ({ a, n, b, m, ...expected }) => {
    for (const alternative of ["two-sided", "less", "greater"] as const) {
      const found = proportionTest(a, n, b, m, { alternative });
      expect(
        greatestError([
          [found.statistic, expected.statistic],
          [found.pValue, expected[alternative]],
          [found.interval[0], expected.low],
          [found.interval[1], expected.high],
        ]),
      ).toBeLessThan(1e-9);
      expect(found.difference).toBe(a / n - b / m);
    }
  });

  it("finds nothing where all or none succeed, and keeps an interval for it", () => {
    for (const [a, b] of [
      [0, 0],
      [10, 20],
    ] as const) {
      const { statistic, pValue, interval } = proportionTest(a, 10, b, 20);
      expect([statistic, pValue]).toEqual([0, 1]);
      expect(interval[0]).toBeLessThan(-0.1);
      expect(interval[1]).toBeGreaterThan(0.1);
    }
    expect(proportionTest(0, 1, 1, 1).interval[0]).toBeGreaterThanOrEqual(-1);
  });

  it("refuses what is no count, more successes than trials, and no trial", () => {
    for (const [a, n] of [
      [1, 0],
      [2, 1],
      [-1, 5],
      [0.5, 5],
      [Number.NaN, 5],
      [1, 1 / 0],
    ] as const) {
      expect(() => proportionTest(a, n, 1, 2)).toThrow(invalid);
      expect(() => proportionTest(1, 2, a, n)).toThrow(invalid);
    }
    expect(() => proportionTest(1, 2, 1, 2, { confidence: 1 })).toThrow(misconfigured);
  });
});
