import type { RegistryStore } from "../../registry/port.ts";
import type { Filter, SearchField, SearchOrder, SearchValue } from "../../search/port.ts";
import type { SuiteTest } from "../suite.ts";
import {
  alias,
  attribute,
  by,
  draft,
  insertAll,
  metric,
  param,
  START,
  searchModelNames,
  searchRefs,
  stamp,
  tag,
} from "./registry-drafts.ts";
import { hostileTexts } from "./tracking-drafts.ts";

type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

const is = (field: SearchField, op: Comparison, value: SearchValue): Filter => ({ op, field, value });
const like = (field: SearchField, op: "like" | "ilike", value: string): Filter => ({ op, field, value });
const among = (field: SearchField, ...values: readonly SearchValue[]): Filter => ({ op: "in", field, values });
const exists = (field: SearchField): Filter => ({ op: "exists", field });
const not = (of: Filter): Filter => ({ op: "not", of });

/** Four versions that differ in everything; in their own order a@3, a@2, a@1, b@1. */
async function insertFour(store: RegistryStore): Promise<void> {
  await store.insertVersion(
    draft("a", {
      label: "1.0.0",
      stage: "archived",
      framework: "scikit-learn 1.5",
      modelType: "tree",
      description: "the first model",
      dataVersion: "d1",
      codeVersion: "c1",
      runId: "r1",
      tags: { team: "risk_1" },
      metrics: { auc: 0.8, loss: 0.1 },
      hyperparameters: { depth: 5, kind: "tree", layers: [1, 2], flag: true, none: null },
    }),
    stamp(),
  );
  await store.insertVersion(
    draft("a", {
      label: "1.1.0",
      stage: "staging",
      flavor: "sklearn",
      framework: "Scikit-Learn 1.6",
      description: "THE SECOND",
      tags: { team: "risk%1", "a b": "x" },
      metrics: { auc: 0.9 },
      hyperparameters: { depth: 10, kind: "Tree" },
    }),
    stamp({ at: START + 10, actor: "eve" }),
  );
  await store.insertVersion(draft("a", { stage: "staging", metrics: { auc: 0.9 }, hyperparameters: { depth: "5" } }), {
    ...stamp({ at: START + 20 }),
    actor: null,
  });
  await store.insertVersion(draft("b", { stage: "staging", tags: { team: "ops" } }), stamp({ at: START + 5 }));
  await store.moveStage({ name: "a", version: 2, from: "staging", to: "production" }, stamp({ at: START + 30 }));
  await store.noteVersion("a", 3, { legalHold: "case 7" }, stamp());
  for (const name of ["eu", "champion"]) await store.setAlias("a", name, 2, stamp());
  await store.setAlias("b", "champion", 1, stamp());
}

/** What the port says of searches. */
export const searchTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "answers versions by name, then by number downwards": async (store, check) => {
    await insertAll(store, "b", ["development", "staging"]);
    await insertAll(store, "a", ["staging", "development", "staging"]);
    for (const limit of [1, 2, 3, 5, 100]) {
      check.equal(await searchRefs(store, { limit }), ["a@3", "a@2", "a@1", "b@2", "b@1"]);
    }
    check.equal(await searchRefs(store, { where: is(attribute("stage"), "=", "staging"), limit: 1 }), ["a@3", "a@1", "b@2"]);
    check.equal(await searchRefs(store, { where: is(attribute("name"), "=", "c") }), []);
  },

  "answers found versions as they are read one by one, aliases included": async (store, check) => {
    await insertFour(store);
    const { items, next } = await store.searchVersions({ limit: 4 });
    check.equal(next, undefined);
    for (const item of items) check.equal(await store.findVersion({ name: item.name, version: item.version }), item);
    check.equal(
      items.map(({ aliases }) => aliases),
      [[], ["champion", "eu"], [], ["champion"]],
    );
  },

  "finds versions by every attribute": async (store, check) => {
    await insertFour(store);
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [is(attribute("name"), "=", "a"), ["a@3", "a@2", "a@1"]],
      [among(attribute("name"), "b", "c"), ["b@1"]],
      [among(attribute("name")), []],
      [is(attribute("version"), ">=", 2), ["a@3", "a@2"]],
      [among(attribute("version"), 1, 3), ["a@3", "a@1", "b@1"]],
      [is(attribute("label"), "=", "1.1.0"), ["a@2"]],
      [is(attribute("label"), "!=", "1.0.0"), ["a@2"]],
      [not(is(attribute("label"), "=", "1.0.0")), ["a@3", "a@2", "b@1"]],
      [exists(attribute("label")), ["a@2", "a@1"]],
      [is(attribute("stage"), "=", "staging"), ["a@3", "b@1"]],
      [is(attribute("flavor"), "=", "sklearn"), ["a@2"]],
      [like(attribute("framework"), "like", "scikit%"), ["a@1"]],
      [like(attribute("framework"), "ilike", "scikit%"), ["a@2", "a@1"]],
      [is(attribute("model_type"), "=", "tree"), ["a@1"]],
      [like(attribute("description"), "like", "%first%"), ["a@1"]],
      [like(attribute("description"), "ilike", "the %"), ["a@2", "a@1"]],
      [is(attribute("description"), "=", ""), ["a@3", "b@1"]],
      [is(attribute("data_version"), "=", "d1"), ["a@1"]],
      [exists(attribute("code_version")), ["a@1"]],
      [is(attribute("run_id"), "<=", "r1"), ["a@1"]],
      [is(attribute("created_by"), "=", "ada"), ["a@1", "b@1"]],
      [not(exists(attribute("created_by"))), ["a@3"]],
      [is(attribute("created_at"), "<=", START + 5), ["a@1", "b@1"]],
      [is(attribute("stage_changed_at"), ">", START + 20), ["a@2"]],
      [is(attribute("legal_hold"), "=", "case 7"), ["a@3"]],
      [is(attribute("version"), "=", "2"), []],
      [is(attribute("name"), "!=", 1), []],
    ];
    for (const [where, refs] of cases) check.equal(await searchRefs(store, { where }), refs);
  },

  "finds versions by tags, metrics, params and aliases": async (store, check) => {
    await insertFour(store);
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [is(tag("team"), "=", "risk_1"), ["a@1"]],
      [like(tag("team"), "like", "risk_1"), ["a@2", "a@1"]],
      [is(tag("team"), "<", "risk"), ["b@1"]],
      [exists(tag("a b")), ["a@2"]],
      [exists(tag("Team")), []],
      [is(metric("auc"), ">", 0.85), ["a@3", "a@2"]],
      [is(metric("auc"), "!=", 0.9), ["a@1"]],
      [among(metric("loss"), 0.1, 7), ["a@1"]],
      [exists(metric("loss")), ["a@1"]],
      [is(metric("auc"), "=", "0.8"), []],
      [is(param("depth"), "=", 5), ["a@1"]],
      [is(param("depth"), "=", "5"), ["a@3"]],
      [is(param("depth"), ">", 1), ["a@2", "a@1"]],
      [is(param("kind"), "=", "tree"), ["a@1"]],
      [like(param("kind"), "ilike", "T_EE"), ["a@2", "a@1"]],
      [is(param("layers"), "=", "[1,2]"), ["a@1"]],
      [is(param("flag"), "=", "true"), ["a@1"]],
      [is(param("none"), "=", "null"), ["a@1"]],
      [exists(param("depth")), ["a@3", "a@2", "a@1"]],
      [is(alias, "=", "champion"), ["a@2", "b@1"]],
      [is(alias, "!=", "champion"), ["a@2"]],
      [like(alias, "like", "e%"), ["a@2"]],
      [exists(alias), ["a@2", "b@1"]],
      [not(exists(alias)), ["a@3", "a@1"]],
    ];
    for (const [where, refs] of cases) check.equal(await searchRefs(store, { where }), refs);
  },

  "joins conditions": async (store, check) => {
    await insertFour(store);
    const [auc, staging] = [is(metric("auc"), ">=", 0.9), is(attribute("stage"), "=", "staging")];
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [{ op: "and", of: [auc, staging] }, ["a@3"]],
      [{ op: "or", of: [auc, staging] }, ["a@3", "a@2", "b@1"]],
      [{ op: "and", of: [not(auc), { op: "or", of: [staging, exists(param("layers"))] }] }, ["a@1", "b@1"]],
      [{ op: "and", of: [] }, ["a@3", "a@2", "a@1", "b@1"]],
      [{ op: "or", of: [] }, []],
    ];
    for (const [where, refs] of cases) check.equal(await searchRefs(store, { where }), refs);
  },

  "orders by attributes, tags, metrics and params, what lacks them last": async (store, check) => {
    await insertFour(store);
    const cases: readonly (readonly [SearchField, SearchOrder["direction"], readonly string[]])[] = [
      [attribute("created_at"), "asc", ["a@1", "b@1", "a@2", "a@3"]],
      [attribute("created_at"), "desc", ["a@3", "a@2", "b@1", "a@1"]],
      [attribute("name"), "desc", ["b@1", "a@3", "a@2", "a@1"]],
      [attribute("version"), "asc", ["a@1", "b@1", "a@2", "a@3"]],
      [attribute("stage"), "asc", ["a@1", "a@2", "a@3", "b@1"]],
      [attribute("label"), "asc", ["a@1", "a@2", "a@3", "b@1"]],
      [attribute("label"), "desc", ["a@2", "a@1", "a@3", "b@1"]],
      [attribute("framework"), "asc", ["a@2", "a@1", "a@3", "b@1"]],
      [attribute("created_by"), "desc", ["a@2", "a@1", "b@1", "a@3"]],
      [metric("auc"), "asc", ["a@1", "a@3", "a@2", "b@1"]],
      [metric("auc"), "desc", ["a@3", "a@2", "a@1", "b@1"]],
      [tag("team"), "asc", ["b@1", "a@2", "a@1", "a@3"]],
      [param("depth"), "asc", ["a@1", "a@2", "a@3", "b@1"]],
      [param("depth"), "desc", ["a@2", "a@1", "a@3", "b@1"]],
    ];
    for (const [field, direction, refs] of cases) {
      for (const limit of [1, 3, 100]) check.equal(await searchRefs(store, { limit, ...by(field, direction) }), refs);
    }
    const orderBy: readonly SearchOrder[] = [
      { field: metric("auc"), direction: "desc" },
      { field: attribute("version"), direction: "asc" },
    ];
    for (const limit of [1, 3]) check.equal(await searchRefs(store, { limit, orderBy }), ["a@2", "a@3", "a@1", "b@1"]);
  },

  "orders text by code points": async (store, check) => {
    const texts = ["", "Z", "a", "a b", "ab", "b", "\u00e9", "\uff5e", "\u{1f680}"];
    for (const description of texts.toReversed()) {
      await store.insertVersion(draft("a", { description, tags: { key: description } }), stamp());
    }
    const expected = texts.map((_, i) => `a@${texts.length - i}`);
    for (const field of [attribute("description"), tag("key")]) {
      for (const limit of [1, 4, 100]) {
        check.equal(await searchRefs(store, { limit, ...by(field, "asc") }), expected);
        check.equal(await searchRefs(store, { limit, ...by(field, "desc") }), expected.toReversed());
      }
    }
  },

  "pages through a filter and an order without loss or repetition": async (store, check) => {
    for (let i = 0; i < 20; i++) {
      const metrics = i % 4 === 3 ? undefined : { loss: i % 3 };
      const given = { tags: { even: `${i % 2}` }, ...(metrics && { metrics }) };
      await store.insertVersion(draft(`m${i % 3}`, given), stamp({ at: START + (i % 5) }));
    }
    const where = is(tag("even"), "=", "0");
    for (const query of [{}, { where }, by(metric("loss"), "asc"), { where, ...by(attribute("created_at"), "desc") }]) {
      const whole = await searchRefs(store, query);
      check.equal(whole.length, "where" in query ? 10 : 20);
      for (const limit of [1, 4, 9, 10, 19, 20]) check.equal(await searchRefs(store, { ...query, limit }), whole);
    }
  },

  "pages through texts that begin alike for thousands of characters without loss or repetition": async (store, check) => {
    const alike = "模".repeat(8000 - 1);
    for (const [i, end] of ["c", "a", "d", "b"].entries()) {
      await store.insertVersion(draft("a", { description: `${alike}${end}`, tags: { key: `${alike}${i}` } }), stamp());
    }
    for (const field of [attribute("description"), tag("key")]) {
      for (const direction of ["asc", "desc"] as const) {
        const whole = await searchRefs(store, by(field, direction));
        check.equal([...whole].sort(), ["a@1", "a@2", "a@3", "a@4"]);
        for (const limit of [1, 2, 3]) check.equal(await searchRefs(store, { limit, ...by(field, direction) }), whole);
      }
    }
  },

  "goes on behind a version that was deleted meanwhile": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "staging", "staging"]);
    for (const [query, rest] of [
      [{}, ["a@2", "a@1"]],
      [by(attribute("version"), "asc"), ["a@4"]],
    ] as const) {
      const { items, next } = await store.searchVersions({ limit: 2, ...query });
      await store.deleteVersion("a", items[1]!.version, "staging", stamp());
      check.equal(await searchRefs(store, { after: next, ...query }), rest);
    }
  },

  "takes hostile texts in a filter as text": async (store, check) => {
    for (const [i, text] of hostileTexts.entries()) {
      const own = Object.fromEntries([[text, text]]);
      await store.insertVersion(draft("a", { tags: own, hyperparameters: own, description: `of ${text}` }), stamp());
      if (i % 2 === 0) await store.noteVersion("a", i + 1, { legalHold: text }, stamp());
    }
    for (const [i, text] of hostileTexts.entries()) {
      const refs = [`a@${i + 1}`];
      check.equal(await searchRefs(store, { where: exists(tag(text)) }), refs);
      check.equal(await searchRefs(store, { where: is(tag(text), "=", text) }), refs);
      check.equal(await searchRefs(store, { where: is(param(text), "=", text) }), refs);
      check.equal(await searchRefs(store, { where: is(attribute("description"), "=", `of ${text}`) }), refs);
      check.equal(await searchRefs(store, { where: is(attribute("legal_hold"), "=", text) }), i % 2 === 0 ? refs : []);
    }
    check.equal((await searchRefs(store)).length, hostileTexts.length);
  },

  "finds text with characters that not every database holds": async (store, check) => {
    await store.insertVersion(draft("a", { description: "a\u0000b", tags: { odd: "\ud800" } }), stamp());
    check.equal(await searchRefs(store, { where: is(attribute("description"), "=", "a\ufffdb") }), ["a@1"]);
    check.equal(await searchRefs(store, { where: like(attribute("description"), "like", "a_b") }), ["a@1"]);
    check.equal(await searchRefs(store, { where: is(tag("odd"), "=", "\ufffd") }), ["a@1"]);
  },

  "refuses an attribute, an order and a cursor that it does not know": async (store, check) => {
    await insertFour(store);
    const unknown = attribute("current_stage");
    const queries = [
      { where: is(unknown, "=", "x") },
      { where: exists(attribute("__proto__")) },
      { where: not(exists({ entity: "dataset", key: "name" })) },
      by(unknown, "asc"),
      by(alias, "asc"),
      { after: "not a cursor" },
      { after: (await store.searchVersions({ limit: 1, ...by(metric("auc"), "asc") })).next, ...by(metric("loss"), "asc") },
      { after: (await store.searchVersions({ limit: 1 })).next, ...by(attribute("name"), "desc") },
    ];
    for (const query of queries) await check.fails("INPUT_INVALID", () => store.searchVersions({ limit: 1, ...query }));
    const ofModels = [
      { where: is(attribute("stage"), "=", "x") },
      { where: exists(metric("auc")) },
      by(alias, "asc"),
      { after: "not a cursor" },
      { after: (await store.searchModels({ limit: 1 })).next, ...by(attribute("name"), "desc") },
    ];
    for (const query of ofModels) await check.fails("INPUT_INVALID", () => store.searchModels({ limit: 1, ...query }));
  },

  "searches models": async (store, check) => {
    for (const [i, name] of ["c", "a", "d", "b"].entries()) await store.insertVersion(draft(name), stamp({ at: START + i }));
    await store.noteModel("a", { description: "The first", tags: { team: "risk" } }, stamp());
    await store.noteModel("d", { tags: { team: "ops", tier: "1" } }, stamp());
    await store.setAlias("b", "champion", 1, stamp());
    for (const limit of [1, 2, 3, 4, 100]) {
      check.equal(await searchModelNames(store, { limit }), ["a", "b", "c", "d"]);
      check.equal(await searchModelNames(store, { limit, ...by(attribute("created_at"), "desc") }), ["b", "d", "a", "c"]);
      check.equal(await searchModelNames(store, { limit, ...by(tag("team"), "asc") }), ["d", "a", "b", "c"]);
    }
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [is(attribute("name"), ">=", "c"), ["c", "d"]],
      [like(attribute("description"), "ilike", "the%"), ["a"]],
      [is(attribute("description"), "=", ""), ["b", "c", "d"]],
      [is(attribute("created_at"), "<", START + 2), ["a", "c"]],
      [exists(tag("team")), ["a", "d"]],
      [not(is(tag("team"), "=", "risk")), ["b", "c", "d"]],
      [is(alias, "=", "champion"), ["b"]],
    ];
    for (const [where, names] of cases) check.equal(await searchModelNames(store, { where }), names);
    const { items } = await store.searchModels({ limit: 4 });
    for (const item of items) check.equal(await store.findModel(item.name), item);
  },
};
