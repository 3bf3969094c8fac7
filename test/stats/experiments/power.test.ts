import { describe, expect, it } from "vitest";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import {
  meanMinimumEffect,
  meanPower,
  meanSampleSize,
  proportionMinimumEffect,
  proportionPower,
  proportionSampleSize,
  studentTUpperQuantile,
} from "../../../src/stats/index.ts";
import { greatestError } from "../reference.ts";
import { misconfigured, reference } from "./reference.ts";

const { powers } = reference;

describe("power of a comparison of proportions", () => {
  it("agrees with statsmodels", () => {
    for (const { power, ...design } of powers.proportions)
      expect(greatestError([[proportionPower(design), power]])).toBeLessThan(1e-8);
    for (const { b, ...design } of powers.proportionSizes) {
      // Theirs is the size of b, not rounded; ours is of whole units of a.
      expect(proportionSampleSize(design).b).toBeGreaterThanOrEqual(b - 1e-6);
      expect(proportionSampleSize(design).b).toBeLessThan(b + design.ratio + 1);
    }
  });

  it("gives the usual 3841 units for 10 against 12 percent", () => {
    const { a, b, power } = proportionSampleSize({ baseline: 0.1, effect: 0.02 });
    expect([a, b]).toEqual([3841, 3841]);
    expect(power).toBeGreaterThanOrEqual(0.8);
    expect(proportionPower({ baseline: 0.1, effect: 0.02, size: 3840 })).toBeLessThan(0.8);
  });

  it("is alpha without an effect, on one side and on two", () => {
    for (const sides of [1, 2] as const) {
      expect(proportionPower({ baseline: 0.3, effect: 0, size: 50, alpha: 0.1, sides, ratio: 3 })).toBeCloseTo(0.1, 12);
    }
  });

  it("finds the effect whose sample size it is given, up and down", () => {
    for (const direction of ["up", "down"] as const) {
      const effect = proportionMinimumEffect({ baseline: 0.3, size: 1500, ratio: 0.5, power: 0.9, direction })!;
      expect(Math.sign(effect)).toBe(direction === "up" ? 1 : -1);
      expect(proportionPower({ baseline: 0.3, effect, size: 1500, ratio: 0.5 })).toBeCloseTo(0.9, 10);
      expect(proportionSampleSize({ baseline: 0.3, effect, power: 0.9 - 1e-12, ratio: 0.5 }).a).toBe(1500);
    }
  });

  it("says so when no effect can be found", () => {
    expect(proportionMinimumEffect({ baseline: 0.01, size: 100, direction: "down" })).toBeUndefined();
    expect(proportionMinimumEffect({ baseline: 1, size: 100 })).toBeUndefined();
    expect(proportionPower({ baseline: 0, effect: 1, size: 2 })).toBe(1);
    expect(proportionPower({ baseline: 0, effect: 0, size: 2 })).toBe(0);
  });

  it("refuses proportions beyond 1, no effect and effects too small to find", () => {
    expect(() => proportionPower({ baseline: 0.9, effect: 0.2, size: 10 })).toThrow(misconfigured);
    expect(() => proportionPower({ baseline: 0.1, effect: 0.2, size: 1 })).toThrow(misconfigured);
    expect(() => proportionSampleSize({ baseline: 0.5, effect: 0 })).toThrow(misconfigured);
    expect(() => proportionSampleSize({ baseline: 0.5, effect: 1e-10 })).toThrow(misconfigured);
    expect(() => proportionSampleSize({ baseline: 0.5, effect: 0.1, power: 1 })).toThrow(misconfigured);
    expect(() => proportionMinimumEffect({ baseline: 0.5, size: 10, ratio: 0 })).toThrow(misconfigured);
  });
});

describe("power of a comparison of means", () => {
  it("agrees with the integral over the variance in 40 digits", () => {
    for (const { power, ...design } of powers.means) expect(greatestError([[meanPower(design), power]])).toBeLessThan(1e-10);
  });

  it("needs as many units as statsmodels says, rounded up", () => {
    for (const { a, ...design } of powers.meanSizes) {
      expect(meanSampleSize(design).a).toBe(Math.ceil(a));
    }
    // J. Cohen (1988), table 2.4.1: 64 of each for half a deviation, at a power of 0.8.
    expect(meanSampleSize({ effect: 0.5 })).toMatchObject({ a: 64, b: 64 });
  });

  it("does not depend on the unit or on the sign", () => {
    const power = meanPower({ effect: 0.4, size: 80 });
    expect(meanPower({ effect: 400, deviation: 1000, size: 80 })).toBeCloseTo(power, 14);
    expect(meanPower({ effect: -0.4, size: 80 })).toBe(power);
  });

  it("is alpha without an effect, also at an alpha beyond a half", () => {
    for (const sides of [1, 2] as const) {
      for (const alpha of [0.001, 0.05, 0.5, 0.7]) expect(meanPower({ effect: 0, size: 5, alpha, sides })).toBeCloseTo(alpha, 12);
    }
    expect(meanPower({ effect: 0.3, size: 5, alpha: 0.7, sides: 1 })).toBeGreaterThan(0.7);
  });

  it("is what a simulation finds for four values each", () => {
    const random = seeded(31);
    const critical = studentTUpperQuantile(0.025, 6);
    const runs = 8000;
    let found = 0;
    for (let run = 0; run < runs; run++) {
      const [a, b] = [0, 2].map((shift) => {
        const values = [0, 0, 0, 0].map(() => randomNormal(random) + shift);
        const mean = values.reduce((x, y) => x + y) / 4;
        return { mean, squares: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) };
      }) as [{ mean: number; squares: number }, { mean: number; squares: number }];
      if (Math.abs(b.mean - a.mean) / Math.sqrt(((a.squares + b.squares) / 6) * (2 / 4)) > critical) found += 1;
    }
    expect(Math.abs(found / runs - meanPower({ effect: 2, size: 4 }))).toBeLessThan(0.021);
  });

  it("finds the effect whose sample size it is given, also with two units and a tiny alpha", () => {
    for (const design of [
      { size: 500, ratio: 2, power: 0.9 },
      { size: 2, alpha: 1e-4 },
      { size: 1e9, sides: 1 as const },
    ]) {
      const effect = meanMinimumEffect({ ...design, deviation: 7 })!;
      expect(meanPower({ ...omit(design), effect, deviation: 7 })).toBeCloseTo(design.power ?? 0.8, 10);
    }
    expect(meanMinimumEffect({ size: 2, alpha: 1e-30 })).toBeUndefined();
  });

  it("does not overflow", () => {
    expect(meanPower({ effect: 1e300, deviation: 1e-300, size: 2 })).toBe(1);
    expect(meanPower({ effect: 1e-300, deviation: 1e300, size: 2 })).toBeCloseTo(0.05, 12);
    expect(meanPower({ effect: 1e-8, size: 1e15 })).toBeLessThan(1);
    expect(meanSampleSize({ effect: 1e300 }).a).toBe(2);
  });

  it("refuses no effect, no deviation and effects too small to find", () => {
    expect(() => meanPower({ effect: Number.NaN, size: 5 })).toThrow(misconfigured);
    expect(() => meanPower({ effect: 1, deviation: 0, size: 5 })).toThrow(misconfigured);
    expect(() => meanSampleSize({ effect: 0 })).toThrow(misconfigured);
    expect(() => meanSampleSize({ effect: 1e-12 })).toThrow(misconfigured);
    expect(() => meanMinimumEffect({ size: 1 })).toThrow(misconfigured);
  });
});

function omit({ power: _, ...rest }: { size: number; power?: number }) {
  return rest;
}
