import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clopperPearsonInterval,
  meanLift,
  newcombeInterval,
  normalUpperQuantile,
  proportionLift,
  proportionTest,
  twoProportionTest,
  wilsonInterval,
} from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { IMPOSSIBLE_COUNTS, IMPOSSIBLE_SUMMARIES, invalid, misconfigured, of, reference } from "./reference.ts";

const counts = fc
  .integer({ min: 1, max: 2000 })
  .chain((n) => fc.integer({ min: 0, max: n }).map((successes) => ({ successes, n })));

describe("intervals of a proportion", () => {
  it("agree with statsmodels", () => {
    for (const { k, n, confidence, wilson, exact } of reference.intervals) {
      const pairs = [wilsonInterval(k, n, { confidence }), clopperPearsonInterval(k, n, { confidence })] as const;
      // Of a Wilson limit at 0, statsmodels leaves the rounding.
      if (k > 1) expect(greatestError([[pairs[0][0], wilson[0]]])).toBeLessThan(1e-10);
      else expect(pairs[0][0]).toBeCloseTo(wilson[0], 14);
      expect(
        greatestError([[pairs[0][1], wilson[1]], ...([0, 1] as const).map((i) => [pairs[1][i], exact[i]] as const)]),
      ).toBeLessThan(1e-10);
    }
  });

  it("hold the proportion, end at 0 and 1, and turn round with success and failure", () => {
    fc.assert(
      fc.property(counts, ({ successes, n }) => {
        for (const interval of [wilsonInterval, clopperPearsonInterval]) {
          const [low, high] = interval(successes, n);
          expect(low).toBeLessThanOrEqual(successes / n);
          expect(high).toBeGreaterThanOrEqual(successes / n);
          expect(low === 0).toBe(successes === 0);
          expect(high === 1).toBe(successes === n);
          const turned = interval(n - successes, n);
          expect(turned[0]).toBeCloseTo(1 - high, 12);
          expect(turned[1]).toBeCloseTo(1 - low, 12);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("keep a tiny lower limit's digits", () => {
    // The limit of low · n for one success in infinitely many trials.
    const z = normalUpperQuantile(0.025);
    const n = 1e14;
    const expected = 2 / (2 + z * z + z * Math.sqrt(z * z + 4));
    expect(greatestError([[wilsonInterval(1, n)[0] * n, expected]])).toBeLessThan(1e-13);
  });

  it("refuse impossible counts, no trials and a confidence of 0 or 1", () => {
    for (const interval of [wilsonInterval, clopperPearsonInterval]) {
      for (const { successes, n } of [...IMPOSSIBLE_COUNTS, { successes: 0, n: 0 }])
        expect(() => interval(successes, n)).toThrow(invalid);
      for (const confidence of [0, 1, Number.NaN]) expect(() => interval(1, 2, { confidence })).toThrow(misconfigured);
    }
  });
});

describe("newcombeInterval and proportionLift", () => {
  it("agree with statsmodels and with the formula of Donner and Zou", () => {
    for (const { a, b, confidence, newcombe, lift } of reference.differences) {
      const found = newcombeInterval(of(a), of(b), { confidence });
      expect(greatestError(newcombe.map((limit, i) => [found[i]!, limit]))).toBeLessThan(1e-10);
      const { interval } = proportionLift(of(a), of(b), { confidence });
      if (lift) expect(greatestError(lift.map((limit, i) => [interval[i]!, limit]))).toBeLessThan(1e-10);
    }
  });

  it("give the published interval of Newcombe's example 56/70 against 48/80", () => {
    // Newcombe 1998, table II, contrast (a), method 10: 0.0524 to 0.3339.
    const [low, high] = newcombeInterval({ successes: 48, n: 80 }, { successes: 56, n: 70 });
    expect(low.toFixed(4)).toBe("0.0524");
    expect(high.toFixed(4)).toBe("0.3339");
  });

  it("hold the estimate, agree on where 0 is, and turn round with the arms", () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const difference = b.successes / b.n - a.successes / a.n;
        const [low, high] = newcombeInterval(a, b);
        expect(low).toBeLessThanOrEqual(difference);
        expect(high).toBeGreaterThanOrEqual(difference);
        const turned = newcombeInterval(b, a);
        expect(turned[0]).toBeCloseTo(-high, 12);
        expect(turned[1]).toBeCloseTo(-low, 12);
        const { lift, interval } = proportionLift(a, b);
        expect(interval[0]).toBeLessThanOrEqual(lift + 1e-12);
        expect(interval[1]).toBeGreaterThanOrEqual(lift - 1e-12);
        expect(interval[0]).toBeGreaterThanOrEqual(-1);
        // Both intervals come of the same Wilson limits, so that they exclude 0 together.
        if (Math.abs(low) > 1e-9) expect(Math.sign(interval[0])).toBe(low > 0 ? 1 : -1);
      }),
      { numRuns: 100 },
    );
  });

  it("have a width where nothing succeeds, and no upper limit of the lift over nothing", () => {
    const none = { successes: 0, n: 100 };
    const [low, high] = newcombeInterval(none, none);
    expect(low).toBeCloseTo(-0.037, 3);
    expect(high).toBe(-low);
    expect(proportionLift(none, none)).toEqual({ lift: 0, interval: [-1, Number.POSITIVE_INFINITY] });
    const over = proportionLift(none, { successes: 50, n: 100 });
    expect(over.lift).toBe(Number.POSITIVE_INFINITY);
    expect(over.interval[0]).toBeGreaterThan(5);
    expect(proportionLift({ successes: 50, n: 100 }, none).interval[0]).toBe(-1);
    const all = proportionLift({ successes: 10, n: 10 }, { successes: 10, n: 10 });
    expect(all.lift).toBe(0);
    expect(all.interval[0]).toBeLessThan(-0.2);
    expect(all.interval[1]).toBeGreaterThan(0.2);
  });

  it("refuse impossible counts on either side", () => {
    for (const counts of [...IMPOSSIBLE_COUNTS, { successes: 0, n: 0 }]) {
      for (const compare of [newcombeInterval, proportionLift, twoProportionTest]) {
        expect(() => compare(counts, { successes: 1, n: 2 })).toThrow(invalid);
        expect(() => compare({ successes: 1, n: 2 }, counts)).toThrow(invalid);
        expect(() => compare({ successes: 1, n: 2 }, { successes: 1, n: 2 }, { confidence: 1 })).toThrow(misconfigured);
      }
    }
  });
});

describe("twoProportionTest", () => {
  it("takes the treatment less the control", () => {
    const a = { successes: 1000, n: 20_000 };
    const b = { successes: 1100, n: 20_000 };
    const found = twoProportionTest(a, b, { alternative: "greater", confidence: 0.9 });
    expect(found).toEqual({
      ...proportionTest(1100, 20_000, 1000, 20_000, { alternative: "greater", confidence: 0.9 }),
      relative: proportionLift(a, b, { confidence: 0.9 }),
    });
    expect(found.difference).toBeCloseTo(0.005, 15);
    expect(found.relative.lift).toBeCloseTo(0.1, 15);
    expect(found.pValue).toBeLessThan(0.05);
    const interval = newcombeInterval(a, b, { confidence: 0.9 });
    expect(found.interval[0]).toBeCloseTo(interval[0], 14);
    expect(found.interval[1]).toBeCloseTo(interval[1], 14);
  });
});

describe("meanLift", () => {
  it("agrees with the roots of Fieller's quadratic", () => {
    for (const { a, b, interval } of reference.meanLifts) {
      const found = meanLift(a, b);
      expect(greatestError(interval.map((limit, i) => [found.interval[i]!, limit]))).toBeLessThan(1e-9);
      expect(found.lift).toBeCloseTo((b.mean - a.mean) / Math.abs(a.mean), 14);
    }
  });

  it("takes sums for moments", () => {
    const sums = (n: number, mean: number, variance: number) => ({
      n,
      sum: n * mean,
      sumSquares: (n - 1) * variance + n * mean * mean,
    });
    const { interval } = meanLift(sums(100, 10, 4), sums(120, 11, 5));
    const expected = meanLift({ n: 100, mean: 10, variance: 4 }, { n: 120, mean: 11, variance: 5 });
    expect(greatestError(interval.map((limit, i) => [limit, expected.interval[i]!]))).toBeLessThan(1e-12);
  });

  it("gives no limits while the control may be 0", () => {
    const line = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    expect(meanLift({ n: 50, mean: 0.1, variance: 4 }, { n: 50, mean: 3, variance: 1 }).interval).toEqual(line);
    expect(meanLift({ n: 50, mean: 0, variance: 0 }, { n: 50, mean: 3, variance: 1 })).toEqual({
      lift: Number.POSITIVE_INFINITY,
      interval: line,
    });
    expect(meanLift({ n: 50, mean: 0, variance: 0 }, { n: 50, mean: 0, variance: 0 })).toEqual({ lift: 0, interval: line });
  });

  it("refuses impossible summaries and a single value", () => {
    for (const summary of [...IMPOSSIBLE_SUMMARIES, { n: 1, mean: 1, variance: 0 }]) {
      expect(() => meanLift(summary, { n: 5, mean: 1, variance: 1 })).toThrow(invalid);
      expect(() => meanLift({ n: 5, mean: 1, variance: 1 }, summary)).toThrow(invalid);
    }
  });
});
