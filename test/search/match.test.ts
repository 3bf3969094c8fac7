import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "../../src/search/cursor.ts";
import {
  type Filter,
  parseFilter,
  type Searchable,
  type SearchField,
  type SearchOrder,
  searchArray,
} from "../../src/search/index.ts";
import { compareText, isLike } from "../../src/search/like.ts";
import { matches } from "../../src/search/match.ts";

interface Item {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly aliases?: readonly string[];
}

const searchable: Searchable<Item> = {
  attributes: { name: "text" },
  entities: ["tag", "metric", "param", "alias"],
  values: (item, { entity, key }) => {
    if (entity === "attribute") return [item.name];
    if (entity === "alias") return item.aliases ?? [];
    const all: Readonly<Record<string, string | number>> = item[`${entity}s` as "params"] ?? {};
    return Object.hasOwn(all, key) ? [all[key]!] : [];
  },
  tieBreak: [{ attribute: "name", direction: "asc" }],
};

const metric = (key: string): SearchField => ({ entity: "metric", key });

function found(items: readonly Item[], where: string | Filter, orderBy: readonly SearchOrder[] = []): readonly string[] {
  const filter = typeof where === "string" ? parseFilter(where, "versions") : where;
  return searchArray(items, { where: filter, orderBy, limit: 100 }, searchable).items.map(({ name }) => name);
}

describe("a filter", () => {
  it("takes a comparison with what is absent for false, and its negation for true", () => {
    const items: Item[] = [{ name: "a", tags: { team: "risk" } }, { name: "b", tags: { team: "sales" } }, { name: "c" }];
    expect(found(items, "tags.team = 'risk'")).toEqual(["a"]);
    expect(found(items, "tags.team != 'risk'")).toEqual(["b"]);
    expect(found(items, "NOT tags.team = 'risk'")).toEqual(["b", "c"]);
    expect(found(items, "NOT tags.team != 'risk'")).toEqual(["a", "c"]);
    expect(found(items, "tags.team NOT IN ('risk')")).toEqual(["b"]);
    expect(found(items, "tags.team NOT LIKE 'r%'")).toEqual(["b"]);
    expect(found(items, "tags.team IS NULL")).toEqual(["c"]);
    expect(found(items, "tags.team IS NOT NULL")).toEqual(["a", "b"]);
  });

  it("compares numbers with numbers and text with text", () => {
    const items: Item[] = [
      { name: "a", params: { depth: 3 } },
      { name: "b", params: { depth: "3" } },
    ];
    expect(found(items, "params.depth = 3")).toEqual(["a"]);
    expect(found(items, "params.depth = '3'")).toEqual(["b"]);
    expect(found(items, "params.depth != '4'")).toEqual(["b"]);
    expect(found(items, "params.depth IN (3, '3')")).toEqual(["a", "b"]);
    expect(found(items, "params.depth LIKE '%'")).toEqual(["b"]);
  });

  it("takes NaN for what is not there, and infinities for the outermost numbers", () => {
    const items: Item[] = [
      { name: "a", metrics: { loss: Number.NaN } },
      { name: "b", metrics: { loss: Number.POSITIVE_INFINITY } },
    ];
    for (const op of ["=", "!=", "<", "<=", ">", ">="]) expect(found([items[0]!], `metrics.loss ${op} 1`)).toEqual([]);
    expect(found(items, "metrics.loss IS NULL")).toEqual(["a"]);
    expect(found(items, "metrics.loss <= 1.7976931348623157e308")).toEqual(["b"]);
    expect(found(items, "metrics.loss > 1e308")).toEqual(["b"]);
  });

  it("matches when any one of several does", () => {
    const items: Item[] = [{ name: "a", aliases: ["champion", "old"] }, { name: "b", aliases: ["champion"] }, { name: "c" }];
    expect(found(items, "alias = 'old'")).toEqual(["a"]);
    expect(found(items, "alias != 'champion'")).toEqual(["a"]);
    expect(found(items, "NOT alias = 'champion'")).toEqual(["c"]);
    expect(found(items, "alias NOT IN ('champion')")).toEqual([]);
  });

  it("takes names of the prototype for names", () => {
    const items: Item[] = [{ name: "a", tags: Object.fromEntries([["__proto__", "x"]]) }, { name: "b" }];
    expect(found(items, "tags.__proto__ = 'x'")).toEqual(["a"]);
    expect(found(items, "tags.constructor IS NOT NULL")).toEqual([]);
  });

  it("of no conditions matches all with `and` and none with `or`", () => {
    expect(matches({ op: "and", of: [] }, () => [])).toBe(true);
    expect(matches({ op: "or", of: [] }, () => [])).toBe(false);
    expect(matches({ op: "in", field: metric("a"), values: [] }, () => [1])).toBe(false);
  });
});

describe("an order", () => {
  it("puts what is absent last in either direction, NaN with it", () => {
    const items: Item[] = [
      { name: "none" },
      { name: "two", metrics: { auc: 2 } },
      { name: "nan", metrics: { auc: Number.NaN } },
      { name: "one", metrics: { auc: 1 } },
      { name: "infinite", metrics: { auc: Number.NEGATIVE_INFINITY } },
    ];
    const by = (direction: "asc" | "desc") => found(items, "", [{ field: metric("auc"), direction }]);
    expect(by("asc")).toEqual(["infinite", "one", "two", "nan", "none"]);
    expect(by("desc")).toEqual(["two", "one", "infinite", "nan", "none"]);
  });

  it("puts numbers before texts in either direction", () => {
    const items: Item[] = [
      { name: "a", params: { depth: "10" } },
      { name: "b", params: { depth: 9 } },
      { name: "c", params: { depth: 10 } },
      { name: "d", params: { depth: "9" } },
      { name: "e" },
    ];
    const field = { entity: "param", key: "depth" } as const;
    expect(found(items, "", [{ field, direction: "asc" }])).toEqual(["b", "c", "a", "d", "e"]);
    expect(found(items, "", [{ field, direction: "desc" }])).toEqual(["c", "b", "d", "a", "e"]);
  });

  it("orders text as its UTF-8 bytes are ordered", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        expect(Math.sign(compareText(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
    expect(compareText("\uffee", "\u{1F600}")).toBeLessThan(0);
  });
});

describe("pages", () => {
  const items: Item[] = Array.from({ length: 7 }, (_, i) => ({ name: `${i}`, tags: { even: `${i % 2 === 0}` } }));

  it("end where the records end, also when the last one is full", () => {
    const first = searchArray(items, { limit: 7 }, searchable);
    expect(first.next).toBeUndefined();
    const most = searchArray(items, { limit: 6 }, searchable);
    const rest = searchArray(items, { limit: 6, after: most.next }, searchable);
    expect([...most.items, ...rest.items]).toEqual(items);
    expect(rest.next).toBeUndefined();
  });

  it("go on behind a record that is gone, and see those that came behind it", () => {
    const page = searchArray(items, { limit: 3 }, searchable);
    const others = [...items.filter(({ name }) => name !== "2"), { name: "25" }];
    const rest = searchArray(others, { limit: 9, after: page.next }, searchable);
    expect(rest.items.map(({ name }) => name)).toEqual(["25", "3", "4", "5", "6"]);
  });

  it("refuse a cursor of another order, and what is no cursor", () => {
    const orderBy: SearchOrder[] = [{ field: { entity: "tag", key: "even" }, direction: "asc" }];
    const { next } = searchArray(items, { limit: 3, orderBy }, searchable);
    const go = (after: string, order: readonly SearchOrder[]) => () =>
      searchArray(items, { limit: 3, orderBy: order, after }, searchable);
    expect(go(next!, orderBy)().items).toHaveLength(3);
    expect(go(next!, [])).toThrow("The cursor is not valid: after: it belongs to another order; begin again without it");
    expect(go(next!, [{ ...orderBy[0]!, direction: "desc" }])).toThrow("it belongs to another order");
    for (const broken of ["", "a", next!.slice(0, -3), `${next}=`, ` ${next}`, btoa("{}"), btoa("[[],[]]"), "é".repeat(10)]) {
      expect(go(broken, orderBy)).toThrow("The cursor is not valid");
    }
  });

  it("refuse a cursor whose place is not one of the order", () => {
    const keys = [
      { field: metric("auc"), direction: "asc", type: "number", required: false },
      { field: { entity: "attribute", key: "name" }, direction: "asc", type: "text", required: true },
    ] as const;
    for (const place of [[1], [1, "a", 2], ["1", "a"], [1, 5], [1, null], [1, "a\0"], [1, "\ud800"], [{}, "a"], [[1], "a"]]) {
      expect(() => decodeCursor(encodeCursor(keys, place as never), keys)).toThrow("expected `next` of the page before");
    }
    const text = `[${JSON.stringify(
      JSON.stringify([
        ["metric", "auc", "number", "asc"],
        ["attribute", "name", "text", "asc"],
      ]),
    )},[1e999,"a"]]`;
    expect(() => decodeCursor(btoa(text), keys)).toThrow("The cursor is not valid");
  });

  it("carry any place through a cursor unchanged", () => {
    const keys = [
      { field: metric("é \u{1F600}"), direction: "desc", type: "number", required: false },
      { field: { entity: "tag", key: "__proto__" }, direction: "asc", type: "text", required: false },
    ] as const;
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    const text = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0"));
    fc.assert(
      fc.property(fc.option(number), fc.option(text), (a, b) => {
        const cursor = encodeCursor(keys, [a, b]);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(cursor, keys)).toEqual([a, b]);
      }),
    );
  });
});

describe("like", () => {
  it("matches as a regular expression does", () => {
    const part = fc.constantFrom("%", "_", "a", "b", ".", "\\", "\u{1F600}");
    fc.assert(
      fc.property(
        fc.array(part),
        fc.array(fc.constantFrom("a", "b", ".", "\\", "\u{1F600}", "%", "_", "\n")),
        (pattern, text) => {
          const source = pattern
            .map((mark) => (mark === "%" ? "[^]*" : mark === "_" ? "[^]" : mark.replace(/[.\\]/, "\\$&")))
            .join("");
          expect(isLike(text.join(""), pattern.join(""))).toBe(new RegExp(`^${source}$`, "u").test(text.join("")));
        },
      ),
    );
  });

  it("takes no longer than the product of the lengths for a hostile pattern", () => {
    const start = performance.now();
    expect(isLike("a".repeat(8000), `${"%a".repeat(3000)}%b`)).toBe(false);
    expect(isLike("a".repeat(8000), `%${"a".repeat(4000)}b`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
