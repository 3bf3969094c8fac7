import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import {
  energyDistance,
  hellinger,
  jensenShannon,
  kullbackLeibler,
  totalVariation,
  wasserstein,
} from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { INVALID_SAMPLES, reference } from "../tests/reference.ts";

const invalid = expect.toSatisfy((error) => ModelwrightError.is(error, "INPUT_INVALID"));
const misconfigured = expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"));

describe("wasserstein and energyDistance", () => {
  const sample = fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 15 });

  it.each(reference.twoSamples)("agree with SciPy: $name", ({ a, b, ...expected }) => {
    expect(
      greatestError([
        [wasserstein(a, b), expected.wasserstein],
        [energyDistance(a, b), expected.energyDistance],
      ]),
    ).toBeLessThan(1e-10);
  });

  it("are metrics that grow with the unit and do not change when both samples move", () => {
    fc.assert(
      fc.property(sample, sample, sample, (a, b, c) => {
        for (const distance of [wasserstein, energyDistance]) {
          expect(distance(a, a.toReversed())).toBe(0);
          expect(distance(a, b)).toBeCloseTo(distance(b, a), 10);
          expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c) + 1e-9);
          expect(
            distance(
              a.map((x) => x + 5),
              b.map((x) => x + 5),
            ),
          ).toBeCloseTo(distance(a, b), 9);
        }
        expect(
          wasserstein(
            a.map((x) => x * 3),
            b.map((x) => x * 3),
          ),
        ).toBeCloseTo(3 * wasserstein(a, b), 9);
      }),
    );
  });

  it("are the distance itself between single values, also far out", () => {
    expect(wasserstein([2], [5.5])).toBe(3.5);
    expect(energyDistance([2], [10])).toBe(4);
    expect(wasserstein([-1e308, 1e308], [-1e308, 1e308])).toBe(0);
    expect(wasserstein([-1e308, 1e308, 1e308, 1e308], [-1e308, -1e308, 1e308, 1e308]) / 1e308).toBeCloseTo(0.5, 12);
    expect(wasserstein([-1e308], [1e308])).toBe(1 / 0);
  });

  it("refuse an empty sample, NaN and infinities", () => {
    for (const values of [...INVALID_SAMPLES, [1 / 0], [-1 / 0, 2], Float64Array.of(1 / 0)]) {
      for (const distance of [wasserstein, energyDistance]) {
        expect(() => distance(values, [1])).toThrow(invalid);
        expect(() => distance([1], values)).toThrow(invalid);
      }
    }
  });
});

describe("distances between shares", () => {
  it("agree with SciPy", () => {
    for (const { p, q, ...expected } of reference.divergences.cases) {
      expect(
        greatestError([
          [jensenShannon(p, q), expected.jensenShannon],
          [jensenShannon(p, q, { base: 2 }), expected.base2],
          [kullbackLeibler(p, q), Number(expected.kullbackLeibler)],
          [kullbackLeibler(p, q, { smoothing: 0.5 }), expected.smoothed],
          [kullbackLeibler(p, q, { smoothing: 0.5, base: 2 }), expected.smoothed / Math.LN2],
          [hellinger(p, q), expected.hellinger],
          [totalVariation(p, q), expected.totalVariation],
        ]),
      ).toBeLessThan(1e-10);
    }
  });

  it("keep their digits between shares that are almost equal", () => {
    const { p, q, jensenShannon: expected } = reference.divergences.tiny;
    // Of the shares that are left after rounding, each to 1e-16, their difference of 1e-9 has 7 digits.
    expect(greatestError([[jensenShannon(p, q), expected]])).toBeLessThan(1e-6);
  });

  const counts = fc.array(fc.nat({ max: 50 }), { minLength: 4, maxLength: 4 }).filter((list) => list.some((count) => count > 0));

  it("are bounded, symmetric but for Kullback and Leibler's, 0 for equal shares only, and ordered among themselves", () => {
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 1, max: 9 }), (p, q, times) => {
        const same = p.map((count) => count * times);
        for (const distance of [jensenShannon, hellinger, totalVariation]) {
          expect(distance(p, same)).toBeCloseTo(0, 7);
          expect(distance(p, q)).toBeCloseTo(distance(q, p), 12);
          expect(distance(p, q)).toBeLessThanOrEqual(1);
        }
        expect(kullbackLeibler(p, same)).toBeCloseTo(0, 12);
        const [h, v] = [hellinger(p, q), totalVariation(p, q)];
        expect(h * h).toBeLessThanOrEqual(v + 1e-12);
        expect(v).toBeLessThanOrEqual(Math.SQRT2 * h + 1e-12);
        expect(kullbackLeibler(p, q)).toBeGreaterThanOrEqual(2 * v * v - 1e-12);
        expect(jensenShannon(p, q, { base: 2 })).toBeLessThanOrEqual(1 + 1e-15);
      }),
    );
  });

  it("are greatest for shares that have no bin in common, where Kullback and Leibler's is infinite unless smoothed", () => {
    const [p, q] = [
      [1, 3, 0, 0],
      [0, 0, 2, 2],
    ];
    expect(hellinger(p, q)).toBe(1);
    expect(totalVariation(p, q)).toBe(1);
    expect(jensenShannon(p, q, { base: 2 })).toBeCloseTo(1, 15);
    expect(jensenShannon(p, q)).toBeCloseTo(Math.sqrt(Math.LN2), 15);
    expect(kullbackLeibler(p, q)).toBe(1 / 0);
    expect(kullbackLeibler(p, q, { smoothing: 0.5 })).toBeLessThan(2);
    expect(kullbackLeibler([1, 0], [1, 1])).toBeCloseTo(Math.LN2, 15);
    expect(kullbackLeibler([0, 0], [3, 1], { smoothing: 0.5 })).toBeGreaterThan(0);
    expect(kullbackLeibler([1, 1], [1, 5e-324])).toBeLessThan(1000);
  });

  it("refuse negative and no finite numbers, unlike lengths, a sum of 0, and wrong options", () => {
    for (const wrong of [[], [0, 0], [1], [-1, 2], [Number.NaN, 1], [1 / 0, 1], [Number.MAX_VALUE, Number.MAX_VALUE]]) {
      for (const distance of [jensenShannon, kullbackLeibler, hellinger, totalVariation]) {
        expect(() => distance(wrong, [1, 1])).toThrow(invalid);
        expect(() => distance([1, 1], wrong)).toThrow(invalid);
      }
    }
    expect(() => jensenShannon([1], [1], { base: 1 })).toThrow(misconfigured);
    expect(() => kullbackLeibler([1], [1], { smoothing: -1 })).toThrow(misconfigured);
  });
});
