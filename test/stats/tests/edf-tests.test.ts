import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { type Random, randomInt, randomNormal, seeded } from "../../../src/core/random.ts";
import { andersonDarling, cramerVonMises } from "../../../src/stats/index.ts";
import { andersonDarlingFromCounts } from "../../../src/stats/tests/anderson-darling.ts";
import { cramerVonMisesFromCounts } from "../../../src/stats/tests/cramer-von-mises.ts";
import { andersonDarlingSf, cramerVonMisesSf } from "../../../src/stats/tests/edf-limit-laws.ts";
import { greatestError } from "../reference.ts";
import { INVALID_SAMPLES, reference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));
const sample = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 12 });
const countsOf = (values: readonly number[]) =>
  Array.from({ length: 13 }, (_, i) => values.filter((value) => value === i - 6).length);

describe("the limit laws", () => {
  it("agree with mpmath", () => {
    const { cramerVonMises: cvm, andersonDarling: ad } = reference.limitLaws;
    expect(greatestError(cvm.map(({ x, sf }) => [cramerVonMisesSf(x), sf] as const))).toBeLessThan(1e-12);
    expect(greatestError(ad.map(({ x, sf }) => [andersonDarlingSf(x), sf] as const))).toBeLessThan(1e-12);
  });

  it("fall from 1 at 0 to 0 at infinity, and keep to their first term in the far tail", () => {
    expect(cramerVonMisesSf(0)).toBe(1);
    expect(andersonDarlingSf(-2)).toBe(1);
    expect(cramerVonMisesSf(200)).toBe(0);
    expect(andersonDarlingSf(1e4)).toBe(0);
    // Tails of a sum of weighted chi-squared variates fall as that of its heaviest one.
    expect(Math.log(cramerVonMisesSf(100) / cramerVonMisesSf(101))).toBeCloseTo(Math.PI ** 2 / 2, 1);
    expect(Math.log(andersonDarlingSf(500) / andersonDarlingSf(501))).toBeCloseTo(1, 1);
    for (const sf of [cramerVonMisesSf, andersonDarlingSf]) {
      for (let x = 0.005, last = 1; x < 3; x *= 1.1) {
        expect(sf(x)).toBeLessThanOrEqual(last);
        last = sf(x);
      }
    }
  });
});

describe("cramerVonMises", () => {
  it("agrees with SciPy without ties", () => {
    const cases = reference.twoSamples.flatMap(({ a, b, cramerVonMises: expected }) => (expected ? [{ a, b, expected }] : []));
    expect(cases.length).toBeGreaterThan(4);
    for (const { a, b, expected } of cases) {
      const found = cramerVonMises(a, b, { method: "asymptotic" });
      expect(greatestError([[found.statistic, expected.statistic]])).toBeLessThan(1e-10);
      // SciPy's tail is 1 less the law itself, and so has as many digits as 1e-16 leaves it.
      expect(Math.abs(found.pValue - expected.asymptotic)).toBeLessThan(1e-10 * expected.asymptotic + 1e-12);
      if (expected.exact === null) continue;
      expect(greatestError([[cramerVonMises(a, b).pValue, expected.exact]])).toBeLessThan(1e-10);
      expect(cramerVonMises(a, b).method).toBe("exact");
    }
  });

  it("counts every order of small samples", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 9 }), fc.integer({ min: 1, max: 8 }), (values, cut) => {
        const n = Math.min(cut, values.length - 1);
        const { statistic, pValue } = cramerVonMises(values.slice(0, n), values.slice(n), { method: "exact" });
        expect(pValue).toBeCloseTo(shareOfPaths(n, values.length - n, statistic), 12);
      }),
    );
  });

  it("turns to the limit law for ties and for more than 20 values, and refuses an exact one that takes too long", () => {
    const ramp = (length: number, start = 0) => Array.from({ length }, (_, i) => start + 2 * i);
    expect(cramerVonMises(ramp(20), ramp(20, 1)).method).toBe("exact");
    expect(cramerVonMises(ramp(21), ramp(2, 1)).method).toBe("asymptotic");
    expect(cramerVonMises([1, 1], [2]).method).toBe("asymptotic");
    expect(() => cramerVonMises(ramp(500), ramp(499, 800), { method: "exact" })).toThrow(invalid);
  });

  it("sees no difference between samples of one value, whatever their sizes", () => {
    expect(cramerVonMises([3, 3, 3, 3], [3])).toEqual({ statistic: 0, pValue: 1, method: "asymptotic" });
    expect(cramerVonMises([3], [3], { method: "exact" })).toEqual({ statistic: 0, pValue: 1, method: "exact" });
    expect(cramerVonMises([1], [2]).pValue).toBe(1);
  });
});

describe("andersonDarling", () => {
  it.each(reference.twoSamples)(
    "has SciPy's statistic, and its p-value where that is neither clipped nor coarse: $name",
    (case_) => {
      const { a, b, ties, andersonDarling: expected } = case_;
      const { statistic, pValue } = andersonDarling(a, b);
      expect(greatestError([[statistic, expected.statistic]])).toBeLessThan(1e-10);
      if (expected.clipped >= 0.25) expect(pValue).toBeGreaterThan(0.22);
      else if (expected.clipped <= 0.001) expect(pValue).toBeLessThan(0.0012);
      else if (!ties) expect(Math.abs(pValue / expected.clipped - 1)).toBeLessThan(0.1);
    },
  );

  it("agrees with a permutation test within what chance allows it, with and without ties", () => {
    for (const { a, b } of reference.twoSamples) {
      const limit = andersonDarling(a, b).pValue;
      const permuted = andersonDarling(a, b, { permutations: 999 }).pValue;
      const chance = 4 * Math.sqrt((permuted * (1 - permuted)) / 1000);
      expect(Math.abs(limit - permuted)).toBeLessThan((permuted < 0.3 ? 0.1 * permuted : 0.05) + chance);
      expect(permuted).toBeGreaterThanOrEqual(1 / 1000);
    }
  });

  it("draws the relabellings from the source that it is given", () => {
    const [a, b] = [
      [1, 5, 2, 8, 3],
      [4, 9, 7, 6, 10],
    ];
    const found = (random?: Random) => andersonDarling(a, b, { permutations: 99, ...(random && { random }) }).pValue;
    expect(found(seeded(1))).toBe(found(seeded(1)));
    expect(found()).toBe(found());
    expect(new Set([1, 2, 3, 4, 5].map((seed) => found(seeded(seed)))).size).toBeGreaterThan(1);
  });

  it("finds nothing in fewer than 4 values and in constants", () => {
    for (const options of [{}, { permutations: 9 }]) {
      expect(andersonDarling([1], [2, 3], options)).toEqual({ statistic: 0, pValue: 1 });
      expect(andersonDarling([3, 3, 3, 3], [3], options)).toEqual({ statistic: 0, pValue: 1 });
    }
    expect(andersonDarling([1, 2], [1, 2]).statistic).toBeLessThan(0);
  });

  it("takes weighted counts, also of less than one value, and of billions in no time", () => {
    for (const [a, b] of [
      [
        [5, 0],
        [0, 0.001],
      ],
      [
        [100.5, 200.25, 3],
        [90, 150, 30],
      ],
      [
        [2e9, 1e9],
        [1e9, 5e8],
      ],
    ] as const) {
      const { statistic, pValue } = andersonDarlingFromCounts(a, b);
      expect(statistic).toSatisfy(Number.isFinite);
      expect(pValue).toSatisfy((p: number) => p >= 0 && p <= 1);
    }
  });

  it("refuses wrong options", () => {
    expect(() => andersonDarling([1], [1], { permutations: -1 })).toThrow(misconfigured);
    expect(() => andersonDarling([1], [1], { random: {} as Random })).toThrow(misconfigured);
  });
});

describe.each([
  ["cramerVonMises", cramerVonMises, cramerVonMisesFromCounts],
  ["andersonDarling", andersonDarling, andersonDarlingFromCounts],
] as const)("%s", (_, test, fromCounts) => {
  it("does not change under swapped samples, another order, or a growing transformation; never NaN", () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const { statistic, pValue } = test(a, b);
        expect(pValue).toBeGreaterThanOrEqual(0);
        expect(pValue).toBeLessThanOrEqual(1);
        for (const other of [test(b, a), test(a.toReversed(), b), test(a.map(Math.sinh), b.map(Math.sinh))]) {
          expect(other.statistic).toBeCloseTo(statistic, 10);
          expect(other.pValue).toBeCloseTo(pValue, 10);
        }
      }),
    );
  });

  it("on counts is the test of the values that the bins stand for, empty bins or not", () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const { statistic, pValue } = test(a, b, test === cramerVonMises ? { method: "asymptotic" } : {});
        const binned = fromCounts(countsOf(a), countsOf(b));
        expect(binned.statistic).toBeCloseTo(statistic, 12);
        expect(binned.pValue).toBeCloseTo(pValue, 12);
      }),
    );
  });

  it("orders infinities, and refuses NaN and an empty sample", () => {
    expect(test([-1 / 0, 1, 2, 3], [1 / 0, 9, 8, 7]).pValue).toBe(test([0, 1, 2, 3], [10, 9, 8, 7]).pValue);
    for (const values of INVALID_SAMPLES) {
      expect(() => test(values, [1])).toThrow(invalid);
      expect(() => test([1], values)).toThrow(invalid);
    }
  });

  it.each([2, 3, 10])("rejects 3 to 7 %% of equal samples at 5 %%, in %d unequal bins", (bins) => {
    const random = seeded(bins);
    const toss = (length: number) => {
      const counts = new Float64Array(bins);
      for (let i = 0; i < length; i++) counts[Math.min(randomInt(random, bins), randomInt(random, bins))]! += 1;
      return counts;
    };
    let rejected = 0;
    const runs = 600;
    for (let run = 0; run < runs; run++) if (fromCounts(toss(300), toss(200)).pValue < 0.05) rejected += 1;
    expect(rejected / runs).toBeGreaterThan(0.03);
    expect(rejected / runs).toBeLessThan(0.07);
  });

  it("rejects 3 to 7 % of equal samples without ties", () => {
    const random = seeded(17);
    const draw = (length: number) => Float64Array.from({ length }, () => randomNormal(random));
    let rejected = 0;
    const runs = 600;
    for (let run = 0; run < runs; run++) if (test(draw(40), draw(25)).pValue < 0.05) rejected += 1;
    expect(rejected / runs).toBeGreaterThan(0.03);
    expect(rejected / runs).toBeLessThan(0.07);
  });
});

/** Share of all lattice paths from (0, 0) to (n, m) with a statistic of at least `statistic`, by listing them. */
function shareOfPaths(n: number, m: number, statistic: number): number {
  let far = 0;
  let all = 0;
  const walk = (i: number, j: number, sum: number): void => {
    const here = sum + (i / n - j / m) ** 2;
    if (i === n && j === m) {
      all += 1;
      if ((here * n * m) / (n + m) ** 2 >= statistic - 1e-12) far += 1;
      return;
    }
    if (i < n) walk(i + 1, j, here);
    if (j < m) walk(i, j + 1, here);
  };
  walk(0, 0, 0);
  return far / all;
}
