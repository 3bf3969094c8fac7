import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  formatModelRef,
  isLabel,
  isName,
  type ModelRef,
  type Prediction,
  type Predictor,
  parseModelRef,
} from "../../src/core/model.ts";

const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
const label = fc.stringMatching(/^[a-z][a-z0-9_-]{0,63}$/);
const ref: fc.Arbitrary<ModelRef> = fc.oneof(
  fc.record({ name, version: fc.integer({ min: 1, max: 999_999_999_999_999 }) }),
  fc.record({ name, stage: label }),
  fc.record({ name, label: fc.stringMatching(/^(?:0|[1-9]\d{0,3})(?:\.(?:0|[1-9]\d{0,3})){2}(?:-[a-z]{1,5}\.[0-9])?$/) }),
  fc.record({ name, alias: label }),
);

describe("parseModelRef", () => {
  it.each<[string, ModelRef]>([
    ["fraud@7", { name: "fraud", version: 7 }],
    ["fraud@production", { name: "fraud", stage: "production" }],
    ["fraud@alias:champion", { name: "fraud", alias: "champion" }],
    ["Fraud_v2.1-eu@alias:a", { name: "Fraud_v2.1-eu", alias: "a" }],
    ["fraud@alias", { name: "fraud", stage: "alias" }],
    ["7@7", { name: "7", version: 7 }],
    ["__proto__@7", { name: "__proto__", version: 7 }],
    ["fraud@1.4.0", { name: "fraud", label: "1.4.0" }],
    ["fraud@2.0.0-rc.1", { name: "fraud", label: "2.0.0-rc.1" }],
    ["m@999999999999999", { name: "m", version: 999_999_999_999_999 }],
  ])("reads %s", (text, expected) => {
    expect(parseModelRef(text)).toEqual(expected);
  });

  it("reads back what formatModelRef writes", () => {
    fc.assert(
      fc.property(ref, (value) => {
        expect(parseModelRef(formatModelRef(value))).toEqual(value);
      }),
    );
  });

  it("writes back what it reads", () => {
    fc.assert(
      fc.property(ref, (value) => {
        const text = formatModelRef(value);
        expect(formatModelRef(parseModelRef(text))).toBe(text);
      }),
    );
  });

  it.each([
    "",
    "@",
    "fraud",
    "fraud@",
    "@7",
    "a@b@c",
    "a@@7",
    "name@0",
    "name@01",
    "name@-1",
    "name@+1",
    "name@1.0",
    "name@1.0.00",
    "name@1.0.0-",
    "name@1.0.0+build",
    "name@v1.0.0",
    "name@1e3",
    "name@0x10",
    "name@1000000000000000",
    "name@٣",
    "name@7\n",
    "name\n@7",
    " name@7",
    "name@ 7",
    "name@7 ",
    "name@Production",
    "name@alias:",
    "name@alias:7",
    "name@alias:Champion",
    "name@alias:a:b",
    "name@stage:production",
    "name@__proto__",
    "../etc@7",
    "a/b@7",
    "..@7",
    ".hidden@7",
    "-rf@7",
    "na\u0000me@7",
    "näme@7",
    "name@\u{1f600}",
    `${"n".repeat(129)}@7`,
    `name@${"s".repeat(65)}`,
    `name@alias:${"s".repeat(65)}`,
  ])("refuses %j", (text) => {
    expect(() => parseModelRef(text)).toThrow(
      expect.objectContaining({ code: "INPUT_INVALID", details: expect.objectContaining({ subject: "model reference" }) }),
    );
  });

  it("refuses a very long text with a short message", () => {
    for (const text of [`${"x".repeat(1_000_000)}@7`, `name@${"9".repeat(1_000_000)}`, "@".repeat(1_000_000)]) {
      expect(() => parseModelRef(text)).toThrow(/^.{1,300}$/);
    }
  });

  it("answers or refuses any text with INPUT_INVALID, and never another way", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (a, b) => {
        try {
          const parsed = parseModelRef(`${a}@${b}`);
          expect(isName(parsed.name)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: "INPUT_INVALID" });
        }
      }),
    );
  });
});

describe("isName and isLabel", () => {
  it("bound the length", () => {
    expect([isName("n".repeat(128)), isName("n".repeat(129)), isName("")]).toEqual([true, false, false]);
    expect([isLabel("s".repeat(64)), isLabel("s".repeat(65)), isLabel("")]).toEqual([true, false, false]);
  });

  it("refuse what only turns into a name as text", () => {
    for (const value of [undefined, null, 7, ["fraud"], { toString: () => "fraud" }]) {
      expect(isName(value as never)).toBe(false);
      expect(isLabel(value as never)).toBe(false);
    }
  });
});

describe("Predictor", () => {
  it("carries the types of its input and output", async () => {
    const predictor: Predictor<{ amount: number }, { fraud: boolean }> = {
      spec: "predictor/1",
      name: "rule",
      predict: async ({ amount }) => ({ output: { fraud: amount > 10 }, model: {}, provider: "rule" }),
    };
    const prediction = await predictor.predict({ amount: 12 });
    expectTypeOf(prediction).toEqualTypeOf<Prediction<{ fraud: boolean }>>();
    expect(prediction.output).toEqual({ fraud: true });
    // @ts-expect-error: amount is missing
    expect((await predictor.predict({})).output).toEqual({ fraud: false });
  });
});
