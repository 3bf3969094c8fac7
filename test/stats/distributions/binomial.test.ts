import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binomialCdf,
  binomialPmf,
  binomialQuantile,
  binomialSf,
  binomialUpperQuantile,
  logChoose,
} from "../../../src/stats/index.ts";
import { distributions, invalid, relative, tailErrors, valueError } from "./reference.ts";

const trials = fc.integer({ min: 0, max: 60 });
const chance = fc.double({ min: 0, max: 1, noNaN: true });

/** Every probability of a small distribution, by the recurrence from the mode that needs no logarithm. */
function pascal(n: number, p: number): number[] {
  let row = [1];
  for (let i = 0; i < n; i++) row = [...row, 0].map((stay, k) => stay * (1 - p) + (k > 0 ? row[k - 1]! * p : 0));
  return row;
}

describe("logChoose", () => {
  it("agrees with mpmath, up to 1e15", () => {
    expect(valueError(logChoose, distributions.logChoose)).toBeLessThan(1e-13);
  });

  it("is 0 for none and for all", () => {
    expect([logChoose(0, 0), logChoose(7, 0), logChoose(7, 7), logChoose(1e15, 1e15)]).toEqual([0, 0, 0, 0]);
  });

  it.each([
    [-1, 0],
    [3, 4],
    [3, 1.5],
    [Number.NaN, 0],
    [1e16, 1],
  ])("refuses %d of which %d", (n, k) => {
    expect(() => logChoose(n, k)).toThrow(invalid);
  });
});

describe("the binomial distribution", () => {
  it("agrees with mpmath in both tails, for up to a billion trials, down to 1e-300", () => {
    const { error, least } = tailErrors({ cdf: binomialCdf, sf: binomialSf }, distributions.binomial);
    expect(least).toBeLessThan(1e-290);
    expect(error).toBeLessThan(2e-12);
  });

  it("has probabilities that agree with mpmath", () => {
    expect(valueError(binomialPmf, distributions.binomialPmf)).toBeLessThan(2e-12);
  });

  it("agrees with Pascal's triangle", () => {
    fc.assert(
      fc.property(trials, chance, (n, p) => {
        const row = pascal(n, p);
        let sum = 0;
        row.forEach((probability, k) => {
          sum += probability;
          if (probability > 1e-290) expect(relative(binomialPmf(k, n, p), probability)).toBeLessThan(1e-12);
          if (sum > 1e-290) expect(relative(binomialCdf(k, n, p), sum)).toBeLessThan(1e-12);
        });
      }),
    );
  });

  it("is mirrored by exchanging hits and misses, and its tails add up to 1", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 2 ** 20 - 1 }), chance, (n, p20, share) => {
        const p = p20 / 2 ** 20; // 1 − p is exact
        const k = Math.floor(share * n);
        const upper = binomialSf(k, n, p);
        expect(binomialCdf(k, n, p) + upper).toBeCloseTo(1, 13);
        if (upper > 1e-300) expect(relative(binomialCdf(n - k - 1, n, 1 - p), upper)).toBeLessThan(1e-11);
      }),
    );
  });

  it("has the least quantile that reaches the probability", () => {
    const n = fc.oneof(trials, fc.integer({ min: 1, max: 1e9 }));
    const q = fc.oneof(
      chance,
      fc.double({ min: -300, max: 0, noNaN: true }).map((exponent) => 10 ** exponent),
    );
    fc.assert(
      fc.property(q, n, chance, (q, n, p) => {
        const k = binomialQuantile(q, n, p);
        if (q === 1) expect(k).toBe(p === 0 ? 0 : n);
        else {
          expect(binomialCdf(k, n, p)).toBeGreaterThanOrEqual(q);
          if (k > 0) expect(binomialCdf(k - 1, n, p)).toBeLessThan(q);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("has the least upper quantile beyond which the probability is small enough", () => {
    const n = fc.oneof(trials, fc.integer({ min: 1, max: 1e9 }));
    const q = fc.oneof(
      chance,
      fc.double({ min: -300, max: 0, noNaN: true }).map((exponent) => 10 ** exponent),
    );
    fc.assert(
      fc.property(q, n, chance, (q, n, p) => {
        const k = binomialUpperQuantile(q, n, p);
        if (q === 0) return expect(k).toBe(p === 0 ? 0 : n);
        expect(binomialSf(k, n, p)).toBeLessThanOrEqual(q);
        if (k > 0) expect(binomialSf(k - 1, n, p)).toBeGreaterThan(q);
      }),
      { numRuns: 200 },
    );
  });

  it("has upper quantiles that agree with mpmath's upper tails, next to each of their steps", () => {
    let steps = 0;
    for (const [k, n, p, , upper] of distributions.binomial as readonly [number, number, number, number, number][]) {
      if (upper < 1e-290 || upper > 0.5) continue;
      expect([binomialUpperQuantile(upper * (1 + 1e-9), n, p), binomialUpperQuantile(upper * (1 - 1e-9), n, p)]).toEqual([
        k,
        k + 1,
      ]);
      steps += 1;
    }
    expect(steps).toBeGreaterThan(50);
  });

  it("gives back a place from its own lower tail", () => {
    for (const [k, n, p] of [
      [0, 5, 0.5],
      [3, 10, 0.2],
      [300_000_123, 1e9, 0.3],
      [4, 1e9, 1e-8],
    ] as const) {
      // biome-ignore format: one row for each
      expect(binomialQuantile(binomialCdf(k, n, p), n, p)).toBe(k);
    }
  });

  it("is a step function of any number", () => {
    expect(binomialCdf(3.7, 10, 0.4)).toBe(binomialCdf(3, 10, 0.4));
    expect(binomialSf(-0.1, 10, 0.4)).toBe(1);
    const ends = [Number.NEGATIVE_INFINITY, -1, 10, Number.POSITIVE_INFINITY];
    expect(ends.map((k) => binomialCdf(k, 10, 0.4))).toEqual([0, 0, 1, 1]);
    expect(ends.map((k) => binomialSf(k, 10, 0.4))).toEqual([1, 1, 0, 0]);
    expect([binomialPmf(-1, 10, 0.4), binomialPmf(11, 10, 0.4)]).toEqual([0, 0]);
  });

  it("is certain where the chance is, and where nothing is tried", () => {
    expect([0, 1, 5].map((k) => binomialPmf(k, 5, 0))).toEqual([1, 0, 0]);
    expect([0, 1, 5].map((k) => binomialPmf(k, 5, 1))).toEqual([0, 0, 1]);
    expect([binomialCdf(0, 5, 0), binomialSf(0, 5, 0), binomialCdf(4, 5, 1), binomialSf(4, 5, 1)]).toEqual([1, 0, 0, 1]);
    expect([binomialPmf(0, 0, 0.3), binomialCdf(0, 0, 0.3), binomialQuantile(0.7, 0, 0.3)]).toEqual([1, 1, 0]);
    expect([binomialQuantile(0.5, 9, 0), binomialQuantile(0.5, 9, 1), binomialQuantile(0, 9, 0.5)]).toEqual([0, 9, 0]);
    expect([0, 0.5, 1].map((q) => binomialUpperQuantile(q, 9, 0.5))).toEqual([9, 4, 0]);
    expect([binomialUpperQuantile(0.5, 9, 0), binomialUpperQuantile(0.5, 9, 1), binomialUpperQuantile(0.5, 0, 0.3)]).toEqual([
      0, 9, 0,
    ]);
  });

  it("refuses what is no number of trials, no probability and, for a probability of one count, no count", () => {
    for (const f of [binomialPmf, binomialCdf, binomialSf, binomialQuantile, binomialUpperQuantile]) {
      for (const n of [-1, 1.5, Number.NaN, 1e16]) expect(() => f(0, n, 0.5)).toThrow(invalid);
      for (const p of [-0.1, 1.1, Number.NaN]) expect(() => f(0, 5, p)).toThrow(invalid);
      expect(() => f(Number.NaN, 5, 0.5)).toThrow(invalid);
    }
    expect(() => binomialPmf(1.5, 5, 0.5)).toThrow(invalid);
    expect(() => binomialQuantile(1.5, 5, 0.5)).toThrow(invalid);
    expect(() => binomialUpperQuantile(1.5, 5, 0.5)).toThrow(invalid);
  });
});
