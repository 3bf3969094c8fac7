import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { mcNemarTest } from "../../../src/stats/index.ts";
import { greatestError, reference } from "../reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));

describe("mcNemarTest", () => {
  it("agrees with SciPy's binomial test and chi-squared law", () => {
    const exact = reference.mcNemarTest.map((counts) => [mcNemarTest(counts, { method: "exact" }).pValue, counts.exact] as const);
    expect(greatestError(exact)).toBeLessThan(1e-10);
    for (const counts of reference.mcNemarTest) {
      const found = mcNemarTest({ b: counts.b, c: counts.c }, { method: "asymptotic" });
      expect(found.statistic).toBe(counts.statistic);
      expect(greatestError([[found.pValue, counts.asymptotic]])).toBeLessThan(1e-10);
    }
  });

  it("is exact up to 1000 disagreements, and 1 without any", () => {
    expect(mcNemarTest({ b: 0, c: 0 })).toEqual({ statistic: 0, pValue: 1, method: "exact" });
    expect(mcNemarTest({ b: 500, c: 500 })).toEqual({ statistic: 500, pValue: 1, method: "exact" });
    expect(mcNemarTest({ b: 500, c: 501 }).method).toBe("asymptotic");
    expect(mcNemarTest({ b: 0, c: 0 }, { method: "asymptotic" }).pValue).toBe(1);
  });

  it("adds the exact tail of any number of disagreements in bounded time", () => {
    const { pValue } = mcNemarTest({ b: 1_000_000_000, c: 1_000_100_000 }, { method: "exact" });
    expect(pValue).toBeCloseTo(0.0253524, 6); // 2 * scipy.stats.binom.cdf(1000000000, 2000100000, 0.5), SciPy 1.10.1
  }, 2000);

  it("refuses what is no count", () => {
    expect(() => mcNemarTest({ b: -1, c: 2 })).toThrow(invalid);
    expect(() => mcNemarTest({ b: Number.NaN, c: 2 })).toThrow(invalid);
  });
});
