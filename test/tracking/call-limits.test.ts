import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { ExperimentTracker, type MetricInput, type TrackingStore } from "../../src/tracking/index.ts";
import { all } from "../all.ts";

const never = () => new Promise<never>(() => {});

describe("limits of calls", () => {
  let store: TrackingStore;
  let clock: FakeClock;
  const blobs = memoryBlobs();

  beforeEach(() => {
    store = memoryTracking();
    clock = new FakeClock();
  });
  afterEach(() => store[Symbol.asyncDispose]());

  const trackerOver = (changes: Partial<TrackingStore>) =>
    new ExperimentTracker({ store: { ...store, ...changes }, blobs }, { clock });

  /** Moves the clock beyond a limit of 50 ms. */
  const outOfTime = async (work: Promise<unknown>) => {
    const outcome = work.then(
      () => "an answer",
      (error) => error.code,
    );
    await clock.advanceAsync(50);
    expect(await Promise.race([outcome, new Promise((resolve) => setImmediate(resolve, "no answer"))])).toBe("DEADLINE_EXCEEDED");
  };

  it("holds the end of a run that has done its work to the limit as well", async () => {
    await outOfTime(trackerOver({ changeRun: never }).run({ experiment: "churn" }, () => 1, { timeoutMs: 50 }));
    let reads = 0;
    const findRun: TrackingStore["findRun"] = (...args) => (reads++ === 0 ? never() : store.findRun(...args));
    await outOfTime(trackerOver({ findRun }).run({ experiment: "churn" }, () => 1, { timeoutMs: 50 }));
  });

  it("ends a run that has done its work after its caller has aborted", async () => {
    const controller = new AbortController();
    const tracker = trackerOver({});
    const id = await tracker.run(
      { experiment: "churn" },
      (run) => {
        controller.abort("enough");
        return run.id;
      },
      { signal: controller.signal },
    );
    expect((await tracker.get(id)).status).toBe("finished");
  });

  it("stops waiting for points when the caller aborts, and ends their source", async () => {
    const tracker = trackerOver({});
    const run = await tracker.startRun({ experiment: "churn" });
    let ended = false;
    const source: AsyncIterable<MetricInput> = {
      [Symbol.asyncIterator]: () => ({
        next: never,
        return: async () => {
          ended = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const controller = new AbortController();
    const logging = run.logHistory(source, { signal: controller.signal });
    const outcome = logging.catch((error: unknown) => error);
    await clock.advanceAsync(1);
    controller.abort("enough");
    expect(await Promise.race([outcome, new Promise((resolve) => setImmediate(resolve, "no answer"))])).toBe("enough");
    expect(ended).toBe(true);
  });

  it("asks no source for points after an abort, or after it was closed", async () => {
    const tracker = trackerOver({});
    const run = await tracker.startRun({ experiment: "churn" });
    const source = function* () {
      yield { key: "loss", value: 1 };
      throw new Error("asked");
    };
    const aborted = { signal: AbortSignal.abort("enough") };
    await expect(run.logHistory(source(), aborted)).rejects.toBe("enough");
    await expect(run.logHistory(5 as never)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    await tracker.close();
    await expect(run.logHistory([{ key: "loss", value: 1 }])).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("passes the abort and the end to every verb", async () => {
    const tracker = trackerOver({});
    const run = await tracker.startRun({ experiment: "churn" });
    await run.logArtifact("a.txt", new Uint8Array(1));
    const verbs: readonly ((call?: { readonly signal?: AbortSignal; readonly timeoutMs?: number }) => Promise<unknown>)[] = [
      (call) => tracker.startRun({ experiment: "churn" }, call),
      (call) => tracker.run({ experiment: "churn" }, () => 1, call),
      (call) => tracker.get(run.id, call),
      (call) => tracker.resume(run.id, call),
      (call) => tracker.log(run.id, { metrics: { a: 1 } }, call),
      (call) => tracker.end(run.id, "finished", call),
      (call) => tracker.rename(run.id, "b", call),
      (call) => tracker.delete(run.id, call),
      (call) => tracker.restore(run.id, call),
      (call) => tracker.purge({ deletedBefore: 0 }, call),
      (call) => all(tracker.search({ experiments: ["churn"] }, call)),
      (call) => tracker.best({ experiment: "churn", metric: "a", direction: "minimize" }, call),
      (call) => all(tracker.history(run.id, "a", call)),
      (call) => tracker.sample(run.id, "a", {}, call),
      (call) => tracker.artifact(run.id, "a.txt", call),
      (call) => all(tracker.streamArtifact(run.id, "a.txt", call)),
      (call) => tracker.registration(run.id, { name: "m" }, call),
      (call) => tracker.register({ register: async () => 1 }, run.id, { name: "m" }, call),
      (call) => tracker.experiments.create("x", {}, call),
      (call) => tracker.experiments.open("churn", {}, call),
      (call) => tracker.experiments.get("churn", call),
      (call) => all(tracker.experiments.search({}, call)),
      (call) => tracker.experiments.rename("churn", "churn2", call),
      (call) => tracker.experiments.setTags("churn", {}, call),
      (call) => tracker.experiments.delete("churn", call),
      (call) => tracker.experiments.restore("churn", call),
      (call) => run.read(call),
      (call) => run.logMetrics({ a: 1 }, {}, call),
      (call) => run.logHistory([{ key: "a", value: 1 }], call),
      (call) => run.startRun({}, call),
      (call) => run.fail("x", call),
      (call) => run.kill(call),
    ];
    for (const verb of verbs) {
      await expect(verb({ signal: AbortSignal.abort("enough") }), `${verb}`).rejects.toBe("enough");
      await expect(verb({ timeoutMs: 0 }), `${verb}`).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    }
    const paused = tracker.streamArtifact(run.id, "a.txt")[Symbol.asyncIterator]();
    await paused.next();
    await tracker.close();
    for (const verb of verbs) await expect(verb(), `${verb}`).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("looks for all experiments of a search at once", async () => {
    let queries = 0;
    const counted: Partial<TrackingStore> = {
      findExperiment: (...args) => {
        queries++;
        return store.findExperiment(...args);
      },
      searchExperiments: (...args) => {
        queries++;
        return store.searchExperiments(...args);
      },
    };
    const tracker = trackerOver(counted);
    const experiments = Array.from({ length: 300 }, (_, i) => `experiment ${i}`);
    for (const experiment of experiments) await tracker.startRun({ experiment });
    queries = 0;
    expect(await all(tracker.search({ experiments }))).toHaveLength(300);
    expect(queries).toBeLessThanOrEqual(3);
  });
});

it("holds back a batch that is out of time before its transaction begins", async () => {
  const clock = new FakeClock();
  await using db = sqlite({ path: ":memory:" }, { clock });
  const { tracking } = db;
  const { id: experimentId } = await tracking.insertExperiment({ id: "e", name: "churn", tags: {}, createdAt: 0 });
  const draft = { id: "r", experimentId, name: "r", parentId: null, status: "running", createdBy: null, startedAt: 0 } as const;
  await tracking.insertRun({ ...draft, params: {}, tags: {} });
  const batch = { metrics: [], params: {}, tags: { late: "yes" }, datasets: [], artifacts: [] };
  const late = tracking.logBatch("r", batch, { timeoutMs: 1 }).catch((error) => error.code);
  // After the batch has been queued, and before its transaction, which waits for a turn of the event loop.
  for (let i = 0; i < 5; i++) await Promise.resolve();
  clock.advance(1);
  expect(await late).toBe("DEADLINE_EXCEEDED");
  await tracking.logBatch("r", { ...batch, tags: { next: "yes" } });
  expect((await tracking.findRun("r"))?.tags).toEqual({ next: "yes" });
});
