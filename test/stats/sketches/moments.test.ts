import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Moments, type MomentsState } from "../../../src/stats/index.ts";
import { copied, doubles, expectSameContinuation, invalid, reference, sketchOf } from "./reference.ts";

const create = () => new Moments();
const near = (actual: number | undefined, expected: number, tolerance: number) =>
  expect(Math.abs(actual! - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));

describe("Moments", () => {
  it.each(reference.cases)("agrees with exact moments: $name", ({ name, values, moments }) => {
    const whole = sketchOf(create, values);
    const merged = sketchOf(create, values.slice(0, 17));
    merged.merge(sketchOf(create, values.slice(17, 40)));
    merged.merge(sketchOf(create, values.slice(40)));
    // What is left of the spread of values a million times as far from 0 has 6 digits less.
    const tolerance = name === "far from 0" ? 1e-7 : 1e-10;
    for (const found of [whole, merged]) {
      expect(found.count).toBe(values.length);
      near(found.mean, moments.mean, 1e-10);
      near(found.standardDeviation, moments.standardDeviation, tolerance);
      expect(Math.abs(found.skewness! - moments.skewness)).toBeLessThan(tolerance * (1 + Math.abs(moments.skewness)));
      near(found.kurtosis, moments.kurtosis, tolerance);
      expect([found.min, found.max]).toEqual([Math.min(...values), Math.max(...values)]);
      if (name !== "huge" && name !== "tiny") near(found.variance, moments.standardDeviation ** 2, tolerance);
    }
  });

  it("does not depend on the unit, however large or small", () => {
    const values = [1, 2, 4, 8, 16.5];
    const { skewness, kurtosis, standardDeviation } = sketchOf(create, values);
    for (const unit of [2 ** -1000, 2 ** -200, 2 ** 200, 2 ** 1000]) {
      const scaled = sketchOf(
        create,
        values.map((value) => value * unit),
      );
      near(scaled.skewness, skewness!, 1e-12);
      near(scaled.kurtosis, kurtosis!, 1e-12);
      near(scaled.standardDeviation! / unit, standardDeviation!, 1e-12);
    }
  });

  it("merges parts of unlike sizes of values", () => {
    const merged = sketchOf(create, [1e-200, 3e-200]);
    merged.merge(sketchOf(create, [1e200, 3e200]));
    const whole = sketchOf(create, [1e-200, 3e-200, 1e200, 3e200]);
    near(merged.mean, whole.mean!, 1e-14);
    near(merged.kurtosis, whole.kurtosis!, 1e-14);
    near(merged.standardDeviation, Math.SQRT2 * 1e200, 1e-14);
    expect(merged.variance).toBe(Number.POSITIVE_INFINITY);
  });

  it("keeps what it has when nothing is merged, and takes over all when it has nothing", () => {
    const some = sketchOf(create, [1, 5, Number.NaN]);
    const before = JSON.stringify(some);
    some.merge(create());
    expect(JSON.stringify(some)).toBe(before);
    const empty = create();
    empty.merge(some);
    expect([empty.count, empty.mean, empty.variance, empty.nonFinite]).toEqual([2, 3, 8, 1]);
    some.merge(some);
    expect([some.count, some.mean, some.variance, some.nonFinite]).toEqual([4, 3, 16 / 3, 2]);
  });

  it("answers nothing where there is nothing to tell", () => {
    const told = (moments: Moments) => [moments.min, moments.mean, moments.variance, moments.standardDeviation, moments.skewness];
    expect(told(sketchOf(create, [Number.NaN, Number.POSITIVE_INFINITY]))).toEqual(Array(5).fill(undefined));
    expect(told(sketchOf(create, [7]))).toEqual([7, 7, undefined, undefined, undefined]);
    const constant = sketchOf(create, Array(1000).fill(0.1));
    constant.merge(sketchOf(create, Array(77).fill(0.1)));
    expect(told(constant)).toEqual([0.1, 0.1, 0, 0, undefined]);
    expect(constant.kurtosis).toBeUndefined();
  });

  it("never answers NaN and goes on after it was stored, whatever it takes", () => {
    fc.assert(
      fc.property(doubles, doubles, (before, after) => {
        expectSameContinuation(create, Moments.fromJSON, before, after);
        const found = sketchOf(create, [...before, ...after]);
        found.merge(sketchOf(create, before));
        expect([found.mean, found.variance, found.standardDeviation, found.skewness, found.kurtosis]).not.toContain(Number.NaN);
        expect(found.count + found.nonFinite).toBe(2 * before.length + after.length);
      }),
    );
  });

  it.each<Partial<Record<keyof MomentsState, unknown>>>([
    { schemaVersion: 2 },
    { count: -1 },
    { count: 0 },
    { min: 9 },
    { max: null },
    { exponent: 5 },
    { exponent: 896 },
    { mean: Number.NaN },
    { sums: [-1, 0, 0] },
    { sums: [1, 2] },
  ])("refuses a damaged state: %o", (damage) => {
    const state = copied(sketchOf(create, [1, 2, 3]).toJSON());
    expect(() => Moments.fromJSON({ ...state, ...damage } as MomentsState)).toThrow(invalid);
    expect(Moments.fromJSON(state).mean).toBe(2);
  });
});
