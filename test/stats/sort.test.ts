import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomNormal, seeded } from "../../src/core/random.ts";
import { binIndex, countBins, learnBins, learnBinsUnsorted } from "../../src/stats/bins.ts";
import { orderStatistics } from "../../src/stats/order-statistics.ts";
import { sorted, sortOrder } from "../../src/stats/sort.ts";

const random = seeded(13);
const draw = (length: number, value: (normal: number) => number) =>
  Float64Array.from({ length }, () => value(randomNormal(random)));

/** Samples that take each way through the sort: digits that are all equal, runs that insertion does and does not put in order. */
const samples: readonly (readonly [string, Float64Array])[] = [
  ["normal", draw(20_000, (x) => x)],
  ["times of one day in milliseconds", draw(20_000, (x) => Math.floor(1.7e12 + x * 1e7))],
  ["values that differ in their last bits", draw(20_000, (x) => 1 + x * 1e-13)],
  ["negative ones that do", draw(20_000, (x) => -1 - Math.abs(x) * 1e-13)],
  ["whole numbers with ties", draw(20_000, (x) => Math.round(x * 30))],
  ["a constant", draw(20_000, () => 7)],
  ["ascending", Float64Array.from({ length: 20_000 }, (_, i) => i)],
  ["descending", Float64Array.from({ length: 20_000 }, (_, i) => -i)],
  ["all magnitudes, infinities and both zeros", draw(20_000, (x) => Math.sign(x) * Math.floor(Math.abs(x) * 40) ** (x * 70))],
  ["a short sample", draw(300, (x) => Math.round(x * 5))],
];
for (const [, sample] of samples) for (let i = 0; i < 9; i++) sample[i * 7] = [0, -0, 1 / 0, -1 / 0, 5e-324, -5e-324][i] ?? 3;
// No power of 0 or of a negative number is NaN here, but the test should not depend on that.
for (const [, sample] of samples)
  sample.forEach((value, i) => {
    if (Number.isNaN(value)) sample[i] = 1;
  });

describe.each(samples)("%s", (_, sample) => {
  const expected = sample
    .slice()
    .sort()
    .map((value) => value + 0);

  it("sorts as the library does, with one zero", () => {
    expect(Array.from(sorted(sample)).every((value, i) => Object.is(value, expected[i]))).toBe(true);
    expect(sorted(Array.from(sample))).toEqual(sorted(sample));
  });

  it("orders indices by value, then by place, and leaves the sample as it is", () => {
    const before = sample.slice();
    const order = sortOrder(sample);
    expect(sample).toEqual(before);
    const right = order.every((index, i) => {
      const last = order[i - 1]!;
      return sample[index] === expected[i] && (i === 0 || sample[last]! < sample[index]! || last < index);
    });
    expect(right).toBe(true);
    expect(new Set(order).size).toBe(sample.length);
  });

  it("finds order statistics as in the sorted copy", () => {
    const last = sample.length - 1;
    const ranks = [0, 0, 1, Math.floor(last / 3), Math.floor(last / 3) + 1, last - 1, last];
    expect(Array.from(orderStatistics(sample, ranks), (x) => x + 0)).toEqual(ranks.map((rank) => expected[rank]));
  });

  it("learns the bins of the sorted copy, and counts as one search for each value does", () => {
    const finite = sample.filter(Number.isFinite);
    for (const count of [2, 10, 64]) {
      const bins = learnBinsUnsorted(finite, count);
      expect(bins).toEqual(learnBins(sorted(finite), count));
      const counts = new Float64Array(bins.edges.length + 1);
      for (const value of sample) counts[binIndex(bins.edges, value)]! += 1;
      expect(countBins(bins.edges, sample)).toEqual(counts);
    }
  });
});

describe("sorted and sortOrder", () => {
  it("take an empty sample and any short one", () => {
    expect(sorted([])).toEqual(new Float64Array());
    expect(sortOrder([])).toEqual(new Uint32Array());
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true })), (values) => {
        const ascending = sorted(values);
        expect(Array.from(sortOrder(values), (i) => values[i]! + 0)).toEqual(Array.from(ascending));
        for (let i = 1; i < values.length; i++) expect(ascending[i - 1]).toBeLessThanOrEqual(ascending[i]!);
      }),
    );
  });
});

describe("countBins", () => {
  it("counts a large sample by its table as one search for each value does, edges next to zero and beyond all values included", () => {
    const value = draw(20_000, (x) => Math.round(x * 50) / 64);
    value.set([0, -0, 1 / 0, -1 / 0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE]);
    for (const edges of [
      [],
      [0],
      [-0],
      [-5e-324, 0, 5e-324],
      [-1 / 0, -1, 1 / 0],
      [-Number.MAX_VALUE, 0.5, 0.5000001, 1, Number.MAX_VALUE],
      Array.from({ length: 99 }, (_, i) => (i - 50) / 20),
      Array.from({ length: 1000 }, (_, i) => (i - 500) / 64),
      Array.from({ length: 2000 }, (_, i) => i / 1e6),
    ].map((list) => Float64Array.from(list))) {
      const counts = new Float64Array(edges.length + 1);
      for (const item of value) counts[binIndex(edges, item)]! += 1;
      expect(countBins(edges, value)).toEqual(counts);
    }
  });
});
