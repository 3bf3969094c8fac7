import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  normalQuantile,
  normalSf,
  studentTCdf,
  studentTQuantile,
  studentTSf,
  studentTUpperQuantile,
} from "../../../src/stats/index.ts";
import { distribution, distributions, invalid, quantileError, relative, tailErrors } from "./reference.ts";

const freedom = fc.double({ min: -2, max: 12, noNaN: true }).map((exponent) => 10 ** exponent);

describe("Student's t-distribution", () => {
  const functions = distribution({
    cdf: studentTCdf,
    sf: studentTSf,
    quantile: studentTQuantile,
    upperQuantile: studentTUpperQuantile,
  });

  it("agrees with mpmath, for 0.1 to 1e10 degrees of freedom, down to 1e-300", () => {
    const { error, least } = tailErrors(functions, distributions.studentT);
    expect(least).toBeLessThan(1e-299);
    expect(error).toBeLessThan(2e-12);
  });

  it("has quantiles that agree with mpmath, of which SciPy 1.10 has 2.57058183661 for five degrees of freedom", () => {
    // At 1e-8 the distance of a probability from 1/2 has half the digits of a double.
    expect(
      quantileError(
        functions,
        distributions.studentT.filter(([t]) => t! > 1e-4),
      ),
    ).toBeLessThan(1e-12);
    expect(studentTQuantile(0.975, 5)).toBeCloseTo(2.5705818356363, 12);
  });

  it("is Cauchy's for one degree of freedom", () => {
    for (const t of [1e-5, 0.3, 1, 7, 1e9, 1e200]) {
      expect(relative(studentTSf(t, 1), Math.atan2(1, t) / Math.PI)).toBeLessThan(1e-13);
    }
    for (const p of [1e-300, 1e-9, 0.1, 0.3, 0.4999]) {
      expect(relative(studentTUpperQuantile(p, 1), 1 / Math.tan(Math.PI * p))).toBeLessThan(1e-12);
    }
  });

  it("has a closed form for two degrees of freedom", () => {
    for (const t of [0.1, 1, 5, 1e3]) {
      const root = Math.sqrt(2 + t * t);
      expect(relative(studentTSf(t, 2), 1 / (root * (root + t)))).toBeLessThan(1e-13);
    }
  });

  it("tends to the normal distribution", () => {
    expect(studentTSf(3, Number.POSITIVE_INFINITY)).toBe(normalSf(3));
    expect(studentTQuantile(0.3, Number.POSITIVE_INFINITY)).toBe(normalQuantile(0.3));
    expect(studentTUpperQuantile(1e-20, Number.POSITIVE_INFINITY)).toBe(-normalQuantile(1e-20));
    for (const t of [0.1, 2, 10]) expect(relative(studentTSf(t, 1e300), normalSf(t))).toBeLessThan(1e-12);
    expect(relative(studentTUpperQuantile(1e-20, 1e300), -normalQuantile(1e-20))).toBeLessThan(1e-12);
  });

  it("is symmetric, falls, and its tails add up to 1", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), freedom, (t, df) => {
        expect(studentTCdf(-t, df)).toBe(studentTSf(t, df));
        expect(studentTCdf(t, df) + studentTSf(t, df)).toBeCloseTo(1, 14);
        expect(studentTSf(t * (1 + 1e-7), df)).toBeLessThanOrEqual(studentTSf(t, df) * (1 + 1e-12));
      }),
    );
  });

  it("inverts its quantiles, in the tails and next to the middle", () => {
    const tail = fc.double({ min: -299, max: -0.31, noNaN: true }).map((exponent) => 10 ** exponent);
    fc.assert(
      fc.property(tail, freedom, (p, df) => {
        const t = studentTUpperQuantile(p, df);
        if (t < 1e300) expect(relative(studentTSf(t, df), p)).toBeLessThan(1e-11);
        expect(studentTQuantile(p, df)).toBe(-t);
      }),
    );
    for (const df of [0.2, 3, 1e5]) {
      const slope = (studentTCdf(1e-3, df) - 0.5) / 1e-3;
      expect(relative(studentTQuantile(0.5 + 2 ** -40, df), 2 ** -40 / slope)).toBeLessThan(1e-5);
    }
  });

  it("reaches as far as the doubles do", () => {
    expect(relative(studentTSf(1e300, 0.01), studentTSf(1e100, 0.01) * 0.01)).toBeLessThan(1e-12);
    expect(relative(studentTSf(1e-300, 3), 0.5)).toBeLessThan(1e-15);
    expect(relative(studentTSf(studentTUpperQuantile(1e-29, 0.1), 0.1), 1e-29)).toBeLessThan(1e-12);
    expect(studentTUpperQuantile(1e-300, 0.1)).toBe(Number.POSITIVE_INFINITY);
  });

  it("has its ends at infinity and its middle at 0", () => {
    const ends = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    expect(ends.map((t) => [studentTCdf(t, 4), studentTSf(t, 4)])).toEqual([[0, 1], [1, 0]]); // biome-ignore format: one row for each
    expect([0, 0.5, 1].map((p) => studentTQuantile(p, 4))).toEqual([ends[0], 0, ends[1]]);
    expect([0, 0.5, 1].map((p) => studentTUpperQuantile(p, 4))).toEqual([ends[1], 0, ends[0]]);
    expect([studentTCdf(0, 4), studentTSf(0, 0.1)]).toEqual([0.5, 0.5]);
  });

  it.each([
    [Number.NaN, 1],
    [0.5, 0],
    [0.5, -3],
    [0.5, Number.NaN],
  ])("refuses %d with %d degrees of freedom", (t, df) => {
    for (const f of [studentTCdf, studentTSf, studentTQuantile, studentTUpperQuantile]) expect(() => f(t, df)).toThrow(invalid);
  });
});
