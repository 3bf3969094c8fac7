import { describe, expect, it } from "vitest";
import { fromFloat16Bits, toFloat16Bits } from "../../src/core/float16.ts";
import { seeded } from "../../src/core/random.ts";

const f32 = new Float32Array(1);
const f32Bits = new Uint32Array(f32.buffer);
const fromBits32 = (bits: number) => {
  f32Bits[0] = bits;
  return f32[0]!;
};
const isNan16 = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

/** Halves in ascending order; the one after the largest stands at 65536, where infinity begins by rounding. */
const positive = Array.from({ length: 0x7c01 }, (_, bits) => (bits === 0x7c00 ? 65536 : fromFloat16Bits(bits)));

interface Float16ArrayLike {
  [index: number]: number;
  readonly buffer: ArrayBuffer;
}
const Native = (globalThis as { Float16Array?: new (length: number) => Float16ArrayLike }).Float16Array;

describe("fromFloat16Bits", () => {
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0x3c01, 1.0009765625],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
    [0xfc01, Number.NaN],
  ])("reads 0x%s as %d", (bits, value) => {
    expect(fromFloat16Bits(bits)).toBe(value);
  });
});

describe("toFloat16Bits", () => {
  it("gives back every bit pattern, and a quiet NaN for every NaN", () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x1_0000; bits++) {
      const back = toFloat16Bits(fromFloat16Bits(bits));
      if (isNan16(bits) ? (back & 0x7e00) !== 0x7e00 : back !== bits) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it("rounds to the nearest half, and from the middle to the even one", () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x7c00; bits++) {
      const low = positive[bits]!;
      const high = positive[bits + 1]!;
      const middle = (low + high) / 2; // exact: halves have 11 bits
      f32[0] = middle;
      const below = fromBits32(f32Bits[0]! - 1);
      f32[0] = middle;
      const above = fromBits32(f32Bits[0]! + 1);
      const even = bits % 2 === 0 ? bits : bits + 1;
      for (const sign of [0, 0x8000]) {
        const factor = sign === 0 ? 1 : -1;
        if (toFloat16Bits(factor * below) !== (sign | bits)) wrong.push(factor * below);
        if (toFloat16Bits(factor * middle) !== (sign | even)) wrong.push(factor * middle);
        if (toFloat16Bits(factor * above) !== (sign | (bits + 1))) wrong.push(factor * above);
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [1e300, 0x7c00],
    [-1e300, 0xfc00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [2 ** -25, 0],
    [-(2 ** -25), 0x8000],
    [2 ** -25 * 1.0000002, 1],
    [1e-320, 0],
    [-0, 0x8000],
    [Number.NaN, 0x7e00],
  ])("writes %d", (value, bits) => {
    expect(toFloat16Bits(value) & (Number.isNaN(value) ? 0x7fff : 0xffff)).toBe(bits);
  });

  it("never decreases as the value increases", () => {
    const random = seeded(42);
    let wrong = 0;
    for (let i = 0; i < 100_000; i++) {
      const value = Math.abs(fromBits32(random.uint32()));
      if (Number.isNaN(value)) continue;
      if (
        toFloat16Bits(value) >
        toFloat16Bits(fromBits32(f32Bits[0]! < 0x7f80_0000 ? (f32Bits[0]! & 0x7fff_ffff) + 1 : 0x7f80_0000))
      )
        wrong += 1;
    }
    expect(wrong).toBe(0);
  });

  describe.skipIf(Native === undefined)("against the platform's Float16Array", () => {
    const half = Native === undefined ? undefined! : new Native(1);
    const halfBits = new Uint16Array(half?.buffer ?? 2);
    const native = (value: number) => {
      half[0] = value;
      return halfBits[0]!;
    };

    it("agrees on two million random float32 values", () => {
      const random = seeded(42);
      const wrong: number[] = [];
      for (let i = 0; i < 2_000_000; i++) {
        const value = fromBits32(random.uint32());
        if (Number.isNaN(value) ? !isNan16(toFloat16Bits(value)) : toFloat16Bits(value) !== native(value)) wrong.push(value);
      }
      expect(wrong).toEqual([]);
    });

    it("agrees on a million random float32 values within the range of halves", () => {
      const random = seeded(43);
      const wrong: number[] = [];
      for (let i = 0; i < 1_000_000; i++) {
        const value = fromBits32((0x3280_0000 + random.next() * (0x4780_1000 - 0x3280_0000)) >>> 0);
        if (toFloat16Bits(value) !== native(value)) wrong.push(value);
      }
      expect(wrong).toEqual([]);
    });

    it("differs for doubles only where float32 rounds onto the middle of two halves, and then by one", () => {
      const random = seeded(44);
      const unexplained: number[] = [];
      let explained = 0;
      const compare = (value: number) => {
        const ours = toFloat16Bits(value);
        const theirs = native(value);
        if (ours === theirs) return;
        const rounded = Math.fround(value);
        const middle = (fromFloat16Bits(ours) + fromFloat16Bits(theirs)) / 2;
        if (Math.abs(ours - theirs) === 1 && (rounded === middle || Math.abs(rounded) === 65520)) explained += 1;
        else unexplained.push(value);
      };
      for (let i = 0; i < 500_000; i++) compare((random.next() * 2 - 1) * 2 ** Math.floor(random.next() * 44 - 26));
      for (let bits = 0; bits < 0x7c00; bits++) {
        const middle = (positive[bits]! + positive[bits + 1]!) / 2;
        for (const nudge of [-1, 1]) compare(middle * (1 + nudge * 2 ** -40));
      }
      expect(unexplained).toEqual([]);
      expect(explained).toBeGreaterThan(0x7000);
    });
  });
});
