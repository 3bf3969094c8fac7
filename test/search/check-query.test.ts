import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { checkQuery, type Filter, type SearchQuery } from "../../src/search/index.ts";
import { arbitraryQuery } from "./arbitrary-search.ts";

const field = { entity: "tag", key: "team" } as const;
const one: Filter = { op: "=", field, value: "risk" };

function refusal(query: unknown): { readonly message: string; readonly path: readonly (string | number)[] } {
  try {
    checkQuery(query as SearchQuery);
  } catch (error) {
    if (ModelwrightError.is(error, "INPUT_INVALID")) return { message: error.message, path: error.details.issues[0]!.path };
    throw error;
  }
  throw new Error("nothing was refused");
}

function nested(levels: number): Filter {
  return levels === 1 ? one : { op: "not", of: nested(levels - 1) };
}

describe("checkQuery", () => {
  it("answers a copy of what is a query", () => {
    fc.assert(
      fc.property(arbitraryQuery, (query) => {
        const checked = checkQuery(query);
        expect(checked).toEqual({ where: undefined, orderBy: undefined, after: undefined, ...query });
      }),
    );
    const of = [one];
    const { where } = checkQuery({ where: { op: "and", of }, limit: 1 });
    of.push(one);
    expect(where).toEqual({ op: "and", of: [one] });
  });

  it("takes filters up to the limits and refuses those beyond", () => {
    const many = (count: number): Filter => ({ op: "or", of: Array.from({ length: count }, () => one) });
    expect(checkQuery({ where: many(100), limit: 1 }).where).toEqual(many(100));
    expect(refusal({ where: { op: "and", of: [many(60), many(41)] }, limit: 1 }).message).toContain("at most 100 conditions");
    expect(refusal({ where: many(101), limit: 1 }).message).toContain("at most 100 items");
    expect(checkQuery({ where: nested(20), limit: 1 }).where).toEqual(nested(20));
    expect(refusal({ where: nested(21), limit: 1 }).message).toContain("at most 20 levels");
    const list = (count: number): Filter => ({ op: "in", field, values: Array.from({ length: count }, (_, i) => `${i}`) });
    expect(checkQuery({ where: list(1000), limit: 1 }).where).toEqual(list(1000));
    expect(refusal({ where: list(1001), limit: 1 }).message).toContain("at most 1000 items");
    const lists: Filter = { op: "or", of: Array.from({ length: 11 }, () => list(1000)) };
    expect(refusal({ where: lists, limit: 1 }).message).toContain("at most 10000 values");
    expect(checkQuery({ where: { ...one, value: "x".repeat(8000) } as Filter, limit: 1 }).limit).toBe(1);
    expect(refusal({ where: { ...one, value: "x".repeat(8001) }, limit: 1 }).path).toEqual(["where", "value"]);
  });

  it("refuses filters that hold themselves, and small ones that stand for great ones", () => {
    const cycle: { op: "not"; of: unknown } = { op: "not", of: undefined };
    cycle.of = cycle;
    expect(refusal({ where: cycle, limit: 1 }).message).toContain("at most 20 levels");
    let bomb: Filter = { op: "and", of: [] };
    for (let i = 0; i < 19; i++) bomb = { op: "or", of: [bomb, bomb] };
    expect(refusal({ where: bomb, limit: 1 }).message).toContain("at most 100 conditions");
  });

  it.each<readonly [string, unknown, readonly (string | number)[]]>([
    ["no object", null, []],
    ["an array", [], []],
    ["an unknown member", { limit: 1, offset: 2 }, []],
    ["no limit", {}, ["limit"]],
    ["a limit of 0", { limit: 0 }, ["limit"]],
    ["half a record", { limit: 1.5 }, ["limit"]],
    ["a limit beyond all", { limit: 50_001 }, ["limit"]],
    ["a cursor that is a number", { limit: 1, after: 5 }, ["after"]],
    ["a cursor beyond all", { limit: 1, after: "x".repeat(2_097_153) }, ["after"]],
    ["a filter as text", { limit: 1, where: "a = 1" }, ["where", "op"]],
    ["a filter of null", { limit: 1, where: null }, ["where", "op"]],
    ["no operator", { limit: 1, where: { field, value: 1 } }, ["where", "op"]],
    ["an unknown operator", { limit: 1, where: { op: "~", field, value: 1 } }, ["where", "op"]],
    ["an operator of the prototype", { limit: 1, where: { op: "constructor", field, value: 1 } }, ["where", "op"]],
    ["an unknown member of a condition", { limit: 1, where: { ...one, not: true } }, ["where"]],
    ["parts that are no array", { limit: 1, where: { op: "and", of: { 0: one, length: 1 } } }, ["where", "of"]],
    ["a hole among parts", { limit: 1, where: { op: "and", of: new Array(1) } }, ["where", "of", 0, "op"]],
    ["no field", { limit: 1, where: { op: "exists" } }, ["where", "field"]],
    [
      "an unknown entity",
      { limit: 1, where: { op: "exists", field: { entity: "file", key: "a" } } },
      ["where", "field", "entity"],
    ],
    ["an empty key", { limit: 1, where: { op: "exists", field: { entity: "tag", key: "" } } }, ["where", "field", "key"]],
    [
      "a long key",
      { limit: 1, where: { op: "exists", field: { entity: "tag", key: "x".repeat(251) } } },
      ["where", "field", "key"],
    ],
    ["a key with NUL", { limit: 1, where: { op: "exists", field: { entity: "tag", key: "a\0" } } }, ["where", "field", "key"]],
    ["NaN", { limit: 1, where: { op: "=", field, value: Number.NaN } }, ["where", "value"]],
    ["an infinity", { limit: 1, where: { op: "in", field, values: [1, -1 / 0] } }, ["where", "values", 1]],
    ["a bigint", { limit: 1, where: { op: "=", field, value: 1n } }, ["where", "value"]],
    ["a NUL character", { limit: 1, where: { op: "=", field, value: "a\0b" } }, ["where", "value"]],
    ["half a surrogate pair", { limit: 1, where: { op: "=", field, value: "\ud83d" } }, ["where", "value"]],
    ["a pattern that is a number", { limit: 1, where: { op: "like", field, value: 5 } }, ["where", "value"]],
    [
      "a deep fault",
      { limit: 1, where: { op: "or", of: [one, { op: "not", of: { op: "in", field, values: [{}] } }] } },
      ["where", "of", 1, "of", "values", 0],
    ],
    ["an order as text", { limit: 1, orderBy: "name" }, ["orderBy"]],
    ["an unknown direction", { limit: 1, orderBy: [{ field, direction: "up" }] }, ["orderBy", 0, "direction"]],
    ["too many orders", { limit: 1, orderBy: Array.from({ length: 11 }, () => ({ field, direction: "asc" })) }, ["orderBy"]],
  ])("refuses %s and says where", (_, query, path) => {
    expect(refusal(query).path).toEqual(path);
  });

  it("refuses any other value without another error", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.record({ where: fc.anything(), orderBy: fc.anything(), limit: fc.constant(1) })),
        (value) => {
          try {
            checkQuery(value as SearchQuery);
          } catch (error) {
            expect(ModelwrightError.is(error, "INPUT_INVALID")).toBe(true);
          }
        },
      ),
    );
  });
});
