import type { ModelRef } from "../../core/model.ts";
import type { RegistryStore, VersionContent } from "../../registry/port.ts";
import type { SuiteTest } from "../suite.ts";
import {
  attribute,
  digestOf,
  draft,
  insertAll,
  parent,
  record,
  refuses,
  START,
  searchModelNames,
  searchRefs,
  stamp,
  tag,
} from "./registry-drafts.ts";
import { hostileTexts } from "./tracking-drafts.ts";

/** A content that has everything. */
const full: VersionContent = {
  files: [
    { path: "weights/части.bin", digest: digestOf("0b"), sizeBytes: Number.MAX_SAFE_INTEGER },
    { path: "model.onnx", digest: digestOf("0c"), sizeBytes: 0 },
  ],
  flavor: "onnx",
  framework: "scikit-learn 1.5",
  modelType: "gradient boosting",
  label: "1.4.0-rc.1",
  signature: {
    inputs: [{ name: "x", type: "float32", dims: ["n", 4, "?"] }],
    outputs: [{ name: "y", type: "other", dims: null }],
  },
  metrics: { accuracy: 0.1 + 0.2, huge: 1.797_693_134_862_315_7e308, below: -1e-320 },
  directions: { accuracy: "maximize", below: "minimize" },
  hyperparameters: {
    layers: [{ units: 64, activation: "relu", dropout: null }, []],
    seed: Number.MAX_SAFE_INTEGER,
    least: Number.MIN_SAFE_INTEGER,
    tiny: Number.MIN_VALUE,
    nested: { a: { b: { c: [[[1.5]]] } }, "": "empty key" },
    flag: false,
  },
  dataVersion: "d1",
  codeVersion: "0f3a",
  runId: "r-1",
  inputSchema: { type: "object", properties: { x: { type: "number" } } },
  outputSchema: [true, null],
  metadata: { owner: { team: "risk", since: 2020 } },
  attestation: { payloadType: "application/vnd.in-toto+json", payload: "e30=", signatures: [{ keyid: "k", sig: "AA==" }] },
};

/** What the port says of how versions are registered and found. */
export const versionTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "numbers the versions of each model from 1": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    await insertAll(store, "b", ["staging"]);
    const [second] = await insertAll(store, "a", ["staging"]);
    check.equal(second?.version, 2);
    check.equal(await searchRefs(store), ["a@2", "a@1", "b@1"]);
  },

  "gives 50 concurrent inserts 50 numbers without a gap": async (store, check) => {
    const records = await Promise.all(Array.from({ length: 50 }, () => store.insertVersion(draft("busy"), stamp())));
    check.equal(
      records.map(({ version }) => version).sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    const found = await Promise.all(records.map(({ name, version }) => store.findVersion({ name, version })));
    check.equal(
      found.map((each) => each?.id),
      records.map(({ id }) => id),
    );
  },

  "answers a second insert of one id with the first record, as it is now": async (store, check) => {
    const first = await store.insertVersion(draft("a", { id: "same", description: "first" }), stamp());
    await store.moveStage({ name: "a", version: 1, from: "development", to: "staging" }, stamp({ at: START + 5 }));
    await store.setAlias("a", "champion", 1, stamp());
    const again = await store.insertVersion(draft("a", { id: "same", description: "second" }), stamp({ at: START + 9 }));
    check.equal(again, { ...first, stage: "staging", stageChangedAt: START + 5, aliases: ["champion"] });
    check.equal(await store.insertVersion(draft("b", { id: "same" }), stamp()), again);
    check.equal(await store.findModel("b"), undefined);
    check.equal((await store.insertVersion(draft("a"), stamp())).version, 2);
  },

  "gives concurrent inserts of one id one number": async (store, check) => {
    const same = draft("a", { id: "same" });
    const records = await Promise.all(Array.from({ length: 10 }, () => store.insertVersion(same, stamp())));
    check.equal([...new Set(records.map(({ version }) => version))], [1]);
    check.equal((await store.findModel("a"))?.versions, 1);
    check.equal((await store.auditHead()).seq, 1);
  },

  "answers an insert with what it reads later": async (store, check) => {
    const given = draft("a", { description: "text", tags: { team: "risk" }, lineage: [{ kind: "code", ref: "0f3a" }] });
    const inserted = await store.insertVersion(given, stamp({ at: START + 1, actor: "eve" }));
    check.equal(inserted, {
      ...given,
      version: 1,
      aliases: [],
      legalHold: null,
      createdAt: START + 1,
      createdBy: "eve",
      stageChangedAt: START + 1,
    });
    check.equal(await store.findVersion({ name: "a", version: 1 }), inserted);
    const unsigned = await store.insertVersion(draft("a"), { at: START, actor: null, reason: null, requestId: null });
    check.equal([unsigned.createdBy, (await store.findVersion({ name: "a", version: 2 }))?.createdBy], [null, null]);
  },

  "keeps content as it was given": async (store, check) => {
    const description = "naïve 模型 🚀 \u0000 \u2028 \"quoted\" 'single' \\ %_";
    const tags = { "päth/ключ": "значение", empty: "" };
    await store.insertVersion(draft("full", { ...full, description, tags }), stamp());
    const found = await store.findVersion({ name: "full", version: 1 });
    check.equal(found, { ...found, ...full, description, tags });
  },

  "keeps empty records, and what is not known": async (store, check) => {
    const given = draft("empty", { files: [], flavor: "custom", signature: null });
    check.equal(await store.insertVersion(given, stamp()), {
      ...(await store.findVersion({ name: "empty", version: 1 })),
      ...given,
    });
  },

  "keeps members named __proto__ as data": async (store, check) => {
    const name = ["__proto__"];
    await store.insertVersion(
      draft("proto", {
        tags: record(name, () => "tag"),
        metrics: record(name, () => 1),
        directions: record(name, () => "minimize"),
        hyperparameters: record(name, () => ({ x: 1 })),
        metadata: record(name, () => ({ y: 1 })),
      }),
      stamp(),
    );
    const found = await store.findVersion({ name: "proto", version: 1 });
    check.equal(Object.entries(found?.tags ?? {}), [["__proto__", "tag"]]);
    check.equal(Object.entries(found?.metrics ?? {}), [["__proto__", 1]]);
    check.equal(Object.entries(found?.directions ?? {}), [["__proto__", "minimize"]]);
    check.equal(Object.entries(found?.hyperparameters ?? {}), [["__proto__", { x: 1 }]]);
    check.equal(Object.entries(found?.metadata ?? {}), [["__proto__", { y: 1 }]]);
    check.equal(({} as { x?: number }).x, undefined);
  },

  "keeps tags, metrics and hyperparameters apart whose names look alike": async (store, check) => {
    const tags = record(hostileTexts, (text) => text);
    const metrics = record(hostileTexts, (text) => hostileTexts.indexOf(text));
    await store.insertVersion(draft("a", { tags, metrics, hyperparameters: tags }), stamp());
    const found = await store.findVersion({ name: "a", version: 1 });
    for (const [kept, given] of [
      [found?.tags, tags],
      [found?.hyperparameters, tags],
      [found?.metrics, metrics],
    ] as const) {
      check.equal(Object.entries(kept ?? {}).sort(), Object.entries(given).sort());
    }
  },

  "keeps and finds texts of the greatest length": async (store, check) => {
    const [key, text, description] = ["模".repeat(250), "模".repeat(8000), "模".repeat(100_000)];
    const one = record([key], () => text);
    const lineage = [{ kind: "dataset" as const, ref: key }];
    const metadata = { long: "x".repeat(600_000) };
    const files = [{ path: `${"模".repeat(508)}.bin`, digest: digestOf("0b"), sizeBytes: 1 }];
    const given = { files, flavor: "f".repeat(128), framework: key, runId: key, lineage, metadata };
    const long = draft("n".repeat(128), {
      ...given,
      description,
      tags: one,
      hyperparameters: one,
      metrics: record([key], () => 1),
    });
    const by = stamp({ actor: key, reason: text, requestId: key });
    const inserted = await store.insertVersion(long, by);
    check.equal(inserted, { ...inserted, ...long });
    await store.setAlias(long.name, "a".repeat(64), 1, by);
    const noted = await store.noteVersion(long.name, 1, { description: `${description}!`, legalHold: text }, by);
    check.equal(await store.findVersion({ name: long.name, alias: "a".repeat(64) }), noted);
    check.equal((await store.noteModel(long.name, { description, tags: one }, by)).tags, one);
    check.equal((await store.findLinksTo(lineage)).length, 1);
    const where = { op: "like" as const, field: attribute("description"), value: "模%!" };
    check.equal(await searchRefs(store, { where }), [`${long.name}@1`]);
    check.equal(await searchRefs(store, { where: { op: "=", field: tag(key), value: text } }), [`${long.name}@1`]);
  },

  "copies a draft": async (store, check) => {
    const tags: Record<string, string> = { team: "risk" };
    const layers = [1, 2];
    const answered = await store.insertVersion(draft("a", { tags, hyperparameters: { layers } }), stamp());
    tags["team"] = "changed";
    layers.push(3);
    const found = await store.findVersion({ name: "a", version: 1 });
    check.equal([found?.tags, found?.hyperparameters], [{ team: "risk" }, { layers: [1, 2] }]);
    check.equal(answered, found);
  },

  "refuses a number that JSON cannot carry and registers nothing": async (store, check) => {
    const bad = draft("a", { metrics: { loss: Number.NaN } });
    await refuses(store, check, "INPUT_INVALID", () => store.insertVersion(bad, stamp()));
    check.equal(await store.findModel("a"), undefined);
    check.equal((await store.insertVersion(draft("a"), stamp())).version, 1);
  },

  "answers undefined for what is not there": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    const refs: readonly ModelRef[] = [
      { name: "b", version: 1 },
      { name: "a", version: 2 },
      { name: "a", version: 0 },
      { name: "a", label: "1.0.0" },
      { name: "a", stage: "production" },
      { name: "a", alias: "champion" },
      { name: "b", alias: "champion" },
      { name: "b", stage: "development" },
    ];
    for (const ref of refs) check.equal(await store.findVersion(ref), undefined);
    check.equal(await store.findModel("b"), undefined);
  },

  "finds the newest by number of a stage": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "development"]);
    await insertAll(store, "b", ["staging", "staging", "staging"]);
    check.equal((await store.findVersion({ name: "a", stage: "staging" }))?.version, 2);
    await store.moveStage({ name: "a", version: 2, from: "staging", to: "archived" }, stamp());
    check.equal((await store.findVersion({ name: "a", stage: "staging" }))?.version, 1);
  },

  "finds a version by its label": async (store, check) => {
    const labels = ["1.0.0", "1.0.0-rc.1", "1.0.0-RC.1"];
    for (const label of labels) await store.insertVersion(draft("a", { label }), stamp());
    await store.insertVersion(draft("b", { label: "1.0.0" }), stamp());
    await insertAll(store, "a", ["development", "development"]);
    for (const [i, label] of labels.entries()) {
      const found = await store.findVersion({ name: "a", label });
      check.equal([found?.name, found?.version, found?.label], ["a", i + 1, label]);
    }
    check.equal((await store.findVersion({ name: "b", label: "1.0.0" }))?.name, "b");
    check.equal(await store.findVersion({ name: "b", label: "1.0.0-rc.1" }), undefined);
  },

  "refuses a label that another version of the model has, and uses up no number": async (store, check) => {
    await store.insertVersion(draft("a", { label: "1.0.0" }), stamp());
    const second = draft("a", { label: "1.0.0" });
    await refuses(store, check, "REGISTRY_LABEL_TAKEN", () => store.insertVersion(second, stamp()));
    const error = await check.fails("REGISTRY_LABEL_TAKEN", () => store.insertVersion(second, stamp()));
    check.equal(error.details, { ref: "a@1", label: "1.0.0" });
    check.equal((await store.insertVersion({ ...second, label: "1.0.1" }, stamp())).version, 2);
  },

  "gives one of several concurrent inserts a label": async (store, check) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () => store.insertVersion(draft("a", { label: "1.0.0" }), stamp())),
    );
    const codes = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    check.equal(
      codes,
      Array.from({ length: 5 }, () => "REGISTRY_LABEL_TAKEN"),
    );
    check.equal((await store.findModel("a"))?.latestVersion, 1);
  },

  "gives the label of a deleted version again": async (store, check) => {
    await store.insertVersion(draft("a", { label: "1.0.0" }), stamp());
    await store.deleteVersion("a", 1, "development", stamp());
    check.equal(await store.findVersion({ name: "a", label: "1.0.0" }), undefined);
    await store.insertVersion(draft("a", { label: "1.0.0" }), stamp());
    check.equal((await store.findVersion({ name: "a", label: "1.0.0" }))?.version, 2);
  },

  "makes a model with its first version": async (store, check) => {
    await store.insertVersion(draft("a", { description: "of the version", tags: { a: "b" } }), stamp({ at: START + 1 }));
    const made = { name: "a", createdAt: START + 1, description: "", tags: {}, aliases: [], versions: 1, latestVersion: 1 };
    check.equal(await store.findModel("a"), made);
    await store.insertVersion(draft("a"), stamp({ at: START + 2 }));
    check.equal(await store.findModel("a"), { ...made, versions: 2, latestVersion: 2 });
  },

  "tells names apart that differ only by case": async (store, check) => {
    await insertAll(store, "Fraud", ["development"]);
    await insertAll(store, "fraud", ["development", "staging"]);
    await store.setAlias("Fraud", "champion", 1, stamp());
    check.equal((await store.findModel("Fraud"))?.versions, 1);
    check.equal((await store.findModel("fraud"))?.versions, 2);
    check.equal(await store.findVersion({ name: "fraud", alias: "champion" }), undefined);
    for (const limit of [1, 9]) check.equal(await searchRefs(store, { limit }), ["Fraud@1", "fraud@2", "fraud@1"]);
    check.equal(await store.findModel("FRAUD"), undefined);
    await store.addLineage("fraud", 2, [parent("Fraud@1")], stamp());
    await check.fails("REGISTRY_VERSION_NOT_FOUND", () => store.addLineage("fraud", 2, [parent("FRAUD@1")], stamp()));
    check.equal((await store.listAudit({ after: 0, limit: 9, name: "Fraud" })).length, 2);
    check.equal((await store.listStageEvents({ name: "Fraud", direction: "asc", limit: 9 })).length, 1);
  },

  "treats every mark in a name as text": async (store, check) => {
    const names = ["a%", "a_", "a'b", 'a"b', "a;--", "a\\", "$1", "?", ":a", "__proto__", "constructor", "toString"].sort();
    for (const name of names) await insertAll(store, name, ["development"]);
    for (const name of names) {
      check.equal((await store.findVersion({ name, version: 1 }))?.name, name);
      check.equal(await store.setAlias(name, "champion", 1, stamp()), undefined);
      check.equal((await store.listAudit({ after: 0, limit: 99, name })).length, 2);
    }
    check.equal(await searchModelNames(store), names);
  },
};
