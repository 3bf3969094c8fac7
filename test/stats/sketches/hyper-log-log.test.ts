import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HyperLogLog, type HyperLogLogState } from "../../../src/stats/index.ts";
import { hash64 } from "../../../src/stats/sketches/hash64.ts";
import { copied, expectExactMerge, expectSameContinuation, invalid, misconfigured, sketchOf } from "./reference.ts";

const create = () => new HyperLogLog({ precision: 5 });
const items = fc.array(fc.oneof(fc.string(), fc.double(), fc.integer({ min: 0, max: 9 })));

function hashOf(value: number | string): string {
  const hash = new Int32Array(2);
  hash64(value, hash);
  return [...hash].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

describe("HyperLogLog", () => {
  it.each([(i: number) => i, (i: number) => `user:${i}`, (i: number) => i / 7, (i: number) => `${i}`.padStart(300, "x")])(
    "has the standard error that it states, from few to many values: %s",
    (item) => {
      for (const n of [100, 600, 2000]) {
        let squares = 0;
        let sum = 0;
        const runs = 40;
        for (let run = 0; run < runs; run++) {
          const sketch = new HyperLogLog({ precision: 8 });
          for (let i = 0; i < n; i++) sketch.add(item(run * n + i));
          const error = sketch.estimate() / n - 1;
          squares += error * error;
          sum += error;
        }
        // 6.5 %; 40 runs tell it to about a ninth of it. Far below 256 values it is smaller.
        const { standardError } = new HyperLogLog({ precision: 8 });
        expect(standardError).toBeCloseTo(0.065, 10);
        expect(Math.sqrt(squares / runs)).toBeLessThan(1.3 * standardError);
        expect(Math.sqrt(squares / runs)).toBeGreaterThan(0.4 * standardError);
        expect(Math.abs(sum / runs)).toBeLessThan((3.5 * standardError) / Math.sqrt(runs));
      }
    },
  );

  it("is nearly exact for a handful of values, however often they come", () => {
    const sketch = new HyperLogLog();
    expect(sketch.estimate()).toBe(0);
    for (let i = 0; i < 1000; i++) sketch.add(["a", "b", "c", 1, 2][i % 5]!);
    expect(Math.round(sketch.estimate())).toBe(5);
  });

  it("merges exactly in any order", () => expectExactMerge(create, items));

  it("does not change when the same values come again, or it is merged with itself", () => {
    fc.assert(
      fc.property(items, (values) => {
        const sketch = sketchOf(create, values);
        const before = JSON.stringify(sketch);
        sketch.merge(sketch);
        sketch.addAll(values);
        expect(JSON.stringify(sketch)).toBe(before);
        expect(JSON.stringify(sketchOf(create, values.toReversed()))).toBe(before);
      }),
    );
  });

  it("goes on after it was stored", () => {
    fc.assert(fc.property(items, items, (a, b) => expectSameContinuation(create, HyperLogLog.fromJSON, a, b)));
  });

  it("tells numbers from texts, and -0 and NaN are one value each", () => {
    expect(hashOf(1)).not.toBe(hashOf("1"));
    expect(hashOf(-0)).toBe(hashOf(0));
    const words = Int32Array.of(-1, -1);
    expect(hashOf(new Float64Array(words.buffer)[0]!)).toBe(hashOf(Number.NaN));
    expect(hashOf("a")).not.toBe(hashOf("a\0"));
    expect(hashOf("")).not.toBe(hashOf("\0"));
  });

  it("hashes as it did when sketches were stored", () => {
    const hashes = ["", "a", "modelwright", "naïve 🙂", 0, 1, -1, 0.1, 1e300, Number.NaN, Number.POSITIVE_INFINITY].map(hashOf);
    expect(hashes).toEqual([
      "aefc71dadc07747b",
      "e2dacbb9867f4cb3",
      "72c7f09a1e946038",
      "404c67a5fe61c464",
      "4533c890d19925c8",
      "2ae135b3ef9f956d",
      "2d7fed570e96d68b",
      "c0af4c492013196b",
      "66c9798829718843",
      "a16076bc9bf3a218",
      "10a6336268d2e9b3",
    ]);
  });

  it("spreads every bit of a value over all bits of the hash", () => {
    const bits = (hash: string) => BigInt(`0x${hash}`);
    const flips = new Array<number>(64).fill(0);
    let pairs = 0;
    for (let i = 1; i < 40; i++) {
      for (let bit = 0; bit < 48; bit++) {
        const change = bits(hashOf(i * 1234567)) ^ bits(hashOf(i * 1234567 + 2 ** bit));
        pairs += 1;
        for (let at = 0; at < 64; at++) if ((change >> BigInt(at)) & 1n) flips[at]! += 1;
      }
    }
    for (const count of flips) expect(Math.abs(count / pairs - 0.5)).toBeLessThan(0.06);
  });

  it("refuses wrong options, values and partners", () => {
    for (const precision of [3, 19, 4.5]) expect(() => new HyperLogLog({ precision })).toThrow(misconfigured);
    for (const value of [null, undefined, {}, 1n, true]) expect(() => create().add(value as never)).toThrow(invalid);
    expect(() => create().merge(new HyperLogLog())).toThrow(misconfigured);
  });

  it.each<Partial<Record<keyof HyperLogLogState, unknown>>>([
    { schemaVersion: 2 },
    { precision: 30 },
    { precision: 4 },
    { registers: "A" },
    { registers: "-".repeat(32) },
    { registers: "9".repeat(32) },
    { registers: Array(32).fill("A") },
  ])("refuses a damaged state: %o", (damage) => {
    const state = copied(sketchOf(create, [1, 2, "c"]).toJSON());
    expect(() => HyperLogLog.fromJSON({ ...state, ...damage } as HyperLogLogState)).toThrow(invalid);
    expect(Math.round(HyperLogLog.fromJSON(state).estimate())).toBe(3);
  });
});
