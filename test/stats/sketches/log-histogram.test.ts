import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogHistogram, type LogHistogramState } from "../../../src/stats/index.ts";
import {
  copied,
  doubles,
  expectExactMerge,
  expectSameContinuation,
  invalid,
  misconfigured,
  reference,
  sketchOf,
} from "./reference.ts";

const create = () => new LogHistogram();
/** So few buckets that most values have none. */
const createSmall = () => new LogHistogram({ relativeAccuracy: 0.05, maxBuckets: 30 });

/** The value of rank ⌈q·n⌉. */
function exact(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
}

describe("LogHistogram", () => {
  it.each(reference.cases)("is within 1 % of NumPy's quantiles: $name", ({ values, quantiles }) => {
    const histogram = sketchOf(() => new LogHistogram({ maxBuckets: 2 ** 14 }), values);
    for (const [i, q] of reference.qs.entries()) {
      expect(Math.abs(histogram.quantile(q)! - quantiles[i]!)).toBeLessThanOrEqual(0.01 * Math.abs(quantiles[i]!));
    }
    expect(histogram.small).toBe(0);
  });

  it("keeps the accuracy that was asked for, for values of any sign and size", () => {
    const accuracies = fc.double({ min: 0.0001, max: 0.25, noNaN: true });
    const probability = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(accuracies, doubles, probability, (relativeAccuracy, values, q) => {
        const histogram = sketchOf(() => new LogHistogram({ relativeAccuracy, maxBuckets: 2 ** 20 }), values);
        const finite = values.filter(Number.isFinite);
        expect([histogram.count, histogram.nonFinite]).toEqual([finite.length, values.length - finite.length]);
        if (finite.length === 0) {
          expect(histogram.quantile(q)).toBeUndefined();
          return;
        }
        const value = exact(finite, q);
        // A million buckets are 200 octaves at the least accuracy: what is too small for one must be counted as such.
        const reach = Math.max(...finite.map(Math.abs)) * 2 ** -150;
        const tolerance = Math.abs(value) >= reach ? relativeAccuracy * Math.abs(value) : reach;
        expect(Math.abs(histogram.quantile(q)! - value)).toBeLessThanOrEqual(Math.max(tolerance, 2.3e-308));
      }),
      { numRuns: 60 },
    );
  });

  it("tells values on both sides of every power of 2 apart", () => {
    for (const power of [-1000, -1, 0, 1, 52, 1000]) {
      const [below, above] = [2 ** power * (1 - 2 ** -53), 2 ** power * (1 + 2 ** -52)];
      const { positive } = sketchOf(create, [below, 2 ** power, above]).toJSON();
      expect(positive.counts.map(([, count]) => count)).toEqual([1, 2]);
    }
  });

  it("merges exactly in any order, with and without room for all", () => {
    expectExactMerge(create, doubles);
    expectExactMerge(createSmall, doubles);
  });

  it("merges itself", () => {
    for (const histogram of [sketchOf(create, [-2, 0, 1, 3]), sketchOf(createSmall, [-2, -1e9, 0, 1, 3e8])]) {
      const twice = copied(histogram.toJSON()) as LogHistogramState;
      histogram.merge(histogram);
      expect(histogram.count).toBe(2 * LogHistogram.fromJSON(twice).count);
      expect(histogram.small).toBe(2 * LogHistogram.fromJSON(twice).small);
      expect(LogHistogram.fromJSON(histogram.toJSON()).count).toBe(histogram.count);
    }
  });

  it("goes on after it was stored, also when buckets are cut off", () => {
    for (const make of [create, createSmall]) {
      fc.assert(fc.property(doubles, doubles, (a, b) => expectSameContinuation(make, LogHistogram.fromJSON, a, b)));
    }
  });

  it("counts together the sizes that are too small for the buckets, and keeps the others accurate", () => {
    const values = Array.from({ length: 200 }, (_, i) => 1.1 ** i);
    for (const order of [values, values.toReversed()]) {
      const histogram = sketchOf(createSmall, order);
      const { positive, negative } = histogram.toJSON();
      expect(positive.small).toBe(200 - positive.counts.reduce((sum, [, count]) => sum + count, 0));
      expect(histogram.small).toBeGreaterThan(150);
      expect(negative).toEqual({ small: 0, counts: [] });
      for (const q of [0.9, 0.95, 0.99]) expect(Math.abs(histogram.quantile(q)! / exact(values, q) - 1)).toBeLessThan(0.05);
      expect(histogram.quantile(0.1)).toBeGreaterThan(exact(values, histogram.small / 200));
      expect([histogram.quantile(0), histogram.min, histogram.quantile(1)]).toEqual([1, 1, values.at(-1)]);
    }
  });

  it("takes values that rise over all sizes in time that does not depend on the buckets it has", () => {
    const histogram = new LogHistogram({ relativeAccuracy: 0.001 });
    for (let x = 1e-300; x < 1e300; x *= 1.01) histogram.add(x);
    for (let x = -1e300; x < -1e-300; x /= 1.01) histogram.add(x);
    const { positive, negative } = histogram.toJSON();
    expect(positive.counts.length).toBe(negative.counts.length);
    expect(histogram.quantile(0.99)! / 1e300).toBeGreaterThan(1e-12);
  });

  it("counts the smallest sizes as 0", () => {
    const histogram = sketchOf(create, [0, -0, 1e-310, -Number.MIN_VALUE]);
    expect(histogram.toJSON()).toMatchObject({ zero: 4, min: -Number.MIN_VALUE, max: 1e-310 });
    expect(histogram.quantile(0.5)).toBe(0);
  });

  it("refuses wrong options, quantiles and partners", () => {
    for (const options of [
      { relativeAccuracy: 0 },
      { relativeAccuracy: 0.5 },
      { maxBuckets: 0 },
      { maxBuckets: 1e9 },
      { buckets: 1 },
    ]) {
      expect(() => new LogHistogram(options)).toThrow(misconfigured);
    }
    expect(() => create().merge(createSmall())).toThrow(misconfigured);
    expect(() => create().quantile(2)).toThrow(invalid);
  });

  it.each<Partial<Record<keyof LogHistogramState, unknown>>>([
    { schemaVersion: 2 },
    { relativeAccuracy: 1e-9 },
    { maxBuckets: 2 ** 40 },
    { zero: -1 },
    { min: null, max: null },
    { min: 3, max: 2 },
    {
      positive: {
        small: 0,
        counts: [
          [5, 1],
          [5, 1],
        ],
      },
    },
    {
      positive: {
        small: 0,
        counts: [
          [1, 1],
          [100_000, 1],
        ],
      },
    },
    { positive: { small: 0, counts: [[2 ** 40, 1]] } },
    { positive: { small: 5, counts: [] } },
    { positive: { small: 5, counts: [[100, 1]] } },
    { positive: { small: 2 ** 53 - 1, counts: [[5, 1]] } },
    { positive: { small: 0, counts: [[5, 0]] } },
    { negative: null },
  ])("refuses a damaged state: %o", (damage) => {
    const state = copied(sketchOf(create, [1, 2]).toJSON());
    expect(() => LogHistogram.fromJSON({ ...state, ...damage } as LogHistogramState)).toThrow(invalid);
    expect(LogHistogram.fromJSON(state).count).toBe(2);
  });
});
