import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { chiSquaredSf, gammaQ, kolmogorovSf, logGamma } from "../../src/stats/index.ts";
import { greatestError, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));

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

describe("gammaQ", () => {
  it("agrees with mpmath to 1e-12 for small and large orders", () => {
    expect(greatestError(reference.gammaQ.map(({ a, x, value }) => [gammaQ(a, x), value]))).toBeLessThan(1e-12);
  });

  it("is 1 at 0, 0 at infinity, and falls in between", () => {
    expect([gammaQ(3, 0), gammaQ(3, Number.POSITIVE_INFINITY)]).toEqual([1, 0]);
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 1e4, noNaN: true }), fc.double({ min: 0, max: 2e4, noNaN: true }), (a, x) => {
        const here = gammaQ(a, x);
        const further = gammaQ(a, x * 1.01 + 1e-9);
        expect(here).toBeGreaterThanOrEqual(0);
        expect(here).toBeLessThanOrEqual(1);
        expect(further).toBeLessThanOrEqual(here * (1 + 1e-11));
      }),
    );
  });

  it("joins its series and its continued fraction without a step", () => {
    for (const a of [1, 2.5, 9.99, 10, 10.01, 1000]) {
      const x = a + 1;
      expect(gammaQ(a, x * (1 - 1e-15)) / gammaQ(a, x)).toBeCloseTo(1, 12);
    }
    for (const a of [0.001, 0.5, 0.999]) expect(gammaQ(a, 1 - 1e-15) / gammaQ(a, 1)).toBeCloseTo(1, 11);
  });

  it.each([
    [0, 1],
    [-1, 1],
    [1e11, 1],
    [Number.NaN, 1],
    [1, -1],
    [1, Number.NaN],
  ])("refuses order %d at %d", (a, x) => {
    expect(() => gammaQ(a, x)).toThrow(invalid);
  });
});

describe("chiSquaredSf", () => {
  it("agrees with SciPy to 1e-10 down to 1e-300", () => {
    expect(Math.min(...reference.chiSquaredSf.map(({ sf }) => sf))).toBeLessThan(1e-299);
    expect(greatestError(reference.chiSquaredSf.map(({ x, df, sf }) => [chiSquaredSf(x, df), sf]))).toBeLessThan(1e-10);
  });

  it("is exp(-x / 2) for two degrees of freedom", () => {
    expect(greatestError([0.1, 1, 5, 50, 500].map((x) => [chiSquaredSf(x, 2), Math.exp(-x / 2)]))).toBeLessThan(1e-13);
  });
});

describe("kolmogorovSf", () => {
  it("agrees with SciPy to 1e-13, also far in the tail", () => {
    expect(Math.min(...reference.kolmogorovSf.map(({ sf }) => sf))).toBeLessThan(1e-290);
    expect(greatestError(reference.kolmogorovSf.map(({ x, sf }) => [kolmogorovSf(x), sf]))).toBeLessThan(1e-13);
  });

  it("is 1 next to 0, also where 1 / x is no double", () => {
    expect([5e-324, 1e-308, 1e-9].map(kolmogorovSf)).toEqual([1, 1, 1]);
  });

  it("is 1 at and below 0, 0 at infinity, and refuses NaN", () => {
    expect([kolmogorovSf(-1), kolmogorovSf(0), kolmogorovSf(1e-9), kolmogorovSf(Number.POSITIVE_INFINITY)]).toEqual([1, 1, 1, 0]);
    expect(() => kolmogorovSf(Number.NaN)).toThrow(invalid);
  });
});
