import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../src/core/random.ts";
import { TopK, type TopKState } from "../../../src/stats/index.ts";
import { copied, expectSameContinuation, invalid, misconfigured, sketchOf } from "./reference.ts";

const create = () => new TopK({ capacity: 6 });
/** Few letters, often the first ones. */
const letters = fc.array(
  fc.integer({ min: 0, max: 399 }).map((i) => "abcdefghijklmnopqrst"[Math.floor(Math.sqrt(i))]!),
  { maxLength: 120 },
);

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Says that all that is promised of a sketch of these values holds. */
function expectBounds(sketch: TopK, values: readonly string[], capacity: number): void {
  const counts = countsOf(values);
  const bound = values.length / capacity;
  const top = sketch.top();
  expect(sketch.count).toBe(values.length);
  expect(top.length).toBe(Math.min(capacity, top.length));
  for (const { value, count, error } of top) {
    const came = counts.get(value) ?? 0;
    expect(count).toBeGreaterThanOrEqual(came);
    expect(count - error).toBeLessThanOrEqual(came);
    expect(error).toBeLessThanOrEqual(bound);
  }
  const told = new Set(top.map(({ value }) => value));
  for (const [value, came] of counts) if (came > bound) expect(told).toContain(value);
  for (const limit of [1, 3]) {
    const first = sketch.top(limit);
    const names = new Set(first.map(({ value }) => value));
    const others = Math.max(0, ...[...counts].filter(([value]) => !names.has(value)).map(([, came]) => came));
    for (const { value, guaranteed } of first) if (guaranteed) expect(counts.get(value)).toBeGreaterThanOrEqual(others);
  }
}

describe("TopK", () => {
  it("is exact while there are not more values than it counts", () => {
    const sketch = create();
    sketch.addAll(["b", "a", "b", "c", "a", "b"]);
    sketch.add("d", 5);
    expect(sketch.top()).toEqual([
      { value: "d", count: 5, error: 0, guaranteed: true },
      { value: "b", count: 3, error: 0, guaranteed: true },
      { value: "a", count: 2, error: 0, guaranteed: true },
      { value: "c", count: 1, error: 0, guaranteed: true },
    ]);
    expect(sketch.top(2).map(({ value }) => value)).toEqual(["d", "b"]);
    expect(sketch.count).toBe(11);
  });

  it("keeps its bounds for any stream, and so do merged ones, whichever is merged into which", () => {
    fc.assert(
      fc.property(letters, letters, letters, (a, b, c) => {
        expectBounds(sketchOf(create, a), a, 6);
        const merged = sketchOf(create, a);
        const other = sketchOf(create, b);
        const before = JSON.stringify(other);
        merged.merge(other);
        expect(JSON.stringify(other)).toBe(before);
        expectBounds(merged, [...a, ...b], 6);
        other.merge(sketchOf(create, a));
        expect(JSON.stringify(other)).toBe(JSON.stringify(merged));
        merged.addAll(c);
        merged.merge(other);
        expectBounds(merged, [...a, ...b, ...c, ...a, ...b], 6);
      }),
    );
  });

  it("merges itself", () => {
    const sketch = sketchOf(create, [..."abcdefghaab"]);
    const [first] = sketch.top();
    sketch.merge(sketch);
    expect(sketch.count).toBe(22);
    expect(sketch.top()[0]).toEqual({ ...first, count: 2 * first!.count, error: 2 * first!.error });
  });

  it("finds the frequent ones of many, and says which are certain", () => {
    const random = seeded(11);
    const sketch = new TopK();
    const values = Array.from({ length: 30_000 }, () => `item ${Math.floor(2000 * random.next() ** 4)}`);
    sketch.addAll(values);
    const exact = [...countsOf(values)].sort((a, b) => b[1] - a[1]).slice(0, 5);
    const top = sketch.top(5);
    expect(top.map(({ value }) => value)).toEqual(exact.map(([value]) => value));
    expect(top.slice(0, 3).every(({ guaranteed }) => guaranteed)).toBe(true);
    expect(sketch.top().at(-1)!.guaranteed).toBe(false);
  });

  it("goes on after it was stored", () => {
    fc.assert(fc.property(letters, letters, (a, b) => expectSameContinuation(create, TopK.fromJSON, a, b)));
  });

  it("counts a number as its text", () => {
    const sketch = create();
    sketch.addAll([1, -0, 0, Number.NaN, 1e21]);
    sketch.addAll(["1", "0"]);
    expect(sketch.top().map(({ value, count }) => [value, count])).toEqual([
      ["0", 3],
      ["1", 2],
      ["1e+21", 1],
      ["NaN", 1],
    ]);
  });

  it("cuts long texts, and still tells them apart", () => {
    const sketch = create();
    const long = "🙂".repeat(1_000_000);
    for (const text of [`${long}a`, `x${long}`, `${long}a`, `${long}b`, "y".repeat(256), "y".repeat(257)]) sketch.add(text);
    expect(sketch.top().map(({ count }) => count)).toEqual([2, 1, 1, 1, 1]);
    for (const { value } of sketch.top()) {
      expect(value.length).toBeLessThanOrEqual(256);
      // Refuses half a surrogate pair.
      expect(() => encodeURIComponent(value)).not.toThrow();
    }
    expect(sketch.top().some(({ value }) => value === "y".repeat(256))).toBe(true);
    expect(JSON.stringify(TopK.fromJSON(copied(sketch.toJSON())))).toBe(JSON.stringify(sketch));
  });

  it("does not confuse names of an object's own properties", () => {
    const sketch = sketchOf(create, ["__proto__", "constructor", "__proto__", ""]);
    expect(sketch.top().map(({ value, count }) => [value, count])).toEqual([
      ["__proto__", 2],
      ["", 1],
      ["constructor", 1],
    ]);
  });

  it("refuses wrong options, values, times and partners", () => {
    for (const capacity of [0, 1.5, 1e9]) expect(() => new TopK({ capacity })).toThrow(misconfigured);
    for (const value of [null, undefined, {}, true]) expect(() => create().add(value as never)).toThrow(invalid);
    for (const times of [0, -1, 1.5, Number.NaN]) expect(() => create().add("a", times)).toThrow(invalid);
    const full = create();
    full.add("a", Number.MAX_SAFE_INTEGER);
    expect(() => full.add("a")).toThrow(invalid);
    expect(() => create().top(0)).toThrow(invalid);
    expect(() => create().merge(new TopK())).toThrow(misconfigured);
    expect(new TopK().top()).toEqual([]);
  });

  it.each<Partial<Record<keyof TopKState, unknown>>>([
    { schemaVersion: 2 },
    { capacity: 1 },
    { count: 2 },
    { count: 9 },
    {
      items: [
        ["a", 1, 1],
        ["b", 2, 0],
      ],
    },
    {
      items: [
        ["a", 1, 0],
        ["a", 2, 0],
      ],
    },
    { items: [["a".repeat(257), 3, 0]] },
    { items: [["a", 3.5, 0]] },
    { items: [] },
  ])("refuses a damaged state: %o", (damage) => {
    const state = copied(sketchOf(create, ["a", "b", "b"]).toJSON());
    expect(() => TopK.fromJSON({ ...state, ...damage } as TopKState)).toThrow(invalid);
    expect(TopK.fromJSON(state).count).toBe(3);
  });
});
