import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { ModelRegistry, type Registration, type VersionRecord } from "../../src/registry/index.ts";
import { collectGarbage } from "../../src/storage/index.ts";
import type { BlobStore } from "../../src/storage/port.ts";
import { addModel } from "../../src/testing/tiny-models.ts";
import {
  ExperimentTracker,
  type ModelRegistrar,
  type RegistrationOptions,
  type Run,
  type RunRegistration,
} from "../../src/tracking/index.ts";
import type { TrackingStore } from "../../src/tracking/port.ts";

const text = (value: string) => new TextEncoder().encode(value);

describe("from a run to the registry", () => {
  let store: TrackingStore;
  let blobs: BlobStore;
  let tracker: ExperimentTracker;
  let run: Run;

  beforeEach(async () => {
    store = memoryTracking();
    blobs = memoryBlobs();
    tracker = new ExperimentTracker({ store, blobs });
    run = await tracker.startRun({
      experiment: "churn",
      params: { rate: 0.1 },
      tags: { team: "risk", "mlflow.source.git.commit": "6442668" },
    });
    await run.log({
      metrics: { auc: 0.5, diverged: Number.NaN, unbounded: Number.POSITIVE_INFINITY },
      datasets: [
        { name: "train", digest: "d1" },
        { name: "test", digest: "d2", context: "test" },
      ],
      artifacts: { "model/model.txt": text("weights"), "model/sub/notes.txt": text("notes"), "plot.svg": text("plot") },
    });
    await run.logMetric("auc", 0.9, { step: 1 });
  });
  afterEach(async () => {
    await tracker.close();
    await store[Symbol.asyncDispose]();
  });

  const registration = (options: Partial<RegistrationOptions> = {}) =>
    tracker.registration(run.id, { name: "churn", ...options });

  it("says all that a run knows of a version", async () => {
    const { artifacts } = await run.read();
    expect(await registration({ flavor: "text", description: "the first" })).toEqual({
      name: "churn",
      flavor: "text",
      description: "the first",
      files: Object.fromEntries(artifacts.map(({ path, digest }) => [path, { digest }])),
      metrics: { auc: 0.9 },
      hyperparameters: { rate: "0.1" },
      tags: { team: "risk", "mlflow.source.git.commit": "6442668" },
      codeVersion: "6442668",
      runId: run.id,
      lineage: [
        { kind: "dataset", ref: "d2" },
        { kind: "dataset", ref: "d1" },
      ],
    });
  });

  it("takes a folder, some paths, or other paths of the artifacts", async () => {
    const paths = async (files: RegistrationOptions["files"]) => Object.keys((await registration({ files })).files);
    expect(await paths("model")).toEqual(["model.txt", "sub/notes.txt"]);
    expect(await paths("model/")).toEqual(["model.txt", "sub/notes.txt"]);
    expect(await paths(["plot.svg"])).toEqual(["plot.svg"]);
    expect(await paths({ "weights.bin": "model/model.txt" })).toEqual(["weights.bin"]);
  });

  it("says which artifacts there are when one is not", async () => {
    for (const files of ["mod", ["missing"], { a: "missing" }, []]) {
      await expect(registration({ files })).rejects.toMatchObject({
        code: "INPUT_INVALID",
        message: expect.stringContaining('it has "model/model.txt", "model/sub/notes.txt", "plot.svg"'),
      });
    }
    const empty = await tracker.startRun({ experiment: "churn" });
    await expect(tracker.registration(empty.id, { name: "churn" })).rejects.toThrow("it has none");
    await expect(tracker.registration("missing", { name: "churn" })).rejects.toMatchObject({ code: "TRACKING_RUN_NOT_FOUND" });
  });

  it("lets the caller choose and add", async () => {
    await run.logParams({ other: 1 });
    const chosen = await registration({
      metrics: [],
      params: ["other"],
      tags: { team: "fraud", extra: "x" },
      codeVersion: "abc",
      lineage: [{ kind: "parent", ref: "churn@1" }],
    });
    expect(chosen).toMatchObject({
      metrics: {},
      hyperparameters: { other: "1" },
      tags: { team: "fraud", extra: "x", "mlflow.source.git.commit": "6442668" },
      codeVersion: "abc",
    });
    expect(chosen.lineage.at(-1)).toEqual({ kind: "parent", ref: "churn@1" });
  });

  it("refuses params and metrics that the run does not have, and metrics that are not finite", async () => {
    for (const options of [
      { params: ["missing"] },
      { metrics: ["missing"] },
      { metrics: ["auc", "diverged"] },
      { metrics: ["unbounded"] },
    ]) {
      await expect(registration(options)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    }
    await expect(registration({ metrics: ["aux"] })).rejects.toThrow(
      'there is no metric that is finite named "aux"; it has "auc"',
    );
  });

  it("takes no commit that cannot be the version of the code", async () => {
    for (const tag of ["", "x".repeat(251)]) {
      await run.setTags({ "mlflow.source.git.commit": tag });
      expect(await registration()).not.toHaveProperty("codeVersion");
    }
    expect(await registration({ codeVersion: "abc" })).toMatchObject({ codeVersion: "abc" });
  });

  it("registers a run in one call, with any registry of that shape", async () => {
    const taken: RunRegistration[] = [];
    const registry: ModelRegistrar<number> = {
      register: async (given) => taken.push(given),
    };
    const answer = await tracker.register(registry, run.id, { name: "churn", files: "model" });
    expectTypeOf(answer).toEqualTypeOf<number>();
    expect(taken).toEqual([await registration({ files: "model" })]);
  });

  it("takes the best run to a real registry", async () => {
    expectTypeOf<RunRegistration>().toExtend<Registration>();
    await using db = sqlite({ path: ":memory:" });
    await using registry = new ModelRegistry({ store: db.registry, blobs });
    await tracker.run({ experiment: "onnx", params: { depth: 3 } }, async (trained) => {
      await trained.log({ metrics: { auc: 0.95 }, artifacts: { "model.onnx": addModel(), "notes.txt": text("notes") } });
      await trained.logDataset({ name: "train", digest: "d1" });
    });
    const best = await tracker.best({ experiment: "onnx", metric: "auc", direction: "maximize" });
    const options = { name: "adder", files: ["model.onnx"], directions: { auc: "maximize" } } as const;
    const version = await tracker.register(registry, best?.id ?? "", options);
    expectTypeOf(version).toEqualTypeOf<VersionRecord>();
    expect(version).toMatchObject({ name: "adder", version: 1, runId: best?.id, metrics: { auc: 0.95 } });
    expect(version.hyperparameters).toEqual({ depth: "3" });
    expect(version.signature?.outputs).toHaveLength(1);
    expect(version.lineage).toEqual(
      expect.arrayContaining([
        { kind: "dataset", ref: "d1" },
        { kind: "run", ref: best?.id },
      ]),
    );
    expect((await registry.load("adder@1")).files["model.onnx"]).toEqual(addModel());
  });
});

describe.each(["memory", "sqlite"])("from a run to a real registry over %s", (kind) => {
  it("registers a run whose names, tags and data sets are as odd as they may be", async () => {
    await using cleanUp = new AsyncDisposableStack();
    const db = cleanUp.use(sqlite({ path: ":memory:" }));
    const stores = kind === "sqlite" ? db : { registry: memoryRegistry(), tracking: memoryTracking() };
    const blobs = cleanUp.use(memoryBlobs());
    await using tracker = new ExperimentTracker({ store: stores.tracking, blobs });
    await using registry = new ModelRegistry({ store: stores.registry, blobs });
    const odd = ["__proto__", "constructor", "a/b", "x".repeat(250)];
    const texts = Object.fromEntries(odd.map((name) => [name, "y".repeat(6000)]));
    const run = await tracker.startRun({ experiment: "odd", params: texts, tags: { ...texts, "mlflow.source.git.commit": "" } });
    await run.log({
      metrics: Object.fromEntries(odd.map((name, i) => [name, i])),
      artifacts: { "model/model.onnx": addModel() },
    });
    // Of one content in two contexts, and with the longest digest.
    for (const context of ["train", "test"]) await run.logDataset({ name: "data", digest: "d".repeat(128), context });
    const version = await tracker.register(registry, run.id, { name: "constructor", files: "model" });
    expect(version).toMatchObject({ version: 1, runId: run.id, codeVersion: null });
    expect(Object.keys(version.metrics).sort()).toEqual([...odd].sort());
    expect(Object.keys(version.hyperparameters).sort()).toEqual([...odd].sort());
    expect(version.signature?.outputs).toHaveLength(1);
    expect(version.lineage).toHaveLength(2);
    // The version keeps the bytes when the run is gone.
    await tracker.delete(run.id);
    expect(await tracker.purge({ deletedBefore: Date.now() + 1 })).toBe(1);
    const references = [stores.registry, stores.tracking];
    for (const graceMs of [0, 0]) await collectGarbage({ blobs, references, graceMs });
    expect((await registry.load("constructor@1")).files["model.onnx"]).toEqual(addModel());
  });
});
