import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import { KllSketch, type KllSketchState } from "../../../src/stats/index.ts";
import { copied, doubles, expectSameContinuation, invalid, misconfigured, reference, sketchOf } from "./reference.ts";

const create = () => new KllSketch({ seed: 3 });
const createSmall = () => new KllSketch({ k: 8, seed: 3 });
const kept = (sketch: KllSketch) => sketch.toJSON().levels.flat().length;

/** A permutation of 0 to n − 1, in which the rank of a value is known. */
function permutation(n: number, seed: number): Float64Array {
  const random = seeded(seed);
  const keys = Float64Array.from({ length: n }, () => random.next());
  const ranks = Float64Array.from({ length: n }, (_, i) => i);
  return ranks.sort((a, b) => keys[a]! - keys[b]!);
}

describe("KllSketch", () => {
  it.each(reference.cases)("is exact, as NumPy, below k values: $name", ({ values, quantiles }) => {
    const sketch = sketchOf(() => new KllSketch({ k: 301, seed: 1 }), values);
    expect(reference.qs.map((q) => sketch.quantile(q))).toEqual(quantiles);
    expect(sketch.rankError).toBe(0);
    const sorted = [...values].sort((a, b) => a - b);
    expect(sketch.rank(sorted[30]!)).toBe(sorted.lastIndexOf(sorted[30]!) + 1);
  });

  it("errs within its bound in at least 99 % of sketches, merged or not, in any order of values", () => {
    const n = 5000;
    let checks = 0;
    let misses = 0;
    let squares = 0;
    for (let seed = 0; seed < 60; seed++) {
      const parts = Array.from({ length: [1, 2, 7][seed % 3]! }, (_, i) => new KllSketch({ k: 50, seed: 1000 * seed + i }));
      const values = seed % 4 === 0 ? Array.from({ length: n }, (_, i) => i) : permutation(n, seed);
      for (let i = 0; i < n; i++) parts[i % parts.length]!.add(values[i]!);
      const [sketch, ...others] = parts as [KllSketch, ...KllSketch[]];
      for (const other of others) sketch.merge(other);
      expect(sketch.count).toBe(n);
      expect(sketch.rankError).toBeLessThan(0.05);
      for (const rank of [500, 2500, 4500]) {
        const error = sketch.rank(rank - 1) / n - rank / n;
        checks += 1;
        squares += error * error;
        if (Math.abs(error) > sketch.rankError) misses += 1;
      }
    }
    expect(misses / checks).toBeLessThanOrEqual(0.01);
    // The bound is no idle one: the usual error is a good part of it.
    expect(Math.sqrt(squares / checks)).toBeGreaterThan(0.002);
    expect(Math.sqrt(squares / checks)).toBeLessThan(0.012);
  });

  it("does not lean to either side", () => {
    const n = 2000;
    const values = permutation(n, 5);
    let sum = 0;
    for (let seed = 0; seed < 200; seed++) {
      const sketch = new KllSketch({ k: 20, seed });
      sketch.addAll(values);
      sum += sketch.rank(999) / n - 0.5;
    }
    // Single errors are about 1 %; their mean has a standard error of 0.1 %.
    expect(Math.abs(sum / 200)).toBeLessThan(0.003);
  });

  it("keeps a bounded number of values and an accuracy of 1.5 % at the default k", () => {
    const random = seeded(1);
    const sketch = create();
    for (let i = 0; i < 100_000; i++) {
      sketch.add(randomNormal(random));
      if (i % 9973 === 0) expect(kept(sketch)).toBeLessThan(4 * 200);
    }
    expect(sketch.rankError).toBeGreaterThan(0.005);
    expect(sketch.rankError).toBeLessThan(0.015);
    expect(Math.abs(sketch.quantile(0.5)!)).toBeLessThan(0.03);
    expect([...sketch.cdf([-1, 0, 1])!].map((share) => Math.round(20 * share))).toEqual([3, 10, 17]);
  });

  it("stays small when many are merged", () => {
    const all = create();
    for (let seed = 0; seed < 50; seed++) {
      const part = new KllSketch({ seed });
      part.addAll(permutation(1000, seed));
      all.merge(part);
    }
    expect(all.count).toBe(50_000);
    expect(kept(all)).toBeLessThan(4 * 200);
    for (const q of [0.05, 0.5, 0.95]) expect(Math.abs(all.quantile(q)! / 1000 - q)).toBeLessThan(all.rankError + 0.001);
  });

  it("merges itself and leaves others as they are", () => {
    const sketch = createSmall();
    sketch.addAll(permutation(100, 1));
    const before = JSON.stringify(sketch);
    const other = createSmall();
    other.merge(sketch);
    expect(JSON.stringify(sketch)).toBe(before);
    expect(other.count).toBe(100);
    sketch.add(Number.NaN);
    sketch.merge(sketch);
    expect([sketch.count, sketch.nonFinite, sketch.min, sketch.max]).toEqual([200, 2, 0, 99]);
    expect(KllSketch.fromJSON(sketch.toJSON()).count).toBe(200);
  });

  it("is the same for the same seed, and goes on after it was stored", () => {
    expectSameContinuation(createSmall, KllSketch.fromJSON, [...permutation(333, 1)], [...permutation(222, 2)]);
    fc.assert(
      fc.property(doubles, doubles, (a, b) => {
        expectSameContinuation(createSmall, KllSketch.fromJSON, a, b);
        const sketch = sketchOf(createSmall, a);
        sketch.merge(sketchOf(createSmall, b));
        const finite = [...a, ...b].filter(Number.isFinite);
        expect([sketch.count, sketch.nonFinite]).toEqual([finite.length, a.length + b.length - finite.length]);
        if (finite.length === 0) return;
        expect(sketch.rank(Math.max(...finite))).toBe(finite.length);
        expect(sketch.rank(Number.NEGATIVE_INFINITY)).toBe(0);
        expect(finite.some((value) => value === sketch.quantile(0.3))).toBe(true);
        expect([sketch.quantile(0), sketch.quantile(1)]).toEqual([Math.min(...finite) + 0, Math.max(...finite) + 0]);
      }),
    );
    const [one, two] = [createSmall(), new KllSketch({ k: 8, random: seeded(9) })];
    expect(new KllSketch({ random: seeded(9) }).toJSON().seed).toBe(two.toJSON().seed);
    one.addAll(permutation(99, 1));
    two.addAll(permutation(99, 1));
    expect(JSON.stringify(one.toJSON().levels)).not.toBe(JSON.stringify(two.toJSON().levels));
  });

  it("answers nothing when it has no value", () => {
    const empty = sketchOf(create, [Number.NaN, Number.NEGATIVE_INFINITY]);
    expect([empty.quantile(0.5), empty.cdf([1]), empty.rank(1), empty.rankError, empty.min]).toEqual([
      undefined,
      undefined,
      0,
      0,
      undefined,
    ]);
  });

  it("refuses wrong options, questions and partners", () => {
    for (const options of [{ k: 7 }, { k: 1e6 }, { seed: 0.5 }, { random: {} as never }, { K: 8 }]) {
      expect(() => new KllSketch(options as object)).toThrow(misconfigured);
    }
    expect(() => create().merge(createSmall())).toThrow(misconfigured);
    expect(() => create().quantile(-1)).toThrow(invalid);
    expect(() => create().rank(Number.NaN)).toThrow(invalid);
    expect(() => create().cdf([])).toThrow(invalid);
  });

  it.each<Partial<Record<keyof KllSketchState, unknown>>>([
    { schemaVersion: 2 },
    { k: 1 },
    { seed: -1 },
    { levels: [] },
    { levels: [[1, 2, 3, 4, 5, 6, 7, 8]] },
    { levels: [[1], [3, 2]] },
    { levels: [[], Array(1000).fill(2)] },
    { levels: [[1], ...Array(52).fill([]), [2]] },
    { levels: [[1, 4]] },
    { levels: [[0, 3]] },
    { levels: [[Number.NaN]] },
    { levels: [[]] },
    { min: null },
    { squares: -1 },
  ])("refuses a damaged state: %o", (damage) => {
    const state = copied(sketchOf(createSmall, [1, 2, 3]).toJSON());
    expect(() => KllSketch.fromJSON({ ...state, ...damage } as KllSketchState)).toThrow(invalid);
    expect(KllSketch.fromJSON(state).count).toBe(3);
  });
});
