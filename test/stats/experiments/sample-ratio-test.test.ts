import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../src/core/random.ts";
import { sampleRatioTest, sequentialSampleRatioTest } from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { invalid, misconfigured, reference } from "./reference.ts";

describe("sampleRatioTest", () => {
  it("agrees with SciPy's chi-squared and binomial tests", () => {
    for (const { observed, weights, statistic, pValue } of reference.sampleRatios) {
      const found = sampleRatioTest(observed, weights);
      expect(greatestError([[found.pValue, pValue]])).toBeLessThan(1e-10);
      expect(found.statistic).toBeCloseTo(statistic, 10);
      expect(found.mismatch).toBe(pValue < 0.001);
    }
  });

  it("finds the mismatch of 821 588 against 815 482 and not that of one unit in a small canary", () => {
    // R. Kohavi, D. Tang, Y. Xu, "Trustworthy Online Controlled Experiments" (2020), chapter 21: p = 1.8e-6.
    expect(sampleRatioTest([821_588, 815_482], [1, 1]).pValue.toExponential(1)).toBe("1.8e-6");
    expect(sampleRatioTest([821_588, 815_482], [1, 1]).mismatch).toBe(true);
    const canary = sampleRatioTest([1, 9], [1, 999]);
    expect(canary.statistic).toBeGreaterThan(90);
    expect(canary).toMatchObject({ method: "binomial", mismatch: false });
  });

  it("says how it found its p-value and what it expected", () => {
    expect(sampleRatioTest([50, 30, 20], [2, 1, 1])).toMatchObject({ method: "chi-squared", expected: [50, 25, 25] });
    expect(sampleRatioTest([5, 3, 2], [2, 1, 1])).toMatchObject({ method: "bonferroni", expected: [5, 2.5, 2.5] });
    expect(sampleRatioTest([5, 5, 5], [1, 1, 1], { threshold: 0.5 })).toMatchObject({ pValue: 1, statistic: 0, mismatch: false });
  });

  it("does not depend on the unit of the weights or on the order of the arms", () => {
    const arms = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 9 })), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(arms, (pairs) => {
        const observed = pairs.map(([count]) => count);
        const weights = pairs.map(([, weight]) => weight);
        const { pValue } = sampleRatioTest(observed, weights);
        expect(pValue).toBeGreaterThanOrEqual(0);
        expect(pValue).toBeLessThanOrEqual(1);
        expect(
          sampleRatioTest(
            observed,
            weights.map((weight) => weight * 1e-7),
          ).pValue,
        ).toBeCloseTo(pValue, 9);
        expect(sampleRatioTest(observed.toReversed(), weights.toReversed()).pValue).toBeCloseTo(pValue, 9);
      }),
      { numRuns: 60 },
    );
  });

  it("gives a p-value of 1 to no units", () => {
    expect(sampleRatioTest([0, 0], [1, 3])).toEqual({
      statistic: 0,
      pValue: 1,
      method: "binomial",
      expected: [0, 0],
      mismatch: false,
    });
    expect(sampleRatioTest([0, 0, 0], [1, 1, 1]).pValue).toBe(1);
  });

  it("refuses what is no count, no weight, one arm, and arms without a weight", () => {
    for (const test of [sampleRatioTest, sequentialSampleRatioTest]) {
      for (const [observed, weights] of [
        [
          [1e15, 1],
          [1, 1],
        ],
        [
          [1.5, 1],
          [1, 1],
        ],
        [
          [-1, 1],
          [1, 1],
        ],
        [
          [1, 1],
          [1, 0],
        ],
        [
          [1, 1],
          [1, -1],
        ],
        [
          [1, 1],
          [1, Number.NaN],
        ],
        [
          [1, 1],
          [1, Number.POSITIVE_INFINITY],
        ],
        [
          [1, 1],
          [1, 1e-300],
        ],
        [[1], [1]],
        [[], []],
        [
          [1, 1],
          [1, 1, 1],
        ],
      ] as const) {
        expect(() => test(observed, weights)).toThrow(invalid);
      }
    }
    expect(() => sampleRatioTest([1, 1], [1, 1], { threshold: 0 })).toThrow(misconfigured);
    expect(() => sequentialSampleRatioTest([1, 1], [1, 1], { concentration: 0 })).toThrow(misconfigured);
    expect(() => sequentialSampleRatioTest([1, 1], [1, 1], { alpha: 1 })).toThrow(misconfigured);
  });
});

describe("sequentialSampleRatioTest", () => {
  it("agrees with the gamma functions of mpmath", () => {
    for (const { observed, weights, logEValues } of reference.sampleRatios) {
      for (const { concentration, log } of logEValues) {
        const found = sequentialSampleRatioTest(observed, weights, { concentration });
        expect(Math.abs(found.logEValue - log)).toBeLessThan(1e-10 * Math.max(1, Math.abs(log)));
        expect(found.pValue).toBeCloseTo(Math.min(1, Math.exp(-log)), 12);
      }
    }
  });

  it("keeps its digits at billions of units, and begins with an e-value of 1", () => {
    // ½ ln(1 + n / 10000), less z² n / (2 (n + 10000)) with z = 0: two arms on plan.
    const { logEValue } = sequentialSampleRatioTest([2e9, 2e9], [1, 1]);
    expect(logEValue).toBeCloseTo(-0.5 * Math.log(1 + 4e9 / 1e4) + (0.25 / 1e4) * (1 - 2), 4);
    expect(sequentialSampleRatioTest([0, 0], [1, 1])).toEqual({ logEValue: 0, pValue: 1, mismatch: false });
  });

  it("is an e-value: over all outcomes of some units its mean is 1", () => {
    for (const concentration of [2, 10_000]) {
      let mean = 0;
      let chance = 0.7 ** 12;
      for (let k = 0; k <= 12; k++) {
        mean += chance * Math.exp(sequentialSampleRatioTest([k, 12 - k], [3, 7], { concentration }).logEValue);
        chance *= ((12 - k) / (k + 1)) * (0.3 / 0.7);
      }
      expect(mean).toBeCloseTo(1, 12);
    }
  });

  it("calls few sound experiments mismatched in 200 looks, and finds a loss of 10 %", () => {
    const random = seeded(5);
    const run = (share: number) => {
      const counts = [0, 0];
      for (let look = 0; look < 200; look++) {
        for (let i = 0; i < 100; i++) counts[random.next() < share ? 0 : 1]! += 1;
        if (sequentialSampleRatioTest(counts, [1, 1], { alpha: 0.05 }).mismatch) return true;
      }
      return false;
    };
    const share = (p: number, runs: number) => Array.from({ length: runs }, () => run(p)).filter(Boolean).length / runs;
    expect(share(0.5, 60)).toBeLessThan(0.08);
    expect(share(0.9 / 1.9, 20)).toBe(1);
  });
});
