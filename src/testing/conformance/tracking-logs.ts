import type { JsonValue } from "../../core/json.ts";
import type { TrackingStore } from "../../tracking/port.ts";
import type { SuiteTest } from "../suite.ts";
import {
  batch,
  digestOf,
  historyOf,
  hostileTexts,
  insertExperiment,
  insertRun,
  loss,
  record,
  START,
  searchNames,
} from "./tracking-drafts.ts";

const everything = batch({
  metrics: [loss(0.5, 1), loss(0.25, 2), { key: "auc", value: 0.9, step: 0, at: START }],
  params: { rate: "0.1", layers: "[64,32]" },
  tags: { team: "risk", empty: "" },
  datasets: [{ name: "train", digest: "ab12", context: "training", source: { url: "s3://bucket/train", rows: [1, null] } }],
  artifacts: [{ path: "model/model.onnx", digest: digestOf("aa"), sizeBytes: 12 }],
});

/** What the port says of params, tags, data sets and artifacts that runs log, and of batches. */
export const logTests: Readonly<Record<string, SuiteTest<TrackingStore>>> = {
  "logs a batch of every kind": async (store, check) => {
    const made = await insertRun(store, { params: { seed: "7" }, tags: { kept: "yes" } });
    await store.logBatch(made.id, everything);
    check.equal(await store.findRun(made.id), {
      ...made,
      params: { seed: "7", rate: "0.1", layers: "[64,32]" },
      tags: { kept: "yes", team: "risk", empty: "" },
      metrics: { loss: { value: 0.25, step: 2, at: START }, auc: { value: 0.9, step: 0, at: START } },
      datasets: everything.datasets,
      artifacts: everything.artifacts,
    });
  },

  "changes nothing when a batch is sent again, or is empty": async (store, check) => {
    const { id } = await insertRun(store);
    await store.logBatch(id, everything);
    const logged = await store.findRun(id);
    await store.logBatch(id, everything);
    await store.logBatch(id, batch({}));
    check.equal(await store.findRun(id), logged);
    check.equal((await historyOf(store, id)).length, 2);
  },

  "takes a param once, and the same value again": async (store, check) => {
    const { id } = await insertRun(store, { params: { seed: "7" } });
    await store.logBatch(id, batch({ params: { rate: "0.1", seed: "7" } }));
    await store.logBatch(id, batch({ params: { rate: "0.1", depth: "3" } }));
    const error = await check.fails("TRACKING_PARAM_IMMUTABLE", () => store.logBatch(id, batch({ params: { rate: "0.10" } })));
    check.equal(error.details, { run: id, param: "rate" });
    await check.fails("TRACKING_PARAM_IMMUTABLE", () => store.logBatch(id, batch({ params: { seed: "8" } })));
    check.equal((await store.findRun(id))?.params, { seed: "7", rate: "0.1", depth: "3" });
  },

  "tells values of params apart by every character": async (store, check) => {
    const { id } = await insertRun(store, { params: { a: "Yes", b: "caf\u00e9", c: "x", d: "" } });
    for (const params of [{ a: "yes" }, { b: "cafe\u0301" }, { b: "cafe" }, { c: "x " }, { d: " " }]) {
      await check.fails("TRACKING_PARAM_IMMUTABLE", () => store.logBatch(id, batch({ params })));
    }
  },

  "logs nothing of a batch with a param that has another value": async (store, check) => {
    const before = await insertRun(store, { params: { rate: "1" } });
    const params = { new: "1", rate: "2", other: "3" };
    await check.fails("TRACKING_PARAM_IMMUTABLE", () => store.logBatch(before.id, { ...everything, params }));
    check.equal(await store.findRun(before.id), before);
    check.equal(await historyOf(store, before.id), []);
    check.equal(await historyOf(store, before.id, { key: "auc" }), []);
  },

  "lets one of several concurrent values of a param win": async (store, check) => {
    const { id } = await insertRun(store);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => store.logBatch(id, batch({ params: { rate: String(i) }, tags: { [`t${i}`]: "x" } }))),
    );
    const codes = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    check.equal(codes, Array(7).fill("TRACKING_PARAM_IMMUTABLE"));
    const winner = outcomes.findIndex(({ status }) => status === "fulfilled");
    const run = await store.findRun(id);
    check.equal([run?.params, run?.tags], [{ rate: String(winner) }, { [`t${winner}`]: "x" }]);
  },

  "takes one value of a param from several writers at once": async (store, check) => {
    const { id } = await insertRun(store);
    await Promise.all(Array.from({ length: 8 }, () => store.logBatch(id, batch({ params: { rate: "1" } }))));
    check.equal((await store.findRun(id))?.params, { rate: "1" });
  },

  "sets, replaces and removes tags": async (store, check) => {
    const { id } = await insertRun(store, { tags: { a: "1", b: "2" } });
    await store.logBatch(id, batch({ tags: { a: "changed", b: null, c: "3", gone: null } }));
    check.equal((await store.findRun(id))?.tags, { a: "changed", c: "3" });
    await store.logBatch(id, batch({ tags: { b: "back" } }));
    check.equal((await store.findRun(id))?.tags, { a: "changed", b: "back", c: "3" });
  },

  "replaces a data set of the same name, digest and context": async (store, check) => {
    const { id } = await insertRun(store);
    const data = (name: string, digest: string, context: string, source: JsonValue = null) => ({ name, digest, context, source });
    await store.logBatch(id, batch({ datasets: [data("b", "1", ""), data("a", "2", "x"), data("a", "1", "x", { old: true })] }));
    await store.logBatch(id, batch({ datasets: [data("a", "1", "x", { old: false }), data("a", "1", ""), data("A", "1", "x")] }));
    await store.logBatch(id, batch({ datasets: [data("c", "1", "", 1), data("c", "1", "", 2)] }));
    check.equal((await store.findRun(id))?.datasets, [
      data("A", "1", "x"),
      data("a", "1", ""),
      data("a", "1", "x", { old: false }),
      data("a", "2", "x"),
      data("b", "1", ""),
      data("c", "1", "", 2),
    ]);
  },

  "keeps the source of a data set as it was given": async (store, check) => {
    const { id } = await insertRun(store);
    const sources: readonly JsonValue[] = [
      null,
      "naïve 模型 🚀 \u0000 \u2028 \"quoted\" 'single' \\ %_",
      [1, [2, [3, {}]], []],
      { schema: { fields: [{ name: "a", type: "long" }] }, rows: Number.MAX_SAFE_INTEGER, ratio: 0.1 + 0.2, none: null },
      record(["__proto__", "constructor", ""], () => false),
    ];
    const datasets = sources.map((source, i) => ({ name: `d${i}`, digest: "1", context: "", source }));
    await store.logBatch(id, batch({ datasets }));
    const found = (await store.findRun(id))?.datasets ?? [];
    check.equal(
      found.map(({ source }) => JSON.stringify(source)),
      sources.map((source) => JSON.stringify(source)),
    );
  },

  "refuses a source of a data set that JSON cannot carry, and the whole batch": async (store, check) => {
    const before = await insertRun(store);
    const datasets = [{ name: "d", digest: "1", context: "", source: { rows: Number.NaN } }];
    await check.fails("INPUT_INVALID", () => store.logBatch(before.id, { ...everything, datasets }));
    check.equal(await store.findRun(before.id), before);
    check.equal(await historyOf(store, before.id), []);
  },

  "replaces an artifact of the same path, and answers them by path": async (store, check) => {
    const { id } = await insertRun(store);
    const file = (path: string, digits: string, sizeBytes = 1) => ({ path, digest: digestOf(digits), sizeBytes });
    await store.logBatch(id, batch({ artifacts: [file("b", "01"), file("a/b", "02"), file("a", "03"), file("é", "04")] }));
    const large = file("a/b", "05", Number.MAX_SAFE_INTEGER);
    await store.logBatch(id, batch({ artifacts: [large, file("A", "06"), file("c", "07"), file("c", "08")] }));
    const expected = [file("A", "06"), file("a", "03"), large, file("b", "01"), file("c", "08"), file("é", "04")];
    check.equal((await store.findRun(id))?.artifacts, expected);
  },

  "keeps keys and paths as they are, however alike": async (store, check) => {
    const { id } = await insertRun(store);
    const metrics = hostileTexts.map((key, i) => ({ key, value: i, step: 0, at: START }));
    const artifacts = hostileTexts.map((path, i) => ({ path, digest: digestOf("aa"), sizeBytes: i }));
    const datasets = hostileTexts.map((name, i) => ({ name, digest: `d${i}`, context: name.slice(0, 100), source: i }));
    const values = record(hostileTexts, (key) => `value of ${key}`);
    await store.logBatch(id, { metrics, artifacts, datasets, params: values, tags: values });
    await store.logBatch(id, { metrics, artifacts, datasets, params: values, tags: values });
    const found = await store.findRun(id);
    const size = (kept: object | undefined) => Object.keys(kept ?? {}).length;
    const sizes = [found?.metrics, found?.artifacts, found?.datasets, found?.params, found?.tags].map(size);
    check.equal(sizes, Array(5).fill(hostileTexts.length));
    for (const [i, key] of hostileTexts.entries()) {
      check.equal(found?.metrics[key], { value: i, step: 0, at: START });
      check.equal(found?.artifacts.find(({ path }) => path === key)?.sizeBytes, i);
      check.equal(found?.datasets.find(({ name }) => name === key)?.source, i);
      check.equal([found?.params[key], found?.tags[key]], [values[key], values[key]]);
      check.equal((await historyOf(store, id, { key })).length, 1);
    }
    check.equal(({} as { polluted?: string }).polluted, undefined);
  },

  "takes texts and batches up to their limits": async (store, check) => {
    const { id } = await insertRun(store);
    const wide = (length: number) => "模".repeat(length);
    const keys = Array.from({ length: 100 }, (_, i) => `${String(i).padStart(3, "0")}${wide(247)}`);
    const params = record(keys, () => wide(6000));
    const tags = record(keys, () => wide(8000));
    const metrics = Array.from({ length: 1000 }, (_, i) => ({ key: keys[i % 100]!, value: i, step: i, at: START }));
    const datasets = [{ name: wide(250), digest: wide(128), context: wide(128), source: wide(100_000) }];
    const artifacts = [{ path: wide(512), digest: digestOf("aa"), sizeBytes: 0 }];
    await store.logBatch(id, { metrics, params, tags, datasets, artifacts });
    const found = await store.findRun(id);
    check.equal([found?.params, found?.tags, found?.datasets, found?.artifacts], [params, tags, datasets, artifacts]);
    check.equal(found?.metrics[keys[99]!], { value: 999, step: 999, at: START });
    check.equal((await historyOf(store, id, { key: keys[0]! })).length, 10);
  },

  "copies a batch": async (store, check) => {
    const { id } = await insertRun(store);
    const tags: Record<string, string> = { team: "risk" };
    const source = { rows: 1 };
    await store.logBatch(id, batch({ tags, datasets: [{ name: "d", digest: "1", context: "", source }] }));
    tags["team"] = "changed";
    source.rows = 2;
    const found = await store.findRun(id);
    check.equal([found?.tags, found?.datasets[0]?.source], [{ team: "risk" }, { rows: 1 }]);
  },

  "loses nothing of 8 concurrent writers to one run": async (store, check) => {
    const { id } = await insertRun(store);
    const writer = async (w: number) => {
      for (let b = 0; b < 25; b++) {
        const metrics = Array.from({ length: 10 }, (_, i) => loss(w * 1000 + b * 10 + i, b * 10 + i, START + w));
        const own = { key: `own-${w}`, value: b, step: b, at: START };
        await store.logBatch(
          id,
          batch({ metrics: [...metrics, own], params: { [`p-${w}-${b}`]: "x" }, tags: { last: `${w}-${b}` } }),
        );
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, w) => writer(w)));
    const points = await historyOf(store, id, { limit: 300 });
    check.equal(points.length, 8 * 25 * 10);
    check.equal(new Set(points.map(({ value }) => value)).size, 8 * 25 * 10);
    const found = await store.findRun(id);
    check.equal(found?.metrics["loss"], { value: 7249, step: 249, at: START + 7 });
    for (let w = 0; w < 8; w++) check.equal(found?.metrics[`own-${w}`], { value: 24, step: 24, at: START });
    check.equal(Object.keys(found?.params ?? {}).length, 8 * 25);
    check.equal(/^\d-24$/.test(found?.tags["last"] ?? ""), true);
  },

  "keeps runs apart that are logged to at once": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    const runs = await Promise.all(Array.from({ length: 8 }, (_, i) => insertRun(store, { experimentId, name: `r${i}` })));
    await Promise.all(runs.map(({ id }, i) => store.logBatch(id, batch({ metrics: [loss(i)], params: { i: String(i) } }))));
    for (const [i, { id }] of runs.entries()) {
      const found = await store.findRun(id);
      check.equal([found?.params, found?.metrics], [{ i: String(i) }, { loss: { value: i, step: 0, at: START } }]);
    }
    check.equal((await searchNames(store)).length, 8);
  },
};
