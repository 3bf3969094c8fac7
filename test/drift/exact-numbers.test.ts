import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EdgeIndex } from "../../src/drift/profile/edge-index.ts";
import { ExactSum } from "../../src/drift/profile/exact-sum.ts";
import { binIndex } from "../../src/stats/bins.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

describe("EdgeIndex", () => {
  it("finds what a binary search finds", () => {
    const edges = fc
      .uniqueArray(fc.oneof(finite, fc.integer({ min: -5, max: 5 }).map(Number)), {
        maxLength: 60,
        comparator: (a, b) => a === b,
      })
      .map((values) => values.sort((a, b) => a - b));
    fc.assert(
      fc.property(edges, fc.array(finite, { maxLength: 30 }), (sorted, values) => {
        const index = new EdgeIndex(sorted);
        const plain = Float64Array.from(sorted);
        for (const value of [...values, ...sorted, ...sorted.map((edge) => edge * (1 + 2 ** -52)), 0, -0]) {
          if (Number.isFinite(value)) expect(index.find(value)).toBe(binIndex(plain, value));
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** A double as a whole number of units of 2^-1074. */
function exactly(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return bits >> 63n === 1n ? -size : size;
}

describe("ExactSum", () => {
  // Parts below 2^-512 do not count, so values are whole multiples of it.
  const counted = finite.map((value) => (Math.abs(value) < 2 ** -400 ? 0 : value));

  it("is the sum without rounding, in any order and grouping, restored or not", () => {
    fc.assert(
      fc.property(fc.array(counted, { maxLength: 40 }), fc.nat(), (values, at) => {
        const split = values.length === 0 ? 0 : at % values.length;
        const whole = new ExactSum();
        for (const value of values) whole.add(value);
        const first = new ExactSum();
        const second = new ExactSum();
        for (const value of values.slice(split).toReversed()) first.add(value);
        for (const value of values.slice(0, split)) second.add(value);
        const merged = ExactSum.fromJSON(first.toJSON());
        merged.merge(ExactSum.fromJSON(JSON.parse(JSON.stringify(second))));
        expect(merged.toJSON()).toEqual(whole.toJSON());
        const { from, digits } = whole.toJSON();
        const sum = digits.reduce((total, digit, i) => total + (BigInt(digit) << BigInt(32 * (from + i) - 512 + 1074)), 0n);
        expect(sum).toBe(values.reduce((total, value) => total + exactly(value), 0n));
      }),
      { numRuns: 300 },
    );
  });

  it("answers the double that is nearest, or nearly", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1, maxLength: 50 }), (values) => {
        const sum = new ExactSum();
        for (const value of values) sum.add(value / 1024);
        expect(sum.value).toBe(values.reduce((total, value) => total + value, 0) / 1024);
      }),
    );
    const huge = new ExactSum();
    for (let i = 0; i < 3; i++) huge.add(Number.MAX_VALUE);
    expect(huge.value).toBe(Number.POSITIVE_INFINITY);
    huge.add(-Number.MAX_VALUE);
    huge.add(-Number.MAX_VALUE);
    expect(huge.value).toBe(Number.MAX_VALUE);
  });
});
