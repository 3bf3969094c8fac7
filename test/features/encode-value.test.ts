import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../src/core/json.ts";
import { decodeValue, encodeValue } from "../../src/features/encode-value.ts";

const roundTrip = (value: unknown) => decodeValue(JSON.parse(JSON.stringify(encodeValue(value))) as JsonValue);

const leaf = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324, Number.MAX_VALUE),
  fc.bigInt(),
  fc.string({ unit: "binary" }),
  fc.string().map((text) => `$${text}`),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array(),
  fc.date({ noInvalidDate: true }),
);
const name = fc.oneof(
  fc.string(),
  fc.constantFrom("$bigint", "$number", "$date", "$bytes", "$object", "$", "__proto__", "constructor"),
);
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 3 }).map((members): unknown => Object.fromEntries(members)),
  ),
}));

describe("encodeValue and decodeValue", () => {
  it("restore every value exactly, through JSON text", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        // Not `toStrictEqual`, which reads a member named "constructor" as the class.
        expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("restore doubles bit by bit", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(Object.is(roundTrip(value), value)).toBe(true);
      }),
    );
    expect(Object.is(roundTrip(-0), -0)).toBe(true);
  });

  it("leave what JSON carries as it is", () => {
    const value = { a: [1, "x", true, null, { b: 2 }], c: {} };
    expect(encodeValue(value)).toEqual(value);
    expect(encodeValue({ $a: 1, $b: 2 })).toEqual({ $a: 1, $b: 2 });
  });

  it("write the documented form", () => {
    expect(encodeValue(2n ** 63n)).toEqual({ $bigint: "9223372036854775808" });
    expect(encodeValue(Number.NaN)).toEqual({ $number: "NaN" });
    expect(encodeValue(Number.NEGATIVE_INFINITY)).toEqual({ $number: "-Infinity" });
    expect(encodeValue(-0)).toEqual({ $number: "-0" });
    expect(encodeValue(new Date(1_700_000_000_000))).toEqual({ $date: 1_700_000_000_000 });
    expect(encodeValue(Buffer.from([1, 2]))).toEqual({ $bytes: "AQI=" });
    expect(encodeValue({ $bigint: "42" })).toEqual({ $object: { $bigint: "42" } });
    expect(encodeValue({ a: 1, b: undefined })).toEqual({ a: 1 });
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  it.each([
    ["a function", () => 1, /type function/],
    ["a symbol", Symbol("s"), /type symbol/],
    ["undefined in an array", [undefined], /type undefined/],
    ["a hole in an array", new Array(1), /type undefined/],
    ["an invalid date", new Date(Number.NaN), /invalid Date/],
    ["a map", { deep: [new Map()] }, /class Map/],
    ["a typed array of another kind", Float32Array.of(1), /class Float32Array/],
    ["a value within itself", cycle, /deeper than 32 levels, or in itself/],
  ])("refuse %s", (_, value, message) => {
    expect(() => encodeValue(value)).toThrow(
      expect.objectContaining({ code: "INPUT_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it.each([
    { $bigint: "1.5" },
    { $bigint: 1 },
    { $number: "1" },
    { $date: "x" },
    { $bytes: "A" },
    { $object: [] },
    { $later: 1 },
  ])("refuse stored %j, which they did not write", (value) => {
    expect(() => decodeValue(value as JsonValue)).toThrow(/is damaged or was written by a newer release/);
  });
});
