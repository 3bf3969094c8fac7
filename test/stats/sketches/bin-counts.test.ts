import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import { BinCounts, type BinCountsState, psiFromCounts } from "../../../src/stats/index.ts";
import { copied, doubles, expectExactMerge, expectSameContinuation, invalid, misconfigured, sketchOf } from "./reference.ts";

const create = () => new BinCounts({ edges: [-1, 0, 2.5] });

describe("BinCounts", () => {
  it("counts in right-closed bins of which the outer ones are open, and apart what is no finite number", () => {
    const counts = create();
    counts.addAll([-5, -1, -0.5, -0, 0, 1, 2.5, 2.6, 1e308, null, undefined, Number.NaN, Number.POSITIVE_INFINITY]);
    expect([...counts.counts]).toEqual([2, 3, 2, 2]);
    expect([counts.count, counts.missing, counts.nonFinite]).toEqual([9, 3, 1]);
    expect([...counts.shares()!]).toEqual([2 / 9, 3 / 9, 2 / 9, 2 / 9]);
    expect([...counts.cdf()!]).toEqual([2 / 9, 5 / 9, 7 / 9]);
    expect([...counts.edges]).toEqual([-1, 0, 2.5]);
  });

  it("counts a typed array as its values one by one, with and without gaps", () => {
    fc.assert(
      fc.property(doubles, (values) => {
        const one = create();
        for (const value of values) one.add(value);
        for (const list of [values, Float64Array.from(values)]) {
          const all = create();
          all.addAll(list);
          expect(JSON.stringify(all)).toBe(JSON.stringify(one));
        }
      }),
    );
  });

  it("merges exactly in any order", () => expectExactMerge(create, doubles));

  it("goes on after it was stored", () => {
    fc.assert(fc.property(doubles, doubles, (a, b) => expectSameContinuation(create, BinCounts.fromJSON, a, b)));
  });

  it("learns bins of equal shares, and finds quantiles within them", () => {
    const random = seeded(7);
    const sample = Float64Array.from({ length: 20_000 }, () => randomNormal(random));
    const learned = BinCounts.learn(sample, { bins: 20 });
    expect(learned.count).toBe(0);
    learned.addAll(sample);
    expect([...learned.counts]).toEqual(Array(20).fill(1000));
    const sorted = sample.slice().sort();
    // Inside, where the density hardly changes within a bin; the outer bins reach far.
    for (const q of [0.05, 0.1, 0.33, 0.5, 0.62, 0.9, 0.95]) expect(learned.quantile(q)).toBeCloseTo(sorted[q * 20_000]!, 1);
    expect([learned.quantile(0), learned.quantile(1)]).toEqual([sorted[0], sorted.at(-1)]);
    expect(psiFromCounts(learned.counts, learned.counts).psi).toBe(0);
  });

  it("answers values that came, where there are few", () => {
    const sample = [0, 0, 0, 0, 1, 1, 5];
    const learned = BinCounts.learn(sample);
    learned.addAll(sample);
    expect([0, 0.1, 0.5, 0.6, 0.9, 1].map((q) => learned.quantile(q))).toEqual([0, 0, 0, 1, 5, 5]);
    learned.add(9);
    expect(learned.quantile(0.99)).toBe(9);
  });

  it("has quantiles that rise with q and stay within the values", () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(doubles, probability, probability, (values, p, q) => {
        const counts = sketchOf(create, values);
        const finite = values.filter(Number.isFinite);
        const [low, high] = [counts.quantile(Math.min(p, q)), counts.quantile(Math.max(p, q))];
        if (finite.length === 0) expect(low).toBeUndefined();
        else {
          expect(low! <= high!).toBe(true);
          expect(low! >= Math.min(...finite) && high! <= Math.max(...finite)).toBe(true);
        }
      }),
    );
  });

  it("answers nothing when it has counted nothing", () => {
    const empty = create();
    expect([empty.shares(), empty.cdf(), empty.quantile(0.5)]).toEqual([undefined, undefined, undefined]);
  });

  it("refuses wrong edges, samples, bins and quantiles", () => {
    for (const edges of [[], [1, 1], [2, 1], [Number.NaN], [Number.POSITIVE_INFINITY], "1", undefined]) {
      expect(() => new BinCounts({ edges: edges as never })).toThrow(misconfigured);
    }
    expect(() => new BinCounts(undefined as never)).toThrow(misconfigured);
    expect(() => BinCounts.learn([])).toThrow(invalid);
    expect(() => BinCounts.learn([1, Number.NaN])).toThrow(invalid);
    expect(() => BinCounts.learn([1], { bins: 1 })).toThrow(misconfigured);
    for (const q of [-0.1, 1.1, Number.NaN]) expect(() => create().quantile(q)).toThrow(invalid);
    expect(() => create().merge(new BinCounts({ edges: [-1, 0, 2] }))).toThrow(misconfigured);
    expect(() => create().merge(new BinCounts({ edges: [-1, 0, 2.5], discrete: true }))).toThrow(misconfigured);
  });

  it.each<Partial<Record<keyof BinCountsState, unknown>>>([
    { schemaVersion: 0 },
    { edges: [0, 0, 1] },
    { edges: [] },
    { counts: [1] },
    { counts: [1, 0, 1, 0] },
    { counts: [2 ** 53 - 1, 0, 0, 1] },
    { counts: [1.5, 0, 0, 1] },
    { min: null },
    { min: 0 },
    { max: 0 },
  ])("refuses a damaged state: %o", (damage) => {
    const state = copied(sketchOf(create, [-3, 3]).toJSON());
    expect(() => BinCounts.fromJSON({ ...state, ...damage } as BinCountsState)).toThrow(invalid);
    expect(BinCounts.fromJSON(state).count).toBe(2);
  });
});
