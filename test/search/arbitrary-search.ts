import fc from "fast-check";
import type { Filter, SearchField, SearchOrder, SearchQuery } from "../../src/search/port.ts";
import type { Sample } from "./search-tables.ts";

// Few values, so that filters match and orders have ties; each is one that some database treats in its own way.
const text = fc.constantFrom(
  ...[
    "a",
    "A",
    "ab",
    "aB",
    "AB",
    "a ",
    " a",
    "",
    "a%",
    "a_b",
    "\\",
    "a\\b",
    "\\%",
    "!",
    "!_",
    "it's",
    '"',
    "`",
    "[a]",
    "a*",
    "?",
    "%",
  ],
  ...[
    "é",
    "É",
    "ı",
    "İ",
    "ſ",
    "\u212a",
    "k",
    "K",
    "\u{1F600}",
    "\uffee",
    "\ue000",
    "a\nb",
    "1",
    "0.1",
    "null",
    "ﬀ",
    "ß",
    "e\u0301",
  ],
);
const integer = fc.constantFrom(0, 1, -1, 2, 3, 1e10, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER);
const number = fc.oneof(
  fc.constantFrom(0, 1, -1, 1.5, 0.1, 0.30000000000000004, 0.3, 1e21, 1.2345678901234566e-7, -2.5),
  fc.constantFrom(5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 9007199254740992, 1e300),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const double = fc.oneof(number, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0));
const key = fc.constantFrom("auc", "Auc", "__proto__", "constructor", "a b", "k`q", "é");
const member = fc.constantFrom("name", "digest", "context");

function mapOf<T>(value: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> {
  return fc.uniqueArray(fc.tuple(key, value), { maxLength: 5, selector: ([name]) => name }).map((entries) => new Map(entries));
}

/** Samples with ids of their own. */
export const arbitrarySamples: fc.Arbitrary<readonly Sample[]> = fc
  .array(
    fc.record({
      rank: fc.constantFrom(1, 2, 3),
      label: fc.option(text),
      count: fc.option(integer),
      score: fc.option(number.map((value) => value + 0)),
      note: fc.option(text),
      weight: fc.option(number.map((value) => value + 0)),
      tags: mapOf(text),
      metrics: mapOf(double),
      params: mapOf(fc.oneof(text, number)),
      aliases: fc.uniqueArray(text, { maxLength: 3 }),
      datasets: fc.array(fc.record({ name: text, digest: text, context: text }), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((samples) => samples.map((sample, i) => ({ ...sample, id: `${(i * 7) % 41}` })));

const pattern = fc
  .array(fc.oneof(fc.constantFrom("%", "_", "%", "a", "A", "b", "\\", "!", "*", "?", "[", "]", "k", "é", "\u{1F600}"), text), {
    maxLength: 5,
  })
  .map((parts) => parts.join(""));

const ordered: fc.Arbitrary<SearchField> = fc.oneof(
  fc.record({
    entity: fc.constant("attribute" as const),
    key: fc.constantFrom("id", "rank", "label", "count", "score", "note", "weight"),
  }),
  fc.record({ entity: fc.constantFrom("tag" as const, "metric" as const, "param" as const), key }),
);
const field: fc.Arbitrary<SearchField> = fc.oneof(
  { weight: 4, arbitrary: ordered },
  { weight: 1, arbitrary: fc.constant({ entity: "alias" as const, key: "name" }) },
  { weight: 1, arbitrary: fc.record({ entity: fc.constant("dataset" as const), key: member }) },
);
const value = fc.oneof(text, number, integer);

const condition: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    op: fc.constantFrom("=" as const, "!=" as const, "<" as const, "<=" as const, ">" as const, ">=" as const),
    field,
    value,
  }),
  fc.record({ op: fc.constantFrom("like" as const, "ilike" as const), field, value: pattern }),
  fc.record({ op: fc.constant("in" as const), field, values: fc.array(value, { maxLength: 4 }) }),
  fc.record({ op: fc.constant("exists" as const), field }),
);

const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    condition,
    fc.record({ op: fc.constantFrom("and" as const, "or" as const), of: fc.array(tie("filter"), { maxLength: 3 }) }),
    fc.record({ op: fc.constant("not" as const), of: tie("filter") }),
  ),
}));

const order: fc.Arbitrary<SearchOrder> = fc.record({
  field: ordered,
  direction: fc.constantFrom("asc" as const, "desc" as const),
});

/** Queries that samples can be searched by. */
export const arbitraryQuery: fc.Arbitrary<SearchQuery> = fc.record({
  where: fc.option(filter, { nil: undefined }),
  orderBy: fc.option(fc.array(order, { maxLength: 3 }), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 15 }),
});
