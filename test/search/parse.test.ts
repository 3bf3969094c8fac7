import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { checkQuery, type Filter, parseFilter, parseOrder, type SearchField } from "../../src/search/index.ts";
import type { SearchKind } from "../../src/search/kinds.ts";

const field = (entity: SearchField["entity"], key: string): SearchField => ({ entity, key });
const attribute = (key: string) => field("attribute", key);
const metric = (key: string) => field("metric", key);
const param = (key: string) => field("param", key);
const tag = (key: string) => field("tag", key);

/** Cases of a table, of runs unless they say otherwise. */
function cases<T>(rows: readonly (readonly [text: string, expected: T, kind?: SearchKind])[]) {
  return rows.map(([text, expected, kind = "runs"]) => ({ text, expected, kind }));
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (ModelwrightError.is(error, "INPUT_INVALID")) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("parseFilter", () => {
  it.each(
    cases<Filter>([
      // MLflow's own examples, from its documentation.
      [
        'metrics.rmse < 1 and params.model = "tree"',
        {
          op: "and",
          of: [
            { op: "<", field: metric("rmse"), value: 1 },
            { op: "=", field: param("model"), value: "tree" },
          ],
        },
      ],
      ["metrics.accuracy >= 0.72", { op: ">=", field: metric("accuracy"), value: 0.72 }],
      ["tags.environment LIKE '%prod%'", { op: "like", field: tag("environment"), value: "%prod%" }],
      ["tags.`a b` ILIKE '%X%'", { op: "ilike", field: tag("a b"), value: "%X%" }],
      ["params.\"model type\" != 'linear'", { op: "!=", field: param("model type"), value: "linear" }],
      ["attributes.status = 'FINISHED'", { op: "=", field: attribute("status"), value: "finished" }],
      ["attribute.run_name = 'a'", { op: "=", field: attribute("name"), value: "a" }],
      ["run.user_id = 'a'", { op: "=", field: attribute("created_by"), value: "a" }],
      ["run_id IN ('a', 'b')", { op: "in", field: attribute("id"), values: ["a", "b"] }],
      ["attributes.start_time > 1664067852747", { op: ">", field: attribute("started_at"), value: 1664067852747 }],
      ["dataset.name = 'iris'", { op: "=", field: field("dataset", "name"), value: "iris" }],
      ["datasets.digest = 's8ds293b'", { op: "=", field: field("dataset", "digest"), value: "s8ds293b" }],
      ["tags.mlflow.source.type = 'JOB'", { op: "=", field: tag("mlflow.source.type"), value: "JOB" }],
      ["parameters.depth = '3'", { op: "=", field: param("depth"), value: "3" }],
      [
        "run_id NOT IN ('a')",
        {
          op: "and",
          of: [
            { op: "exists", field: attribute("id") },
            { op: "not", of: { op: "in", field: attribute("id"), values: ["a"] } },
          ],
        },
      ],
      ["name LIKE 'fraud%'", { op: "like", field: attribute("name"), value: "fraud%" }, "models"],
      ["version_number >= 3", { op: ">=", field: attribute("version"), value: 3 }, "versions"],
      ["tag.`mlflow.prompt.is_prompt` != 'true'", { op: "!=", field: tag("mlflow.prompt.is_prompt"), value: "true" }, "models"],
      ["creation_time > 0", { op: ">", field: attribute("created_at"), value: 0 }, "experiments"],
      ["last_update_time > 0", { op: ">", field: attribute("updated_at"), value: 0 }, "experiments"],
      // Ours.
      ["tags.a IS NULL", { op: "not", of: { op: "exists", field: tag("a") } }],
      ["metrics.a is not null", { op: "exists", field: metric("a") }],
      ["alias = 'champion'", { op: "=", field: field("alias", "name"), value: "champion" }, "versions"],
      ["aliases IN ('a')", { op: "in", field: field("alias", "name"), values: ["a"] }, "models"],
      ["stage == 'production'", { op: "=", field: attribute("stage"), value: "production" }, "versions"],
      ["params.depth = 3", { op: "=", field: param("depth"), value: 3 }, "versions"],
      ["created_at >= '2026-01-31'", { op: ">=", field: attribute("created_at"), value: Date.UTC(2026, 0, 31) }, "versions"],
      ["start_time < '2026-01-31T10:00:00Z'", { op: "<", field: attribute("started_at"), value: Date.UTC(2026, 0, 31, 10) }],
      ["end_time IN ('2026-01-31', 5)", { op: "in", field: attribute("ended_at"), values: [Date.UTC(2026, 0, 31), 5] }],
      ["`name` = 'it''s'", { op: "=", field: attribute("name"), value: "it's" }],
      ['"name" = "say ""hi"""', { op: "=", field: attribute("name"), value: 'say "hi"' }],
      ["tags.`a``b` = ''", { op: "=", field: tag("a`b"), value: "" }],
      ["tags.and = 'or'", { op: "=", field: tag("and"), value: "or" }],
      ["metrics.__proto__ > -1.5e-3", { op: ">", field: metric("__proto__"), value: -0.0015 }],
      ["metrics.a<>.5", { op: "!=", field: metric("a"), value: 0.5 }],
      ["metrics.a=+1.", { op: "=", field: metric("a"), value: 1 }],
      ["metrics.a>-1", { op: ">", field: metric("a"), value: -1 }],
      ["tags.team = '\\'", { op: "=", field: tag("team"), value: "\\" }],
      ["tags.team = '\u{1F600} é'", { op: "=", field: tag("team"), value: "\u{1F600} é" }],
    ]),
  )("reads $text", ({ text, expected, kind }) => {
    expect(parseFilter(text, kind)).toEqual(expected);
  });

  it("binds NOT more tightly than AND, and AND more tightly than OR", () => {
    const [a, b, c] = (["a", "b", "c"] as const).map((key): Filter => ({ op: "=", field: tag(key), value: "1" }));
    expect(parseFilter("not tags.a = '1' and tags.b = '1' or tags.c = '1'", "runs")).toEqual({
      op: "or",
      of: [{ op: "and", of: [{ op: "not", of: a }, b] }, c],
    });
    expect(parseFilter("tags.a = '1' AND (tags.b = '1' OR NOT (tags.c = '1'))", "runs")).toEqual({
      op: "and",
      of: [a, { op: "or", of: [b, { op: "not", of: c }] }],
    });
  });

  it("takes empty text for the filter that matches every record", () => {
    expect(parseFilter("", "runs")).toEqual({ op: "and", of: [] });
    expect(parseFilter(" \n\t", "runs")).toEqual({ op: "and", of: [] });
  });

  it.each(
    cases<string>([
      ["metrics.a", "expected an operator at column 10, but found the end of the text"],
      ["metrics.a > ", "expected a number at column 13, but found the end of the text"],
      ["metrics.a > '1'", "expected a number at column 13, but found '1'"],
      ["metrics.a > NaN", "expected a number at column 13, but found NaN"],
      ["metrics.a > 1e999", "expected a number that double precision can hold at column 13, but found 1e999"],
      ["metrics.a LIKE 'x'", "expected a number at column 16, but found 'x'"],
      ["params.a = 1", "expected text in quotes at column 12, but found 1"],
      ["tags.a = b", "expected text in quotes at column 10, but found b"],
      ["tags.a = `b`", "expected text in quotes at column 10, but found `b`"],
      ["params.a = b", "expected a number, or text in quotes at column 12, but found b", "versions"],
      ["params.a LIKE 3", "expected a pattern in quotes at column 15, but found 3", "versions"],
      ["status = 1", "expected text in quotes at column 10, but found 1"],
      ["version = '1'", "expected a number at column 11, but found '1'", "versions"],
      ["start_time > 'monday'", "expected milliseconds since the epoch, or a time such as"],
      ["start_time > '2026-02-30'", "at column 14, but found '2026-02-30'"],
      ["start_time > '2026-01-31T10:00:00'", "at column 14, but found '2026-01-31T10:00:00'"],
      ["metrics.a > 1 metrics.b > 1", "expected AND, OR or the end of the text at column 15, but found metrics"],
      ["metrics.a > 1 AND", "expected the name of an attribute, or tags, metrics, params and a key at column 18"],
      ["(metrics.a > 1", "expected AND, OR or ) at column 15, but found the end of the text"],
      ["metrics.a > 1)", "expected AND, OR or the end of the text at column 14, but found )"],
      ["tags.a IN 'x'", "expected ( and a list of values at column 11, but found 'x'"],
      ["tags.a IN ()", "expected text in quotes at column 12, but found )"],
      ["tags.a IN ('x' 'y')", "expected a comma or ) at column 16, but found 'y'"],
      ["tags.a NOT 'x'", "expected IN, LIKE or ILIKE at column 12, but found 'x'"],
      ["tags.a IS 'x'", "expected NULL or NOT NULL at column 11, but found 'x'"],
      ["tags. = 'x'", "expected a key at column 7, but found ="],
      ["tags.a. = 'x'", "expected the rest of the key, or quotes around all of it at column 9, but found ="],
      ["tags.`` = 'x'", "expected a key at column 6, but found ``"],
      ["tags.a-b = 'x'", 'at column 7, but found "-b"'],
      ["tags.a = 'x", "expected a closing ' at column 10, but found the end of the text"],
      ["tags.a = 'x''", "expected a closing ' at column 10"],
      ["tags.`a = 'x'", "expected a closing ` at column 6"],
      ["tags.a = 'x'; drop table t", 'expected a name, a value or an operator at column 13, but found ";"'],
      ["labels.a = 'x'", "expected attributes, tags, metrics, params, aliases or datasets at column 1, but found labels"],
      ["color = 'x'", 'column 1: unknown attribute "color"; known are created_by, deleted_at, ended_at, experiment_id'],
      ["__proto__ = 'x'", 'column 1: unknown attribute "__proto__"'],
      ["attributes.constructor = 'x'", 'column 1: unknown attribute "constructor"'],
      ["alias = 'x'", "column 1: these records have no aliases; they have attributes, tags, metrics, params, data sets"],
      ["dataset.name = 'x'", "column 1: these records have no data sets", "versions"],
      ["metrics.a > 1", "column 1: these records have no metrics; they have attributes, tags, aliases", "models"],
      ["datasets.source = 'x'", 'column 1: unknown member "source" of data sets; known are name, digest, context'],
      ["metrics.a ! 1", 'at column 11, but found "!"'],
      ["5 > metrics.a", "expected the name of an attribute"],
      ["metrics.a > 1a", 'at column 13, but found "1a"'],
      ["metrics.a > 1.2.3", 'at column 13, but found "1.2.3"'],
      ["NOT", "at column 4, but found the end of the text"],
    ]),
  )("refuses $text", ({ text, expected, kind }) => {
    expect(messageOf(() => parseFilter(text, kind))).toContain(expected);
  });

  it("refuses what is no text", () => {
    expect(messageOf(() => parseFilter(5 as never, "runs"))).toContain("expected text of at most 1000000 characters");
    expect(messageOf(() => parseFilter(" ".repeat(1_000_001), "runs"))).toContain("expected text of at most");
  });

  it("bounds how deep parentheses and NOT go", () => {
    const nested = (depth: number) => `${"(".repeat(depth)}tags.a = 'x'${")".repeat(depth)}`;
    expect(parseFilter(nested(19), "runs")).toEqual({ op: "=", field: tag("a"), value: "x" });
    expect(messageOf(() => parseFilter(nested(200_000), "runs"))).toContain(
      "at most 20 levels of NOT and parentheses at column 21",
    );
    expect(messageOf(() => parseFilter("NOT ".repeat(200_000), "runs"))).toContain("at most 20 levels of NOT and parentheses");
  });

  it.each([
    ["quotes", `tags.a = '${"''".repeat(400_000)}`],
    ["digits", `metrics.a > ${"1".repeat(900_000)}x`],
    ["spaces", `${" ".repeat(900_000)}?`],
    ["dots", `tags${".a".repeat(400_000)} ?`],
    ["conditions", "tags.a = 'x' or ".repeat(60_000)],
    ["parentheses", "(tags.a = 'x') and ".repeat(50_000)],
  ])("reads a megabyte of %s in linear time", (_, text) => {
    const start = performance.now();
    expect(messageOf(() => parseFilter(text, "runs"))).toContain("expected");
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it("reads any text or refuses it with a column, and what it reads is a query unless it is too large", () => {
    const part = fc.constantFrom(
      ..."metrics.a,tags.`b c`,name,status,started_at,alias,dataset.name,=,!=,<,like,ilike,in,(,),not,and,or,is,null,1,-2.5,'x','',\"k\",`".split(
        ",",
      ),
      ",",
      ".",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part, { maxLength: 12 }).map((parts) => parts.join(" ")),
        ),
        (text) => {
          try {
            checkQuery({ where: parseFilter(text, "runs"), limit: 1 });
          } catch (error) {
            expect(ModelwrightError.is(error, "INPUT_INVALID")).toBe(true);
            expect((error as Error).message).toMatch(/column \d+|The search/);
          }
        },
      ),
    );
  });
});

describe("times in filters", () => {
  it.each([
    ["2026-01-31", Date.UTC(2026, 0, 31)],
    ["2024-02-29", Date.UTC(2024, 1, 29)],
    ["2026-01-31T10:00Z", Date.UTC(2026, 0, 31, 10)],
    ["2026-01-31 10:00:05+02:00", Date.UTC(2026, 0, 31, 8, 0, 5)],
    ["2026-01-31T10:00:00.123456-0530", Date.UTC(2026, 0, 31, 15, 30, 0, 123)],
    ["0001-01-01", -62135596800000],
    ["1969-12-31T23:59:59.999z", -1],
  ])("reads %s", (time, value) => {
    expect(parseFilter(`created_at = '${time}'`, "models")).toEqual({ op: "=", field: attribute("created_at"), value });
  });

  it.each([
    "2026-1-31",
    "2026-13-01",
    "2026-02-29",
    "2026-01-31T24:00Z",
    "2026-01-31T10:60Z",
    "2026-01-31T10Z",
    "20260131",
    "now",
    "",
  ])("refuses %s", (time) => {
    expect(messageOf(() => parseFilter(`created_at = '${time}'`, "models"))).toContain("at column 14");
  });
});

describe("parseOrder", () => {
  it("reads keys and directions", () => {
    expect(parseOrder("metrics.auc DESC, name", "runs")).toEqual([
      { field: metric("auc"), direction: "desc" },
      { field: attribute("name"), direction: "asc" },
    ]);
    expect(parseOrder("attributes.start_time desc,tags.`a b` ASC, params.depth", "runs")).toEqual([
      { field: attribute("started_at"), direction: "desc" },
      { field: tag("a b"), direction: "asc" },
      { field: param("depth"), direction: "asc" },
    ]);
    expect(parseOrder("", "runs")).toEqual([]);
  });

  it.each([
    ["name,", "expected the name of an attribute"],
    ["name up", "expected ASC, DESC, a comma or the end of the text at column 6, but found up"],
    ["'name'", "at column 1, but found 'name'"],
    ["datasets.name", "column 1: there is no order by data sets: a record may have several"],
    ["color", 'The order is not valid: column 1: unknown attribute "color"'],
  ])("refuses %s", (text, expected) => {
    expect(messageOf(() => parseOrder(text, "runs"))).toContain(expected);
  });
});
