import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBfloat16Bits, fromBfloat16Words, toBfloat16Bits, toBfloat16Words } from "../../src/core/bfloat16.ts";

const isNan = (bits: number) => (bits & 0x7f80) === 0x7f80 && (bits & 0x7f) !== 0;

/** Numbers of bfloat16 in ascending order; the one after the largest stands at 2^128, where infinity begins by rounding. */
const positive = Array.from({ length: 0x7f81 }, (_, bits) => (bits === 0x7f80 ? 2 ** 128 : fromBfloat16Bits(bits)));

/** The double next to a positive one. */
function neighbour(value: number, step: 1n | -1n): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + step);
  return view.getFloat64(0);
}

describe("fromBfloat16Bits", () => {
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -133],
    [0x0080, 2 ** -126],
    [0x3f80, 1],
    [0x3f81, 1.0078125],
    [0xc049, -3.140625],
    [0x7f7f, 255 * 2 ** 120],
    [0x7f80, Number.POSITIVE_INFINITY],
    [0xff80, Number.NEGATIVE_INFINITY],
    [0x7fc0, Number.NaN],
    [0xff81, Number.NaN],
  ])("reads %i as %d", (bits, value) => {
    expect(fromBfloat16Bits(bits)).toBe(value);
  });
});

describe("toBfloat16Bits", () => {
  it("gives back every bit pattern, and a NaN for every NaN", () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x1_0000; bits++) {
      const back = toBfloat16Bits(fromBfloat16Bits(bits));
      if (isNan(bits) ? !isNan(back) : back !== bits) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it("rounds every double to the nearest number, and from the middle to the even one", () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x7f80; bits++) {
      const middle = (positive[bits]! + positive[bits + 1]!) / 2; // exact: they have 8 bits
      const even = bits % 2 === 0 ? bits : bits + 1;
      for (const sign of [0, 0x8000]) {
        const factor = sign === 0 ? 1 : -1;
        // So near the middle that float32 would round them onto it.
        if (toBfloat16Bits(factor * neighbour(middle, -1n)) !== (sign | bits)) wrong.push(factor * bits);
        if (toBfloat16Bits(factor * middle) !== (sign | even)) wrong.push(factor * bits);
        if (toBfloat16Bits(factor * neighbour(middle, 1n)) !== (sign | (bits + 1))) wrong.push(factor * bits);
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    [1e300, 0x7f80],
    [-1e300, 0xff80],
    [Number.MAX_VALUE, 0x7f80],
    [Number.NEGATIVE_INFINITY, 0xff80],
    [1e-300, 0],
    [-1e-300, 0x8000],
    [-0, 0x8000],
    [Number.NaN, 0x7fc0],
  ])("writes %d as %i", (value, bits) => {
    expect(toBfloat16Bits(value)).toBe(bits);
  });
});

describe("arrays of bfloat16", () => {
  it("convert as single numbers do, of a part of a buffer too, and copy", () => {
    const words = Uint16Array.from({ length: 0x1_0000 }, (_, bits) => bits);
    const numbers = fromBfloat16Words(words.subarray(1));
    expect(Array.from(numbers)).toEqual(Array.from(words.subarray(1), fromBfloat16Bits));
    expect(Array.from(toBfloat16Words(numbers)).every((back, i) => back === words[i + 1] || isNan(back))).toBe(true);
    fc.assert(
      fc.property(fc.float32Array(), fc.nat(3), (values, start) => {
        const part = values.subarray(start);
        expect(Array.from(toBfloat16Words(part))).toEqual(Array.from(part, (value) => toBfloat16Bits(value)));
      }),
    );
  });

  it("keep a NaN whose payload is in the lower half a NaN", () => {
    const values = new Float32Array(Uint32Array.of(0x7f80_0001, 0xff80_ffff).buffer);
    expect(Array.from(toBfloat16Words(values))).toEqual([0x7fc0, 0xffc0]);
  });
});
