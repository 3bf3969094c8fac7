import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import {
  CovariateMoments,
  cuped,
  cupedFromMoments,
  meanDifferenceConfidenceSequence,
  welchTest,
} from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { invalid, misconfigured, PLAIN, reference } from "./reference.ts";

const summaryOf = (outcome: readonly number[], covariate: readonly number[]) => {
  const moments = new CovariateMoments();
  for (const [i, value] of outcome.entries()) moments.add(value, covariate[i]!);
  return moments;
};

describe("cuped", () => {
  it("agrees with NumPy and with SciPy's Welch test of the adjusted outcomes", () => {
    const { a, b, theta, means, variances, reduction, interval, statistic, pValue } = reference.cuped;
    const found = cuped(a, b);
    expect(
      greatestError([
        [found.theta, theta],
        [found.a.mean, means[0]],
        [found.b.mean, means[1]],
        [found.a.variance, variances[0]],
        [found.b.variance, variances[1]],
        [found.varianceReduction, reduction],
        [found.interval[0], interval[0]],
        [found.interval[1], interval[1]],
        [found.statistic, statistic],
        [found.pValue, pValue],
      ]),
    ).toBeLessThan(1e-10);
    expect([found.a.n, found.b.n]).toEqual([60, 80]);
    expect(meanDifferenceConfidenceSequence(found.a, found.b, { minSamples: 50 }).estimate).toBe(found.difference);
  });

  it("is Welch's test without help from the covariate", () => {
    const random = seeded(41);
    const [x, y] = [50, 70].map((n) => Array.from({ length: n }, () => randomNormal(random))) as [number[], number[]];
    const constant = (values: readonly number[]) => values.map(() => 5);
    const found = cuped({ outcome: x, covariate: constant(x) }, { outcome: y, covariate: constant(y) });
    const welch = welchTest(y, x);
    expect(found).toMatchObject({ theta: 0, varianceReduction: 0 });
    expect(found.pValue).toBeCloseTo(welch.pValue, 12);
    expect(found.statistic).toBeCloseTo(welch.statistic, 12);
  });

  it("finds an effect with a quarter of the variance when the covariate explains three quarters, and no bias", () => {
    const random = seeded(42);
    let sum = 0;
    let reduction = 0;
    let rejected = 0;
    const runs = 300;
    for (let run = 0; run < runs; run++) {
      const [a, b] = [0, 0.3].map((effect) => {
        const covariate = Array.from({ length: 200 }, () => randomNormal(random));
        return { covariate, outcome: covariate.map((value) => Math.sqrt(0.75) * value + 0.5 * randomNormal(random) + effect) };
      }) as [{ covariate: number[]; outcome: number[] }, { covariate: number[]; outcome: number[] }];
      const found = cuped(a, b);
      sum += found.difference;
      reduction += found.varianceReduction;
      // Without an effect: the same arm, its effect taken off again.
      if (cuped(a, { ...b, outcome: b.outcome.map((value) => value - 0.3) }).pValue < 0.05) rejected += 1;
    }
    expect(sum / runs).toBeCloseTo(0.3, 1);
    expect(reduction / runs).toBeCloseTo(0.75, 1);
    expect(rejected / runs).toBeLessThan(0.09);
    expect(rejected / runs).toBeGreaterThan(0.02);
  });

  it("does not change under another origin of either or another unit of the covariate", () => {
    const { a, b } = reference.cuped;
    const before = cuped(a, b);
    const moved = ({ outcome, covariate }: typeof a) => ({
      outcome: Array.from(outcome, (value) => value + 1e6),
      covariate: Array.from(covariate, (value) => value * 1024 - 1e6),
    });
    const after = cuped(moved(a), moved(b));
    expect(after.pValue).toBeCloseTo(before.pValue, 8);
    expect(after.difference).toBeCloseTo(before.difference, 8);
    expect(after.theta * 1024).toBeCloseTo(before.theta, 8);
  });

  it("gives constants a p-value of 1 or of 0", () => {
    const arm = (value: number) => ({ outcome: [value, value, value], covariate: [1, 2, 3] });
    expect(cuped(arm(1), arm(1))).toMatchObject({
      difference: 0,
      statistic: 0,
      pValue: 1,
      interval: [0, 0],
      varianceReduction: 0,
    });
    expect(cuped(arm(1), arm(2))).toMatchObject({ statistic: Number.POSITIVE_INFINITY, pValue: 0, interval: [1, 1] });
  });

  it("is never NaN for what it takes", () => {
    const value = fc.double({ min: -1e140, max: 1e140, noNaN: true });
    const arm = fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(arm, arm, (a, b) => {
        const split = (pairs: readonly (readonly [number, number])[]) => ({
          outcome: pairs.map(([outcome]) => outcome),
          covariate: pairs.map(([, covariate]) => covariate),
        });
        const { interval, statistic, pValue, theta, varianceReduction } = cuped(split(a), split(b));
        expect([...interval, statistic, pValue, theta, varianceReduction].some(Number.isNaN)).toBe(false);
        expect(varianceReduction).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("refuses short, unlike and impossible samples and moments", () => {
    const fine = { outcome: [1, 2], covariate: [1, 2] };
    for (const arm of [
      { outcome: [1], covariate: [1] },
      { outcome: [], covariate: [] },
      { outcome: [1, 2, 3], covariate: [1, 2] },
      { outcome: [1, Number.NaN], covariate: [1, 2] },
      { outcome: [1, 2], covariate: [1, Number.POSITIVE_INFINITY] },
      { outcome: [1, 1e200], covariate: [1, 2] },
    ]) {
      expect(() => cuped(arm, fine)).toThrow(invalid);
      expect(() => cuped(fine, arm)).toThrow(invalid);
    }
    for (const damage of [
      { n: 1 },
      { n: 2.5 },
      { outcomeMean: Number.NaN },
      { covariateVariance: -1 },
      { covariance: 1.1 },
      { covariance: Number.NaN },
    ]) {
      expect(() => cupedFromMoments({ ...PLAIN, ...damage }, PLAIN)).toThrow(invalid);
      expect(() => cupedFromMoments(PLAIN, { ...PLAIN, ...damage })).toThrow(invalid);
    }
    expect(() => cuped(fine, fine, { confidence: 2 })).toThrow(misconfigured);
  });
});

describe("CovariateMoments", () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), { maxLength: 30 });
  const near = (found: object, expected: object) => {
    for (const [name, value] of Object.entries(expected)) expect((found as Record<string, number>)[name]).toBeCloseTo(value, 8);
  };

  it("merges in any order to the moments of all units", () => {
    fc.assert(
      fc.property(pairs, pairs, (a, b) => {
        const of = (units: typeof a) =>
          summaryOf(
            units.map(([y]) => y),
            units.map(([, x]) => x),
          );
        const merged = of(a);
        merged.merge(of(b));
        const turned = of(b);
        turned.merge(of(a));
        near(merged.summary(), of([...a, ...b]).summary());
        near(turned.summary(), merged.summary());
      }),
      { numRuns: 50 },
    );
  });

  it("may be merged with itself", () => {
    const moments = summaryOf([1, 2, 4], [3, 1, 0]);
    moments.merge(moments);
    near(moments.summary(), summaryOf([1, 2, 4, 1, 2, 4], [3, 1, 0, 3, 1, 0]).summary());
  });

  it("keeps the digits of values far from 0", () => {
    const { outcomeVariance, covariance } = summaryOf([1e9 + 1, 1e9 + 2, 1e9 + 3], [1e9 + 2, 1e9 + 4, 1e9 + 6]).summary();
    expect(outcomeVariance).toBeCloseTo(1, 6);
    expect(covariance).toBeCloseTo(2, 6);
  });

  it("has no variance from fewer than two units", () => {
    const none = new CovariateMoments();
    expect(none.summary()).toEqual({
      n: 0,
      outcomeMean: 0,
      covariateMean: 0,
      outcomeVariance: 0,
      covariateVariance: 0,
      covariance: 0,
    });
    none.merge(new CovariateMoments());
    expect(summaryOf([3], [4]).summary()).toMatchObject({ n: 1, outcomeMean: 3, covariateMean: 4, outcomeVariance: 0 });
  });

  it("goes on after a restart as before, and refuses damaged states and values", () => {
    const moments = summaryOf([1, 2, 4.5], [3, 1, 0.25]);
    const restored = CovariateMoments.fromJSON(JSON.parse(JSON.stringify(moments)));
    for (const each of [moments, restored]) each.add(7, -2);
    expect(restored.toJSON()).toEqual(moments.toJSON());
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e141]) {
      expect(() => moments.add(value, 0)).toThrow(invalid);
      expect(() => moments.add(0, value)).toThrow(invalid);
    }
    expect(restored.toJSON()).toEqual(moments.toJSON());
    for (const damage of [{ schemaVersion: 2 }, { n: -1 }, { outcomeSquares: -1 }, { products: null }, { covariateMean: "0" }]) {
      expect(() => CovariateMoments.fromJSON({ ...moments.toJSON(), ...damage } as never)).toThrow(invalid);
    }
  });
});
