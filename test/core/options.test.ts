import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { ModelwrightError } from "../../src/core/errors.ts";
import { parseOptions, passed, port } from "../../src/core/options.ts";

interface Store {
  readonly spec: "store/1";
  read(): number;
}

const schema = z.object({
  name: z.string(),
  ttlMs: z.number().min(0).default(1000),
  store: port<Store>("store/1", "store/2").optional(),
  onDone: passed<() => void>("a function", (value) => typeof value === "function").optional(),
});

function issuesOf(options: unknown) {
  try {
    parseOptions(schema, options, "Server");
  } catch (error) {
    if (ModelwrightError.is(error, "CONFIG_INVALID")) return { message: error.message, ...error.details };
  }
  throw new Error("expected CONFIG_INVALID");
}

describe("parseOptions", () => {
  it("answers a copy with defaults filled in, typed", () => {
    const given = { name: "a" };
    const options = parseOptions(schema, given, "Server");
    expectTypeOf(options.ttlMs).toEqualTypeOf<number>();
    expectTypeOf(options.store).toEqualTypeOf<Store | undefined>();
    expect(options).toEqual({ name: "a", ttlMs: 1000 });
    expect(options).not.toBe(given);
    expect(given).toEqual({ name: "a" });
  });

  it("fails with every issue at once", () => {
    const { subject, issues, message } = issuesOf({ name: 1, ttlMs: -1, store: {}, onDone: 2 });
    expect(subject).toBe("Server");
    expect(issues.map(({ path }) => path)).toEqual([["name"], ["ttlMs"], ["store"], ["onDone"]]);
    expect(message).toContain("The options of Server are not valid: name: ");
    expect(message).toContain("store: expected an implementation of store/1 or store/2; onDone: expected a function");
  });

  it.each([undefined, null, 1, "x", []])("refuses %j instead of an object", (options) => {
    expect(issuesOf(options).issues[0]!.path).toEqual([]);
  });

  it("writes symbols in paths as text", () => {
    const key = Symbol("k");
    const strict = z
      .custom<object>()
      .superRefine((_, context) => context.addIssue({ code: "custom", message: "bad", path: [key, 0] }));
    expect(() => parseOptions(strict, {}, "Server")).toThrow("Symbol(k)[0]: bad");
  });
});

describe("port and passed", () => {
  it("hand the very object on, with its identity and its methods", () => {
    class SqlStore implements Store {
      readonly spec = "store/1";
      readonly #rows = 3;
      read() {
        return this.#rows;
      }
    }
    const store = new SqlStore();
    const options = parseOptions(schema, { name: "a", store }, "Server");
    expect(options.store).toBe(store);
    expect(options.store?.read()).toBe(3);
  });

  it.each([[null], ["store/1"], [{ spec: "store/3" }], [{ spec: ["store/1"] }], [{}]])("refuse %j as a port", (store) => {
    expect(issuesOf({ name: "a", store }).issues.map(({ path }) => path)).toEqual([["store"]]);
  });

  it("take a port whose spec is inherited", () => {
    const store = Object.create({ spec: "store/2" }) as Store;
    expect(parseOptions(schema, { name: "a", store }, "Server").store).toBe(store);
  });
});
