import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import {
  andersonDarling,
  cramerVonMises,
  energyDistance,
  hellinger,
  jensenShannon,
  ksTest,
  ksTwoSampleSf,
  kullbackLeibler,
  leveneTest,
  mannWhitney,
  mmd,
  populationStabilityIndex,
  totalVariation,
  wasserstein,
  welchTest,
} from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { uniforms } from "../uniforms.ts";
import { reference, sampleOf } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));

describe.each(reference.edges.map(({ a, b, ...rest }) => ({ ...rest, a: sampleOf(a), b: sampleOf(b) })))(
  "$name",
  ({ a, b, untied, ...expected }) => {
    const shortest = Math.min(a.length, b.length);
    const constant = new Set(a).size === 1 && new Set(b).size === 1;

    it("has SciPy's Kolmogorov–Smirnov test", () => {
      const { statistic, exact, asymptotic } = expected.ks;
      const found = ksTest(a, b);
      expect(found.method).toBe(exact === null ? "asymptotic" : "exact");
      expect(
        greatestError([
          [found.statistic, statistic],
          [found.pValue, exact ?? asymptotic],
          [ksTest(a, b, { method: "asymptotic" }).pValue, asymptotic],
        ]),
      ).toBeLessThan(1e-10);
    });

    it("has SciPy's Mann–Whitney test", () => {
      for (const { alternative, statistic, asymptotic, exact } of expected.mannWhitney) {
        const found = mannWhitney(a, b, { alternative, method: "asymptotic" });
        // SciPy divides by the variance, which is 0 when all values are equal.
        const p = asymptotic ?? 1;
        expect(greatestError([[found.statistic, statistic], [found.pValue, p]])).toBeLessThan(1e-10); // biome-ignore format: one line
        if (exact === null) continue;
        expect(greatestError([[mannWhitney(a, b, { alternative, method: "exact" }).pValue, exact]])).toBeLessThan(1e-10);
      }
    });

    it("has the Cramér–von Mises distance as it is defined, and SciPy's p-value", () => {
      const { statistic, asymptotic } = expected.cramerVonMises;
      const found = cramerVonMises(a, b, { method: "asymptotic" });
      expect(greatestError([[found.statistic, statistic]])).toBeLessThan(1e-10);
      if (asymptotic !== null) expect(Math.abs(found.pValue - asymptotic)).toBeLessThan(1e-10 * asymptotic + 1e-12);
      else expect(found.pValue).toSatisfy((p: number) => p >= 0 && p <= 1);
      if (statistic === 0) expect(found.pValue).toBe(1);
    });

    it("has SciPy's Anderson–Darling distance", () => {
      const found = andersonDarling(a, b);
      expect(greatestError([[found.statistic, expected.andersonDarling ?? 0]])).toBeLessThan(1e-10);
      if (expected.andersonDarling === null) expect(found.pValue).toBe(1);
      else expect(found.pValue).toSatisfy((p: number) => p >= 0 && p <= 1);
    });

    if (expected.wasserstein === undefined) {
      it("is refused by tests and distances of finite values", () => {
        for (const test of [welchTest, leveneTest, wasserstein, energyDistance, populationStabilityIndex]) {
          expect(() => test(a, b)).toThrow(invalid);
        }
      });
      return;
    }

    it.each([
      ["Welch's", welchTest, 2, expected.welch],
      ["Levene's", leveneTest, 3, expected.levene],
    ] as const)("has SciPy's %s test, or is refused for few values", (_, test, least, scipy) => {
      if (shortest < least) return expect(() => test(a, b)).toThrow(invalid);
      const found = test(a, b);
      // SciPy divides 0 by 0 for equal constants, and, in Levene's test, for any.
      if (scipy?.statistic === null) {
        expect(constant).toBe(true);
        return expect(found).toMatchObject({ statistic: 0, pValue: 1 });
      }
      expect(greatestError([[found.statistic, Number(scipy!.statistic)], [found.pValue, scipy!.pValue!]])).toBeLessThan(1e-10); // biome-ignore format: one line
    });

    it("has SciPy's distances of samples", () => {
      expect(
        greatestError([
          [wasserstein(a, b), expected.wasserstein!],
          [energyDistance(a, b), expected.energyDistance!],
        ]),
      ).toBeLessThan(1e-10);
    });

    it("has the stability index as it is defined, in NumPy's bins", () => {
      const found = populationStabilityIndex(a, b);
      const { psi, pValue, bins } = expected.psi!;
      expect(found.bins).toBe(bins);
      expect(greatestError([[found.psi, psi], [found.pValue, pValue]])).toBeLessThan(1e-10); // biome-ignore format: one line
    });

    it("knows which samples have ties", () => {
      expect(cramerVonMises(a, b).method === "exact").toBe(untied && Math.max(a.length, b.length) <= 20);
    });
  },
);

describe("large inputs", () => {
  it.each(reference.exactKs)("have SciPy's exact Kolmogorov–Smirnov law: $n and $m values", ({ n, m, statistic, pValue }) => {
    expect(greatestError([[ksTwoSampleSf(statistic, n, m), pValue]])).toBeLessThan(1e-10);
  });

  it.each(reference.longDivergences)("have SciPy's distances between shares: $n bins", ({ n, seeds, ...expected }) => {
    const [p, q] = seeds.map((seed) => uniforms(n, seed).map((u) => Math.floor(u * 1000) + 1)) as [Float64Array, Float64Array];
    expect(
      greatestError([
        [jensenShannon(p, q), expected.jensenShannon],
        [kullbackLeibler(p, q), expected.kullbackLeibler],
        [hellinger(p, q), expected.hellinger],
        [totalVariation(p, q), expected.totalVariation],
      ]),
    ).toBeLessThan(1e-10);
  });

  it("of vectors are drawn from by mmd", () => {
    const rows = (seed: number, shift: number) => Array.from(uniforms(100_000, seed), (u) => [u + shift]);
    expect(mmd(rows(31, 0), rows(32, 0.4), { maxRows: 150, permutations: 99 }).pValue).toBe(0.01);
  });
});
