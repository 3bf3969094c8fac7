import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kolmogorovCdf, kolmogorovQuantile, kolmogorovSf, kolmogorovUpperQuantile } from "../../../src/stats/index.ts";
import { greatestError, reference } from "../reference.ts";
import { distribution, distributions, invalid, quantileError, relative, tailErrors } from "./reference.ts";

describe("Kolmogorov's distribution", () => {
  it("agrees with SciPy to 1e-13, also far in the tail", () => {
    expect(Math.min(...reference.kolmogorovSf.map(({ sf }) => sf))).toBeLessThan(1e-290);
    expect(greatestError(reference.kolmogorovSf.map(({ x, sf }) => [kolmogorovSf(x), sf]))).toBeLessThan(1e-13);
  });

  it("agrees with mpmath in both tails", () => {
    const { error, least } = tailErrors({ cdf: kolmogorovCdf, sf: kolmogorovSf }, distributions.kolmogorov);
    expect(least).toBeLessThan(1e-290);
    expect(error).toBeLessThan(1e-12);
  });

  it("has quantiles that agree with mpmath's tails", () => {
    const functions = distribution({
      cdf: kolmogorovCdf,
      sf: kolmogorovSf,
      quantile: kolmogorovQuantile,
      upperQuantile: kolmogorovUpperQuantile,
    });
    expect(quantileError(functions, distributions.kolmogorov)).toBeLessThan(1e-12);
  });

  it("inverts its quantile, down to 1e-300 and next to 1", () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: 0, noNaN: true }), (exponent) => {
        const p = 10 ** exponent;
        if (p === 1) return;
        expect(relative(kolmogorovCdf(kolmogorovQuantile(p)), p)).toBeLessThan(1e-11);
        expect(relative(kolmogorovSf(kolmogorovQuantile(1 - p)), 1 - (1 - p))).toBeLessThan(1e-12);
      }),
    );
    expect(kolmogorovQuantile(0.95)).toBeCloseTo(1.3580986393225507, 13);
    expect(kolmogorovQuantile(0.5)).toBeCloseTo(kolmogorovUpperQuantile(0.5), 14);
  });

  it("inverts its upper quantile, down to 1e-300 and next to 1", () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: 0, noNaN: true }), (exponent) => {
        const p = 10 ** exponent;
        if (p < 1) expect(relative(kolmogorovSf(kolmogorovUpperQuantile(p)), p)).toBeLessThan(1e-12);
        if (p < 1) expect(relative(kolmogorovCdf(kolmogorovUpperQuantile(1 - p)), 1 - (1 - p))).toBeLessThan(1e-12);
      }),
    );
    expect(kolmogorovUpperQuantile(0.05)).toBeCloseTo(1.3580986393225507, 13);
    expect(Number.isFinite(kolmogorovUpperQuantile(5e-324))).toBe(true);
  });

  it("falls, and its tails add up to 1", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 20, noNaN: true }), (x) => {
        expect(kolmogorovCdf(x) + kolmogorovSf(x)).toBeCloseTo(1, 15);
        expect(kolmogorovSf(x * (1 + 1e-6))).toBeLessThanOrEqual(kolmogorovSf(x) * (1 + 1e-13));
      }),
    );
  });

  it("is 1 next to 0, also where 1 / x is no double", () => {
    expect([5e-324, 1e-308, 1e-9].map(kolmogorovSf)).toEqual([1, 1, 1]);
    expect([5e-324, 1e-308, 1e-9].map(kolmogorovCdf)).toEqual([0, 0, 0]);
  });

  it("starts at 0, ends at infinity, and refuses what is no number and no probability", () => {
    const places = [-1, 0, Number.POSITIVE_INFINITY];
    expect([places.map(kolmogorovSf), places.map(kolmogorovCdf)]).toEqual([[1, 1, 0], [0, 0, 1]]); // biome-ignore format: one row for each
    expect([0, 1].map(kolmogorovUpperQuantile)).toEqual([Number.POSITIVE_INFINITY, 0]);
    expect([0, 1].map(kolmogorovQuantile)).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(() => kolmogorovSf(Number.NaN)).toThrow(invalid);
    expect(() => kolmogorovCdf(Number.NaN)).toThrow(invalid);
    for (const p of [-0.1, 1.1, Number.NaN]) {
      expect(() => kolmogorovUpperQuantile(p)).toThrow(invalid);
      expect(() => kolmogorovQuantile(p)).toThrow(invalid);
    }
  });
});
