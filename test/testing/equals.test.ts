import { describe, expect, it } from "vitest";
import { equals } from "../../src/testing/equals.ts";

const samples: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  1,
  Number.NaN,
  1n,
  "",
  "1",
  [],
  [1],
  [1, 2],
  [undefined],
  {},
  { a: 1 },
  { a: { b: [1] } },
  { a: { b: [2] } },
  new Uint8Array(),
  new Uint8Array([1]),
  new Uint8Array([2]),
  new Int8Array([1]),
  new Float32Array([Number.NaN]),
  new Float32Array([1]),
  new BigInt64Array([1n]),
  new ArrayBuffer(1),
  new ArrayBuffer(2),
  new Map([[1, 2]]),
  new Map([[1, 3]]),
  new Set([1]),
  new Set([2]),
  new Date(0),
  new Date(1),
  new Error("a"),
  new Error("b"),
  new TypeError("a"),
];

describe("equals", () => {
  it("tells apart what differs and finds equal what is copied", () => {
    for (const [i, a] of samples.entries()) {
      for (const [j, b] of samples.entries()) expect([i, j, equals(structuredClone(a), b)]).toEqual([i, j, i === j]);
    }
  });

  it("finds equal what toEqual finds equal", () => {
    const pairs: readonly (readonly [unknown, unknown])[] = [
      [{ a: undefined }, {}],
      [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
      [new Date(Number.NaN), new Date(Number.NaN)],
      [[Number.NaN], [Number.NaN]],
    ];
    for (const [a, b] of pairs) {
      expect(a).toEqual(b);
      expect(equals(a, b)).toBe(true);
    }
  });

  it("tells a Buffer from a Uint8Array, as toEqual does, because their slice differs", () => {
    expect(Buffer.from("a")).not.toEqual(new Uint8Array([97]));
    expect(equals(Buffer.from("a"), new Uint8Array([97]))).toBe(false);
  });

  it("compares megabytes without delay", () => {
    const a = new Uint8Array(4_000_000);
    const b = a.slice();
    b[3_999_999] = 1;
    expect([equals(a, a.slice()), equals(a, b)]).toEqual([true, false]);
  });
});
