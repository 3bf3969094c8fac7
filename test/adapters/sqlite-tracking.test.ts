import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MetricSampler } from "../../src/adapters/sql/tracking-sampler.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import type { MetricEntry, MetricPoint, RunBatch, RunDraft, TrackingStore } from "../../src/tracking/port.ts";
import { comparePoints, samplePoints } from "../../src/tracking/rules/metric-points.ts";
import { logsLikeMemory } from "./logs-like-memory.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-tracking-"));
  path = join(folder, "runs.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A store whose database ends with it. */
function open(file: string): TrackingStore {
  const db = sqlite({ path: file });
  return { ...db.tracking, [Symbol.asyncDispose]: () => db.close() };
}

describe("in memory", () => {
  logsLikeMemory("sqlite", () => open(":memory:"), 30);
});

const ARTIFACT = { path: "model.onnx", digest: `sha256:${"a".repeat(64)}`, sizeBytes: 12 } as const;

function batch(given: Partial<RunBatch>): RunBatch {
  return { metrics: [], params: {}, tags: {}, datasets: [], artifacts: [], ...given };
}

function loss(value: number, step = 0, at = 1): MetricEntry {
  return { key: "loss", value, step, at };
}

function draft(id: string, given: Partial<RunDraft> = {}): RunDraft {
  const fixed = { experimentId: "e", parentId: null, status: "running", createdBy: null, startedAt: 1 } as const;
  return { id, name: id, params: {}, tags: {}, ...fixed, ...given };
}

async function insertRuns(store: TrackingStore, ...ids: readonly string[]): Promise<void> {
  await store.insertExperiment({ id: "e", name: "churn", tags: { team: "risk" }, createdAt: 1 });
  for (const id of ids) await store.insertRun(draft(id));
}

async function failure(work: () => Promise<unknown>): Promise<ModelwrightError> {
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!ModelwrightError.is(error)) throw new Error(`Expected a ModelwrightError, but got ${String(error)}`);
  return error;
}

/** Runs SQL on the file beside the store. */
function beside(sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

/** Rows in each table of runs. */
function counts(): Record<string, number> {
  const db = new DatabaseSync(path);
  const tables = ["runs", "run_facts", "run_metrics", "metric_points", "run_datasets", "run_artifacts", "blob_refs"];
  const rows = tables.map((table) => {
    const { n } = db.prepare(`select count(*) as n from modelwright_${table}`).get() as { n: number };
    return [table, n] as const;
  });
  db.close();
  return Object.fromEntries(rows);
}

const everything = batch({
  metrics: [loss(0.5, 1), loss(Number.NaN, 2), { key: "auc", value: Number.NEGATIVE_INFINITY, step: 0, at: 1 }],
  params: { rate: "0.1" },
  tags: { team: "risk" },
  datasets: [{ name: "train", digest: "1", context: "training", source: { rows: 5 } }],
  artifacts: [ARTIFACT],
});

describe("tracking in a SQLite file", () => {
  it("survives being closed and opened again", async () => {
    let before: unknown;
    {
      await using db = sqlite({ path });
      await insertRuns(db.tracking, "r");
      await db.tracking.logBatch("r", everything);
      await db.tracking.changeRun("r", { status: "finished", endedAt: 9 });
      before = await db.tracking.findRun("r");
    }
    await using db = sqlite({ path });
    const found = await db.tracking.findRun("r");
    expect(found).toEqual(before);
    expect(found?.metrics).toEqual({
      loss: { value: Number.NaN, step: 2, at: 1 },
      auc: { value: Number.NEGATIVE_INFINITY, step: 0, at: 1 },
    });
    expect((await db.tracking.metricHistory({ runId: "r", key: "loss", limit: 9 })).items).toHaveLength(2);
    expect((await db.tracking.findExperiment({ name: "churn" }))?.tags).toEqual({ team: "risk" });
    expect(db.tracking.capabilities).toEqual({ durable: true, shared: true });
  });

  it("loses nothing when several connections write one run at once", async () => {
    const stores = Array.from({ length: 3 }, () => sqlite({ path }));
    await insertRuns(stores[0]!.tracking, "r");
    const writers = stores.flatMap((db, s) =>
      Array.from({ length: 4 }, async (_, w) => {
        const own = s * 4 + w;
        for (let step = 0; step < 10; step++) {
          const metrics = [loss(own, step), { key: `of ${own}`, value: step, step, at: 1 }];
          await db.tracking.logBatch("r", batch({ metrics, params: { [`${own}/${step}`]: "x" }, tags: { last: `${own}` } }));
        }
      }),
    );
    await Promise.all(writers);
    const { tracking } = stores[1]!;
    const { items } = await tracking.metricHistory({ runId: "r", key: "loss", limit: 1000 });
    expect(items.map(({ step, value }) => [step, value])).toEqual(
      Array.from({ length: 120 }, (_, i) => [Math.floor(i / 12), i % 12]),
    );
    const run = await tracking.findRun("r");
    expect(run?.metrics["loss"]).toEqual({ value: 11, step: 9, at: 1 });
    expect(Object.keys(run?.metrics ?? {})).toHaveLength(13);
    expect(Object.keys(run?.params ?? {})).toHaveLength(120);
    await Promise.all(stores.map((db) => db.close()));
  });

  it("leaves nothing of a purged run, and everything of another", async () => {
    await using db = sqlite({ path });
    await insertRuns(db.tracking, "r", "s");
    await db.tracking.logBatch("s", everything);
    const one = counts();
    await db.tracking.logBatch("r", everything);
    await db.tracking.changeRun("r", { deletedAt: 5 });
    expect(await db.tracking.purgeRun("r", 5)).toBe(true);
    expect(counts()).toEqual({ ...one, runs: 1 });
    expect((await db.tracking.findRun("s"))?.artifacts).toEqual([ARTIFACT]);
  });

  it("refers to the blobs of artifacts until they are replaced or purged", async () => {
    await using db = sqlite({ path });
    await insertRuns(db.tracking, "r");
    const other = { ...ARTIFACT, digest: `sha256:${"b".repeat(64)}` } as const;
    const free = async () => (await db.tracking.markUnreferenced([ARTIFACT.digest, other.digest], 1)).map(({ digest }) => digest);
    await db.tracking.logBatch("r", batch({ artifacts: [ARTIFACT, { ...ARTIFACT, path: "copy.onnx" }] }));
    await db.tracking.logBatch("r", batch({ artifacts: [other] }));
    expect(await free()).toEqual([]);
    await db.tracking.logBatch("r", batch({ artifacts: [{ ...other, path: "copy.onnx" }] }));
    expect(await free()).toEqual([ARTIFACT.digest]);
    await db.tracking.changeRun("r", { deletedAt: 5 });
    await db.tracking.purgeRun("r", 5);
    expect(await free()).toEqual([ARTIFACT.digest, other.digest]);
  });

  it("fails the batch that the database refuses, and none that was logged beside it", async () => {
    await using db = sqlite({ path });
    await insertRuns(db.tracking, "r");
    beside(
      "create trigger refuse before insert on modelwright_run_facts when new.key = 'bad' begin select raise(abort, 'the disk says no'); end",
    );
    const tags = ["a", "bad", "b", "c"];
    const outcomes = await Promise.allSettled(
      tags.map((tag, i) => db.tracking.logBatch("r", batch({ tags: { [tag]: "x" }, metrics: [loss(i, i)] }))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({
      reason: { code: "STORE_FAILED", retryable: false, details: { store: `sqlite ${path}`, operation: "log a batch" } },
    });
    expect((await db.tracking.findRun("r"))?.tags).toEqual({ a: "x", b: "x", c: "x" });
    const { items } = await db.tracking.metricHistory({ runId: "r", key: "loss", limit: 9 });
    expect(items.map(({ step }) => step)).toEqual([0, 2, 3]);
  });

  it("fails a batch as retryable when the database stays locked", async () => {
    await using db = sqlite({ path, busyTimeoutMs: 20 });
    await insertRuns(db.tracking, "r");
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    const logging = [1, 2].map((value) => failure(() => db.tracking.logBatch("r", batch({ metrics: [loss(value)] }))));
    for (const error of await Promise.all(logging)) expect([error.code, error.retryable]).toEqual(["STORE_FAILED", true]);
    other.exec("commit");
    other.close();
    await db.tracking.logBatch("r", batch({ metrics: [loss(3)] }));
    expect((await db.tracking.metricHistory({ runId: "r", key: "loss", limit: 9 })).items).toHaveLength(1);
  });

  it("reads a run as it was between two batches, never within one", async () => {
    await using db = sqlite({ path });
    await insertRuns(db.tracking, "r");
    let done = false;
    const writing = (async () => {
      for (let i = 1; i <= 60; i++) {
        const text = String(i);
        await db.tracking.logBatch("r", batch({ metrics: [{ key: "i", value: i, step: i, at: 1 }], tags: { i: text, j: text } }));
      }
      done = true;
    })();
    let reads = 0;
    while (!done) {
      // Reads alone would not let the event loop turn.
      await new Promise((resolve) => setImmediate(resolve));
      const [found] = [await db.tracking.findRun("r"), ...(await db.tracking.searchRuns({ limit: 1 })).items];
      if (found?.tags["i"] === undefined) continue;
      expect([found.tags["j"], String(found.metrics["i"]?.value)]).toEqual([found.tags["i"], found.tags["i"]]);
      reads += 1;
    }
    await writing;
    expect(reads).toBeGreaterThan(5);
  });

  it("copies a batch before it waits", async () => {
    await using db = sqlite({ path });
    await insertRuns(db.tracking, "r");
    const metrics = [loss(1)];
    const source = { rows: 1 };
    const logging = db.tracking.logBatch("r", batch({ metrics, datasets: [{ name: "d", digest: "1", context: "", source }] }));
    metrics.push(loss(2, 2));
    source.rows = 2;
    await logging;
    const run = await db.tracking.findRun("r");
    expect([run?.metrics["loss"]?.value, run?.datasets[0]?.source]).toEqual([1, { rows: 1 }]);
  });

  it.each([1, 127, 128, 129, 700])("takes a batch of %i metrics, and finds them again", async (count) => {
    await using db = sqlite({ path });
    await insertRuns(db.tracking, "r");
    const metrics = (step: number) => Array.from({ length: count }, (_, i) => ({ key: `m${i}`, value: i, step, at: 1 }));
    await db.tracking.logBatch("r", batch({ metrics: metrics(0) }));
    await db.tracking.logBatch("r", batch({ metrics: metrics(1) }));
    const run = await db.tracking.findRun("r");
    expect(
      Object.entries(run?.metrics ?? {})
        .map(([key, { value, step }]) => [key, value, step])
        .sort(),
    ).toEqual(
      metrics(1)
        .map(({ key, value, step }) => [key, value, step])
        .sort(),
    );
    expect(counts()["metric_points"]).toBe(2 * count);
  });

  it("answers hundreds of runs with what each has logged", async () => {
    await using db = sqlite({ path });
    const ids = Array.from({ length: 300 }, (_, i) => `r${String(i).padStart(3, "0")}`);
    await insertRuns(db.tracking, ...ids);
    await Promise.all(ids.map((id, i) => db.tracking.logBatch(id, batch({ metrics: [loss(i)], tags: { id }, params: { id } }))));
    const { items, next } = await db.tracking.searchRuns({ limit: 300 });
    expect(next).toBeUndefined();
    expect(items.map(({ id, tags, params, metrics }) => [id, tags, params, metrics["loss"]?.value])).toEqual(
      ids.map((id, i) => [id, { id }, { id }, i]),
    );
  });

  it("finds runs by values that are infinite, and by none that is NaN", async () => {
    await using db = sqlite({ path });
    const values = { low: Number.NEGATIVE_INFINITY, one: 1, high: Number.POSITIVE_INFINITY, none: Number.NaN };
    await insertRuns(db.tracking, ...Object.keys(values));
    for (const [id, value] of Object.entries(values)) await db.tracking.logBatch(id, batch({ metrics: [loss(value)] }));
    const field = { entity: "metric", key: "loss" } as const;
    const found = async (op: "<" | ">" | "!=", value: number) => {
      const query = { where: { op, field, value }, orderBy: [{ field, direction: "asc" }], limit: 9 } as const;
      return (await db.tracking.searchRuns(query)).items.map(({ id }) => id);
    };
    expect(await found(">", 1e308)).toEqual(["high"]);
    expect(await found("<", 0)).toEqual(["low"]);
    expect(await found("!=", 0)).toEqual(["low", "one", "high"]);
    const ordered = await db.tracking.searchRuns({ orderBy: [{ field, direction: "desc" }], limit: 9 });
    expect(ordered.items.map(({ id }) => id)).toEqual(["high", "one", "low", "none"]);
  });
});

describe("damaged rows", () => {
  const damages: readonly (readonly [what: string, sql: string])[] = [
    ["a run", "update modelwright_runs set status = 'secret'"],
    ["a time", "update modelwright_runs set started_at = 9007199254740993"],
    ["a metric", "update modelwright_run_metrics set special = 7"],
    ["a value", "update modelwright_run_metrics set value = null, special = 0"],
    ["a source", "update modelwright_run_datasets set source = '{\"secret\":'"],
    ["a digest", "update modelwright_run_artifacts set digest = 'secret'"],
  ];

  it.each(damages)("%s: a run is not read, and its values are not repeated", async (_, sql) => {
    await using db = sqlite({ path });
    await insertRuns(db.tracking, "r");
    await db.tracking.logBatch("r", everything);
    beside(sql);
    for (const read of [() => db.tracking.findRun("r"), () => db.tracking.searchRuns({ limit: 1 })]) {
      const error = await failure(read);
      expect([error.code, error.retryable]).toEqual(["STORE_FAILED", false]);
      expect(error.message).not.toContain("secret");
    }
  });

  it("a point is not read", async () => {
    await using db = sqlite({ path });
    await insertRuns(db.tracking, "r");
    await db.tracking.logBatch("r", everything);
    beside("update modelwright_metric_points set special = -7");
    for (const read of [
      () => db.tracking.metricHistory({ runId: "r", key: "loss", limit: 9 }),
      () => db.tracking.sampleMetric({ runId: "r", key: "loss", buckets: 2 }),
    ]) {
      expect((await failure(read)).message).toContain("a stored metric is damaged");
    }
  });
});

describe("a history's cursor", () => {
  it.each(["", "1", "1/2", "1/2/3/4", "1/2/x", "1.5/2/3", "1/2/03", " 1/2/3", "9007199254740993/0/0"])(
    "is refused when it is none: %j",
    async (after) => {
      await using db = sqlite({ path });
      await insertRuns(db.tracking, "r");
      await db.tracking.logBatch("r", everything);
      const error = await failure(() => db.tracking.metricHistory({ runId: "r", key: "loss", limit: 1, after }));
      expect(error.code).toBe("INPUT_INVALID");
    },
  );
});

describe("MetricSampler", () => {
  const points = fc.array(
    fc.record<MetricPoint>({
      value: fc.oneof(fc.double(), fc.constantFrom(0, 1, Number.NaN, Number.POSITIVE_INFINITY)),
      step: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.maxSafeInteger()),
      at: fc.nat(3),
    }),
    { minLength: 1, maxLength: 60 },
  );

  it("picks, point by point, what the rules pick of a whole history", () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 12 }), (drawn, buckets) => {
        const history = [...drawn].sort(comparePoints);
        const sampler = new MetricSampler({ first: history[0]!.step, last: history.at(-1)!.step, buckets });
        for (const point of history) sampler.add(point);
        expect(sampler.end()).toEqual(samplePoints(history, buckets));
      }),
      { numRuns: 500 },
    );
  });

  it("samples a history of several pages as a whole", async () => {
    await using db = sqlite({ path: ":memory:" });
    await insertRuns(db.tracking, "r");
    const all = Array.from({ length: 20_000 }, (_, i) => loss(Math.sin(i) * ((i % 77) + 1), i));
    for (let at = 0; at < all.length; at += 1000) {
      await db.tracking.logBatch("r", batch({ metrics: all.slice(at, at + 1000) }));
    }
    const expected = samplePoints(
      all.map(({ value, step, at }) => ({ value, step, at })),
      100,
    );
    expect(await db.tracking.sampleMetric({ runId: "r", key: "loss", buckets: 100 })).toEqual(expected);
  });
});
