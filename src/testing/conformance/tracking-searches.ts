import type { Filter, SearchField, SearchOrder, SearchQuery } from "../../search/port.ts";
import type { TrackingStore } from "../../tracking/port.ts";
import type { SuiteTest } from "../suite.ts";
import { batch, insertExperiment, insertRun, loss, nextId, START, searchNames } from "./tracking-drafts.ts";

const attribute = (key: string): SearchField => ({ entity: "attribute", key });
const tag = (key: string): SearchField => ({ entity: "tag", key });
const param = (key: string): SearchField => ({ entity: "param", key });
const metric = (key: string): SearchField => ({ entity: "metric", key });
const dataset = (key: string): SearchField => ({ entity: "dataset", key });
const by = (field: SearchField, direction: SearchOrder["direction"]): Pick<SearchQuery, "orderBy"> => ({
  orderBy: [{ field, direction }],
});

/** Four runs that differ in everything; newest first d, c, b, a. */
async function insertFour(store: TrackingStore): Promise<Readonly<Record<"a" | "b" | "c" | "d" | "first" | "second", string>>> {
  const first = await insertExperiment(store, "first");
  const second = await insertExperiment(store, "second");
  const run = async (name: string, given: Parameters<typeof insertRun>[1]) => (await insertRun(store, { name, ...given })).id;
  const a = await run("a", { experimentId: first.id, startedAt: 10, createdBy: "ada", params: { kind: "tree", depth: "5" } });
  const b = await run("b", { experimentId: first.id, startedAt: 20, parentId: a, params: { kind: "Tree", depth: "10" } });
  const c = await run("c", { experimentId: second.id, startedAt: 30, createdBy: "eve", tags: { team: "risk_1" } });
  const d = await run("d", { experimentId: second.id, startedAt: 40, tags: { team: "risk%1", "a b": "x" } });
  await store.logBatch(a, batch({ metrics: [loss(0.1, 2), loss(0.9, 1)] }));
  await store.logBatch(b, batch({ metrics: [loss(0.5)] }));
  await store.logBatch(c, batch({ metrics: [loss(Number.NaN)] }));
  const data = (name: string, digest: string, context: string) => ({ name, digest, context, source: { name: "hidden" } });
  await store.logBatch(c, batch({ datasets: [data("train", "1", "training"), data("test", "2", "testing")] }));
  await store.logBatch(d, batch({ datasets: [data("train", "3", "testing")] }));
  await store.changeRun(b, { status: "finished", endedAt: 25 });
  await store.changeRun(d, { deletedAt: 45 });
  return { a, b, c, d, first: first.id, second: second.id };
}

/** What the port says of searches of runs. */
export const searchTests: Readonly<Record<string, SuiteTest<TrackingStore>>> = {
  "answers runs newest start first, then by id upwards, in pages of any size": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    const ids = Array.from({ length: 6 }, () => nextId());
    const starts = [START, START + 5, START, START - 5, START + 5, START];
    for (const i of [4, 2, 0, 5, 3, 1]) {
      await insertRun(store, { experimentId, id: ids[i]!, name: `r${i}`, startedAt: starts[i]! });
    }
    const expected = ["r1", "r4", "r0", "r2", "r5", "r3"];
    for (const limit of [1, 2, 3, 5, 6, 100]) check.equal(await searchNames(store, { limit }), expected);
  },

  "answers found runs as they are read by id, deleted ones included": async (store, check) => {
    const { a, d } = await insertFour(store);
    const { items } = await store.searchRuns({ limit: 10 });
    check.equal(
      items.map(({ name }) => name),
      ["d", "c", "b", "a"],
    );
    check.equal(items[0], await store.findRun(d));
    check.equal(items[3], await store.findRun(a));
  },

  "finds runs by every attribute": async (store, check) => {
    const { a, b, first } = await insertFour(store);
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [{ op: "=", field: attribute("id"), value: b }, ["b"]],
      [{ op: "=", field: attribute("experiment_id"), value: first }, ["b", "a"]],
      [{ op: "=", field: attribute("parent_id"), value: a }, ["b"]],
      [{ op: "in", field: attribute("name"), values: ["a", "d", "x"] }, ["d", "a"]],
      [{ op: "in", field: attribute("name"), values: [] }, []],
      [{ op: "=", field: attribute("status"), value: "running" }, ["d", "c", "a"]],
      [{ op: "=", field: attribute("created_by"), value: "ada" }, ["a"]],
      [{ op: "exists", field: attribute("created_by") }, ["c", "a"]],
      [{ op: ">=", field: attribute("started_at"), value: 20 }, ["d", "c", "b"]],
      [{ op: "in", field: attribute("started_at"), values: [10, 30] }, ["c", "a"]],
      [{ op: "<", field: attribute("ended_at"), value: 100 }, ["b"]],
      [{ op: "exists", field: attribute("deleted_at") }, ["d"]],
      [{ op: "not", of: { op: "exists", field: attribute("deleted_at") } }, ["c", "b", "a"]],
    ];
    for (const [where, names] of cases) check.equal(await searchNames(store, { where }), names);
  },

  "finds runs by params and tags": async (store, check) => {
    await insertFour(store);
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [{ op: "=", field: param("kind"), value: "tree" }, ["a"]],
      [{ op: "!=", field: param("kind"), value: "tree" }, ["b"]],
      [{ op: "not", of: { op: "=", field: param("kind"), value: "tree" } }, ["d", "c", "b"]],
      [{ op: "like", field: param("kind"), value: "t%" }, ["a"]],
      [{ op: "ilike", field: param("kind"), value: "T_EE" }, ["b", "a"]],
      [{ op: ">", field: param("depth"), value: "2" }, ["a"]],
      [{ op: ">", field: param("depth"), value: 2 }, []],
      [{ op: "exists", field: param("depth") }, ["b", "a"]],
      [{ op: "exists", field: param("Depth") }, []],
      [{ op: "=", field: tag("team"), value: "risk_1" }, ["c"]],
      [{ op: "=", field: tag("team"), value: "risk%1" }, ["d"]],
      [{ op: "like", field: tag("team"), value: "risk_1" }, ["d", "c"]],
      [{ op: "exists", field: tag("a b") }, ["d"]],
      [{ op: "exists", field: tag("kind") }, []],
    ];
    for (const [where, names] of cases) check.equal(await searchNames(store, { where }), names);
  },

  "finds runs by the latest value of a metric": async (store, check) => {
    await insertFour(store);
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [{ op: "<", field: metric("loss"), value: 0.2 }, ["a"]],
      [{ op: ">=", field: metric("loss"), value: 0.1 }, ["b", "a"]],
      [{ op: "=", field: metric("loss"), value: 0.9 }, []],
      [{ op: "!=", field: metric("loss"), value: 0.1 }, ["b"]],
      [{ op: "in", field: metric("loss"), values: [0.1, 0.5] }, ["b", "a"]],
      [{ op: "exists", field: metric("loss") }, ["b", "a"]],
      [{ op: "=", field: metric("loss"), value: "0.1" }, []],
    ];
    for (const [where, names] of cases) check.equal(await searchNames(store, { where }), names);
  },

  "finds runs by any of their data sets": async (store, check) => {
    await insertFour(store);
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [{ op: "=", field: dataset("name"), value: "test" }, ["c"]],
      [{ op: "=", field: dataset("name"), value: "train" }, ["d", "c"]],
      [{ op: "like", field: dataset("digest"), value: "3%" }, ["d"]],
      [{ op: "=", field: dataset("context"), value: "training" }, ["c"]],
      [{ op: "!=", field: dataset("context"), value: "testing" }, ["c"]],
      [{ op: "exists", field: dataset("name") }, ["d", "c"]],
    ];
    for (const [where, names] of cases) check.equal(await searchNames(store, { where }), names);
  },

  "joins conditions": async (store, check) => {
    const { first } = await insertFour(store);
    const inFirst: Filter = { op: "=", field: attribute("experiment_id"), value: first };
    const low: Filter = { op: "<", field: metric("loss"), value: 0.2 };
    const finished: Filter = { op: "=", field: attribute("status"), value: "finished" };
    const cases: readonly (readonly [Filter, readonly string[]])[] = [
      [{ op: "and", of: [inFirst, low] }, ["a"]],
      [{ op: "or", of: [finished, low] }, ["b", "a"]],
      [{ op: "and", of: [inFirst, { op: "not", of: { op: "or", of: [finished, { op: "exists", field: tag("x") }] } }] }, ["a"]],
      [{ op: "not", of: { op: "and", of: [inFirst, low] } }, ["d", "c", "b"]],
    ];
    for (const [where, names] of cases) check.equal(await searchNames(store, { where }), names);
  },

  "follows what is logged later": async (store, check) => {
    const { id } = await insertRun(store, { name: "a", tags: { team: "risk" } });
    const low: Filter = { op: "<", field: metric("loss"), value: 0.2 };
    await store.logBatch(id, batch({ metrics: [loss(0.1, 1)] }));
    check.equal(await searchNames(store, { where: low }), ["a"]);
    await store.logBatch(id, batch({ metrics: [loss(0.7, 2)], tags: { team: null } }));
    check.equal(await searchNames(store, { where: low }), []);
    check.equal(await searchNames(store, { where: { op: "exists", field: tag("team") } }), []);
    await store.logBatch(id, batch({ metrics: [loss(0.05, 1)] }));
    check.equal(await searchNames(store, { where: low }), []);
  },

  "orders by a metric, runs without a number last in either direction": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number;
    const values = {
      low: -5,
      none: undefined,
      top: POSITIVE_INFINITY,
      mid: 0.5,
      nan: Number.NaN,
      bottom: NEGATIVE_INFINITY,
      high: 5e9,
    };
    for (const [i, [name, value]] of Object.entries(values).entries()) {
      const { id } = await insertRun(store, { experimentId, name, startedAt: START - i });
      await store.logBatch(id, batch({ metrics: value === undefined ? [] : [loss(value)] }));
    }
    const rising = ["bottom", "low", "mid", "high", "top", "none", "nan"];
    const falling = ["top", "high", "mid", "low", "bottom", "none", "nan"];
    for (const limit of [1, 2, 3, 7, 100]) {
      check.equal(await searchNames(store, { limit, ...by(metric("loss"), "asc") }), rising);
      check.equal(await searchNames(store, { limit, ...by(metric("loss"), "desc") }), falling);
    }
    const beyond: Filter = { op: ">", field: metric("loss"), value: 1e300 };
    check.equal(await searchNames(store, { where: beyond }), ["top"]);
  },

  "orders by attributes, tags and params": async (store, check) => {
    await insertFour(store);
    for (const limit of [1, 3, 100]) {
      check.equal(await searchNames(store, { limit, ...by(attribute("started_at"), "asc") }), ["a", "b", "c", "d"]);
      check.equal(await searchNames(store, { limit, ...by(attribute("name"), "desc") }), ["d", "c", "b", "a"]);
      check.equal(await searchNames(store, { limit, ...by(attribute("ended_at"), "asc") }), ["b", "d", "c", "a"]);
      check.equal(await searchNames(store, { limit, ...by(attribute("created_by"), "desc") }), ["c", "a", "d", "b"]);
      check.equal(await searchNames(store, { limit, ...by(param("kind"), "asc") }), ["b", "a", "d", "c"]);
      check.equal(await searchNames(store, { limit, ...by(tag("team"), "desc") }), ["c", "d", "b", "a"]);
    }
  },

  "orders by several keys, ties in its own order": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    for (const [i, [name, team, value]] of (
      [
        ["a", "x", 1],
        ["b", "x", 2],
        ["c", "y", 2],
        ["d", "x", 2],
        ["e", undefined, 1],
      ] as const
    ).entries()) {
      const tags = team === undefined ? {} : { team };
      const { id } = await insertRun(store, { experimentId, name, tags, startedAt: START + i });
      await store.logBatch(id, batch({ metrics: [loss(value)] }));
    }
    const orderBy: readonly SearchOrder[] = [
      { field: metric("loss"), direction: "desc" },
      { field: tag("team"), direction: "asc" },
    ];
    for (const limit of [1, 2, 4, 100]) check.equal(await searchNames(store, { limit, orderBy }), ["d", "b", "c", "a", "e"]);
  },

  "pages through a filter and an order without loss or repetition": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    for (let i = 0; i < 25; i++) {
      const { id } = await insertRun(store, {
        experimentId,
        name: `r${i}`,
        startedAt: START + (i % 5),
        tags: { even: String(i % 2) },
      });
      await store.logBatch(id, batch({ metrics: i % 4 === 3 ? [] : [loss(i % 3)] }));
    }
    const where: Filter = { op: "=", field: tag("even"), value: "0" };
    for (const query of [{}, { where }, by(metric("loss"), "asc"), { where, ...by(metric("loss"), "desc") }]) {
      const whole = await searchNames(store, query);
      check.equal(whole.length, "where" in query ? 13 : 25);
      for (const limit of [1, 4, 12, 13, 24]) check.equal(await searchNames(store, { ...query, limit }), whole);
    }
  },

  "takes hostile texts in a filter as text": async (store, check) => {
    const texts = ["__proto__", "a'b", 'a"b', "'; DROP TABLE runs; --", "a\\", "%", "$1", "模型 🚀"];
    const { id: experimentId } = await insertExperiment(store);
    for (const text of texts) {
      await insertRun(store, { experimentId, name: text, tags: Object.fromEntries([[text, text]]) });
    }
    for (const text of texts) {
      check.equal(await searchNames(store, { where: { op: "=", field: attribute("name"), value: text } }), [text]);
      check.equal(await searchNames(store, { where: { op: "=", field: tag(text), value: text } }), [text]);
      check.equal((await searchNames(store, by(tag(text), "asc")))[0], text);
    }
    check.equal((await searchNames(store)).length, texts.length);
  },

  "refuses an attribute, an order and a cursor that it does not know": async (store, check) => {
    await insertFour(store);
    const field = attribute("artifact_uri");
    await check.fails("INPUT_INVALID", () => store.searchRuns({ limit: 1, where: { op: "=", field, value: "x" } }));
    await check.fails("INPUT_INVALID", () =>
      store.searchRuns({ limit: 1, where: { op: "exists", field: attribute("__proto__") } }),
    );
    await check.fails("INPUT_INVALID", () => store.searchRuns({ limit: 1, ...by(field, "asc") }));
    await check.fails("INPUT_INVALID", () => store.searchRuns({ limit: 1, after: "not a cursor" }));
    const { next } = await store.searchRuns({ limit: 1, ...by(metric("loss"), "asc") });
    await check.fails("INPUT_INVALID", () => store.searchRuns({ limit: 1, after: next, ...by(metric("auc"), "asc") }));
  },
};
