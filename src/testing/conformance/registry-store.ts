import type { JsonValue } from "../../core/json.ts";
import type { ModelRef } from "../../core/model.ts";
import type { RegistryStore } from "../../registry/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";
import { digest, draft, insertAll, listAll, record, stagesOf } from "./registry-drafts.ts";

const aborted = () => AbortSignal.abort(new RangeError("stop"));

async function rejection(work: () => Promise<unknown>): Promise<unknown> {
  return work().then(
    () => undefined,
    (error: unknown) => error,
  );
}

const tests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "states its contract and its name": async (store, check) => {
    check.equal(store.spec, "registry/1");
    check.equal(typeof store.name, "string");
  },

  "numbers the versions of each model from 1": async (store, check) => {
    const records = [
      await store.insertVersion(draft("a")),
      await store.insertVersion(draft("b")),
      await store.insertVersion(draft("a")),
    ];
    check.equal(
      records.map(({ name, version }) => [name, version]),
      [
        ["a", 1],
        ["b", 1],
        ["a", 2],
      ],
    );
  },

  "gives 50 concurrent inserts 50 numbers without a gap": async (store, check) => {
    const records = await Promise.all(Array.from({ length: 50 }, () => store.insertVersion(draft("busy"))));
    const expected = Array.from({ length: 50 }, (_, i) => i + 1);
    check.equal(
      records.map(({ version }) => version).sort((a, b) => a - b),
      expected,
    );
    const found = await Promise.all(records.map(({ name, version }) => store.findVersion({ name, version })));
    check.equal(
      found.map((each) => each?.id),
      records.map(({ id }) => id),
    );
  },

  "answers a second insert of one id with the first record": async (store, check) => {
    const first = await store.insertVersion(draft("a", { id: "same", description: "first" }));
    await store.moveStage({ name: "a", version: 1, from: "development", to: "staging", at: 5 });
    const again = await store.insertVersion(draft("a", { id: "same", description: "second" }));
    check.equal(again, { ...first, stage: "staging", stageChangedAt: 5 });
    check.equal((await store.insertVersion(draft("a"))).version, 2);
  },

  "gives concurrent inserts of one id one number": async (store, check) => {
    const same = draft("a", { id: "same" });
    const records = await Promise.all(Array.from({ length: 10 }, () => store.insertVersion(same)));
    check.equal([...new Set(records.map(({ version }) => version))], [1]);
    check.equal((await store.findModel("a"))?.versions, 1);
  },

  "answers an insert with what it reads later": async (store, check) => {
    const inserted = await store.insertVersion(draft("a", { description: "text", tags: { team: "risk" } }));
    check.equal(inserted.stage, "development");
    check.equal(inserted.aliases, []);
    check.equal(inserted.stageChangedAt, inserted.createdAt);
    check.equal(await store.findVersion({ name: "a", version: 1 }), inserted);
  },

  "keeps content as it was given": async (store, check) => {
    const hyperparameters: Record<string, JsonValue> = {
      layers: [{ units: 64, activation: "relu", dropout: null }, []],
      seed: Number.MAX_SAFE_INTEGER,
      least: Number.MIN_SAFE_INTEGER,
      tiny: Number.MIN_VALUE,
      nested: { a: { b: { c: [[[1.5]]] } }, "": "empty key" },
      flag: false,
    };
    const given = draft("unicode", {
      description: "naïve 模型 🚀 \u0000 \u2028 \"quoted\" 'single' \\ %_",
      tags: { "päth/ключ": "значение", empty: "" },
      metrics: { accuracy: 0.1 + 0.2, huge: 1.797_693_134_862_315_7e308, below: -1e-320 },
      hyperparameters,
      lineage: [
        { kind: "dataset", ref: digest },
        { kind: "parent", ref: "fraud@1" },
      ],
      files: [
        { path: "weights/части.bin", digest, sizeBytes: Number.MAX_SAFE_INTEGER },
        { path: "model.onnx", digest, sizeBytes: 0 },
      ],
    });
    await store.insertVersion(given);
    const found = await store.findVersion({ name: "unicode", version: 1 });
    check.equal(found, { ...given, version: 1, aliases: [], stageChangedAt: given.createdAt });
  },

  "keeps empty records and a missing signature": async (store, check) => {
    const given = draft("empty", { files: [], format: "custom", signature: null });
    const inserted = await store.insertVersion(given);
    check.equal([inserted.files, inserted.signature, inserted.tags, inserted.lineage], [[], null, {}, []]);
  },

  "keeps members named __proto__ as data": async (store, check) => {
    await store.insertVersion(
      draft("proto", {
        tags: record("__proto__", "tag"),
        metrics: record("__proto__", 1),
        hyperparameters: record("__proto__", { x: 1 }),
      }),
    );
    const found = await store.findVersion({ name: "proto", version: 1 });
    check.equal(Object.entries(found?.tags ?? {}), [["__proto__", "tag"]]);
    check.equal(Object.entries(found?.metrics ?? {}), [["__proto__", 1]]);
    check.equal(Object.entries(found?.hyperparameters ?? {}), [["__proto__", { x: 1 }]]);
    check.equal(({} as { x?: number }).x, undefined);
  },

  "copies a draft": async (store, check) => {
    const tags: Record<string, string> = { team: "risk" };
    const inserting = store.insertVersion(draft("a", { tags }));
    await inserting;
    tags["team"] = "changed";
    check.equal((await store.findVersion({ name: "a", version: 1 }))?.tags, { team: "risk" });
  },

  "refuses a number that JSON cannot carry and registers nothing": async (store, check) => {
    await check.fails("INPUT_INVALID", () => store.insertVersion(draft("a", { metrics: { loss: Number.NaN } })));
    check.equal(await store.findModel("a"), undefined);
    check.equal((await store.insertVersion(draft("a"))).version, 1);
  },

  "answers undefined for what is not there": async (store, check) => {
    await store.insertVersion(draft("a"));
    const refs: readonly ModelRef[] = [
      { name: "b", version: 1 },
      { name: "a", version: 2 },
      { name: "a", version: 0 },
      { name: "a", stage: "production" },
      { name: "a", alias: "champion" },
    ];
    for (const ref of refs) check.equal(await store.findVersion(ref), undefined);
    check.equal(await store.findModel("b"), undefined);
    check.equal(await store.deleteAlias("a", "champion"), undefined);
    check.equal(await store.deleteAlias("b", "champion"), undefined);
  },

  "finds the newest by number of a stage": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "development"]);
    await insertAll(store, "b", ["staging", "staging", "staging"]);
    check.equal((await store.findVersion({ name: "a", stage: "staging" }))?.version, 2);
    await store.moveStage({ name: "a", version: 2, from: "staging", to: "archived", at: 9 });
    check.equal((await store.findVersion({ name: "a", stage: "staging" }))?.version, 1);
  },

  "moves a version to another stage": async (store, check) => {
    const [, second] = await insertAll(store, "a", ["development", "development"]);
    const moved = await store.moveStage({ name: "a", version: 2, from: "development", to: "staging", at: 77 });
    check.equal(moved, [{ ...second, stage: "staging", stageChangedAt: 77 }]);
    check.equal(await store.findVersion({ name: "a", version: 2 }), moved[0]);
    check.equal(await stagesOf(store, "a"), ["2 staging", "1 development"]);
  },

  "displaces every other version of the target stage, and only of this model": async (store, check) => {
    await insertAll(store, "a", ["production", "archived", "production", "staging"]);
    await insertAll(store, "b", ["production"]);
    const move = { name: "a", version: 4, from: "staging", to: "production", displaceTo: "archived", at: 5 };
    const answered = await store.moveStage(move);
    check.equal(
      answered.map(({ version, stage, stageChangedAt }) => [version, stage, stageChangedAt]),
      [
        [4, "production", 5],
        [3, "archived", 5],
        [1, "archived", 5],
      ],
    );
    check.equal(await stagesOf(store, "a"), ["4 production", "3 archived", "2 archived", "1 archived"]);
    check.equal(await stagesOf(store, "b"), ["1 production"]);
    check.equal((await store.findVersion({ name: "a", version: 2 }))?.stageChangedAt, 1_700_000_000_000);
  },

  "leaves the others in a stage where nothing displaces them": async (store, check) => {
    await insertAll(store, "a", ["staging", "development"]);
    await store.moveStage({ name: "a", version: 2, from: "development", to: "staging", at: 5 });
    check.equal(await stagesOf(store, "a"), ["2 staging", "1 staging"]);
  },

  "changes nothing when the version is not in the stage that the move expects": async (store, check) => {
    await insertAll(store, "a", ["production", "staging"]);
    const move = { name: "a", version: 2, from: "development", to: "production", displaceTo: "archived", at: 5 };
    const error = await check.fails("REGISTRY_CONFLICT", () => store.moveStage(move));
    check.equal(error.details, { ref: "a@2", expected: "development", actual: "staging" });
    check.equal(await stagesOf(store, "a"), ["2 staging", "1 production"]);
  },

  "refuses to move a version that is not there": async (store, check) => {
    await insertAll(store, "a", ["production"]);
    const move = { version: 9, from: "staging", to: "production", displaceTo: "archived", at: 5 };
    const error = await check.fails("REGISTRY_VERSION_NOT_FOUND", () => store.moveStage({ ...move, name: "a" }));
    check.equal(error.details.ref, "a@9");
    await check.fails("REGISTRY_VERSION_NOT_FOUND", () => store.moveStage({ ...move, name: "b" }));
    check.equal(await stagesOf(store, "a"), ["1 production"]);
  },

  "lets one of several concurrent promotions of a version win": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => store.moveStage({ name: "a", version: 1, from: "staging", to: "production", at: i })),
    );
    check.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  },

  "keeps one version in an exclusive stage under concurrent promotions": async (store, check) => {
    const records = await insertAll(
      store,
      "a",
      Array.from({ length: 10 }, () => "staging"),
    );
    await Promise.all(
      records.map(({ version }) =>
        store.moveStage({ name: "a", version, from: "staging", to: "production", displaceTo: "archived", at: 5 }),
      ),
    );
    const stages = (await store.listVersions({ name: "a", limit: 100 })).map(({ stage }) => stage);
    check.equal(stages.filter((stage) => stage === "production").length, 1);
    check.equal(stages.filter((stage) => stage === "archived").length, 9);
  },

  "points an alias at one version at a time": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    check.equal(await store.setAlias("a", "champion", 1), undefined);
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 1);
    check.equal(await store.setAlias("a", "champion", 2), 1);
    check.equal(await store.setAlias("a", "champion", 2), 2);
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 2);
    check.equal((await store.findVersion({ name: "a", version: 1 }))?.aliases, []);
  },

  "removes an alias": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await store.setAlias("a", "champion", 1);
    check.equal(await store.deleteAlias("a", "champion"), 1);
    check.equal(await store.deleteAlias("a", "champion"), undefined);
    check.equal(await store.findVersion({ name: "a", alias: "champion" }), undefined);
  },

  "keeps aliases of one name on different models apart": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await insertAll(store, "b", ["development", "development"]);
    await store.setAlias("a", "champion", 1);
    check.equal(await store.setAlias("b", "champion", 2), undefined);
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 1);
  },

  "refuses an alias of a version that is not there and keeps the alias": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await store.setAlias("a", "champion", 1);
    await check.fails("REGISTRY_VERSION_NOT_FOUND", () => store.setAlias("a", "champion", 2));
    await check.fails("REGISTRY_VERSION_NOT_FOUND", () => store.setAlias("b", "champion", 1));
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 1);
  },

  "shows aliases, sorted, wherever a version is answered": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "production"]);
    for (const alias of ["shadow", "champion", "eu"]) await store.setAlias("a", alias, 2);
    await store.setAlias("a", "old", 3);
    const expected = ["champion", "eu", "shadow"];
    check.equal((await store.findVersion({ name: "a", version: 2 }))?.aliases, expected);
    check.equal((await store.findVersion({ name: "a", stage: "staging" }))?.aliases, expected);
    check.equal((await store.findVersion({ name: "a", alias: "eu" }))?.aliases, expected);
    check.equal(
      (await store.listVersions({ name: "a", limit: 3 })).map(({ aliases }) => aliases),
      [["old"], expected, []],
    );
    const move = { name: "a", version: 2, from: "staging", to: "production", displaceTo: "archived", at: 5 };
    check.equal(
      (await store.moveStage(move)).map(({ aliases }) => aliases),
      [expected, ["old"]],
    );
    const again = await store.insertVersion(draft("a", { id: (await store.findVersion({ name: "a", version: 2 }))?.id ?? "" }));
    check.equal(again.aliases, expected);
  },

  "lists versions by name, then by number downwards": async (store, check) => {
    await insertAll(store, "b", ["development", "staging"]);
    await insertAll(store, "a", ["staging", "development", "staging"]);
    check.equal(await listAll(store, { limit: 100 }), ["a@3", "a@2", "a@1", "b@2", "b@1"]);
    check.equal(await listAll(store, { name: "b", limit: 100 }), ["b@2", "b@1"]);
    check.equal(await listAll(store, { stage: "staging", limit: 100 }), ["a@3", "a@1", "b@2"]);
    check.equal(await listAll(store, { name: "a", stage: "staging", limit: 100 }), ["a@3", "a@1"]);
    check.equal(await listAll(store, { name: "c", limit: 100 }), []);
  },

  "pages through versions without loss or repetition": async (store, check) => {
    for (const name of ["a", "b", "c"]) await insertAll(store, name, ["staging", "development", "staging", "staging"]);
    await store.setAlias("b", "one", 3);
    await store.setAlias("b", "two", 3);
    for (const filter of [{}, { stage: "staging" }, { name: "b" }, { name: "b", stage: "staging" }]) {
      const whole = await listAll(store, { ...filter, limit: 100 });
      for (const limit of [1, 2, 3, 5]) check.equal(await listAll(store, { ...filter, limit }), whole);
    }
  },

  "goes on behind a version that is not there": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    await insertAll(store, "c", ["development"]);
    check.equal(await listAll(store, { limit: 10, after: { name: "b", version: 5 } }), ["c@1"]);
    check.equal(await listAll(store, { limit: 10, after: { name: "a", version: 9 } }), ["a@2", "a@1", "c@1"]);
    check.equal(await listAll(store, { limit: 10, after: { name: "c", version: 1 } }), []);
  },

  "summarises and pages models": async (store, check) => {
    await store.insertVersion(draft("b", { createdAt: 20 }));
    await store.insertVersion(draft("a", { createdAt: 10 }));
    await store.insertVersion(draft("a", { createdAt: 30 }));
    const a = { name: "a", createdAt: 10, versions: 2, latestVersion: 2 };
    const b = { name: "b", createdAt: 20, versions: 1, latestVersion: 1 };
    check.equal(await store.findModel("a"), a);
    check.equal(await store.listModels({ limit: 10 }), [a, b]);
    check.equal(await store.listModels({ limit: 1 }), [a]);
    check.equal(await store.listModels({ limit: 1, after: "a" }), [b]);
    check.equal(await store.listModels({ limit: 1, after: "b" }), []);
  },

  "tells names apart that differ only by case": async (store, check) => {
    await insertAll(store, "Fraud", ["development"]);
    await insertAll(store, "fraud", ["development", "staging"]);
    await store.setAlias("Fraud", "champion", 1);
    check.equal((await store.findModel("Fraud"))?.versions, 1);
    check.equal((await store.findModel("fraud"))?.versions, 2);
    check.equal(await store.findVersion({ name: "fraud", alias: "champion" }), undefined);
    check.equal(await listAll(store, { limit: 1 }), ["Fraud@1", "fraud@2", "fraud@1"]);
    check.equal(await store.findModel("FRAUD"), undefined);
  },

  "treats every mark in a name as text": async (store, check) => {
    const names = ["a%", "a_", "a'b", 'a"b', "a;--", "a\\", "__proto__", "constructor"];
    for (const name of names) await insertAll(store, name, ["development"]);
    for (const name of names) check.equal((await store.findVersion({ name, version: 1 }))?.name, name);
    check.equal((await store.listModels({ limit: 100 })).length, names.length);
  },

  "rejects with the signal's reason and changes nothing when aborted before": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const signal = aborted();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => store.insertVersion(draft("a"), { signal }),
      () => store.findVersion({ name: "a", version: 1 }, { signal }),
      () => store.listVersions({ limit: 1 }, { signal }),
      () => store.findModel("a", { signal }),
      () => store.listModels({ limit: 1 }, { signal }),
      () => store.moveStage({ name: "a", version: 1, from: "staging", to: "production", at: 5 }, { signal }),
      () => store.setAlias("a", "champion", 1, { signal }),
      () => store.deleteAlias("a", "champion", { signal }),
    ];
    for (const call of calls) check.equal((await rejection(call)) === signal.reason, true);
    check.equal(await stagesOf(store, "a"), ["1 staging"]);
    check.equal((await store.findVersion({ name: "a", version: 1 }))?.aliases, []);
  },

  "answers CLOSED after it was disposed, and may be disposed twice": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await check.fails("CLOSED", () => store.findVersion({ name: "a", version: 1 }));
    await check.fails("CLOSED", () => store.insertVersion(draft("a")));
    await check.fails("CLOSED", () => store.listModels({ limit: 1 }));
  },
};

/**
 * The contract of `registry/1` as tests: run it over a {@link RegistryStore} of your own.
 *
 * @param open - a fresh, empty store; each test gets its own and disposes it
 *
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * import { memoryRegistry } from "modelwright";
 * import { registryStoreConformance } from "modelwright/testing";
 *
 * registryStoreConformance({ describe, it }, () => memoryRegistry());
 * ```
 */
export function registryStoreConformance(
  kit: TestKit,
  open: () => Promise<RegistryStore> | RegistryStore,
  options?: SuiteOptions,
): void {
  suite(kit, "RegistryStore registry/1", open, options, tests);
}
