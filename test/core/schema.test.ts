import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { ModelwrightError } from "../../src/core/errors.ts";
import { type InferInput, type InferOutput, invalidInput, type Schema, validate } from "../../src/core/schema.ts";

const amount = z.object({ amount: z.coerce.number(), tags: z.array(z.string()).default([]) });

function failure(work: () => unknown): ModelwrightError {
  try {
    work();
  } catch (error) {
    if (error instanceof ModelwrightError) return error;
    throw error;
  }
  throw new Error("expected a failure");
}

const answering = (answer: unknown): Schema => ({
  "~standard": { version: 1, vendor: "handmade", validate: () => answer as never },
});

describe("validate", () => {
  it("answers what the schema yields, typed", () => {
    const value = validate(amount, { amount: "12" }, "row");
    expectTypeOf(value).toEqualTypeOf<{ amount: number; tags: string[] }>();
    expect(value).toEqual({ amount: 12, tags: [] });
  });

  it("takes any Standard Schema", () => {
    const upper: Schema<string, string> = {
      "~standard": {
        version: 1,
        vendor: "handmade",
        validate: (value) => (typeof value === "string" ? { value: value.toUpperCase() } : { issues: [{ message: "not text" }] }),
      },
    };
    const value = validate(upper, "abc", "text");
    expectTypeOf(value).toEqualTypeOf<string>();
    expect(value).toBe("ABC");
    expect(failure(() => validate(upper, 1, "text"))).toMatchObject({
      code: "INPUT_INVALID",
      message: "text is not valid: not text",
      details: { subject: "text", issues: [{ path: [], message: "not text" }] },
    });
  });

  it("yields undefined where the schema does", () => {
    expect(validate(answering({ value: undefined }), 1, "nothing")).toBeUndefined();
  });

  it("lists every issue with its path", () => {
    const error = failure(() => validate(amount, { amount: "x", tags: ["a", 1] }, "row"));
    expect(error.code).toBe("INPUT_INVALID");
    if (!ModelwrightError.is(error, "INPUT_INVALID")) return;
    expect(error.details.issues.map((issue) => issue.path)).toEqual([["amount"], ["tags", 1]]);
    expect(error.message).toMatch(/^row is not valid: amount: .+; tags\[1\]: .+$/);
  });

  it("reads paths of keys, of segments and of symbols", () => {
    const error = failure(() =>
      validate(
        answering({
          issues: [
            { message: "a", path: ["rows", 0, { key: "amount" }, { key: 2 }, Symbol("s"), { key: Symbol.iterator }] },
            { message: "b" },
          ],
        }),
        {},
        "value",
      ),
    );
    expect(error.details).toEqual({
      subject: "value",
      issues: [
        { path: ["rows", 0, "amount", 2, "Symbol(s)", "Symbol(Symbol.iterator)"], message: "a" },
        { path: [], message: "b" },
      ],
    });
  });

  it.each<[string, () => Schema]>([
    ["zod refinement", () => z.string().refine(async () => true) as Schema],
    ["promise", () => answering(Promise.resolve({ value: 1 }))],
    ["promise that rejects later", () => answering(Promise.reject(new Error("late")))],
    // biome-ignore lint/suspicious/noThenProperty: a foreign promise is what this is about
    ["promise of another realm", () => answering({ then: (resolve: (result: unknown) => void) => resolve({ value: 1 }) })],
  ])("refuses a schema that answers with a %s", (_, schema) => {
    expect(failure(() => validate(schema(), "x", "row"))).toMatchObject({
      code: "UNSUPPORTED",
      details: { feature: "asynchronous schema" },
    });
  });

  it("infers what a schema accepts and what it yields", () => {
    expectTypeOf<InferInput<typeof amount>>().toEqualTypeOf<{ amount: unknown; tags?: string[] | undefined }>();
    expectTypeOf<InferOutput<typeof amount>>().toEqualTypeOf<{ amount: number; tags: string[] }>();
    // @ts-expect-error: a number is no schema
    expect(() => validate(1, 1, "x")).toThrow(TypeError);
  });
});

describe("invalidInput", () => {
  it("names the subject and every issue", () => {
    expect(
      invalidInput("row 3", [
        { path: ["a"], message: "missing" },
        { path: ["b"], message: "unknown" },
      ]).message,
    ).toBe("row 3 is not valid: a: missing; b: unknown");
  });
});
