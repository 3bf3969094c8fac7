import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  betaCdf,
  betaQuantile,
  betaSf,
  betaUpperQuantile,
  fCdf,
  fQuantile,
  fSf,
  fUpperQuantile,
  logBeta,
  studentTSf,
} from "../../../src/stats/index.ts";
import { distribution, distributions, invalid, quantileError, relative, tailErrors, valueError } from "./reference.ts";

const shape = fc.double({ min: -3, max: 10, noNaN: true }).map((exponent) => 10 ** exponent);

const probability = fc.oneof(
  fc.double({ min: -299, max: 0, noNaN: true }).map((exponent) => 10 ** exponent),
  fc.double({ min: 0.001, max: 0.999, noNaN: true }),
);

/** A place with its shapes, often near the mean and sometimes far from it. */
const point = fc.tuple(shape, shape, fc.double({ min: -12, max: 12, noNaN: true }), fc.boolean()).map(([a, b, z, near]) => {
  const mean = a / (a + b);
  const x = near ? mean + z * Math.sqrt((mean * (1 - mean)) / (a + b + 1)) : 1 / (1 + Math.exp(z));
  return [Math.min(1, Math.max(0, x)), a, b] as const;
});

describe("logBeta", () => {
  it("agrees with mpmath, also where one shape is far greater than the other", () => {
    expect(valueError(logBeta, distributions.logBeta)).toBeLessThan(1e-13);
  });

  it("is symmetric and satisfies B(a, b) = B(a + 1, b) + B(a, b + 1)", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 50, noNaN: true }), fc.double({ min: 0.01, max: 50, noNaN: true }), (a, b) => {
        expect(logBeta(a, b)).toBe(logBeta(b, a));
        expect(relative(Math.exp(logBeta(a + 1, b)) + Math.exp(logBeta(a, b + 1)), Math.exp(logBeta(a, b)))).toBeLessThan(1e-12);
      }),
    );
  });

  it.each([
    [0, 1],
    [1, Number.POSITIVE_INFINITY],
    [Number.NaN, 1],
  ])("refuses (%d, %d)", (a, b) => {
    expect(() => logBeta(a, b)).toThrow(invalid);
  });
});

describe("the beta distribution", () => {
  const functions = distribution({ cdf: betaCdf, sf: betaSf, quantile: betaQuantile, upperQuantile: betaUpperQuantile });

  it("agrees with mpmath in both tails, for shapes from 0.01 to 1e10, down to 1e-300", () => {
    const { error, least } = tailErrors(functions, distributions.beta);
    expect(least).toBeLessThan(1e-299);
    expect(error).toBeLessThan(2e-12);
  });

  it("has quantiles that agree with mpmath", () => {
    expect(quantileError(functions, distributions.beta)).toBeLessThan(2e-12);
  });

  it("rises with the place, its tails add up to 1, and it is mirrored by exchanging the shapes", () => {
    fc.assert(
      fc.property(point, ([x, a, b]) => {
        const [lower, upper] = [betaCdf(x, a, b), betaSf(x, a, b)];
        expect(lower + upper).toBeCloseTo(1, 13);
        const further = Math.min(1, x * (1 + 1e-7));
        expect(betaCdf(further, a, b)).toBeGreaterThanOrEqual(lower * (1 - 1e-11));
        expect(betaSf(further, a, b)).toBeLessThanOrEqual(upper * (1 + 1e-11));
        // 1 − x is exact here, so that both are asked the same.
        const exact = Math.round(x * 2 ** 20) / 2 ** 20;
        if (betaSf(exact, a, b) > 1e-300) expect(relative(betaCdf(1 - exact, b, a), betaSf(exact, a, b))).toBeLessThan(1e-11);
      }),
    );
  });

  it("satisfies the recurrence in the first shape", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.02, max: 1 - 1e-9, noNaN: true }),
        fc.double({ min: 0.05, max: 60, noNaN: true }),
        fc.double({ min: 0.05, max: 60, noNaN: true }),
        (x, a, b) => {
          const step = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
          expect(relative(betaCdf(x, a + 1, b) + step, betaCdf(x, a, b))).toBeLessThan(1e-12);
          expect(relative(betaSf(x, a, b) + step, betaSf(x, a + 1, b))).toBeLessThan(1e-12);
        },
      ),
    );
  });

  it("inverts its quantiles where a double can tell them", () => {
    fc.assert(
      fc.property(probability, shape, shape, (p, a, b) => {
        const allowed = Math.max(1e-11, 1e-14 * Math.sqrt(Math.max(a, b)) + 1e-15 * Math.max(a, b) * Number(p < 1e-3));
        const lower = betaQuantile(p, a, b);
        if (lower > 1e-300 && lower < 0.9) expect(relative(betaCdf(lower, a, b), p)).toBeLessThan(allowed);
        const upper = betaUpperQuantile(p, a, b);
        if (upper > 1e-300 && upper < 0.9) expect(relative(betaSf(upper, a, b), p)).toBeLessThan(allowed);
      }),
    );
  });

  it("knows the closed forms", () => {
    for (const x of [1e-200, 0.1, 0.5, 0.999]) {
      expect(relative(betaCdf(x, 1, 1), x)).toBeLessThan(1e-13);
      expect(relative(betaCdf(x, 3, 1), x ** 3 || 0)).toBeLessThan(1e-13);
      expect(relative(betaSf(x, 1, 1e-4), (1 - x) ** 1e-4)).toBeLessThan(1e-13);
      expect(relative(betaCdf(x, 1, 1e-4), -Math.expm1(1e-4 * Math.log1p(-x)))).toBeLessThan(1e-13);
      expect(relative(betaCdf(x, 0.5, 0.5), (2 / Math.PI) * Math.asin(Math.sqrt(x)))).toBeLessThan(1e-13);
    }
    expect(betaQuantile(0.5, 7, 7)).toBeCloseTo(0.5, 15);
  });

  it("lies in [0, 1]", () => {
    expect([-1, 0, 1, 2].map((x) => [betaCdf(x, 2, 3), betaSf(x, 2, 3)])).toEqual([[0, 1], [0, 1], [1, 0], [1, 0]]); // biome-ignore format: one row for each
    expect([0, 1].map((p) => [betaQuantile(p, 2, 3), betaUpperQuantile(p, 2, 3)])).toEqual([[0, 1], [1, 0]]); // biome-ignore format: one row for each
    expect([betaQuantile(0.4, 1e-6, 1), betaQuantile(0.4, 1, 1e-6)]).toEqual([0, 1]);
  });

  it.each([
    [Number.NaN, 1, 1],
    [0.5, 0, 1],
    [0.5, 1, -1],
    [0.5, 1, 1e16],
  ])("refuses %d of shapes %d and %d", (x, a, b) => {
    for (const f of [betaCdf, betaSf, betaQuantile, betaUpperQuantile]) expect(() => f(x, a, b)).toThrow(invalid);
  });
});

describe("the F distribution", () => {
  const functions = distribution({ cdf: fCdf, sf: fSf, quantile: fQuantile, upperQuantile: fUpperQuantile });

  it("agrees with mpmath in both tails, for 0.1 to 1e9 degrees of freedom, down to 1e-300", () => {
    const { error, least } = tailErrors(functions, distributions.f);
    expect(least).toBeLessThan(1e-299);
    expect(error).toBeLessThan(2e-12);
  });

  it("has quantiles that agree with mpmath", () => {
    expect(quantileError(functions, distributions.f)).toBeLessThan(2e-12);
  });

  it("has a reciprocal with exchanged degrees of freedom, and tails that add up to 1", () => {
    fc.assert(
      fc.property(fc.integer({ min: -30, max: 30 }), shape, shape, (power, df1, df2) => {
        const x = 2 ** power;
        expect(fCdf(x, df1, df2) + fSf(x, df1, df2)).toBeCloseTo(1, 13);
        const [here, there] = [fCdf(x, df1, df2), fSf(1 / x, df2, df1)];
        if (here > 1e-300) expect(relative(there, here)).toBeLessThan(1e-11);
      }),
    );
  });

  it("inverts its quantiles, however far they are", () => {
    fc.assert(
      fc.property(probability, shape, shape, (p, df1, df2) => {
        const allowed = Math.max(1e-11, 2e-14 * Math.sqrt(Math.max(df1, df2)));
        const [lower, upper] = [fQuantile(p, df1, df2), fUpperQuantile(p, df1, df2)];
        if (lower > 1e-307 && lower < 1e307) expect(relative(fCdf(lower, df1, df2), p)).toBeLessThan(allowed);
        if (upper > 1e-307 && upper < 1e307) expect(relative(fSf(upper, df1, df2), p)).toBeLessThan(allowed);
      }),
    );
  });

  it("is the square of Student's t for one degree of freedom", () => {
    for (const t of [0.01, 1, 4, 100]) expect(relative(fSf(t * t, 1, 7), 2 * studentTSf(t, 7))).toBeLessThan(1e-13);
  });

  it("follows its tail where the odds are beyond the doubles", () => {
    expect(relative(fSf(1e308, 1e15, 0.01), fSf(1e290, 1e15, 0.01) * 10 ** (-18 * 0.005))).toBeLessThan(1e-12);
    expect(relative(fCdf(1e-308, 0.01, 1e15), fCdf(1e-290, 0.01, 1e15) * 10 ** (-18 * 0.005))).toBeLessThan(1e-12);
    expect(fUpperQuantile(1e-300, 1, 0.1)).toBe(Number.POSITIVE_INFINITY);
  });

  it("starts at 0 and ends at infinity", () => {
    expect([-1, 0, Number.POSITIVE_INFINITY].map((x) => [fCdf(x, 2, 3), fSf(x, 2, 3)])).toEqual([[0, 1], [0, 1], [1, 0]]); // biome-ignore format: one row for each
    expect([0, 1].map((p) => fQuantile(p, 2, 3))).toEqual([0, Number.POSITIVE_INFINITY]);
    expect([0, 1].map((p) => fUpperQuantile(p, 2, 3))).toEqual([Number.POSITIVE_INFINITY, 0]);
  });

  it.each([
    [Number.NaN, 1, 1],
    [0.5, 0, 1],
    [0.5, 1, Number.POSITIVE_INFINITY],
  ])("refuses %d with %d and %d degrees of freedom", (x, df1, df2) => {
    for (const f of [fCdf, fSf, fQuantile, fUpperQuantile]) expect(() => f(x, df1, df2)).toThrow(invalid);
  });
});
