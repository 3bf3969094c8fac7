import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { collectGarbage } from "../../src/storage/index.ts";
import type { BlobStore } from "../../src/storage/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { ExperimentTracker, type MetricPoint, type TrackingStore } from "../../src/tracking/index.ts";
import { all } from "../all.ts";
import { temporaryFolder } from "../soak/temporary-folder.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** The codes that work was refused with, none for what succeeded. */
async function codes(work: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(work);
  return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [`${outcome.reason.code}`] : []));
}

describe.each(["memory", "a SQLite file"])("work at the same time over %s", (kind) => {
  let cleanUp: AsyncDisposableStack;
  let blobs: BlobStore;
  let stores: readonly [TrackingStore, TrackingStore];
  let tracker: ExperimentTracker;
  let other: ExperimentTracker;

  beforeEach(() => {
    cleanUp = new AsyncDisposableStack();
    blobs = cleanUp.use(memoryBlobs());
    if (kind === "memory") {
      const store = cleanUp.use(memoryTracking());
      stores = [store, store];
    } else {
      const path = join(cleanUp.use(temporaryFolder()).path, "runs.db");
      stores = [cleanUp.use(sqlite({ path })).tracking, cleanUp.use(sqlite({ path })).tracking];
    }
    tracker = cleanUp.use(new ExperimentTracker({ store: stores[0], blobs }));
    other = cleanUp.use(new ExperimentTracker({ store: stores[1], blobs }));
  });
  afterEach(() => cleanUp.disposeAsync());

  it("one of several values of a param stays, and the batches of the others leave nothing", async () => {
    const run = await tracker.startRun({ experiment: "churn" });
    const attempts = Array.from({ length: 40 }, (_, i) =>
      (i % 2 === 0 ? tracker : other).log(run.id, {
        params: { rate: i % 8 },
        metrics: { [`by ${i % 8}`]: 1 },
        tags: { by: `${i % 8}` },
      }),
    );
    const refused = await codes(attempts);
    const { params, metrics, tags } = await run.read();
    expect(refused).toEqual(Array.from({ length: 35 }, () => "TRACKING_PARAM_IMMUTABLE"));
    expect(Object.keys(metrics)).toEqual([`by ${params["rate"]}`]);
    expect(tags).toEqual({ by: params["rate"] });
  });

  it("pages of a history answer each point that was there, once and in order, while others are added", async () => {
    const run = await tracker.startRun({ experiment: "churn" });
    const points = Array.from({ length: 2500 }, (_, i) => ({ key: "loss", value: i % 7, step: 2 * i, at: i % 3 }));
    await run.logHistory(points);
    const seen: MetricPoint[] = [];
    let written = 0;
    for await (const point of other.history(run.id, "loss")) {
      // Before and behind where the reader is.
      if (seen.length % 500 === 0) await run.logMetric("loss", 9, { step: [1, 4001][written++ % 2]! + 2 * written });
      seen.push(point);
    }
    const steps = seen.map(({ step }) => step);
    expect(steps.filter((step) => step % 2 === 0)).toEqual(points.map(({ step }) => step));
    expect([...new Set(steps)].sort((a, b) => a - b)).toEqual(steps);
    expect(await other.sample(run.id, "loss", { buckets: 10 })).not.toHaveLength(0);
  });

  it("purging, restoring and logging leave runs whole or nothing of them", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) {
      const run = await tracker.startRun({ experiment: "churn" });
      await run.log({ metrics: { loss: i }, params: { i }, tags: { i: `${i}` } });
      await tracker.delete(run.id);
      ids.push(run.id);
    }
    const deletedBefore = Date.now() + 1000;
    const [purged, purgedToo] = await Promise.all([
      tracker.purge({ deletedBefore }),
      other.purge({ deletedBefore }),
      ...ids.map((id) => other.restore(id).catch(() => {})),
      ...ids.map((id) => tracker.log(id, { metrics: { loss: 99 }, tags: { late: "yes" } }).catch(() => {})),
    ]);
    const left = await all(tracker.search({ deleted: "include" }));
    expect(left.length + purged + purgedToo).toBe(20);
    for (const { id, params, metrics } of left) {
      expect(params).toEqual({ i: `${ids.indexOf(id)}` });
      expect(metrics).toHaveProperty("loss");
    }
    const gone = ids.filter((id) => left.every((run) => run.id !== id));
    for (const id of gone) expect(await all(tracker.history(id, "loss"))).toEqual([]);
  });

  it("garbage collection takes no artifact that a run has, and every one that none has any more", async () => {
    const collect = (graceMs: number) => collectGarbage({ blobs, references: [stores[1]], graceMs });
    // Garbage of two hours ago, which is logged again while it is collected.
    for (let i = 0; i < 3; i++) await blobs.put(text(`content ${i}`));
    const twoHoursAgo = new FakeClock({ startMs: Date.now() - 7_200_000 });
    await collectGarbage({ blobs, references: [stores[1]], graceMs: 3_600_000 }, {}, { clock: twoHoursAgo });
    const run = await tracker.startRun({ experiment: "churn" });
    const logging = Array.from({ length: 30 }, async (_, i) => {
      for (;;) {
        try {
          // Few contents, so that the collector deletes what is being logged again, and few paths, so that they are replaced.
          return await tracker.log(run.id, { artifacts: { [`${i % 5}.txt`]: text(`content ${i % 3}`) } });
        } catch (error) {
          if ((error as { code?: string }).code !== "STORE_BLOB_FENCED") throw error;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    });
    let busy = true;
    const collecting = (async () => {
      // A turn of the event loop between, for the retries of those that log.
      for (; busy; await new Promise((resolve) => setImmediate(resolve))) await collect(3_600_000);
    })();
    await Promise.all(logging);
    busy = false;
    await collecting;
    const { artifacts } = await run.read();
    expect(artifacts).toHaveLength(5);
    for (const { path } of artifacts) expect(new TextDecoder().decode(await run.artifact(path))).toMatch(/^content [012]$/);
    await tracker.delete(run.id);
    await tracker.purge({ deletedBefore: Date.now() + 1000 });
    for (let i = 0; i < 2; i++) await collect(0);
    for (const { digest } of artifacts) expect(await blobs.stat(digest)).toBeUndefined();
  });

  it("closing waits for batches that wait, and thousands of them are written", async () => {
    const run = await tracker.startRun({ experiment: "churn" });
    const stop = new AbortController();
    const logging = Array.from({ length: 3000 }, (_, step) => run.logMetric("loss", step, { step }));
    const aborted = Array.from({ length: 100 }, () => run.logMetric("aborted", 1, {}, { signal: stop.signal }));
    stop.abort("enough");
    const closed = tracker.close();
    expect(new Set((await Promise.allSettled(aborted)).map((outcome) => outcome.status))).toEqual(new Set(["rejected"]));
    expect(await codes(logging)).toEqual([]);
    await closed;
    expect(await codes([run.logMetric("loss", 0)])).toEqual(["CLOSED"]);
    if (kind === "memory") return;
    const { metrics } = await other.get(run.id);
    expect(metrics).toEqual({ loss: expect.objectContaining({ step: 2999 }) });
    expect(await all(other.history(run.id, "loss"))).toHaveLength(3000);
  });
});
