import diagnostics from "node:diagnostics_channel";
import { createReadStream, mkdtempSync, type ReadStream, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { sha256 } from "../../src/core/digest.ts";
import { type ErrorCode, ModelwrightError } from "../../src/core/errors.ts";
import type { ModelIdentity } from "../../src/core/model.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import { seeded } from "../../src/core/random.ts";
import {
  type AliasChange,
  defaultStages,
  ModelRegistry,
  type Registration,
  type RegistryStore,
  type StagePolicy,
  type Transition,
  type VersionRecord,
} from "../../src/registry/index.ts";
import type { BlobStore } from "../../src/storage/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { flaky } from "../../src/testing/flaky.ts";
import { addModel, externalDataModel, identityModel } from "../../src/testing/tiny-models.ts";
import { all } from "../all.ts";

const text = (value: string) => new TextEncoder().encode(value);
const fraud = (given: Partial<Registration> = {}): Registration => ({
  name: "fraud",
  files: { "model.onnx": addModel() },
  ...given,
});

async function failure<C extends ErrorCode>(code: C, work: () => Promise<unknown>): Promise<ModelwrightError<C>> {
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code });
  if (!ModelwrightError.is(error, code)) throw new Error("unreachable", { cause: error });
  return error as ModelwrightError<C>;
}

function open(kind: string): RegistryStore {
  if (kind === "memory") return memoryRegistry();
  const db = sqlite({ path: ":memory:" });
  return { ...db.registry, [Symbol.asyncDispose]: () => db.close() };
}

describe.each(["memory", "sqlite"])("ModelRegistry over %s", (kind) => {
  let store: RegistryStore;
  let blobs: BlobStore;
  let clock: FakeClock;
  let registry: ModelRegistry;

  beforeEach(() => {
    store = open(kind);
    blobs = memoryBlobs();
    clock = new FakeClock();
    registry = new ModelRegistry({ store, blobs }, { clock, random: seeded(7) });
  });
  afterEach(async () => {
    await registry.close();
    await store[Symbol.asyncDispose]();
    await blobs[Symbol.asyncDispose]();
  });

  const promote = async (...versions: readonly number[]) => {
    for (const version of versions) {
      await registry.transition(`fraud@${version}`, "staging");
      await registry.transition(`fraud@${version}`, "production");
    }
  };

  it("registers a model with what its file says and what the caller says", async () => {
    const model = addModel();
    const record = await registry.register({
      name: "fraud",
      files: { "model.onnx": model, "notes/readme.md": text("read me") },
      description: "first",
      tags: { team: "risk" },
      metrics: { auc: 0.93 },
      hyperparameters: { layers: [64, 32] },
      lineage: [{ kind: "code", ref: "6442668" }],
    });
    expect(record).toEqual({
      name: "fraud",
      version: 1,
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      stage: "development",
      aliases: [],
      createdAt: clock.now(),
      stageChangedAt: clock.now(),
      files: [
        { path: "model.onnx", digest: await sha256(model), sizeBytes: model.length },
        { path: "notes/readme.md", digest: await sha256(text("read me")), sizeBytes: 7 },
      ],
      flavor: "onnx",
      signature: {
        inputs: [
          { name: "a", type: "float32", dims: ["batch", 2] },
          { name: "b", type: "float32", dims: ["batch", 2] },
        ],
        outputs: [{ name: "sum", type: "float32", dims: ["batch", 2] }],
      },
      framework: null,
      modelType: null,
      label: null,
      createdBy: null,
      description: "first",
      tags: { team: "risk" },
      legalHold: null,
      metrics: { auc: 0.93 },
      directions: {},
      hyperparameters: { layers: [64, 32] },
      dataVersion: null,
      codeVersion: null,
      runId: null,
      inputSchema: null,
      outputSchema: null,
      metadata: {},
      attestation: null,
      lineage: [{ kind: "code", ref: "6442668" }],
    });
    expect(await registry.get("fraud@1")).toEqual(record);
  });

  it("numbers versions, also when they are registered at once", async () => {
    const records = await Promise.all(Array.from({ length: 10 }, () => registry.register(fraud())));
    expect(records.map(({ version }) => version).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(records.map(({ id }) => id)).size).toBe(10);
  });

  it("takes files as streams", async () => {
    async function* pieces(bytes: Uint8Array) {
      const piece = Buffer.alloc(10);
      for (let at = 0; at < bytes.length; at += 10) {
        const part = bytes.subarray(at, at + 10);
        piece.set(part);
        // The same array each time, as Node's own streams may do.
        yield piece.subarray(0, part.length);
      }
    }
    const model = addModel();
    await registry.register(fraud({ files: { "a.onnx": pieces(model), "big.bin": pieces(text("0123456789abcdef")) } }));
    const { files } = await registry.load("fraud@1");
    expect(files).toEqual({ "a.onnx": model, "big.bin": text("0123456789abcdef") });
  });

  it("takes other flavors as they are", async () => {
    const record = await registry.register({ name: "rules", flavor: "text", files: { "rules.txt": text("amount > 100") } });
    expect([record.flavor, record.signature]).toEqual(["text", null]);
  });

  it("describes inputs that are no tensors as other", async () => {
    const record = await registry.register({ name: "types", files: { "m.onnx": identityModel("int64", [1, "n"]) } });
    expect(record.signature?.inputs).toEqual([{ name: "x", type: "int64", dims: [1, "n"] }]);
  });

  it("refuses a damaged model before anything is stored", async () => {
    const files = { "model.onnx": addModel().subarray(0, 40), "notes.md": text("x") };
    await failure("MODEL_INVALID", () => registry.register(fraud({ files })));
    expect(await all(blobs.list())).toEqual([]);
    expect(await all(registry.models())).toEqual([]);
  });

  it("keeps nothing of a stream that is no model, or that lacks its weights, and reads no further than it has to", async () => {
    let read = 0;
    const junk = async function* () {
      for (; read < 1000; read++) yield new Uint8Array(1000).fill(0xff);
    };
    await failure("MODEL_INVALID", () => registry.register(fraud({ files: { "model.onnx": junk() } })));
    expect(read).toBeLessThan(5);
    const stream = async function* (bytes: Uint8Array) {
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    };
    for (const bytes of [addModel().subarray(0, 40), new Uint8Array(), externalDataModel("w.bin")]) {
      await failure("MODEL_INVALID", () => registry.register(fraud({ files: { "model.onnx": stream(bytes) } })));
    }
    expect(await all(blobs.list())).toEqual([]);
    expect(await all(registry.models())).toEqual([]);
    const files = { "model.onnx": stream(externalDataModel("w.bin")), "w.bin": text("x") };
    expect((await registry.register(fraud({ files }))).signature).not.toBeNull();
  });

  it("looks into a model that is stored already, without holding it, and tries again what fails", async () => {
    const { digest } = await blobs.put(addModel());
    let failures = 1;
    const streamed: BlobStore = {
      ...blobs,
      get: () => Promise.reject(new Error("not as a whole")),
      stream: (key, call) => {
        if (failures-- <= 0) return blobs.stream(key, call);
        throw new ModelwrightError("STORE_FAILED", "busy", { details: { store: "x", operation: "stream" }, retryable: true });
      },
    };
    await using other = new ModelRegistry({ store, blobs: streamed }, { random: seeded(1) });
    const { signature } = await other.register(fraud({ files: { "model.onnx": { digest } } }));
    expect(signature).toEqual((await registry.register(fraud())).signature);
    const damaged = await blobs.put(addModel().subarray(0, 40));
    const refused = () => other.register(fraud({ files: { "model.onnx": { digest: damaged.digest } } }));
    await failure("MODEL_INVALID", refused);
  });

  it("says nothing of a link that there is already, and answers frozen pages", async () => {
    await registry.register(fraud());
    const told: string[] = [];
    registry.onUpdated(({ name }) => told.push(name));
    for (let i = 0; i < 2; i++) await registry.link("fraud@1", [{ kind: "report", ref: "drift" }]);
    expect(told).toEqual(["fraud"]);
    expect(Object.isFrozen((await registry.searchPage({ limit: 1 })).items[0])).toBe(true);
  });

  it("wants the files in which a model keeps its weights, beside the model", async () => {
    const model = externalDataModel("data/w.bin");
    const refused = { "m/model.onnx": model, "data/w.bin": text("x") };
    const error = await failure("MODEL_INVALID", () => registry.register(fraud({ files: refused })));
    expect(error.message).toContain("m/data/w.bin");
    expect(await all(blobs.list())).toEqual([]);
    const record = await registry.register(fraud({ files: { "m/model.onnx": model, "m/data/w.bin": text("x") } }));
    expect(record.files.map(({ path }) => path)).toEqual(["m/data/w.bin", "m/model.onnx"]);
  });

  it.each<[string, object, RegExp]>([
    ["a bad name", { name: "a@b" }, /name: expected letters/],
    ["no files", { files: {} }, /1 to 1000 files/],
    [
      "no flavor where none can be told",
      { files: { "a.onnx": addModel(), "b.onnx": addModel() } },
      /flavor: expected exactly one file/,
    ],
    ["two onnx files", { flavor: "onnx", files: { "a.onnx": addModel(), "b.onnx": addModel() } }, /exactly one file/],
    ["an unknown option", { stage: "production" }, /"stage"/],
    ["a file that is no bytes", { files: { "m.onnx": "text" } }, /expected a Uint8Array/],
    ["a metric that is no number", { metrics: { auc: Number.NaN } }, /metrics.auc: expected a finite number/],
    ["a tag that is no text", { tags: { team: 5 } }, /tags.team/],
    ["a tag that is too long", { tags: { team: "x".repeat(8001) } }, /tags.team: expected text of 0 to 8000/],
    ["too many tags", { tags: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`t${i}`, ""])) }, /1000 entries/],
    ["a hyperparameter that is no JSON", { hyperparameters: { seed: 5n } }, /bigint has no JSON form/],
    ["too much in all", { hyperparameters: { table: "x".repeat(1_048_577) } }, /1048576 characters/],
    ["lineage of an unknown kind", { lineage: [{ kind: "rumour", ref: "x" }] }, /lineage\[0\].kind|lineage.*kind/],
  ])("refuses %s", async (_, given, message) => {
    const error = await failure("INPUT_INVALID", () => registry.register(fraud(given as Partial<Registration>)));
    expect(error.message).toMatch(message);
    expect(await all(blobs.list())).toEqual([]);
  });

  it.each(["/abs", "../up", "a/../b", "a//b", "a/", "./a", "a\\b", "C:x", "a\u0000b", "a\nb", "", "x".repeat(513), "\ud800"])(
    "refuses the path %j",
    async (path) => {
      const files = { "model.onnx": addModel(), [path]: text("x") };
      await failure("INPUT_INVALID", () => registry.register(fraud({ files })));
      expect(await all(blobs.list())).toEqual([]);
    },
  );

  it("lists every issue of a registration at once", async () => {
    const error = await failure("INPUT_INVALID", () =>
      registry.register({ name: "", files: {}, metrics: { a: Infinity } } as never),
    );
    expect(error.details.issues.map(({ path }) => path[0])).toEqual(["name", "metrics", "files", "flavor"]);
    await failure("INPUT_INVALID", () => registry.register(undefined as never));
  });

  it("keeps members and files named __proto__ as data", async () => {
    const proto = <T>(value: T) => Object.fromEntries([["__proto__", value]]);
    await registry.register({
      name: "proto",
      flavor: "text",
      files: proto(text("x")),
      tags: proto("t"),
      metrics: proto(1),
      hyperparameters: proto({ polluted: true }),
    });
    const { version, files } = await registry.load("proto@1");
    expect(Object.entries(files)).toEqual([["__proto__", text("x")]]);
    expect([version.tags, version.metrics, version.hyperparameters].map((each) => Object.keys(each))).toEqual([
      ["__proto__"],
      ["__proto__"],
      ["__proto__"],
    ]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("answers records that nobody can change", async () => {
    const tags: Record<string, string> = { team: "risk" };
    const record = await registry.register(fraud({ tags, hyperparameters: { deep: { list: [1] } } }));
    tags["team"] = "changed";
    expect(() => Object.assign(record, { stage: "production" })).toThrow(TypeError);
    expect(() => (record.hyperparameters as { deep: { list: number[] } }).deep.list.push(2)).toThrow(TypeError);
    expect((await registry.get("fraud@1")).tags).toEqual({ team: "risk" });
    expect(Object.isFrozen((await registry.get("fraud@1")).tags)).toBe(true);
  });

  it("tells a missing model from a missing version, and says what there is", async () => {
    expect((await failure("REGISTRY_MODEL_NOT_FOUND", () => registry.get("fraud@1"))).message).toContain(
      "nothing has been registered",
    );
    await registry.register(fraud());
    await registry.alias("fraud", "champion", 1);
    const model = await failure("REGISTRY_MODEL_NOT_FOUND", () => registry.get("Fraud@1"));
    expect([model.details.name, model.message]).toEqual(["Fraud", "There is no model Fraud; there is fraud"]);
    for (const ref of ["fraud@2", "fraud@production", "fraud@alias:shadow"]) {
      const version = await failure("REGISTRY_VERSION_NOT_FOUND", () => registry.get(ref));
      expect(version.details.ref).toBe(ref);
      expect(version.message).toBe(`There is no ${ref}; there is fraud@1 (development, alias:champion)`);
    }
    await failure("INPUT_INVALID", () => registry.get("fraud"));
    await failure("INPUT_INVALID", () => registry.get({ name: "fraud", version: 0 }));
  });

  it("bounds how much it lists of what there is", async () => {
    for (let i = 0; i < 12; i++) await registry.register(fraud());
    const { message } = await failure("REGISTRY_VERSION_NOT_FOUND", () => registry.get("fraud@99"));
    expect(message.match(/fraud@\d+ \(/g)?.length).toBe(10);
    expect(message).toMatch(/and more$/);
  });

  it("finds a version by number, stage, alias and object", async () => {
    await registry.register(fraud());
    await registry.register(fraud());
    await registry.alias("fraud", "champion", 1);
    expect((await registry.get("fraud@development")).version).toBe(2);
    expect((await registry.get("fraud@alias:champion")).version).toBe(1);
    expect((await registry.get({ name: "fraud", alias: "champion" })).version).toBe(1);
  });

  it("lists versions and models page by page", async () => {
    for (const name of ["a", "b"]) for (let i = 0; i < 3; i++) await registry.register({ ...fraud(), name });
    await registry.transition("a@2", "staging");
    const names = async (versions: AsyncIterable<VersionRecord>) =>
      (await all(versions)).map((each) => `${each.name}@${each.version}`);
    for (const pageSize of [1, 2, 3, 6, 1000]) {
      expect(await names(registry.list({ pageSize }))).toEqual(["a@3", "a@2", "a@1", "b@3", "b@2", "b@1"]);
      expect(await names(registry.list({ pageSize, name: "a" }))).toEqual(["a@3", "a@2", "a@1"]);
      expect(await names(registry.list({ pageSize, stage: "staging" }))).toEqual(["a@2"]);
    }
    expect((await all(registry.models())).map(({ name, versions }) => [name, versions])).toEqual([
      ["a", 3],
      ["b", 3],
    ]);
    expect(() => registry.list({ pageSize: 0 })).toThrow(/pageSize/);
  });

  it("moves a version along the policy's edges and no others", async () => {
    await registry.register(fraud());
    const error = await failure("REGISTRY_TRANSITION_FORBIDDEN", () => registry.transition("fraud@1", "production"));
    expect(error.details).toEqual({ ref: "fraud@1", from: "development", to: "production", allowed: ["staging", "archived"] });
    expect((await failure("REGISTRY_TRANSITION_FORBIDDEN", () => registry.transition("fraud@1", "prod"))).message).toContain(
      "the stages are development, staging, production, archived, deprecated",
    );
    await failure("REGISTRY_TRANSITION_FORBIDDEN", () => registry.transition("fraud@1", "development"));
    await failure("REGISTRY_TRANSITION_FORBIDDEN", () => registry.transition("fraud@1", "constructor"));
    clock.advance(1000);
    const { moved, from, displaced } = await registry.transition("fraud@development", "staging");
    expect([moved.stage, from, displaced]).toEqual(["staging", "development", []]);
    expect(moved.stageChangedAt).toBe(moved.createdAt + 1000);
  });

  it("keeps one version in production", async () => {
    for (let i = 0; i < 3; i++) await registry.register(fraud());
    await promote(1, 2);
    await registry.transition("fraud@3", "staging");
    const { moved, displaced } = await registry.transition("fraud@3", "production");
    expect([moved.version, ...displaced.map(({ version, stage }) => `${version} ${stage}`)]).toEqual([3, "2 archived"]);
    expect((await registry.get("fraud@production")).version).toBe(3);
    await promote(1);
    expect((await all(registry.list())).map(({ version, stage }) => `${version} ${stage}`)).toEqual([
      "3 archived",
      "2 archived",
      "1 production",
    ]);
  });

  it("refuses a transition from a stage that the caller did not expect", async () => {
    await registry.register(fraud());
    await registry.transition("fraud@1", "staging");
    const move = () => registry.transition("fraud@1", "archived", { expectedStage: "development" });
    expect((await failure("REGISTRY_CONFLICT", move)).details).toEqual({
      ref: "fraud@1",
      expected: "development",
      actual: "staging",
    });
    expect((await registry.get("fraud@1")).stage).toBe("staging");
    const typo = { expectedstage: "development" } as never;
    await failure("CONFIG_INVALID", () => registry.transition("fraud@1", "archived", typo));
  });

  it("lets one of several transitions of a version at once win", async () => {
    await registry.register(fraud());
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => registry.transition("fraud@1", "staging")));
    const codes = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    expect(codes.length).toBe(5);
    expect(new Set([...codes, "REGISTRY_CONFLICT", "REGISTRY_TRANSITION_FORBIDDEN"]).size).toBe(2);
  });

  it("follows a policy of the host", async () => {
    const stages: StagePolicy = { initial: "new", edges: { new: ["live"], live: ["old"], old: [] }, exclusive: { live: "old" } };
    const custom = new ModelRegistry({ store, blobs, stages }, { clock });
    for (let i = 0; i < 2; i++) await custom.register(fraud());
    await custom.transition("fraud@1", "live");
    await custom.transition("fraud@2", "live");
    expect((await all(custom.list())).map(({ stage }) => stage)).toEqual(["live", "old"]);
    const error = await failure("REGISTRY_TRANSITION_FORBIDDEN", () => custom.transition("fraud@1", "live"));
    expect(error.message).toContain("allows nothing");
  });

  it("sets, moves and removes an alias", async () => {
    for (let i = 0; i < 2; i++) await registry.register(fraud());
    const change = { name: "fraud", alias: "champion" };
    expect(await registry.alias("fraud", "champion", 1)).toEqual({ ...change, version: 1, previous: undefined });
    expect(await registry.alias("fraud", "champion", "fraud@development")).toEqual({ ...change, version: 2, previous: 1 });
    expect((await registry.get("fraud@2")).aliases).toEqual(["champion"]);
    expect(await registry.unalias("fraud", "champion")).toEqual({ ...change, version: undefined, previous: 2 });
    expect(await registry.unalias("fraud", "champion")).toBeUndefined();
    expect(await registry.unalias("none", "champion")).toBeUndefined();
    await failure("REGISTRY_VERSION_NOT_FOUND", () => registry.alias("fraud", "champion", 9));
    await failure("REGISTRY_MODEL_NOT_FOUND", () => registry.alias("none", "champion", 1));
    await failure("INPUT_INVALID", () => registry.alias("fraud", "champion", "other@1"));
    await failure("INPUT_INVALID", () => registry.alias("fraud", "Champion", 1));
  });

  it("tells what it has done, after it is done", async () => {
    const seen: unknown[] = [];
    registry.onRegistered(({ name, version }) => seen.push([name, version]));
    registry.onTransitioned(({ moved, from }) => seen.push([from, moved.stage]));
    registry.onAliasChanged(({ alias, version, previous }) => seen.push([alias, version, previous]));
    await registry.register(fraud());
    await registry.transition("fraud@1", "staging");
    await registry.alias("fraud", "champion", 1);
    await registry.alias("fraud", "champion", 1);
    await registry.unalias("fraud", "champion");
    await failure("REGISTRY_TRANSITION_FORBIDDEN", () => registry.transition("fraud@1", "staging"));
    expect(seen).toEqual([
      ["fraud", 1],
      ["development", "staging"],
      ["champion", 1, undefined],
      ["champion", undefined, 1],
    ]);
  });

  it("loads verified bytes that the caller may change", async () => {
    await registry.register(fraud({ files: { "model.onnx": addModel(), "notes.md": text("notes") } }));
    const loaded = await registry.load("fraud@1");
    expect(loaded.version.version).toBe(1);
    expect(loaded.files).toEqual({ "model.onnx": addModel(), "notes.md": text("notes") });
    loaded.files["notes.md"]?.fill(0);
    expect((await registry.load("fraud@1")).files["notes.md"]).toEqual(text("notes"));
  });

  it("answers STORE_NOT_FOUND for a version whose bytes are lost", async () => {
    const { files } = await registry.register(fraud());
    await blobs.delete(files[0]!.digest);
    await failure("STORE_NOT_FOUND", () => registry.load("fraud@1"));
    await failure("STORE_NOT_FOUND", () => registry.source("fraud@1").load());
  });

  it("tries again what a store calls retryable, and registers once", async () => {
    const trying = (async () => {
      const unreliable = {
        store: flaky(store, { failEvery: 2, methods: ["insertVersion"] }),
        blobs: flaky(blobs, { failEvery: 2 }),
      };
      const retrying = new ModelRegistry(unreliable, { clock, random: seeded(3) });
      for (let i = 0; i < 3; i++) await retrying.register(fraud({ files: { "m.onnx": addModel(), "n.md": text(`${i}`) } }));
    })();
    let settled = false;
    const end = trying.finally(() => {
      settled = true;
    });
    while (!settled) {
      clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await end;
    expect((await all(registry.list())).map(({ version }) => version)).toEqual([3, 2, 1]);
  });

  it("registers once when a store has stored a version and then failed", async () => {
    let calls = 0;
    const losing: RegistryStore = {
      ...store,
      insertVersion: async (draft, stamp, call) => {
        const record = await store.insertVersion(draft, stamp, call);
        if (++calls > 1) return record;
        const details = { store: "losing", operation: "insert" };
        throw new ModelwrightError("STORE_FAILED", "The answer was lost", { details, retryable: true });
      },
    };
    const retrying = new ModelRegistry({ store: losing, blobs }, { random: { next: () => 0, uint32: () => 5 } });
    expect((await retrying.register(fraud())).version).toBe(1);
    expect([calls, (await all(registry.list())).length]).toEqual([2, 1]);
  });

  it("leaves only unreferenced bytes when the version cannot be inserted", async () => {
    const broken = new ModelRegistry({
      store: flaky(store, { failEvery: 1, methods: ["insertVersion"], error: () => new Error("no") }),
      blobs,
    });
    await expect(broken.register(fraud())).rejects.toThrow("no");
    expect(await all(registry.models())).toEqual([]);
    expect((await all(blobs.list())).length).toBe(1);
  });

  it("rejects with the signal's reason, and registers nothing", async () => {
    const signal = AbortSignal.abort(new RangeError("stop"));
    for (const call of [
      () => registry.register(fraud(), { signal }),
      () => registry.get("fraud@1", { signal }),
      () => registry.load("fraud@1", { signal }),
      () => registry.transition("fraud@1", "staging", {}, { signal }),
      () => registry.alias("fraud", "champion", 1, { signal }),
      () => all(registry.list({}, { signal })),
    ]) {
      await expect(call()).rejects.toBe(signal.reason);
    }
    expect(await all(registry.models())).toEqual([]);
  });

  it("gives up on a stream that is silent when the time is over", async () => {
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield text("a");
      await new Promise(() => {});
    }
    const registering = registry.register({ name: "slow", flavor: "text", files: { "a.txt": silent() } }, { timeoutMs: 50 });
    const failed = failure("DEADLINE_EXCEEDED", () => registering);
    clock.advance(50);
    await failed;
    expect(await all(registry.models())).toEqual([]);
  });

  it("traces what takes time", async () => {
    const started: unknown[] = [];
    const listener = (message: unknown) => started.push(message);
    const names = ["registry.register", "registry.transition", "registry.load"];
    const channels = names.map((name) => diagnostics.tracingChannel(`modelwright.${name}`).start);
    for (const channel of channels) channel.subscribe(listener);
    await registry.register(fraud());
    await registry.transition("fraud@1", "staging");
    await registry.load("fraud@staging");
    for (const channel of channels) channel.unsubscribe(listener);
    expect(started).toMatchObject([
      { operation: "registry.register", attributes: { model: "fraud" } },
      { operation: "registry.transition", attributes: { ref: "fraud@1", to: "staging" } },
      { operation: "registry.load", attributes: { ref: "fraud@staging" } },
    ]);
  });

  it("answers CLOSED after close, and leaves the stores open", async () => {
    await registry.register(fraud());
    await registry.close();
    await registry.close();
    await failure("CLOSED", () => registry.get("fraud@1"));
    await failure("CLOSED", () => registry.source("fraud@1").load());
    for (const iterable of [
      registry.list(),
      registry.search("version > 0"),
      registry.models(),
      registry.history("fraud"),
      registry.stream("fraud@1", "model.onnx"),
    ]) {
      await failure("CLOSED", () => all<unknown>(iterable));
    }
    for (const work of [
      () => registry.register(fraud()),
      () => registry.transition("fraud@1", "staging"),
      () => registry.rollback("fraud"),
      () => registry.update("fraud@1", {}),
      () => registry.updateModel("fraud", {}),
      () => registry.link("fraud@1", []),
      () => registry.delete("fraud@1"),
      () => registry.alias("fraud", "champion", 1),
      () => registry.unalias("fraud", "champion"),
      () => registry.load("fraud@1"),
      () => registry.verify("fraud@1"),
      () => registry.searchPage({ limit: 1 }),
      () => registry.productionAt("fraud", 0),
    ]) {
      await failure("CLOSED", work);
    }
    expect((await store.findModel("fraud"))?.versions).toBe(1);
  });

  describe("a source", () => {
    it("gives the model's bytes and says which model they are", async () => {
      const model = addModel();
      await registry.register(fraud({ files: { "m/model.onnx": model, "notes.md": text("x") } }));
      const source = registry.source("fraud@development");
      expect(source.name).toBe("fraud@development");
      const identity = { name: "fraud", version: 1, digest: await sha256(model) };
      expect(await source.load()).toEqual({ identity, bytes: model, companion: expect.any(Function) });
    });

    it("has no changes to tell where the reference is a number", () => {
      expect(registry.source("fraud@1").onChanged).toBeUndefined();
      expect(() => registry.source("fraud")).toThrow(/not a model reference/);
    });

    it("refuses a version that is no onnx model", async () => {
      await registry.register({ name: "rules", flavor: "text", files: { "rules.txt": text("x") } });
      await failure("MODEL_UNSUPPORTED", () => registry.source("rules@1").load());
    });

    it("tells when the stage has another version", async () => {
      for (let i = 0; i < 3; i++) await registry.register(fraud());
      await promote(1);
      const source = registry.source("fraud@production");
      await source.load();
      const changes: (number | undefined)[] = [];
      const subscription = source.onChanged?.(({ version }) => changes.push(version));
      await registry.transition("fraud@2", "staging");
      await nextTurn();
      expect(changes).toEqual([]);
      await registry.transition("fraud@2", "production");
      await nextTurn();
      expect(changes).toEqual([2]);
      // Nothing is in production now: whoever uses version 2 keeps it.
      await registry.transition("fraud@2", "archived");
      await promote(2);
      await nextTurn();
      expect(changes).toEqual([2]);
      await promote(3);
      await nextTurn();
      subscription?.[Symbol.dispose]();
      await promote(1);
      await registry.close();
      expect(changes).toEqual([2, 3]);
    });

    it("tells when the alias has another version, once", async () => {
      for (let i = 0; i < 2; i++) await registry.register(fraud());
      await registry.alias("fraud", "champion", 1);
      const source = registry.source("fraud@alias:champion");
      await source.load();
      const changes: ModelIdentity[] = [];
      source.onChanged?.((identity) => changes.push(identity));
      await registry.alias("fraud", "champion", 2);
      await registry.alias("fraud", "champion", 2);
      await registry.unalias("fraud", "champion");
      await registry.alias("fraud", "other", 1);
      await registry.close();
      expect(changes).toEqual([{ name: "fraud", version: 2, digest: await sha256(addModel()) }]);
    });

    it("tells when the version is deleted and another one takes its place", async () => {
      for (let i = 0; i < 2; i++) await registry.register(fraud());
      const source = registry.source("fraud@development");
      await source.load();
      const changes: (number | undefined)[] = [];
      source.onChanged?.(({ version }) => changes.push(version));
      await registry.delete("fraud@2");
      await registry.close();
      expect(changes).toEqual([1]);
    });

    it("tells when a new version enters the initial stage", async () => {
      await registry.register(fraud());
      const source = registry.source("fraud@development");
      await source.load();
      const changes: (number | undefined)[] = [];
      source.onChanged?.(({ version }) => changes.push(version));
      await registry.register({ ...fraud(), name: "other" });
      await registry.register(fraud());
      await registry.close();
      expect(changes).toEqual([2]);
    });
  });
});

describe("ModelRegistry", () => {
  it("logs when a change cannot be announced, and answers the change", async () => {
    const errors: string[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) };
    const store = memoryRegistry();
    let broken = false;
    const failing: RegistryStore = {
      ...store,
      findVersion: (ref, call) => (broken && "stage" in ref ? Promise.reject(new Error("no")) : store.findVersion(ref, call)),
    };
    const registry = new ModelRegistry({ store: failing, blobs: memoryBlobs() }, { logger });
    registry.source("fraud@staging").onChanged?.(() => {});
    await registry.register(fraud());
    broken = true;
    expect((await registry.transition("fraud@1", "staging")).moved.stage).toBe("staging");
    await registry.close();
    expect(errors).toEqual(["A change of a model could not be announced"]);
  });

  it("answers a change in time although its followers cannot be told in time", async () => {
    const store = memoryRegistry();
    let tell = () => {};
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const slow: RegistryStore = {
      ...store,
      findVersion: async (ref, call) => {
        if ("stage" in ref) await told;
        return store.findVersion(ref, call);
      },
    };
    const clock = new FakeClock();
    const registry = new ModelRegistry({ store: slow, blobs: memoryBlobs() }, { clock });
    const changes: (number | undefined)[] = [];
    registry.source("fraud@development").onChanged?.(({ version }) => changes.push(version));
    expect((await registry.register(fraud(), { timeoutMs: 50 })).version).toBe(1);
    clock.advance(50);
    const closing = registry.close();
    tell();
    await closing;
    expect(changes).toEqual([1]);
  });

  it("tells changes in the order in which they were made", async () => {
    const store = memoryRegistry();
    let turns = 20; // of the first look only: the later ones would overtake it
    const slowing: RegistryStore = {
      ...store,
      findVersion: async (ref, call) => {
        const version = await store.findVersion(ref, call);
        if ("stage" in ref) for (; turns > 0; turns--) await nextTurn();
        return version;
      },
    };
    const registry = new ModelRegistry({ store: slowing, blobs: memoryBlobs() });
    const changes: (number | undefined)[] = [];
    registry.source("fraud@development").onChanged?.(({ version }) => changes.push(version));
    for (let i = 0; i < 3; i++) await registry.register(fraud());
    await registry.close();
    expect(changes.at(-1)).toBe(3);
    expect(changes).toEqual([...changes].sort());
  });

  it("rejects when one of several streams of the file system cannot be read, and stops the others", async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-registry-"));
    const there = join(folder, "there.bin");
    writeFileSync(there, "x");
    const [missing, last] = [createReadStream(join(folder, "missing.bin")), createReadStream(there)];
    const closed = (stream: ReadStream) => new Promise<void>((resolve) => void stream.once("close", resolve));
    // The first file is stored when the second stream has failed, and nobody has read that one.
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield text("a");
      await closed(missing);
    }
    const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
    const files = { "a.bin": slow(), "b.bin": missing, "c.bin": last };
    await expect(registry.register({ name: "a", flavor: "text", files })).rejects.toMatchObject({ code: "ENOENT" });
    if (!last.closed) await closed(last);
    expect(last.destroyed).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it("refuses stores that are none", () => {
    expect(() => new ModelRegistry({ store: {}, blobs: memoryBlobs() } as never)).toThrow(
      /store: expected an implementation of registry\/1/,
    );
  });

  it.each<[string, object, RegExp]>([
    ["an unknown initial stage", { initial: "none" }, /initial: expected one of the stages/],
    ["an edge to nowhere", { edges: { ...defaultStages.edges, staging: ["none"] } }, /edges.staging\[0\]: expected one of/],
    ["an edge to itself", { edges: { ...defaultStages.edges, archived: ["archived"] } }, /does not lead to itself/],
    ["an exclusive initial stage", { exclusive: { development: "archived" } }, /development is exclusive/],
    ["an exclusive stage that is none", { exclusive: { none: "archived" } }, /exclusive.none/],
    ["a displacement along no edge", { exclusive: { production: "deprecated" } }, /expected an edge of production/],
    [
      "a displacement into an exclusive stage",
      { exclusive: { production: "staging", staging: "archived" } },
      /staging is exclusive itself/,
    ],
    ["a stage that is no label", { edges: { ...defaultStages.edges, "In Review": [] } }, /stage: lower-case|Invalid key/],
  ])("refuses a policy with %s", (_, given, message) => {
    const stages = { ...defaultStages, ...given } as StagePolicy;
    const make = () => new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs(), stages });
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("has types that say what is answered", () => {
    const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
    expectTypeOf(registry.register).returns.resolves.toEqualTypeOf<VersionRecord>();
    expectTypeOf(registry.transition).returns.resolves.toEqualTypeOf<Transition>();
    expectTypeOf(registry.unalias).returns.resolves.toEqualTypeOf<AliasChange | undefined>();
    // @ts-expect-error a version begins in the policy's initial stage
    const registration: Registration = { name: "fraud", files: {}, stage: "production" };
    expect(registration).toBeDefined();
  });
});
