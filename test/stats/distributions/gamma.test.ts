import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chiSquaredCdf,
  chiSquaredQuantile,
  chiSquaredSf,
  chiSquaredUpperQuantile,
  digamma,
  gammaCdf,
  gammaP,
  gammaQ,
  gammaQuantile,
  gammaSf,
  gammaUpperQuantile,
  logGamma,
} from "../../../src/stats/index.ts";
import { greatestError, reference } from "../reference.ts";
import { distribution, distributions, invalid, quantileError, relative, tailErrors, valueError } from "./reference.ts";

/** Shapes from small to huge, evenly over the orders of magnitude. */
const shape = fc.double({ min: -3, max: 12, noNaN: true }).map((exponent) => 10 ** exponent);

const probability = fc.oneof(
  fc.double({ min: -299, max: 0, noNaN: true }).map((exponent) => 10 ** exponent),
  fc.double({ min: 0.001, max: 0.999, noNaN: true }),
);

/** A place that is often near the mean and sometimes far from it. */
const placeAndShape = fc
  .tuple(shape, fc.double({ min: -15, max: 15, noNaN: true }), fc.boolean())
  .map(([a, z, near]) => [near ? Math.max(0, a + z * Math.sqrt(a)) : a * 2 ** z, a] as const);

describe("logGamma", () => {
  it("agrees with mpmath from 1e-300 to 1e100, and next to its zeros", () => {
    expect(greatestError(reference.logGamma.map(({ z, value }) => [logGamma(z), value]))).toBeLessThan(1e-14);
  });

  it("satisfies the recurrence and the duplication formula", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (z) => {
        const scale = 1 + Math.abs(logGamma(2 * z));
        expect(Math.abs(logGamma(z + 1) - logGamma(z) - Math.log(z)) / scale).toBeLessThan(1e-13);
        const doubled = logGamma(z) + logGamma(z + 0.5) + (2 * z - 1) * Math.LN2 - Math.log(Math.PI) / 2;
        expect(Math.abs(logGamma(2 * z) - doubled) / scale).toBeLessThan(1e-13);
      }),
    );
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (z) => {
    expect(() => logGamma(z)).toThrow(invalid);
  });
});

describe("digamma", () => {
  it("agrees with mpmath, also at the double next to its zero", () => {
    expect(valueError(digamma, distributions.digamma)).toBeLessThan(1e-13);
  });

  it("satisfies the recurrence", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), (x) => {
        expect(Math.abs(digamma(x + 1) - digamma(x) - 1 / x)).toBeLessThan(1e-13 * (1 + 1 / x));
      }),
    );
  });

  it.each([0, -0.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (x) => {
    expect(() => digamma(x)).toThrow(invalid);
  });
});

describe("gammaP and gammaQ", () => {
  it("agree with mpmath to 1e-12 for small and large orders", () => {
    expect(greatestError(reference.gammaQ.map(({ a, x, value }) => [gammaQ(a, x), value]))).toBeLessThan(1e-12);
  });

  it("satisfy the recurrence in the order", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 40, noNaN: true }), fc.double({ min: 0.01, max: 60, noNaN: true }), (a, x) => {
        const step = Math.exp(a * Math.log(x) - x - logGamma(a + 1));
        expect(relative(gammaQ(a, x) + step, gammaQ(a + 1, x))).toBeLessThan(1e-12);
        expect(relative(gammaP(a + 1, x) + step, gammaP(a, x))).toBeLessThan(1e-12);
      }),
    );
  });

  it("join their methods without a step", () => {
    const nextTo = (x: number) => x * (1 - 1e-15);
    for (const a of [1, 2.5, 9.99, 10, 19.9, 20]) {
      expect(relative(gammaQ(a, nextTo(a + 1)), gammaQ(a, a + 1))).toBeLessThan(1e-13);
      expect(relative(gammaQ(nextTo(a), 1.5 * a), gammaQ(a, 1.5 * a))).toBeLessThan(1e-13);
    }
    for (const a of [0.001, 0.5, 0.999]) expect(relative(gammaQ(a, nextTo(1)), gammaQ(a, 1))).toBeLessThan(1e-13);
  });

  it.each([
    [0, 1],
    [-1, 1],
    [1e16, 1],
    [Number.NaN, 1],
    [1, -1],
    [1, Number.NaN],
  ])("refuse order %d at %d", (a, x) => {
    expect(() => gammaP(a, x)).toThrow(invalid);
    expect(() => gammaQ(a, x)).toThrow(invalid);
  });

  it("are 0 and 1 at the ends", () => {
    const ends = [0, Number.POSITIVE_INFINITY];
    expect(ends.map((x) => [gammaP(3, x), gammaQ(3, x)])).toEqual([[0, 1], [1, 0]]); // biome-ignore format: one row for each
  });
});

describe("the gamma distribution", () => {
  const functions = distribution({ cdf: gammaCdf, sf: gammaSf, quantile: gammaQuantile, upperQuantile: gammaUpperQuantile });

  it("agrees with mpmath in both tails, for shapes from 0.01 to 1e10, down to 1e-300", () => {
    const { error, least } = tailErrors(functions, distributions.gamma);
    expect(least).toBeLessThan(1e-299);
    expect(error).toBeLessThan(2e-12);
  });

  it("has quantiles that agree with mpmath", () => {
    expect(quantileError(functions, distributions.gamma)).toBeLessThan(2e-12);
  });

  it("rises with the place, and its tails add up to 1", () => {
    fc.assert(
      fc.property(placeAndShape, ([x, a]) => {
        const [lower, upper] = [gammaCdf(x, a), gammaSf(x, a)];
        expect(lower + upper).toBeCloseTo(1, 14);
        const further = x * (1 + 1e-7);
        expect(gammaCdf(further, a)).toBeGreaterThanOrEqual(lower * (1 - 1e-12));
        expect(gammaSf(further, a)).toBeLessThanOrEqual(upper * (1 + 1e-12));
      }),
    );
  });

  it("inverts its quantiles", () => {
    fc.assert(
      fc.property(probability, shape, (p, a) => {
        const lower = gammaQuantile(p, a);
        if (lower > 1e-300) expect(relative(gammaCdf(lower, a), p)).toBeLessThan(Math.max(1e-11, 1e-15 * Math.sqrt(a) * 40));
        const upper = gammaUpperQuantile(p, a);
        if (upper > 1e-300) expect(relative(gammaSf(upper, a), p)).toBeLessThan(Math.max(1e-11, 1e-15 * Math.sqrt(a) * 40));
      }),
    );
  });

  it("is scaled by its scale, to the last digits also for a great shape", () => {
    expect(relative(gammaSf(3 * 1.0001e9, 1e9, 3), gammaSf(1.0001e9, 1e9))).toBeLessThan(1e-13);
    expect(gammaQuantile(0.3, 7, 10)).toBe(10 * gammaQuantile(0.3, 7));
    expect(gammaUpperQuantile(0.3, 7, 10)).toBe(10 * gammaUpperQuantile(0.3, 7));
    expect([gammaSf(1e308, 1e15, 1e308), gammaSf(1, 1, 1e-308)]).toEqual([1, 0]);
  });

  it("starts at 0 and ends at infinity", () => {
    expect([-1, 0].map((x) => [gammaCdf(x, 2), gammaSf(x, 2)])).toEqual([[0, 1], [0, 1]]); // biome-ignore format: one row for each
    expect([gammaCdf(Number.POSITIVE_INFINITY, 2), gammaSf(Number.POSITIVE_INFINITY, 2)]).toEqual([1, 0]);
    expect([0, 1].map((p) => gammaQuantile(p, 2))).toEqual([0, Number.POSITIVE_INFINITY]);
    expect([0, 1].map((p) => gammaUpperQuantile(p, 2))).toEqual([Number.POSITIVE_INFINITY, 0]);
  });

  it("answers 0 where a quantile is below the doubles", () => {
    expect([gammaQuantile(1e-10, 1e-3), gammaQuantile(0.5, 1e-300), gammaUpperQuantile(0.5, 1e-6)]).toEqual([0, 0, 0]);
  });

  it.each([
    [Number.NaN, 1, 1],
    [1, 0, 1],
    [1, 2e15, 1],
    [1, 1, 0],
    [1, 1, Number.POSITIVE_INFINITY],
  ])("refuses %d of shape %d and scale %d", (x, a, scale) => {
    for (const f of [gammaCdf, gammaSf, gammaQuantile, gammaUpperQuantile]) expect(() => f(x, a, scale)).toThrow(invalid);
  });
});

describe("the chi-squared distribution", () => {
  it("agrees with SciPy to 1e-10 down to 1e-300", () => {
    expect(Math.min(...reference.chiSquaredSf.map(({ sf }) => sf))).toBeLessThan(1e-299);
    expect(greatestError(reference.chiSquaredSf.map(({ x, df, sf }) => [chiSquaredSf(x, df), sf]))).toBeLessThan(1e-10);
    expect(greatestError(reference.chiSquaredSf.map(({ x, df, sf }) => [chiSquaredUpperQuantile(sf, df), x]))).toBeLessThan(
      1e-10,
    );
  });

  it("is 1 − exp(−x / 2) for two degrees of freedom", () => {
    for (const x of [1e-9, 0.1, 1, 5, 50, 500]) {
      expect(relative(chiSquaredSf(x, 2), Math.exp(-x / 2))).toBeLessThan(1e-13);
      expect(relative(chiSquaredCdf(x, 2), -Math.expm1(-x / 2))).toBeLessThan(1e-13);
    }
    for (const p of [1e-300, 1e-9, 0.3, 0.9]) {
      expect(relative(chiSquaredQuantile(p, 2), -2 * Math.log1p(-p))).toBeLessThan(1e-13);
      expect(relative(chiSquaredUpperQuantile(p, 2), -2 * Math.log(p))).toBeLessThan(1e-13);
    }
  });

  it("has the critical values of the tables", () => {
    expect(chiSquaredUpperQuantile(0.05, 1)).toBeCloseTo(3.841458820694124, 13);
    expect(chiSquaredQuantile(0.99, 10)).toBeCloseTo(23.209251158954356, 12);
  });

  it("starts at 0, ends at infinity and refuses what is no degree of freedom", () => {
    expect([chiSquaredCdf(-3, 2), chiSquaredSf(-3, 2), chiSquaredCdf(0, 0.1), chiSquaredSf(0, 1e9)]).toEqual([0, 1, 0, 1]);
    expect([chiSquaredCdf(Number.POSITIVE_INFINITY, 2), chiSquaredSf(Number.POSITIVE_INFINITY, 2)]).toEqual([1, 0]);
    for (const df of [0, -1, Number.NaN, 1e16]) {
      for (const f of [chiSquaredCdf, chiSquaredSf, chiSquaredQuantile, chiSquaredUpperQuantile]) {
        expect(() => f(0.5, df)).toThrow(invalid);
      }
    }
    expect(() => chiSquaredSf(Number.NaN, 1)).toThrow(invalid);
    expect(() => chiSquaredQuantile(1.5, 1)).toThrow(invalid);
  });
});
