import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { canonicalJson, type JsonValue, jsonText } from "../../src/core/json.ts";
import { seeded, shuffle } from "../../src/core/random.ts";

const double = (hex: string) => new DataView(BigUint64Array.of(BigInt(`0x${hex}`)).buffer).getFloat64(0, true);

function refusal(value: unknown) {
  try {
    canonicalJson(value as JsonValue);
  } catch (error) {
    if (ModelwrightError.is(error, "INPUT_INVALID")) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

/** The same value with the members of every object in another order. */
function reordered(value: JsonValue, seed: number): JsonValue {
  const random = seeded(seed);
  const turn = (item: JsonValue): JsonValue => {
    if (Array.isArray(item)) return item.map(turn);
    if (typeof item !== "object" || item === null) return item;
    const entries = shuffle(random, Object.entries(item)).map(([key, member]) => [key, turn(member)] as const);
    return Object.fromEntries(entries);
  };
  return turn(value);
}

const jsonValue = fc
  .jsonValue({ noUnicodeString: false, maxDepth: 5 })
  .filter((value) => !JSON.stringify(value).includes("\\ud")) as fc.Arbitrary<JsonValue>;

describe("canonicalJson", () => {
  // RFC 8785, appendix B.
  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("writes the number with bits %s as %s", (hex, text) => {
    expect(canonicalJson(double(hex))).toBe(text);
  });

  it("writes the example of RFC 8785, section 3.2.2", () => {
    const value = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("sorts the members of RFC 8785, section 3.2.3, by UTF-16 code units", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    expect(Object.values(JSON.parse(canonicalJson(value)))).toHaveLength(7);
    expect([...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map(([, name]) => name)).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  it("sorts keys that look like numbers as text", () => {
    expect(canonicalJson({ 10: 1, 9: 2, "": 3, a: { z: 1, b: 2 } })).toBe('{"":3,"10":1,"9":2,"a":{"b":2,"z":1}}');
  });

  it("keeps a member named __proto__", () => {
    const value = JSON.parse('{"b":1,"__proto__":{"x":[]}}') as JsonValue;
    expect(canonicalJson(value)).toBe('{"__proto__":{"x":[]},"b":1}');
  });

  it("takes objects without a prototype", () => {
    expect(canonicalJson(Object.assign(Object.create(null), { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
  });

  it("reads back as the same value", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text) as JsonValue)).toBe(text);
        // JSON has one zero only.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });

  it("gives one text for a value, whatever the order of its members", () => {
    fc.assert(
      fc.property(jsonValue, fc.integer(), (value, seed) => {
        expect(canonicalJson(reordered(value, seed))).toBe(canonicalJson(value));
      }),
      { numRuns: 500 },
    );
  });

  it("writes an object that occurs twice, twice", () => {
    const shared = { a: 1 };
    expect(canonicalJson({ x: shared, y: [shared, shared] })).toBe('{"x":{"a":1},"y":[{"a":1},{"a":1}]}');
  });

  it.each<[string, unknown, string, readonly (string | number)[]]>([
    ["NaN", { a: [1, Number.NaN] }, "NaN has no JSON form", ["a", 1]],
    ["infinity", Number.NEGATIVE_INFINITY, "-Infinity has no JSON form", []],
    ["undefined", { a: undefined }, "undefined has no JSON form", ["a"]],
    ["a hole in an array", new Array(1), "undefined has no JSON form", [0]],
    ["a bigint", [1n], "bigint has no JSON form", [0]],
    ["a function", { toJSON: () => 1 }, "function has no JSON form", ["toJSON"]],
    ["a symbol", Symbol("s"), "symbol has no JSON form", []],
    ["a date", { at: new Date(0) }, "only plain objects have a JSON form", ["at"]],
    ["a map", new Map(), "only plain objects have a JSON form", []],
    ["a typed array", { v: Float32Array.of(1) }, "only plain objects have a JSON form", ["v"]],
    ["a boxed string", Object("x"), "only plain objects have a JSON form", []],
    [
      "an instance of a class",
      new (class Point {
        x = 1;
      })(),
      "only plain objects have a JSON form",
      [],
    ],
    ["a lone surrogate", { a: "x\ud800" }, "a string with a lone surrogate has no canonical form", ["a"]],
    ["a lone surrogate as a key", { "\udc00": 1 }, "a string with a lone surrogate has no canonical form", ["\udc00"]],
  ])("refuses %s and says where", (_, value, message, path) => {
    expect(refusal(value).details).toEqual({ subject: "canonical JSON", issues: [{ path, message }] });
  });

  it("names the place in the message", () => {
    expect(refusal({ rows: [{ ok: 1 }, { x: Number.NaN }] }).message).toBe(
      "A value cannot be written as canonical JSON: NaN has no JSON form at rows.1.x",
    );
  });

  it("refuses cycles through objects and arrays", () => {
    const object: Record<string, unknown> = {};
    object["self"] = { deep: object };
    expect(refusal(object).details.issues).toEqual([{ path: ["self", "deep"], message: "a cycle has no JSON form" }]);
    const array: unknown[] = [];
    array.push(array);
    expect(refusal(array).details.issues).toEqual([{ path: [0], message: "a cycle has no JSON form" }]);
  });

  it("writes values nested 100 deep and refuses deeper ones, without overflowing the stack", () => {
    const nested = (levels: number) => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`) as JsonValue;
    expect(canonicalJson(nested(101))).toHaveLength(202);
    expect(refusal(nested(102)).message).toContain("nested deeper than 100");
    expect(refusal(nested(100_000)).message).toContain("nested deeper than 100");
  });

  it("takes plain objects of another realm, as fetch answers them under jest, and no others", () => {
    expect(canonicalJson(runInNewContext("({ b: [{ c: 1 }], a: 1 })"))).toBe('{"a":1,"b":[{"c":1}]}');
    expect(refusal(runInNewContext("new Date(0)")).message).toContain("only plain objects");
  });
});

describe("jsonText", () => {
  it("keeps the order of the members", () => {
    expect(jsonText({ b: [1, "x", null, true], a: { z: 1, y: {} } }, "row")).toBe('{"b":[1,"x",null,true],"a":{"z":1,"y":{}}}');
  });

  it("reads back as the same value", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(canonicalJson(JSON.parse(jsonText(value, "row")) as JsonValue)).toBe(canonicalJson(value));
      }),
    );
  });

  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  it.each<[string, unknown, string]>([
    ["NaN", { a: [1, Number.NaN] }, "row cannot be written as JSON: NaN has no JSON form at a.1"],
    ["undefined", { a: undefined }, "row cannot be written as JSON: undefined has no JSON form at a"],
    ["a hole", new Array(1), "row cannot be written as JSON: undefined has no JSON form at 0"],
    ["a bigint", 1n, "row cannot be written as JSON: bigint has no JSON form"],
    ["a toJSON method", { toJSON: () => 1 }, "row cannot be written as JSON: function has no JSON form at toJSON"],
    ["a date", [new Date(0)], "row cannot be written as JSON: only plain objects have a JSON form at 0"],
    ["a cycle", cyclic, "row cannot be written as JSON: nested deeper than 100"],
  ])("refuses %s and says where", (_, value, message) => {
    expect(() => jsonText(value as JsonValue, "row")).toThrow(expect.objectContaining({ code: "INPUT_INVALID", message }));
  });
});
