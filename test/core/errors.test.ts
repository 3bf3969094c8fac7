import { describe, expect, expectTypeOf, it } from "vitest";
import { type ErrorDetails, formatIssues, ModelwrightError } from "../../src/core/errors.ts";
import { loadCopy } from "./load-copy.ts";

const late = () =>
  new ModelwrightError("DEADLINE_EXCEEDED", "No answer within 5 ms", { details: { timeoutMs: 5 }, retryable: true });

describe("ModelwrightError", () => {
  it("carries code, message, details and retryability", () => {
    const error = late();
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "ModelwrightError",
      code: "DEADLINE_EXCEEDED",
      details: { timeoutMs: 5 },
      retryable: true,
    });
    expect(String(error)).toBe("ModelwrightError: No answer within 5 ms");
    expect(error.stack).toContain("errors.test.ts");
  });

  it("is not retryable unless it says so", () => {
    expect(new ModelwrightError("CLOSED", "closed", { details: { subject: "s" } }).retryable).toBe(false);
  });

  it("has a cause exactly when one is given, undefined included", () => {
    const details = { store: "s", operation: "read" };
    const cause = new Error("disk");
    expect("cause" in new ModelwrightError("STORE_FAILED", "m", { details })).toBe(false);
    expect(new ModelwrightError("STORE_FAILED", "m", { details, cause }).cause).toBe(cause);
    const thrownUndefined = new ModelwrightError("STORE_FAILED", "m", { details, cause: undefined });
    expect("cause" in thrownUndefined).toBe(true);
    expect(thrownUndefined.cause).toBeUndefined();
  });

  it("writes code, message, details and retryability as JSON, but neither cause nor stack", () => {
    const error = new ModelwrightError("STORE_FAILED", "m", {
      details: { store: "s", operation: "read" },
      cause: new Error("password=hunter2"),
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "ModelwrightError",
      code: "STORE_FAILED",
      message: "m",
      details: { store: "s", operation: "read" },
      retryable: false,
    });
  });

  it("does not show the brand among its own keys", () => {
    expect(Object.keys(late())).not.toContain("modelwright.error");
    expect(Object.getOwnPropertySymbols(late()).filter((key) => Object.prototype.propertyIsEnumerable.call(late(), key))).toEqual(
      [],
    );
  });
});

describe("ModelwrightError.is", () => {
  it("recognises an error, with its code when one is given", () => {
    expect(ModelwrightError.is(late())).toBe(true);
    expect(ModelwrightError.is(late(), "DEADLINE_EXCEEDED")).toBe(true);
    expect(ModelwrightError.is(late(), "CLOSED")).toBe(false);
  });

  it.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", "DEADLINE_EXCEEDED"],
    ["a plain error", new Error("m")],
    ["a look-alike", { name: "ModelwrightError", code: "DEADLINE_EXCEEDED", details: { timeoutMs: 5 } }],
    ["an error restored from JSON", JSON.parse(JSON.stringify(late()))],
  ])("refuses %s", (_, value) => {
    expect(ModelwrightError.is(value)).toBe(false);
    expect(ModelwrightError.is(value, "DEADLINE_EXCEEDED")).toBe(false);
  });

  it("holds across copies of the package, where instanceof does not", () => {
    const copy = loadCopy<typeof import("../../src/core/errors.ts")>("errors.ts");
    const foreign = new copy.ModelwrightError("CLOSED", "closed", { details: { subject: "s" } });
    expect(copy.ModelwrightError).not.toBe(ModelwrightError);
    expect(foreign instanceof ModelwrightError).toBe(false);
    expect(ModelwrightError.is(foreign, "CLOSED")).toBe(true);
    expect(ModelwrightError.is(foreign, "DEADLINE_EXCEEDED")).toBe(false);
    expect(copy.ModelwrightError.is(late(), "DEADLINE_EXCEEDED")).toBe(true);
  });

  it("types the details by the code", () => {
    const error: unknown = late();
    expect.assertions(1);
    if (!ModelwrightError.is(error, "DEADLINE_EXCEEDED")) return;
    expectTypeOf(error.code).toEqualTypeOf<"DEADLINE_EXCEEDED">();
    expectTypeOf(error.details).toEqualTypeOf<{ readonly timeoutMs: number }>();
    // @ts-expect-error: these details have no subject
    expect(error.details.subject).toBeUndefined();
  });

  it("types the details of each case of a switch on the code", () => {
    const timeout = (error: unknown): number | string | undefined => {
      if (!ModelwrightError.is(error)) return undefined;
      switch (error.code) {
        case "DEADLINE_EXCEEDED":
          return error.details.timeoutMs;
        case "CLOSED":
          expectTypeOf(error.details).toEqualTypeOf<ErrorDetails["CLOSED"]>();
          return error.details.subject;
        default:
          return undefined;
      }
    };
    expect(timeout(late())).toBe(5);
  });

  it("narrows to the given code in generic code", () => {
    const pick = <C extends keyof ErrorDetails>(error: unknown, code: C): ErrorDetails[C] | undefined =>
      ModelwrightError.is(error, code) ? error.details : undefined;
    expect(pick(late(), "DEADLINE_EXCEEDED")).toEqual({ timeoutMs: 5 });
    expect(pick(late(), "CLOSED")).toBeUndefined();
  });

  it("makes the compiler refuse details of another code, and unknown codes", () => {
    // @ts-expect-error: CLOSED needs a subject
    const wrong = new ModelwrightError("CLOSED", "m", { details: { timeoutMs: 5 } });
    // @ts-expect-error: no such code
    expect(ModelwrightError.is(wrong, "CLOSE")).toBe(false);
  });
});

describe("formatIssues", () => {
  it("writes names with dots and indices in brackets", () => {
    expect(
      formatIssues([
        { path: [], message: "not an object" },
        { path: ["rows", 3, "amount"], message: "expected a number" },
        { path: [0, "id"], message: "missing" },
      ]),
    ).toBe("not an object; rows[3].amount: expected a number; [0].id: missing");
  });

  it("writes nothing for no issues", () => {
    expect(formatIssues([])).toBe("");
  });
});
