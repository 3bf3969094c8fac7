import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import "../property-seed.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { sha256 } from "../../src/core/digest.ts";
import type { ModelwrightError } from "../../src/core/errors.ts";
import { seeded } from "../../src/core/random.ts";
import type { BlobStore } from "../../src/storage/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { ExperimentTracker, type MetricInput, type Run, type RunLog } from "../../src/tracking/index.ts";
import type { TrackingStore } from "../../src/tracking/port.ts";
import { all } from "../all.ts";

const text = (value: string) => new TextEncoder().encode(value);

describe("what runs log", () => {
  let store: TrackingStore;
  let blobs: BlobStore;
  let clock: FakeClock;
  let tracker: ExperimentTracker;
  let run: Run;

  beforeEach(async () => {
    store = memoryTracking();
    blobs = memoryBlobs();
    clock = new FakeClock();
    tracker = new ExperimentTracker({ store, blobs }, { clock, random: seeded(7) });
    run = await tracker.startRun({ experiment: "churn" });
  });
  afterEach(async () => {
    await tracker.close();
    await store[Symbol.asyncDispose]();
  });

  const refused = async (log: RunLog): Promise<ModelwrightError<"INPUT_INVALID">> => {
    const before = await run.read();
    const error = await run.log(log).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "INPUT_INVALID" });
    expect(await run.read()).toEqual(before);
    return error as ModelwrightError<"INPUT_INVALID">;
  };

  it("logs everything in one step", async () => {
    const source = { url: "s3://data/train" };
    await run.log({
      metrics: { loss: 0.5, auc: 0.9 },
      step: 3,
      params: { rate: 0.1 },
      tags: { team: "risk" },
      datasets: [{ name: "train", digest: "ab12", context: "training", source }],
      artifacts: { "model/a.txt": text("a") },
    });
    source.url = "changed";
    expect(await run.read()).toMatchObject({
      metrics: { loss: { value: 0.5, step: 3, at: clock.now() }, auc: { value: 0.9, step: 3, at: clock.now() } },
      params: { rate: "0.1" },
      tags: { team: "risk" },
      datasets: [{ name: "train", digest: "ab12", context: "training", source: { url: "s3://data/train" } }],
      artifacts: [{ path: "model/a.txt", digest: await sha256(text("a")), sizeBytes: 1 }],
    });
  });

  it("logs nothing of a log whose param has another value already", async () => {
    await run.logParams({ rate: 0.1 });
    const before = await run.read();
    await expect(run.log({ params: { rate: 0.2 }, metrics: { loss: 1 }, tags: { a: "b" } })).rejects.toMatchObject({
      code: "TRACKING_PARAM_IMMUTABLE",
      details: { run: run.id, param: "rate" },
    });
    expect(await run.read()).toEqual(before);
  });

  it("logs metrics with steps and times, NaN and infinities as they are", async () => {
    await run.logMetric("loss", Number.NaN);
    await run.logMetric("loss", -0, { step: 1 });
    await run.logMetric("loss", Number.POSITIVE_INFINITY, { step: 2, at: 5 });
    await run.logMetrics({ loss: 1, auc: 2 }, { step: -3 });
    expect(await all(tracker.history(run.id, "loss"))).toEqual([
      { value: 1, step: -3, at: clock.now() },
      { value: Number.NaN, step: 0, at: clock.now() },
      { value: 0, step: 1, at: clock.now() },
      { value: Number.POSITIVE_INFINITY, step: 2, at: 5 },
    ]);
  });

  it("writes params as text, equal values alike", async () => {
    await run.logParams({
      text: " as it is ",
      integer: 3,
      tiny: 1e-7,
      zero: -0,
      nan: Number.NaN,
      flag: false,
      nothing: null,
      layers: [64, 32],
      nested: { b: [1, { d: null, c: "x" }], a: true },
    });
    await run.logParams({ nested: { a: true, b: [1, { c: "x", d: null }] }, integer: "3" });
    expect((await run.read()).params).toEqual({
      text: " as it is ",
      integer: "3",
      tiny: "1e-7",
      zero: "0",
      nan: "NaN",
      flag: "false",
      nothing: "null",
      layers: "[64,32]",
      nested: '{"a":true,"b":[1,{"c":"x","d":null}]}',
    });
  });

  it("keeps names as data that objects have already", async () => {
    const named = <T>(value: T) => Object.fromEntries([["__proto__", value]]) as Record<string, T>;
    await run.log({ metrics: named(1), params: named("p"), tags: named("t"), artifacts: named(text("a")) });
    const record = await run.read();
    expect([record.metrics, record.params, record.tags].map(Object.keys)).toEqual([["__proto__"], ["__proto__"], ["__proto__"]]);
    expect(await run.artifact("__proto__")).toEqual(text("a"));
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
  });

  it("sets and removes tags", async () => {
    await run.setTags({ a: "1", b: "" });
    await run.setTags({ a: null, missing: null });
    expect((await run.read()).tags).toEqual({ b: "" });
  });

  it("lists every issue of a log", async () => {
    const error = await refused({
      metrics: [
        { key: "", value: 1 },
        { key: "a", value: "1" as unknown as number },
        { key: "b", value: 1, step: 0.5 },
        { key: "c", value: 1, at: Number.NaN },
        null as unknown as MetricInput,
      ],
      params: { ["k".repeat(251)]: 1, long: "x".repeat(6001), bad: { nested: Number.NaN }, nul: "\u0000" },
      tags: { long: "x".repeat(8001), surrogate: "\ud800", number: 1 as unknown as string },
      datasets: [
        { name: "", digest: "x".repeat(129), context: "x".repeat(129) },
        { name: "a", digest: "1", source: 1n as unknown as null },
      ],
      artifacts: { "../up": text("a"), "C:/x": text("a"), "a\\b": text("a"), ok: "text" as unknown as Uint8Array },
    });
    expect(error.details.issues.map(({ path }) => path.join(".")).sort()).toEqual(
      [
        "metrics.0",
        "metrics.1",
        "metrics.2",
        "metrics.3",
        "metrics.4",
        "metrics.4",
        `params.${"k".repeat(79)}…`,
        "params.long",
        "params.bad.nested",
        "params.nul",
        "tags.long",
        "tags.surrogate",
        "tags.number",
        "datasets.0.name",
        "datasets.0.digest",
        "datasets.0.context",
        "datasets.1.source",
        "artifacts.../up",
        "artifacts.C:/x",
        "artifacts.a\\b",
        "artifacts.ok",
      ].sort(),
    );
  });

  it("refuses what is no log at all", async () => {
    for (const log of [
      null,
      7,
      [],
      "x",
      { metric: { loss: 1 } },
      { metrics: 7 },
      { params: [] },
      { datasets: {} },
      { tags: "x" },
    ]) {
      await refused(log as RunLog);
    }
  });

  it("takes batches up to their limits, and refuses greater ones with advice", async () => {
    const many = <T>(count: number, value: T) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));
    await run.log({ metrics: many(1000, 1), params: many(100, "x"), tags: many(100, "x") });
    const error = await refused({ metrics: many(1001, 1) });
    expect(error.message).toContain("logHistory");
    for (const kind of ["params", "tags"] as const) await refused({ [kind]: many(101, "x") });
    await refused({ datasets: Array.from({ length: 101 }, (_, i) => ({ name: `d${i}`, digest: "1" })) });
    await refused({ artifacts: many(101, text("a")) });
    await refused({ datasets: [{ name: "d", digest: "1", source: "x".repeat(1_048_576) }] });
  });

  it("logs histories of any length, from any iterable", async () => {
    function* points(): Generator<MetricInput> {
      for (let step = 0; step < 2500; step++) yield { key: "loss", value: 1 / (step + 1), step, at: 1 };
    }
    expect(await run.logHistory(points())).toBe(2500);
    expect(await run.logHistory(points())).toBe(2500);
    async function* more(): AsyncGenerator<MetricInput, void> {
      yield { key: "loss", value: 7, step: 9000 };
    }
    expect(await run.logHistory(more())).toBe(1);
    expect(await run.logHistory([])).toBe(0);
    const history = await all(tracker.history(run.id, "loss"));
    expect([history.length, history.at(-1)]).toEqual([2501, { value: 7, step: 9000, at: clock.now() }]);
    await expect(run.logHistory([{ key: "", value: 1 }])).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("loses nothing of concurrent writers", async () => {
    const writer = async (w: number) => {
      for (let step = 0; step < 50; step++) await run.logMetric("loss", w, { step, at: w });
    };
    await Promise.all(Array.from({ length: 8 }, (_, w) => writer(w)));
    expect(await all(tracker.history(run.id, "loss"))).toHaveLength(400);
    expect((await run.read()).metrics["loss"]).toEqual({ value: 7, step: 49, at: 7 });
  });

  it("logs to a run by its id", async () => {
    const artifacts = await tracker.log(run.id, { metrics: { loss: 1 }, artifacts: { "a.txt": text("a") } });
    expect(artifacts).toEqual([{ path: "a.txt", digest: await sha256(text("a")), sizeBytes: 1 }]);
    await expect(tracker.log("missing", { metrics: { loss: 1 } })).rejects.toMatchObject({ code: "TRACKING_RUN_NOT_FOUND" });
    await expect(tracker.log("", { metrics: { loss: 1 } })).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  describe("artifacts", () => {
    it("stores bytes, streams and stored blobs, and replaces them by path", async () => {
      async function* streamed() {
        yield text("str");
        yield text("eam");
      }
      const { digest } = await blobs.put(text("stored"));
      expect(await run.logArtifact("a.txt", text("bytes"))).toEqual({
        path: "a.txt",
        digest: await sha256(text("bytes")),
        sizeBytes: 5,
      });
      await run.logArtifact("a.txt", streamed());
      await run.logArtifact("dir/b.txt", { digest });
      expect((await run.read()).artifacts.map(({ path }) => path)).toEqual(["a.txt", "dir/b.txt"]);
      expect(await run.artifact("a.txt")).toEqual(text("stream"));
      expect(await tracker.artifact(run.id, "dir/b.txt")).toEqual(text("stored"));
      const chunks = await all(tracker.streamArtifact(run.id, "a.txt"));
      expect(Buffer.concat(chunks).toString()).toBe("stream");
    });

    it("says which artifacts there are when one is not", async () => {
      await run.logArtifact("a.txt", text("a"));
      for (const read of [() => run.artifact("b.txt"), () => all(tracker.streamArtifact(run.id, "b.txt"))]) {
        await expect(read()).rejects.toMatchObject({
          code: "STORE_NOT_FOUND",
          details: { key: "b.txt" },
          message: expect.stringContaining("a.txt"),
        });
      }
      await expect(run.logArtifact("c.txt", { digest: await sha256(text("missing")) })).rejects.toMatchObject({
        code: "STORE_NOT_FOUND",
      });
    });

    it("leaves no record of a stream that fails, nor of a Node stream that fails before it is read", async () => {
      async function* broken() {
        yield text("some");
        throw new RangeError("the disk is gone");
      }
      await expect(run.logArtifact("a.txt", broken())).rejects.toThrow("the disk is gone");
      const missing = createReadStream("/nowhere/at/all");
      const log = { artifacts: { "a.txt": text("a"), "b.txt": missing } };
      await expect(run.log(log)).rejects.toMatchObject({ code: "ENOENT" });
      expect((await run.read()).artifacts).toEqual([]);
    });

    it("reads files of the disk", async () => {
      const folder = mkdtempSync(join(tmpdir(), "artifacts-"));
      try {
        writeFileSync(join(folder, "a.bin"), text("from disk"));
        await run.log({
          artifacts: { "a.bin": createReadStream(join(folder, "a.bin")), "b.bin": createReadStream(join(folder, "a.bin")) },
        });
        expect(await run.artifact("b.bin")).toEqual(text("from disk"));
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it("finds out that stored bytes are damaged", async () => {
      await run.logArtifact("a.txt", text("a"));
      const damaged: BlobStore = {
        ...blobs,
        get: async () => {
          throw Object.assign(new Error("damaged"), { code: "STORE_CORRUPT" });
        },
      };
      const other = new ExperimentTracker({ store, blobs: damaged });
      await expect(other.artifact(run.id, "a.txt")).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    });

    it("does not write a record of bytes that a collector is deleting", async () => {
      const digest = await sha256(text("a"));
      await store.markUnreferenced([digest], 1);
      await store.fenceBlobs([digest], { collector: "c", at: 2, markedBefore: 1, takeOverBefore: 0 });
      let failure: unknown;
      const logging = run.logArtifact("a.txt", text("a")).catch((error: unknown) => {
        failure = error;
      });
      while (failure === undefined) await clock.advanceAsync(1000);
      await logging;
      expect(failure).toMatchObject({ code: "STORE_BLOB_FENCED", retryable: true });
      await blobs.delete(digest);
      await store.releaseBlobs([digest]);
      await run.logArtifact("a.txt", text("a"));
      expect(await run.artifact("a.txt")).toEqual(text("a"));
    });
  });

  it("answers of any points what was logged, once, in order, with the right latest value", async () => {
    const values = [Number.NEGATIVE_INFINITY, -1, 0, 2, Number.POSITIVE_INFINITY, Number.NaN];
    const rank = (given: number) => values.findIndex((each) => Object.is(each, given));
    const value = fc.constantFrom(...values);
    const point = fc.record({ value, step: fc.integer({ min: -2, max: 2 }), at: fc.integer({ min: 1, max: 2 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(point, { maxLength: 5 }), { maxLength: 6 }), async (batches) => {
        const fresh = await tracker.startRun({ experiment: "property" });
        await Promise.all(batches.map((points) => fresh.log({ metrics: points.map((each) => ({ key: "m", ...each })) })));
        const history = await all(tracker.history(fresh.id, "m"));
        const unique = new Map(batches.flat().map((each) => [`${each.step} ${each.at} ${each.value}`, each])).values();
        const sorted = [...unique].sort((a, b) => a.step - b.step || a.at - b.at || rank(a.value) - rank(b.value));
        expect(history).toEqual(sorted);
        const last = sorted.at(-1);
        const best =
          sorted.findLast((each) => each.step === last?.step && each.at === last.at && !Number.isNaN(each.value)) ?? last;
        expect((await fresh.read()).metrics["m"]).toEqual(best);
      }),
    );
  });
});
