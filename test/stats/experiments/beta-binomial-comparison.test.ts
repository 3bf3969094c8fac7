import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { betaBinomialComparison } from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { IMPOSSIBLE_COUNTS, invalid, misconfigured, of, reference } from "./reference.ts";

describe("betaBinomialComparison", () => {
  it("agrees with the finite sum in 40 digits, also far out and for a billion trials", () => {
    for (const { a, b, probability, lossA, lossB, interval } of reference.comparisons.uniform) {
      const found = betaBinomialComparison(of(a), of(b));
      expect(
        greatestError([
          [found.probability, probability],
          [found.a.expectedLoss, lossA],
          [found.b.expectedLoss, lossB],
          ...interval.map((limit, i) => [found.a.interval[i]!, limit] as const),
        ]),
      ).toBeLessThan(1e-10);
      expect(found.a.mean).toBeCloseTo((a[0] + 1) / (a[1] + 2), 14);
    }
  });

  it("agrees with quadrature in 40 digits for Jeffreys' prior", () => {
    const { a, b, probability } = reference.comparisons.jeffreys;
    const found = betaBinomialComparison(of(a), of(b), { prior: { successes: 0.5, failures: 0.5 } });
    expect(greatestError([[found.probability, probability]])).toBeLessThan(1e-12);
  });

  it("gives a hand-made value: one success against one failure is 5/6", () => {
    // Densities 2x and 2(1 − x): P(B > A) = ∫ 2 (1 − x)(1 − x²) dx.
    const found = betaBinomialComparison({ successes: 0, n: 1 }, { successes: 1, n: 1 });
    expect(found.probability).toBeCloseTo(5 / 6, 14);
    expect(found.a.expectedLoss - found.b.expectedLoss).toBeCloseTo(1 / 3, 14);
  });

  it("turns round with the arms and with success and failure", () => {
    const counts = fc
      .integer({ min: 0, max: 10_000 })
      .chain((n) => fc.integer({ min: 0, max: n }).map((successes) => ({ successes, n })));
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const found = betaBinomialComparison(a, b);
        const turned = betaBinomialComparison(b, a);
        expect(turned.probability).toBeCloseTo(1 - found.probability, 10);
        expect(turned.a.expectedLoss).toBeCloseTo(found.b.expectedLoss, 12);
        const flip = ({ successes, n }: typeof a) => ({ successes: n - successes, n });
        const flipped = betaBinomialComparison(flip(a), flip(b));
        expect(flipped.probability).toBeCloseTo(1 - found.probability, 10);
        expect(flipped.a.expectedLoss).toBeCloseTo(found.b.expectedLoss, 12);
        expect(found.a.expectedLoss - found.b.expectedLoss).toBeCloseTo(found.b.mean - found.a.mean, 12);
        for (const loss of [found.a.expectedLoss, found.b.expectedLoss]) expect(loss).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 25 },
    );
  });

  it("is even where the arms are alike, however much was seen of them", () => {
    for (const counts of [
      { successes: 0, n: 0 },
      { successes: 0, n: 1e9 },
      { successes: 4e11, n: 1e12 },
    ]) {
      expect(betaBinomialComparison(counts, counts).probability).toBeCloseTo(0.5, 10);
    }
    // The mean distance of two normal variates: the posteriors at 1e12 trials.
    const alike = { successes: 4e11, n: 1e12 };
    const { a, b } = betaBinomialComparison(alike, alike);
    expect(a.expectedLoss).toBe(b.expectedLoss);
    expect(greatestError([[a.expectedLoss, Math.sqrt(0.24e-12 / Math.PI)]])).toBeLessThan(1e-6);
  });

  it("ends at 0 and 1 when the arms have nothing in common", () => {
    const found = betaBinomialComparison({ successes: 0, n: 1e6 }, { successes: 1e6, n: 1e6 });
    expect(found.probability).toBe(1);
    expect(found.b.expectedLoss).toBe(0);
    expect(found.a.expectedLoss).toBeCloseTo(1, 5);
  });

  it("takes arms of very different size", () => {
    // Next to a billion trials the other proportion is known: what is left is one beta distribution.
    const { probability } = betaBinomialComparison({ successes: 3, n: 10 }, { successes: 5e13, n: 1e14 });
    // P(Beta(4, 8) < ½) = P(at least 4 of 11 heads).
    expect(probability).toBeCloseTo(1816 / 2048, 6);
  });

  it("refuses impossible counts and priors", () => {
    for (const counts of IMPOSSIBLE_COUNTS) {
      expect(() => betaBinomialComparison(counts, { successes: 0, n: 0 })).toThrow(invalid);
      expect(() => betaBinomialComparison({ successes: 0, n: 0 }, counts)).toThrow(invalid);
    }
    for (const prior of [
      { successes: 0, failures: 1 },
      { successes: 1, failures: 1e10 },
      { successes: Number.NaN, failures: 1 },
    ]) {
      expect(() => betaBinomialComparison({ successes: 0, n: 0 }, { successes: 0, n: 0 }, { prior })).toThrow(misconfigured);
    }
  });
});
