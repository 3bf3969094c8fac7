import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { seeded } from "../../../src/core/random.ts";
import { benjaminiHochberg, bonferroni, eBenjaminiHochberg, holm } from "../../../src/stats/index.ts";
import { greatestError, reference } from "../reference.ts";
import { reference as testsReference } from "./reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));

describe("benjaminiHochberg", () => {
  it("agrees with the definition, ties and ends included", () => {
    const adjusted = benjaminiHochberg(reference.benjaminiHochberg.pValues);
    const pairs = reference.benjaminiHochberg.adjusted.map((expected, i) => [adjusted[i]!, expected] as const);
    expect(greatestError(pairs)).toBeLessThan(1e-14);
  });

  it("keeps the order of p-values, and never makes one smaller", () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(probability), (pValues) => {
        const adjusted = benjaminiHochberg(pValues);
        pValues.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          pValues.forEach((other, j) => {
            if (p < other) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
          });
        });
        expect(adjusted.length).toBe(pValues.length);
      }),
    );
  });

  it("rejects something in at most about 5 % of families without any effect", () => {
    const random = seeded(7);
    let rejected = 0;
    for (let run = 0; run < 1000; run++) {
      const family = Array.from({ length: 50 }, () => random.next());
      if (benjaminiHochberg(family).some((p) => p < 0.05)) rejected += 1;
    }
    expect(rejected / 1000).toBeGreaterThan(0.03);
    expect(rejected / 1000).toBeLessThan(0.07);
  });

  it("refuses what is no probability", () => {
    expect(() => benjaminiHochberg([0.1, 1.1])).toThrow(invalid);
    expect(() => benjaminiHochberg([Number.NaN])).toThrow(invalid);
  });
});

describe("bonferroni and holm", () => {
  const { pValues } = testsReference.adjusted;

  it.each([
    ["bonferroni", bonferroni],
    ["holm", holm],
  ] as const)("%s agrees with statsmodels", (name, adjust) => {
    const found = adjust(pValues);
    const expected = testsReference.adjusted[name];
    expect(greatestError(expected.map((p, i) => [found[i]!, p] as const))).toBeLessThan(1e-14);
  });

  it("reject in the order of strictness: Bonferroni, Holm, Benjamini and Hochberg", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (values) => {
        const [strict, step, lax] = [bonferroni(values), holm(values), benjaminiHochberg(values)];
        values.forEach((_, i) => {
          expect(strict[i]).toBeGreaterThanOrEqual(step[i]!);
          expect(step[i]).toBeGreaterThanOrEqual(lax[i]! - 1e-15);
        });
      }),
    );
  });

  it("take none, and refuse what is no probability", () => {
    for (const adjust of [bonferroni, holm]) {
      expect(adjust([])).toEqual(new Float64Array());
      expect(adjust([0.2])).toEqual(Float64Array.of(0.2));
      expect(() => adjust([-0.1])).toThrow(invalid);
      expect(() => adjust([Number.NaN])).toThrow(invalid);
    }
  });
});

describe("eBenjaminiHochberg", () => {
  it("rejects the k greatest e-values, k the greatest for which the k-th is at least n / (k α)", () => {
    const eValue = fc.oneof(fc.double({ min: 0, max: 200, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY));
    fc.assert(
      fc.property(fc.array(eValue, { minLength: 1, maxLength: 12 }), (eValues) => {
        const alpha = 0.1;
        const descending = eValues.toSorted((a, b) => (a > b ? -1 : 1));
        const passing = descending.map((e, i) => e >= eValues.length / ((i + 1) * alpha));
        const cut = descending[passing.lastIndexOf(true)] ?? Number.POSITIVE_INFINITY;
        const expected = eValues.map((e) => passing.includes(true) && e >= cut);
        expect(Array.from(eBenjaminiHochberg(eValues), (level) => level <= alpha)).toEqual(expected);
      }),
    );
  });

  it("takes 0 and infinity, and refuses NaN and values below 0", () => {
    expect(eBenjaminiHochberg([0, Number.POSITIVE_INFINITY])).toEqual(Float64Array.of(1, 0));
    expect(eBenjaminiHochberg([])).toEqual(new Float64Array());
    expect(() => eBenjaminiHochberg([-1])).toThrow(invalid);
    expect(() => eBenjaminiHochberg([Number.NaN])).toThrow(invalid);
  });
});
