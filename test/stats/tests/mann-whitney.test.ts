import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { mannWhitney } from "../../../src/stats/index.ts";
import { mannWhitneyFromCounts } from "../../../src/stats/tests/mann-whitney.ts";
import { greatestError } from "../reference.ts";
import { INVALID_SAMPLES, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));
const sample = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 9 });

describe("mannWhitney", () => {
  it.each(reference.twoSamples)("agrees with SciPy: $name", ({ a, b, mannWhitney: cases }) => {
    for (const { alternative, continuity, statistic, asymptotic, exact } of cases) {
      const found = mannWhitney(a, b, { alternative, continuity, method: "asymptotic" });
      expect(found.statistic).toBe(statistic);
      expect(greatestError([[found.pValue, asymptotic]])).toBeLessThan(1e-10);
      if (exact === null) continue;
      expect(greatestError([[mannWhitney(a, b, { alternative, method: "exact" }).pValue, exact]])).toBeLessThan(1e-10);
    }
  });

  it("counts every order of small samples", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.nat({ max: 36 }), (n, m, u) => {
        fc.pre(u <= n * m);
        // The first sample's values lie above so many of the second's that U is u.
        const b = Array.from({ length: m }, (_, i) => i);
        const a = Array.from({ length: n }, (_, i) => Math.min(m, Math.max(0, u - i * m)) - 0.5 - i / 100);
        const { statistic, pValue } = mannWhitney(a, b, { alternative: "greater" });
        expect(statistic).toBe(u);
        expect(pValue).toBeCloseTo(shareOfOrders(n, m, u), 12);
      }),
    );
  });

  it("keeps the relative accuracy of a tiny exact p-value: one order of C(100, 50)", () => {
    const low = Array.from({ length: 50 }, (_, i) => i);
    let expected = 1;
    for (let i = 1; i <= 50; i++) expected *= i / (50 + i);
    const { pValue, method } = mannWhitney(
      low,
      low.map((x) => x + 50),
      { alternative: "less" },
    );
    expect(method).toBe("exact");
    expect(greatestError([[pValue, expected]])).toBeLessThan(1e-12);
  });

  it("tells how likely the greater value is in the first sample, and mirrors under swapped samples", () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const there = mannWhitney(a, b, { alternative: "greater" });
        const back = mannWhitney(b, a, { alternative: "less" });
        const pairs = a.flatMap((x) => b.map((y) => (x > y ? 1 : x === y ? 0.5 : 0)));
        expect(there.superiority).toBeCloseTo(pairs.reduce<number>((sum, one) => sum + one, 0) / pairs.length, 12);
        expect(there.superiority + back.superiority).toBeCloseTo(1, 12);
        expect(there.pValue).toBeCloseTo(back.pValue, 12);
        expect(mannWhitney(a, b).pValue).toBeCloseTo(mannWhitney(b, a).pValue, 12);
      }),
    );
  });

  it("chooses the exact law without ties up to 10 000 pairs", () => {
    const ramp = (length: number, start = 0) => Array.from({ length }, (_, i) => start + 2 * i);
    expect(mannWhitney(ramp(10), ramp(10, 1)).method).toBe("exact");
    expect(mannWhitney(ramp(101), ramp(100, 1)).method).toBe("asymptotic");
    expect(mannWhitney(ramp(10), ramp(10)).method).toBe("asymptotic");
    expect(() => mannWhitney(ramp(201), ramp(200, 1), { method: "exact" })).toThrow(invalid);
  });

  it("finds nothing in constants and in one value each, and orders infinities", () => {
    for (const method of ["exact", "asymptotic"] as const) {
      expect(mannWhitney([2, 2, 2], [2, 2], { method })).toMatchObject({ statistic: 3, pValue: 1, superiority: 0.5 });
    }
    expect(mannWhitney([1], [2])).toMatchObject({ statistic: 0, pValue: 1 });
    expect(mannWhitney([1], [1])).toMatchObject({ statistic: 0.5, pValue: 1 });
    expect(mannWhitney([1 / 0, 5], [-1 / 0, 1]).statistic).toBe(4);
    expect(mannWhitney([-0], [0]).statistic).toBe(0.5);
  });

  it("refuses NaN, an empty sample and wrong options", () => {
    for (const values of INVALID_SAMPLES) {
      expect(() => mannWhitney(values, [1])).toThrow(invalid);
      expect(() => mannWhitney([1], values)).toThrow(invalid);
    }
    expect(() => mannWhitney([1], [1], { method: "fast" as "exact" })).toThrow(misconfigured);
  });
});

describe("mannWhitneyFromCounts", () => {
  it("is the asymptotic test of the values that the bins stand for", () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const counts = (values: readonly number[]) =>
          Array.from({ length: 13 }, (_, i) => values.filter((value) => value === i - 6).length);
        const { statistic, pValue } = mannWhitney(a, b, { method: "asymptotic" });
        const binned = mannWhitneyFromCounts(counts(a), counts(b));
        expect(binned.statistic).toBe(statistic);
        expect(binned.pValue).toBeCloseTo(pValue, 12);
      }),
    );
  });
});

/** Share of all orders of n and m values whose U is at least u, by listing them. */
function shareOfOrders(n: number, m: number, u: number): number {
  let far = 0;
  let all = 0;
  const walk = (i: number, j: number, sum: number): void => {
    if (i === n && j === m) {
      all += 1;
      if (sum >= u) far += 1;
      return;
    }
    if (i < n) walk(i + 1, j, sum + j);
    if (j < m) walk(i, j + 1, sum);
  };
  walk(0, 0, 0);
  return far / all;
}
