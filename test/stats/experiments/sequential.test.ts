import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Random, randomNormal, seeded } from "../../../src/core/random.ts";
import {
  AlwaysValidPValue,
  meanConfidenceSequence,
  meanDifferenceConfidenceSequence,
  mixtureSprtForMeans,
  mixtureSprtForProportions,
} from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { IMPOSSIBLE_COUNTS, IMPOSSIBLE_SUMMARIES, invalid, misconfigured, reference } from "./reference.ts";

const LINE = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const moments = fc.record({
  n: fc.integer({ min: 0, max: 1e9 }),
  mean: fc.double({ min: -1e140, max: 1e140, noNaN: true }),
  variance: fc.double({ min: 0, max: 1e280, noNaN: true }),
});

describe("mixtureSprtForMeans", () => {
  it("is the likelihood ratio integrated over the effects, and its interval that of effects not rejected", () => {
    for (const { difference, variance, effect, log, radius } of reference.mixtures) {
      const n = 1000;
      const found = mixtureSprtForMeans(
        { n, mean: 0, variance: (n * variance) / 4 },
        { n, mean: difference, variance: (n * variance * 3) / 4 },
        { expectedEffect: effect },
      );
      expect(Math.abs(found.logLikelihoodRatio - log)).toBeLessThan(1e-10 * Math.max(1, Math.abs(log)));
      expect(found.pValue).toBeCloseTo(Math.min(1, Math.exp(-log)), 10);
      expect(greatestError([[(found.interval[1] - found.interval[0]) / 2, radius]])).toBeLessThan(1e-10);
    }
  });

  it("rejects just the differences outside of its interval", () => {
    const a = { n: 400, mean: 5, variance: 2 };
    const b = { n: 300, mean: 5.4, variance: 3 };
    const { interval, significant } = mixtureSprtForMeans(a, b, { expectedEffect: 0.5 });
    expect(significant).toBe(interval[0] > 0);
    for (const [limit, inside] of [
      [interval[0], 1e-9],
      [interval[1], -1e-9],
    ] as const) {
      expect(mixtureSprtForMeans(a, b, { expectedEffect: 0.5, nullDifference: limit + inside }).significant).toBe(false);
      expect(mixtureSprtForMeans(a, b, { expectedEffect: 0.5, nullDifference: limit - inside }).significant).toBe(true);
    }
  });

  it("concludes nothing before minSamples, and nothing from no values", () => {
    const few = { n: 99, mean: 0, variance: 1 };
    const many = { n: 1e6, mean: 9, variance: 1 };
    for (const [a, b] of [
      [few, many],
      [many, few],
    ] as const) {
      expect(mixtureSprtForMeans(a, b, { expectedEffect: 1 })).toMatchObject({ pValue: 1, interval: LINE, significant: false });
      expect(mixtureSprtForMeans(a, b, { expectedEffect: 1, minSamples: 99 }).significant).toBe(true);
    }
    const none = { n: 0, sum: 0, sumSquares: 0 };
    expect(mixtureSprtForMeans(none, many, { expectedEffect: 1 })).toEqual({
      difference: 0,
      logLikelihoodRatio: 0,
      pValue: 1,
      interval: LINE,
      significant: false,
    });
  });

  it("tells constants apart by their values alone", () => {
    const constant = (mean: number) => ({ n: 100, mean, variance: 0 });
    expect(mixtureSprtForMeans(constant(1), constant(1), { expectedEffect: 1 })).toMatchObject({ pValue: 1, interval: [0, 0] });
    expect(mixtureSprtForMeans(constant(1), constant(2), { expectedEffect: 1 })).toMatchObject({ pValue: 0, significant: true });
  });

  it("is never NaN for what it takes", () => {
    const effect = fc.double({ min: 1e-140, max: 1e140, noNaN: true });
    fc.assert(
      fc.property(moments, moments, effect, (a, b, expectedEffect) => {
        const found = mixtureSprtForMeans(a, b, { expectedEffect });
        const sequence = meanDifferenceConfidenceSequence(a, b);
        const numbers = [found.difference, found.logLikelihoodRatio, found.pValue, ...found.interval, ...sequence.interval];
        expect(numbers.some(Number.isNaN)).toBe(false);
        expect(found.pValue).toBeGreaterThanOrEqual(0);
        expect(found.pValue).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("refuses impossible summaries and designs", () => {
    const fine = { n: 5, mean: 1, variance: 1 };
    for (const summary of IMPOSSIBLE_SUMMARIES) {
      expect(() => mixtureSprtForMeans(summary, fine, { expectedEffect: 1 })).toThrow(invalid);
      expect(() => mixtureSprtForMeans(fine, summary, { expectedEffect: 1 })).toThrow(invalid);
    }
    for (const design of [
      { expectedEffect: 0 },
      { expectedEffect: -1 },
      { expectedEffect: 1, minSamples: 1 },
      { expectedEffect: 1, alpha: 0 },
    ]) {
      expect(() => mixtureSprtForMeans(fine, fine, design)).toThrow(misconfigured);
      expect(() => mixtureSprtForProportions({ successes: 1, n: 2 }, { successes: 1, n: 2 }, design)).toThrow(misconfigured);
    }
  });
});

describe("mixtureSprtForProportions", () => {
  it("is the test of means with the variances of smoothed proportions", () => {
    const variance = ([k, n]: readonly [number, number]) => ((k + 0.5) / (n + 1)) * (1 - (k + 0.5) / (n + 1));
    const found = mixtureSprtForProportions({ successes: 30, n: 1000 }, { successes: 60, n: 1200 }, { expectedEffect: 0.01 });
    const means = mixtureSprtForMeans(
      { n: 1000, mean: 0.03, variance: variance([30, 1000]) },
      { n: 1200, mean: 0.05, variance: variance([60, 1200]) },
      { expectedEffect: 0.01 },
    );
    expect(found.difference).toBeCloseTo(means.difference, 14);
    expect(found.logLikelihoodRatio).toBeCloseTo(means.logLikelihoodRatio, 10);
  });

  it("is not sure of anything where nothing succeeded", () => {
    const none = { successes: 0, n: 200 };
    const { pValue, interval } = mixtureSprtForProportions(none, none, { expectedEffect: 0.01 });
    expect(pValue).toBe(1);
    expect(interval[0]).toBeLessThan(-0.01);
    expect(mixtureSprtForProportions({ successes: 0, n: 0 }, none, { expectedEffect: 0.01 }).pValue).toBe(1);
  });

  it("refuses impossible counts", () => {
    for (const counts of IMPOSSIBLE_COUNTS) {
      expect(() => mixtureSprtForProportions(counts, { successes: 0, n: 1 }, { expectedEffect: 0.1 })).toThrow(invalid);
      expect(() => mixtureSprtForProportions({ successes: 0, n: 1 }, counts, { expectedEffect: 0.1 })).toThrow(invalid);
    }
  });
});

describe("confidence sequences", () => {
  it("agree with the boundary of Waudby-Smith et al.", () => {
    for (const { n, variance, confidence, optimalAt, radius } of reference.confidenceSequences) {
      const one = meanConfidenceSequence({ n, mean: 3, variance }, { confidence, optimalAt });
      expect(greatestError([[one.interval[1] - 3, radius]])).toBeLessThan(1e-9);
      expect(one.estimate).toBe(3);
      // Two halves of the values, each with a quarter of the variance, know the difference as well as all know the mean.
      const half = { n: n / 2, mean: 3, variance: variance / 4 };
      const two = meanDifferenceConfidenceSequence(half, { ...half, mean: 4 }, { confidence, optimalAt, minSamples: 50 });
      expect(greatestError([[two.interval[1] - 1, radius]])).toBeLessThan(1e-9);
      expect(two.estimate).toBe(1);
    }
  });

  it("are narrowest for their age near the time they are tuned to", () => {
    const widthAt = (optimalAt: number) => {
      const [low, high] = meanConfidenceSequence({ n: 2000, mean: 0, variance: 1 }, { optimalAt }).interval;
      return high - low;
    };
    for (const other of [200, 1000, 4000, 20_000]) expect(widthAt(2000)).toBeLessThan(widthAt(other));
  });

  it("are the whole line before minSamples, and a point for constants", () => {
    expect(meanConfidenceSequence({ n: 99, mean: 1, variance: 1 })).toEqual({ estimate: 1, interval: LINE });
    expect(meanConfidenceSequence({ n: 0, mean: 0, variance: 0 })).toEqual({ estimate: 0, interval: LINE });
    expect(meanDifferenceConfidenceSequence({ n: 0, mean: 0, variance: 0 }, { n: 1000, mean: 5, variance: 1 })).toEqual({
      estimate: 0,
      interval: LINE,
    });
    expect(meanConfidenceSequence({ n: 100, mean: 1, variance: 0 }).interval).toEqual([1, 1]);
  });

  it("refuse impossible summaries and designs", () => {
    const fine = { n: 5, mean: 1, variance: 1 };
    for (const summary of IMPOSSIBLE_SUMMARIES) {
      expect(() => meanConfidenceSequence(summary)).toThrow(invalid);
      expect(() => meanDifferenceConfidenceSequence(fine, summary)).toThrow(invalid);
    }
    for (const design of [{ optimalAt: 0 }, { confidence: 1 }, { minSamples: 1 }]) {
      expect(() => meanConfidenceSequence(fine, design)).toThrow(misconfigured);
      expect(() => meanDifferenceConfidenceSequence(fine, fine, design)).toThrow(misconfigured);
    }
  });
});

describe("looking a hundred times", () => {
  /** Share of experiments that any of 100 looks calls different; 50 more values of each arm between two looks. */
  function found(
    runs: number,
    seed: number,
    draw: (random: Random, arm: number) => number,
    verdict: (a: Sums, b: Sums) => boolean,
  ) {
    const random = seeded(seed);
    let hits = 0;
    for (let run = 0; run < runs; run++) {
      const arms = [0, 1].map(() => ({ n: 0, sum: 0, sumSquares: 0 })) as [Sums, Sums];
      let hit = false;
      for (let look = 0; look < 100 && !hit; look++) {
        for (const [i, arm] of arms.entries()) {
          for (let k = 0; k < 50; k++) {
            const value = draw(random, i);
            arm.n += 1;
            arm.sum += value;
            arm.sumSquares += value * value;
          }
        }
        hit = verdict(...arms);
      }
      if (hit) hits += 1;
    }
    return hits / runs;
  }

  const skewed = (random: Random) => -Math.log(1 - random.next());
  const means = (a: Sums, b: Sums) => mixtureSprtForMeans(a, b, { expectedEffect: 0.1 }).significant;
  const sequence = (a: Sums, b: Sums) => {
    const [low, high] = meanDifferenceConfidenceSequence(a, b).interval;
    return low > 0 || high < 0;
  };
  const shares = (a: Sums, b: Sums) =>
    mixtureSprtForProportions({ successes: a.sum, n: a.n }, { successes: b.sum, n: b.n }, { expectedEffect: 0.02 }).significant;
  const hit = (p: number) => (random: Random) => (random.next() < p ? 1 : 0);
  const naive = (a: Sums, b: Sums) => {
    const variance = (s: Sums) => (s.sumSquares - (s.sum * s.sum) / s.n) / (s.n - 1) / s.n;
    return Math.abs(a.sum / a.n - b.sum / b.n) > 1.96 * Math.sqrt(variance(a) + variance(b));
  };

  it("gives no more false alarms than alpha, where a plain z-test gives a third", () => {
    expect(found(80, 1, skewed, naive)).toBeGreaterThan(0.25);
    expect(found(80, 2, skewed, means)).toBeLessThan(0.05);
    expect(found(80, 3, skewed, sequence)).toBeLessThan(0.05);
    expect(found(120, 4, hit(0.1), shares)).toBeLessThan(0.05);
    expect(found(80, 5, hit(0.004), shares)).toBeLessThan(0.05);
  });

  it("finds a difference that is there", () => {
    const shifted = (random: Random, arm: number) => randomNormal(random) + 0.15 * arm;
    expect(found(30, 6, shifted, means)).toBeGreaterThan(0.9);
    expect(found(30, 7, shifted, sequence)).toBeGreaterThan(0.9);
    expect(found(30, 8, (random, arm) => hit(0.1 + 0.05 * arm)(random), shares)).toBeGreaterThan(0.9);
  });
});

interface Sums {
  n: number;
  sum: number;
  sumSquares: number;
}

describe("AlwaysValidPValue", () => {
  it("keeps the least p-value, also across a restart", () => {
    const least = new AlwaysValidPValue();
    expect(least.pValue).toBe(1);
    expect([0.4, 0.2, 0.9].map((p) => least.update(p))).toEqual([0.4, 0.2, 0.2]);
    const restored = AlwaysValidPValue.fromJSON(JSON.parse(JSON.stringify(least)));
    expect(restored.update(0.5)).toBe(0.2);
    expect(restored.update(0)).toBe(0);
    expect(least.pValue).toBe(0.2);
  });

  it("refuses what is no probability and a damaged state", () => {
    const least = new AlwaysValidPValue();
    for (const p of [Number.NaN, -0.1, 1.1]) expect(() => least.update(p)).toThrow(invalid);
    expect(least.pValue).toBe(1);
    for (const state of [
      null,
      {},
      { schemaVersion: 2, pValue: 1 },
      { schemaVersion: 1, pValue: 2 },
      { schemaVersion: 1, pValue: "0" },
    ]) {
      expect(() => AlwaysValidPValue.fromJSON(state as never)).toThrow(invalid);
    }
  });
});
