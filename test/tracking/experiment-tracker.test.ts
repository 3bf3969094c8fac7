import diagnostics from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { sha256 } from "../../src/core/digest.ts";
import { type ErrorCode, ModelwrightError } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import { seeded } from "../../src/core/random.ts";
import type { BlobStore } from "../../src/storage/port.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { flaky } from "../../src/testing/flaky.ts";
import { type ExperimentChange, ExperimentTracker, Run, type RunSummary } from "../../src/tracking/index.ts";
import type { TrackingStore } from "../../src/tracking/port.ts";
import { all } from "../all.ts";

const text = (value: string) => new TextEncoder().encode(value);

async function failure<C extends ErrorCode>(code: C, work: () => Promise<unknown>): Promise<ModelwrightError<C>> {
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code });
  if (!ModelwrightError.is(error, code)) throw new Error("unreachable", { cause: error });
  return error as ModelwrightError<C>;
}

/** Moves the clock until the work has settled, so that its retries need not wait. */
async function settled<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  watched.catch(() => {});
  while (!done) await clock.advanceAsync(1);
  return watched;
}

describe("ExperimentTracker", () => {
  let store: TrackingStore;
  let blobs: BlobStore;
  let clock: FakeClock;
  let warnings: { readonly message: string; readonly fields: unknown }[];
  let tracker: ExperimentTracker;

  beforeEach(() => {
    store = memoryTracking();
    blobs = memoryBlobs();
    clock = new FakeClock();
    warnings = [];
    const warn: Logger["warn"] = (message, fields) => void warnings.push({ message, fields });
    const logger: Logger = { debug: () => {}, info: () => {}, warn, error: warn };
    tracker = new ExperimentTracker({ store, blobs, actor: "ada" }, { clock, random: seeded(7), logger });
  });
  afterEach(async () => {
    await tracker.close();
    await store[Symbol.asyncDispose]();
    await blobs[Symbol.asyncDispose]();
  });

  it("refuses bad options", () => {
    expect(() => new ExperimentTracker({ store: {} as TrackingStore, blobs, actor: "" })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(/store.*tracking\/1.*actor/s) }),
    );
  });

  describe("runs", () => {
    it("starts a run in an experiment that it makes", async () => {
      const run = await tracker.startRun({ experiment: "churn", params: { rate: 0.1 }, tags: { team: "risk" } });
      const experiment = await tracker.experiments.get("churn");
      expect(run.record).toEqual({
        id: run.id,
        experimentId: experiment.id,
        parentId: null,
        name: `run-${run.id.slice(-8)}`,
        status: "running",
        createdBy: "ada",
        startedAt: clock.now(),
        endedAt: null,
        deletedAt: null,
        params: { rate: "0.1" },
        tags: { team: "risk" },
        metrics: {},
        datasets: [],
        artifacts: [],
      });
      expect(await tracker.get(run.id)).toEqual(run.record);
      expect(Object.isFrozen(run.record.params)).toBe(true);
    });

    it("finds the experiment of a run by name and by id", async () => {
      const { id } = await tracker.experiments.create("churn");
      const byName = await tracker.startRun({ experiment: "churn" });
      const byId = await tracker.startRun({ experiment: id });
      expect([byName.record.experimentId, byId.record.experimentId]).toEqual([id, id]);
      expect(await all(tracker.experiments.search())).toHaveLength(1);
    });

    it("makes one experiment for runs that start at once", async () => {
      const runs = await Promise.all(Array.from({ length: 8 }, () => tracker.startRun({ experiment: "churn" })));
      expect(new Set(runs.map((run) => run.record.experimentId)).size).toBe(1);
      expect(new Set(runs.map((run) => run.id)).size).toBe(8);
    });

    it("starts no run under an id that leads to nothing, or in a deleted experiment", async () => {
      const id = "018f0000-0000-7000-8000-000000000000";
      await failure("TRACKING_EXPERIMENT_NOT_FOUND", () => tracker.startRun({ experiment: id }));
      expect(await all(tracker.experiments.search())).toEqual([]);
      await tracker.experiments.create("churn");
      await tracker.experiments.delete("churn");
      const error = await failure("TRACKING_EXPERIMENT_NOT_FOUND", () => tracker.startRun({ experiment: "churn" }));
      expect(error.message).toContain("restore it");
    });

    it("lists every issue of a run", async () => {
      const options = {
        experiment: "churn",
        name: "",
        createdBy: "x".repeat(251),
        status: "finished" as "running",
        startedAt: 0.5,
        params: { rate: undefined as unknown as number, [`long${"g".repeat(300)}`]: "1" },
        tags: { a: null as unknown as string, b: "nul\u0000" },
        unknown: 1,
      };
      const error = await failure("INPUT_INVALID", () => tracker.startRun(options));
      expect(error.details.issues.map(({ path }) => path[0])).toEqual([
        "unknown",
        "name",
        "createdBy",
        "status",
        "startedAt",
        "params",
        "params",
        "tags",
        "tags",
      ]);
      expect(error.message.length).toBeLessThan(1500);
      expect(await all(tracker.experiments.search())).toEqual([]);
    });

    it("starts runs that are parts of others", async () => {
      const parent = await tracker.startRun({ experiment: "churn" });
      const child = await parent.startRun({ name: "fold 1" });
      const other = await tracker.startRun({ experiment: "churn", parent: parent.id });
      expect([child.record.parentId, other.record.parentId]).toEqual([parent.id, parent.id]);
      expect(child.record.experimentId).toBe(parent.record.experimentId);
      await failure("TRACKING_RUN_NOT_FOUND", () => tracker.startRun({ experiment: "other", parent: parent.id }));
    });

    it("ends a run as finished, failed or killed", async () => {
      const [a, b, c] = [
        await tracker.startRun({ experiment: "churn" }),
        await tracker.startRun({ experiment: "churn" }),
        await tracker.startRun({ experiment: "churn" }),
      ];
      clock.advance(1000);
      expect(await a.finish()).toMatchObject({ status: "finished", endedAt: clock.now() });
      expect(await b.fail(new RangeError("too much\u0000"))).toMatchObject({
        status: "failed",
        tags: { error: "too much\ufffd" },
      });
      expect(await c.kill({ endedAt: 5 })).toMatchObject({ status: "killed", endedAt: 5 });
      expect(a.record.status).toBe("finished");
      expect(await tracker.end(a.id, "failed")).toMatchObject({ status: "failed", tags: {} });
      await failure("INPUT_INVALID", () => tracker.end(a.id, "running" as "failed"));
      await failure("INPUT_INVALID", () => a.finish({ endedAt: Number.NaN }));
    });

    it("finishes a run at the end of its block, unless it was ended before", async () => {
      let id: string;
      {
        await using run = await tracker.startRun({ experiment: "churn" });
        id = run.id;
      }
      expect(await tracker.get(id)).toMatchObject({ status: "finished", endedAt: clock.now() });
      for (const end of [(run: Run) => run.kill(), (run: Run) => tracker.end(run.id, "killed")]) {
        await using run = await tracker.startRun({ experiment: "churn" });
        id = run.id;
        await end(run);
        clock.advance(1);
      }
      expect((await tracker.get(id)).status).toBe("killed");
    });

    it("leaves a scheduled run and one that was purged alone at the end of a block", async () => {
      let id: string;
      {
        await using run = await tracker.startRun({ experiment: "churn", status: "scheduled" });
        id = run.id;
      }
      expect((await tracker.get(id)).status).toBe("scheduled");
      {
        await using run = await tracker.startRun({ experiment: "churn" });
        await tracker.delete(run.id);
        await tracker.purge({ deletedBefore: clock.now() });
      }
    });

    it("runs work and finishes the run", async () => {
      let id = "";
      const answer = await tracker.run({ experiment: "churn" }, async (run) => {
        id = run.id;
        await run.logMetric("loss", 0.5);
        return 42;
      });
      expectTypeOf(answer).toEqualTypeOf<number>();
      expect(answer).toBe(42);
      expect(await tracker.get(id)).toMatchObject({ status: "finished", metrics: { loss: { value: 0.5 } } });
    });

    it("marks a run as failed whose work throws, and passes the error on untouched", async () => {
      const error = new RangeError("no convergence");
      await expect(
        tracker.run({ experiment: "churn" }, async (run) => {
          await run.logMetric("loss", Number.NaN);
          throw error;
        }),
      ).rejects.toBe(error);
      const [run] = await all(tracker.search({ filter: "status = 'failed'" }));
      expect(run).toMatchObject({
        status: "failed",
        tags: { error: "no convergence" },
        metrics: { loss: { value: Number.NaN } },
      });
      await expect(tracker.run({ experiment: "churn" }, () => Promise.reject(undefined))).rejects.toBe(undefined);
      expect(await all(tracker.search({ filter: "status = 'failed'" }))).toHaveLength(2);
    });

    it("marks a run as killed whose caller has aborted", async () => {
      const abort = new AbortController();
      const work = tracker.run(
        { experiment: "churn" },
        async () => {
          abort.abort(new RangeError("stop"));
          abort.signal.throwIfAborted();
        },
        { signal: abort.signal },
      );
      await expect(work).rejects.toThrow("stop");
      expect(await all(tracker.search())).toMatchObject([{ status: "killed", tags: {} }]);
    });

    it("leaves a run as the work has ended it", async () => {
      await tracker.run({ experiment: "churn" }, (run) => run.kill());
      clock.advance(1);
      await expect(
        tracker.run({ experiment: "churn" }, async (run) => {
          await run.finish();
          throw new Error("late");
        }),
      ).rejects.toThrow("late");
      expect((await all(tracker.search())).map(({ status }) => status)).toEqual(["finished", "killed"]);
    });

    it("says when the end of a failed run cannot be written", async () => {
      const work = tracker.run({ experiment: "churn" }, async (run) => {
        await tracker.delete(run.id);
        throw new Error("the work failed");
      });
      await expect(work).rejects.toThrow("the work failed");
      expect(warnings).toMatchObject([{ fields: { error: { code: "TRACKING_RUN_NOT_FOUND" } } }]);
    });

    it("resumes a run that has ended", async () => {
      const run = await tracker.startRun({ experiment: "churn" });
      await run.finish();
      const resumed = await tracker.resume(run.id);
      expect(resumed).toBeInstanceOf(Run);
      expect(resumed.record).toMatchObject({ status: "running", endedAt: null });
      await resumed.logMetric("loss", 1);
      expect((await resumed.read()).metrics).toEqual({ loss: { value: 1, step: 0, at: clock.now() } });
      await tracker.delete(run.id);
      await failure("TRACKING_RUN_NOT_FOUND", () => tracker.resume(run.id));
      await failure("TRACKING_RUN_NOT_FOUND", () => tracker.resume("missing"));
    });

    it("renames, deletes, restores and purges runs", async () => {
      const [kept, gone] = [await tracker.startRun({ experiment: "churn" }), await tracker.startRun({ experiment: "churn" })];
      expect((await tracker.rename(kept.id, "best one")).name).toBe("best one");
      await failure("INPUT_INVALID", () => tracker.rename(kept.id, ""));
      for (const { id } of [kept, gone]) await tracker.delete(id);
      expect(await all(tracker.search())).toEqual([]);
      expect(await all(tracker.search({ deleted: "only" }))).toHaveLength(2);
      await failure("TRACKING_RUN_NOT_FOUND", () => kept.logMetric("loss", 1));
      expect((await tracker.restore(kept.id)).deletedAt).toBe(null);
      expect(await tracker.purge({ deletedBefore: clock.now() - 1 })).toBe(0);
      expect(await tracker.purge({ deletedBefore: clock.now() })).toBe(1);
      await failure("TRACKING_RUN_NOT_FOUND", () => tracker.get(gone.id));
      expect((await all(tracker.search({ deleted: "include" }))).map(({ name }) => name)).toEqual(["best one"]);
    });

    it("purges any number of runs, and ends when somebody restores them meanwhile", async () => {
      const { id: experiment } = await tracker.experiments.create("churn");
      for (let i = 0; i < 230; i++) await tracker.delete((await tracker.startRun({ experiment })).id);
      expect(await tracker.purge({ deletedBefore: clock.now() })).toBe(230);
      await tracker.delete((await tracker.startRun({ experiment })).id);
      const stubborn = new ExperimentTracker({ store: { ...store, purgeRun: async () => false }, blobs }, { clock });
      expect(await stubborn.purge({ deletedBefore: clock.now() })).toBe(0);
    });
  });

  describe("events, traces and life", () => {
    it("tells of runs and experiments, and nothing of what was logged", async () => {
      const told: (readonly [string, RunSummary | ExperimentChange])[] = [];
      tracker.onRunStarted((run) => told.push(["started", run]));
      tracker.onRunEnded((run) => told.push(["ended", run]));
      tracker.onExperimentChanged((change) => told.push(["experiment", change]));
      const run = await tracker.startRun({ experiment: "churn", params: { secret: "x" }, name: "first" });
      await run.logMetric("loss", 1);
      await run.finish();
      const { id } = await tracker.experiments.rename("churn", "leaving");
      await tracker.experiments.setTags("leaving", { team: "risk" });
      await tracker.experiments.delete("leaving");
      await tracker.experiments.restore("leaving");
      const { experimentId, startedAt } = run.record;
      const summary = { id: run.id, experimentId, parentId: null, name: "first", createdBy: "ada", startedAt };
      expect(told).toEqual([
        ["experiment", { id, name: "churn", change: "created" }],
        ["started", { ...summary, status: "running", endedAt: null }],
        ["ended", { ...summary, status: "finished", endedAt: clock.now() }],
        ["experiment", { id, name: "leaving", change: "renamed" }],
        ["experiment", { id, name: "leaving", change: "tagged" }],
        ["experiment", { id, name: "leaving", change: "deleted" }],
        ["experiment", { id, name: "leaving", change: "restored" }],
      ]);
    });

    it("publishes what it does to whoever traces", async () => {
      const seen: unknown[] = [];
      const listen = (message: unknown) => seen.push(message);
      const channels = ["startRun", "log", "endRun"].map((name) => `tracing:modelwright.tracking.${name}:start`);
      for (const channel of channels) diagnostics.subscribe(channel, listen);
      const run = await tracker.startRun({ experiment: "churn" });
      await run.logMetric("loss", 1);
      await run.finish();
      for (const channel of channels) diagnostics.unsubscribe(channel, listen);
      expect(seen).toMatchObject([
        { operation: "tracking.startRun" },
        { operation: "tracking.log", attributes: { run: run.id } },
        { operation: "tracking.endRun", attributes: { run: run.id, status: "finished" } },
      ]);
    });

    it("sends again what the store calls retryable, and loses nothing", async () => {
      const unreliable = flaky(store, { failEvery: 2 });
      const stubborn = new ExperimentTracker({ store: unreliable, blobs }, { clock, random: { ...seeded(1), next: () => 0 } });
      const work = (async () => {
        const run = await stubborn.startRun({ experiment: "churn" });
        for (let step = 0; step < 10; step++) await run.logMetric("loss", step, { step });
        await run.finish();
        return run.id;
      })();
      const id = await settled(clock, work);
      expect(await all(tracker.history(id, "loss"))).toHaveLength(10);
      expect((await all(tracker.search())).length).toBe(1);
    });

    it("answers CLOSED after it was closed, and leaves its stores open", async () => {
      const run = await tracker.startRun({ experiment: "churn" });
      const logging = run.logMetric("loss", 1);
      await Promise.all([tracker.close(), tracker[Symbol.asyncDispose]()]);
      await logging;
      await failure("CLOSED", () => run.logMetric("loss", 2));
      await failure("CLOSED", () => tracker.startRun({ experiment: "churn" }));
      await failure("CLOSED", () => all(tracker.search()));
      await failure("CLOSED", () => tracker.experiments.get("churn"));
      expect((await store.findRun(run.id))?.status).toBe("running");
    });

    it("minds the signal and the time limit of a call", async () => {
      const reason = new RangeError("stop");
      const run = await tracker.startRun({ experiment: "churn" });
      await expect(run.logMetric("loss", 1, {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await expect(all(tracker.search({}, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
      const stuck = new ExperimentTracker({ store: { ...store, findRun: () => new Promise(() => {}) }, blobs }, { clock });
      const waiting = failure("DEADLINE_EXCEEDED", () => stuck.get(run.id, { timeoutMs: 50 }));
      await clock.advanceAsync(50);
      await waiting;
    });
  });

  describe("experiments", () => {
    it("creates, opens and finds experiments", async () => {
      const made = await tracker.experiments.create("churn", { tags: { team: "risk" } });
      expect(made).toMatchObject({ name: "churn", tags: { team: "risk" }, createdAt: clock.now(), deletedAt: null });
      expect(await tracker.experiments.open("churn", { tags: { ignored: "yes" } })).toEqual(made);
      expect(await tracker.experiments.get(made.id)).toEqual(made);
      expect((await tracker.experiments.open("fraud", { tags: { team: "aml" } })).tags).toEqual({ team: "aml" });
      await failure("TRACKING_EXPERIMENT_EXISTS", () => tracker.experiments.create("churn"));
      await failure("TRACKING_EXPERIMENT_NOT_FOUND", () => tracker.experiments.get("missing"));
    });

    it("finds an experiment by an id that another program has made", async () => {
      await store.insertExperiment({ id: "0", name: "Default", tags: {}, createdAt: 0 });
      expect((await tracker.experiments.get("0")).name).toBe("Default");
      expect((await tracker.startRun({ experiment: "0" })).record.experimentId).toBe("0");
    });

    it("refuses names that no experiment may have", async () => {
      const names = ["", "x".repeat(251), "nul\u0000", "\ud800", 7 as unknown as string, "018f0000-0000-7000-8000-000000000000"];
      for (const name of names) await failure("INPUT_INVALID", () => tracker.experiments.create(name));
      await tracker.experiments.create("churn");
      for (const name of names) await failure("INPUT_INVALID", () => tracker.experiments.rename("churn", name));
      await failure("INPUT_INVALID", () => tracker.experiments.setTags("churn", { [""]: "x" }));
      await failure("INPUT_INVALID", () => tracker.experiments.create("tags", { tags: { a: null as unknown as string } }));
      expect((await all(tracker.experiments.search())).map(({ name }) => name)).toEqual(["churn"]);
    });

    it("renames, tags, deletes and restores an experiment", async () => {
      await tracker.experiments.create("churn", { tags: { a: "1", b: "2" } });
      await tracker.experiments.create("fraud");
      await failure("TRACKING_EXPERIMENT_EXISTS", () => tracker.experiments.rename("churn", "fraud"));
      expect((await tracker.experiments.rename("churn", "leaving")).name).toBe("leaving");
      expect((await tracker.experiments.setTags("leaving", { a: null, c: "3" })).tags).toEqual({ b: "2", c: "3" });
      expect((await tracker.experiments.delete("leaving")).deletedAt).toBe(clock.now());
      expect((await all(tracker.experiments.search())).map(({ name }) => name)).toEqual(["fraud"]);
      expect((await all(tracker.experiments.search({ deleted: "only" }))).map(({ name }) => name)).toEqual(["leaving"]);
      await failure("TRACKING_EXPERIMENT_NOT_FOUND", () => tracker.experiments.open("leaving"));
      expect((await tracker.experiments.restore("leaving")).deletedAt).toBe(null);
      expect((await tracker.experiments.open("leaving")).name).toBe("leaving");
    });

    it("searches experiments", async () => {
      for (const name of ["a", "b", "c"])
        await tracker.experiments.create(name, { tags: { team: name === "b" ? "risk" : "aml" } });
      const names = async (options: Parameters<typeof tracker.experiments.search>[0]) =>
        (await all(tracker.experiments.search(options))).map(({ name }) => name);
      expect(await names({ filter: "tags.team = 'risk'" })).toEqual(["b"]);
      expect(await names({ orderBy: "name DESC", pageSize: 1 })).toEqual(["c", "b", "a"]);
      expect(await names({ orderBy: "name DESC", limit: 2 })).toEqual(["c", "b"]);
      expect(() => tracker.experiments.search({ filter: "metrics.loss < 1" })).toThrow(
        expect.objectContaining({ code: "INPUT_INVALID" }),
      );
    });
  });

  it("keeps what a run is given, whatever becomes of it later", async () => {
    const tags: Record<string, string> = { team: "risk" };
    const bytes = text("first");
    const run = await tracker.startRun({ experiment: "churn", tags });
    tags["team"] = "changed";
    const { digest } = await run.logArtifact("a.txt", bytes);
    bytes.fill(0);
    expect((await run.read()).tags).toEqual({ team: "risk" });
    expect(digest).toBe(await sha256(text("first")));
    expect(await run.artifact("a.txt")).toEqual(text("first"));
  });
});
