import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { erf, erfc, normalCdf, normalPdf, normalQuantile, normalSf, normalUpperQuantile } from "../../../src/stats/index.ts";
import { distribution, distributions, invalid, quantileError, relative, tailErrors, valueError } from "./reference.ts";

const real = fc.double({ min: -36, max: 36, noNaN: true });

describe("erf and erfc", () => {
  it("agree with mpmath to the rounding, from the smallest argument to the end of the tail", () => {
    expect(
      valueError(
        erf,
        distributions.erf.map(([x, value]) => [x!, value!]),
      ),
    ).toBeLessThan(5e-16);
    expect(
      valueError(
        erfc,
        distributions.erf.map(([x, , value]) => [x!, value!]),
      ),
    ).toBeLessThan(2e-15);
  });

  it("are odd, and add up to 1", () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (x) => {
        expect(erf(-x)).toBe(-erf(x));
        expect(erf(x) + erfc(x)).toBeCloseTo(1, 15);
        expect(erfc(x) + erfc(-x)).toBeCloseTo(2, 15);
      }),
    );
  });

  it("have limits at infinity and refuse NaN", () => {
    const ends = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    expect([ends.map(erf), ends.map(erfc)]).toEqual([[-1, 1], [2, 0]]); // biome-ignore format: one row for each
    expect([erfc(27.5), erfc(1e200), erf(5e-324)]).toEqual([0, 0, 5e-324]);
    expect(() => erf(Number.NaN)).toThrow(invalid);
    expect(() => erfc(Number.NaN)).toThrow(invalid);
  });
});

describe("the normal distribution", () => {
  const functions = distribution({ cdf: normalCdf, sf: normalSf, quantile: normalQuantile, upperQuantile: normalUpperQuantile });

  it("agrees with mpmath in both tails, down to 1e-300", () => {
    const { error, least } = tailErrors(functions, distributions.normal);
    expect(least).toBeLessThan(1e-297);
    expect(error).toBeLessThan(5e-15);
  });

  it("has quantiles that agree with mpmath, next to 1/2 and down to the least positive double", () => {
    expect(valueError(normalQuantile, distributions.normalQuantile)).toBeLessThan(1e-14);
    // Next to 0 the probability, next to 1/2, has too few digits to tell the place.
    expect(
      quantileError(
        functions,
        distributions.normal.filter(([x]) => x! > 0.1),
      ),
    ).toBeLessThan(1e-14);
  });

  it("is symmetric", () => {
    fc.assert(
      fc.property(real, (x) => {
        expect(normalSf(x)).toBe(normalCdf(-x));
        expect(normalPdf(x)).toBe(normalPdf(-x));
        expect(normalCdf(x) + normalSf(x)).toBeCloseTo(1, 15);
      }),
    );
  });

  it("inverts its quantiles", () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: 0, noNaN: true }), (exponent) => {
        const p = 10 ** exponent;
        expect(relative(normalCdf(normalQuantile(p)), p)).toBeLessThan(1e-12);
        expect(relative(normalSf(normalUpperQuantile(p)), p)).toBeLessThan(1e-12);
      }),
    );
  });

  it("has the density as its slope", () => {
    for (const x of [-8, -1, 0, 0.3, 5]) {
      const step = 1e-4;
      expect(relative((normalCdf(x + step) - normalCdf(x - step)) / (2 * step), normalPdf(x))).toBeLessThan(1e-6);
    }
  });

  it("has its ends at infinity, and its middle at 0 and not at −0", () => {
    const ends = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    expect([ends.map(normalCdf), ends.map(normalSf), ends.map(normalPdf)]).toEqual([[0, 1], [1, 0], [0, 0]]); // biome-ignore format: one row for each
    expect([0, 0.5, 1].map(normalQuantile)).toEqual([ends[0], 0, ends[1]]);
    expect([0, 0.5, 1].map(normalUpperQuantile)).toEqual([ends[1], 0, ends[0]]);
    expect(normalQuantile(0.875)).toBe(-normalQuantile(0.125));
  });

  it.each([-1e-9, 1.0000001, Number.NaN])("refuses %d for a probability", (p) => {
    expect(() => normalQuantile(p)).toThrow(invalid);
    expect(() => normalUpperQuantile(p)).toThrow(invalid);
  });

  it("refuses NaN for a place", () => {
    for (const f of [normalCdf, normalSf, normalPdf]) expect(() => f(Number.NaN)).toThrow(invalid);
  });
});
