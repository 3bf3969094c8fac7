import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import { kolmogorovUpperQuantile, ksFromCounts, ksTest, ksTwoSampleSf } from "../../../src/stats/index.ts";
import { greatestError, reference } from "../reference.ts";
import { INVALID_SAMPLES, reference as testsReference } from "./reference.ts";

const { twoSamples } = testsReference;

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

const value = fc.integer({ min: -20, max: 20 });
const sample = fc.array(value, { minLength: 1, maxLength: 30 });

describe("ksTest", () => {
  it("agrees with SciPy's exact p-values, statistics and locations", () => {
    const found = reference.ksTest.map(({ a, b }) => ksTest(a, b));
    expect(found.map(({ method }) => method)).toEqual(found.map(() => "exact"));
    expect(greatestError(found.map(({ pValue }, i) => [pValue, reference.ksTest[i]!.exact]))).toBeLessThan(1e-12);
    expect(greatestError(found.map(({ statistic }, i) => [statistic, reference.ksTest[i]!.statistic]))).toBeLessThan(1e-15);
    expect(found.map(({ location }) => location)).toEqual(reference.ksTest.map(({ location }) => location));
  });

  it("agrees with SciPy on either side, exactly and asymptotically", () => {
    for (const { a, b, ks } of twoSamples) {
      for (const { alternative, statistic, location, exact, asymptotic } of ks) {
        const found = ksTest(a, b, { alternative, method: "exact" });
        // Of places with the same distance SciPy takes one by its rounding, we the first.
        expect(found.location).toBeLessThanOrEqual(location);
        const share = (values: readonly number[]) => values.filter((x) => x <= found.location).length / values.length;
        const gap = share(a) - share(b);
        const here = alternative === "two-sided" ? Math.abs(gap) : alternative === "less" ? -gap : gap;
        expect(here).toBeCloseTo(statistic, 14);
        expect(
          greatestError([
            [found.statistic, statistic],
            [found.pValue, exact],
            [ksTest(a, b, { alternative, method: "asymptotic" }).pValue, asymptotic],
          ]),
        ).toBeLessThan(1e-10);
      }
    }
  });

  it("finds on one side what lies on it only", () => {
    const low = [1, 2, 3, 4];
    const high = [3, 4, 5, 6];
    expect(ksTest(low, high, { alternative: "greater" })).toMatchObject({ statistic: 0.5, location: 2 });
    expect(ksTest(low, high, { alternative: "less" })).toMatchObject({ statistic: 0, pValue: 1, location: 6 });
    expect(ksTest(high, low, { alternative: "less" }).pValue).toBe(ksTest(low, high, { alternative: "greater" }).pValue);
    expect(ksTest([7], [7], { alternative: "less" })).toMatchObject({ statistic: 0, pValue: 1, location: 7 });
  });

  it("agrees with SciPy's limit law at Stephens' effective size when asymptotic", () => {
    const pairs = reference.ksTest.map(
      ({ a, b, asymptotic }) => [ksTest(a, b, { method: "asymptotic" }).pValue, asymptotic] as const,
    );
    expect(greatestError(pairs)).toBeLessThan(1e-13);
  });

  it("keeps the relative accuracy of a tiny exact p-value: 2 paths of C(2n, n) when the samples lie apart", () => {
    const n = 500;
    const low = Float64Array.from({ length: n }, (_, i) => i);
    const high = low.map((item) => item + n);
    let expected = 2;
    for (let i = 1; i <= n; i++) expected *= i / (n + i);
    expect(expected).toBeLessThan(1e-298);
    expect(greatestError([[ksTest(low, high).pValue, expected]])).toBeLessThan(1e-11);
  });

  it("counts every path of small samples", () => {
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 2, maxLength: 9 }), fc.integer({ min: 1, max: 8 }), (values, cut) => {
        const n = Math.min(cut, values.length - 1);
        const { statistic, pValue } = ksTest(values.slice(0, n), values.slice(n), { method: "exact" });
        expect(pValue).toBeCloseTo(shareOfPaths(n, values.length - n, statistic), 12);
      }),
    );
  });

  it("does not change under swapped samples, another order, or a growing transformation", () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const { statistic, pValue } = ksTest(a, b);
        for (const other of [ksTest(b, a), ksTest(a.toReversed(), b), ksTest(a.map(Math.sinh), b.map(Math.sinh))]) {
          expect(other.statistic).toBe(statistic);
          expect(other.pValue).toBeCloseTo(pValue, 12);
        }
      }),
    );
  });

  it("finds nothing between a sample and itself", () => {
    expect(ksTest([1, 1, 2], [1, 1, 2])).toEqual({ statistic: 0, pValue: 1, method: "exact", location: 1 });
    expect(ksTest([5], [5], { method: "asymptotic" }).pValue).toBe(1);
  });

  it("orders infinities, and turns to the limit law for large samples", () => {
    expect(ksTest([Number.NEGATIVE_INFINITY, 1], [1, Number.POSITIVE_INFINITY]).statistic).toBe(0.5);
    const ramp = (length: number) => Float64Array.from({ length }, (_, i) => i / length);
    expect(ksTest(ramp(10_001), ramp(10)).method).toBe("asymptotic");
    expect(ksTest(ramp(10_000), ramp(10_000)).method).toBe("exact");
  });

  it("refuses NaN, an empty sample and an unknown method", () => {
    expect(() => ksTest([1, Number.NaN], [1])).toThrow(invalid);
    expect(() => ksTest(Float64Array.of(1, Number.NaN), [1])).toThrow(invalid);
    for (const sample of INVALID_SAMPLES) {
      expect(() => ksTest(sample, [1])).toThrow(invalid);
      expect(() => ksTest([1], sample)).toThrow(invalid);
    }
    expect(() => ksTest(new Float64Array(40_000), new Float64Array(30_000), { method: "exact" })).toThrow(invalid);
    expect(() => ksTest([1], [1], { method: "fast" as "exact" })).toThrow(misconfigured);
  });
});

describe("ksTwoSampleSf", () => {
  it("is the p-value of a test with that distance", () => {
    for (const { a, b } of twoSamples) {
      for (const alternative of ["two-sided", "less"] as const) {
        const { statistic, pValue } = ksTest(a, b, { alternative, method: "exact" });
        expect(ksTwoSampleSf(statistic, a.length, b.length, { alternative })).toBe(pValue);
        expect(ksTwoSampleSf(statistic, b.length, a.length, { alternative })).toBe(pValue);
      }
    }
  });

  it("falls in steps from 1 at 0 to 0 above 1", () => {
    expect(ksTwoSampleSf(0, 3, 4)).toBe(1);
    expect(ksTwoSampleSf(-1, 3, 4)).toBe(1);
    expect(ksTwoSampleSf(1, 3, 4)).toBeCloseTo(2 / 35, 14); // 2 of C(7, 3) orders
    expect(ksTwoSampleSf(1, 3, 4, { alternative: "less" })).toBeCloseTo(1 / 35, 14);
    expect(ksTwoSampleSf(0.9999, 3, 4)).toBe(ksTwoSampleSf(1, 3, 4));
    expect(ksTwoSampleSf(1.01, 3, 4)).toBe(0);
    expect(ksTwoSampleSf(1, 1, 1)).toBe(1);
  });

  it("refuses NaN, what is no size, and wrong options", () => {
    expect(() => ksTwoSampleSf(Number.NaN, 3, 4)).toThrow(invalid);
    expect(() => ksTwoSampleSf(0.5, 0, 4)).toThrow(invalid);
    expect(() => ksTwoSampleSf(0.5, 3, 4.5)).toThrow(invalid);
    expect(() => ksTwoSampleSf(0.5, 1e5, 1e5)).toThrow(invalid);
    expect(() => ksTwoSampleSf(0.5, 3, 4, { alternative: "both" as "less" })).toThrow(misconfigured);
  });
});

describe("ksFromCounts", () => {
  it("gives the statistic of the samples when each value has a bin", () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const counts = (values: readonly number[]) =>
          Array.from({ length: 41 }, (_, i) => values.filter((v) => v === i - 20).length);
        const exact = ksTest(a, b, { method: "asymptotic" });
        const binned = ksFromCounts(counts(a), counts(b));
        expect(binned.statistic).toBeCloseTo(exact.statistic, 14);
        expect(binned.pValue).toBeCloseTo(exact.pValue, 12);
      }),
    );
  });

  it("falls short of the samples' statistic by no more than the smaller share in a bin", () => {
    fc.assert(
      fc.property(sample, sample, fc.integer({ min: 2, max: 20 }), (a, b, width) => {
        const counts = (values: readonly number[]) =>
          Array.from({ length: 21 }, (_, i) => values.filter((v) => Math.floor((v + 20) / width) === i).length);
        const [inA, inB] = [counts(a), counts(b)];
        const slack = Math.max(...inA.map((count, i) => Math.min(count / a.length, inB[i]! / b.length)));
        const { statistic } = ksTest(a, b);
        const binned = ksFromCounts(inA, inB).statistic;
        expect(binned).toBeLessThanOrEqual(statistic + 1e-15);
        expect(binned + slack).toBeGreaterThanOrEqual(statistic - 1e-15);
      }),
    );
  });

  it("has a p-value near the exact one, the nearer the more values there are", () => {
    // By sizes, the least and the greatest that the p-value is to be as a share of the exact one, where that is in [0.0001, 0.2].
    for (const [n, m, least, greatest] of [
      [4, 4, 0.38, 1],
      [11, 11, 0.57, 1.2],
      [41, 41, 0.7, 1.03],
      [400, 400, 0.85, 1.03],
      [7, 30, 0.95, 2.5],
      [97, 60, 0.95, 1.05],
      [20, 20_000, 0.98, 1.2],
      [50, 20_000, 0.96, 1.04],
      [300, 7001, 0.96, 1.04],
    ] as const) {
      let checked = 0;
      for (const p of [0.2, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0001]) {
        // All of the first sample's first values in the first bin, and as many fewer of the second one's as make the distance.
        const distance = kolmogorovUpperQuantile(p) * Math.sqrt(1 / n + 1 / m);
        const low = Math.round(m * (1 - distance));
        if (low < 0) continue;
        const { statistic, pValue } = ksFromCounts([n, 0], [low, m - low]);
        const exact = ksTwoSampleSf(statistic, n, m);
        if (exact > 0.2 || exact < 0.0001) continue;
        expect(pValue / exact, `${n}, ${m}, ${exact}`).toBeGreaterThan(least);
        expect(pValue / exact, `${n}, ${m}, ${exact}`).toBeLessThan(greatest);
        checked += 1;
      }
      expect(checked).toBeGreaterThan(0);
    }
  });

  it("refuses what is no count, no value at all, and unlike bins", () => {
    for (const [a, b] of [
      [[1.5], [1]],
      [
        [-1, 2],
        [1, 1],
      ],
      [
        [0, 0],
        [1, 1],
      ],
      [[1], [1, 1]],
      [[Number.NaN], [1]],
    ] as const) {
      expect(() => ksFromCounts(a, b)).toThrow(invalid);
    }
  });
});

describe("the level of ksTest", () => {
  it("rejects 2 to 6 % of equal samples at 5 %", () => {
    const random = seeded(11);
    let rejected = 0;
    for (let run = 0; run < 1000; run++) {
      const draw = (length: number) => Float64Array.from({ length }, () => randomNormal(random));
      if (ksTest(draw(60), draw(90)).pValue < 0.05) rejected += 1;
    }
    expect(rejected / 1000).toBeGreaterThan(0.02);
    expect(rejected / 1000).toBeLessThan(0.06);
  });
});

/** Share of all lattice paths from (0, 0) to (n, m) that meet a distance of at least `statistic`, by listing them. */
function shareOfPaths(n: number, m: number, statistic: number): number {
  let far = 0;
  let all = 0;
  const walk = (i: number, j: number, met: boolean): void => {
    const meets = met || Math.abs(i / n - j / m) >= statistic - 1e-12;
    if (i === n && j === m) {
      all += 1;
      if (meets) far += 1;
      return;
    }
    if (i < n) walk(i + 1, j, meets);
    if (j < m) walk(i, j + 1, meets);
  };
  walk(0, 0, false);
  return far / all;
}
