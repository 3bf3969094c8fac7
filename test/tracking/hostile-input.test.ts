import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { compareRuns, ExperimentTracker, type MetricInput } from "../../src/tracking/index.ts";
import { all } from "../all.ts";

const names = [
  "__proto__",
  "constructor",
  "toString",
  ".",
  "..",
  "a/b",
  "a\nb\u0007",
  "Á",
  "A\u0301",
  "loss",
  "LOSS",
  "lоss",
  "loss ",
];

const bytes = new TextEncoder().encode("weights");

/** What the work throws, or rejects with. */
async function thrown(work: () => unknown): Promise<Error & { readonly code?: string }> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected an error");
}

describe.each(["memory", "sqlite"])("hostile input over %s", (kind) => {
  let tracker: ExperimentTracker;
  let cleanUp: AsyncDisposableStack;

  beforeEach(() => {
    cleanUp = new AsyncDisposableStack();
    const store = kind === "memory" ? cleanUp.use(memoryTracking()) : cleanUp.use(sqlite({ path: ":memory:" })).tracking;
    tracker = cleanUp.use(new ExperimentTracker({ store, blobs: cleanUp.use(memoryBlobs()) }));
  });
  afterEach(() => cleanUp.disposeAsync());

  it("takes any name for an experiment, a run, a metric, a param and a tag, and keeps those apart that look alike", async () => {
    for (const [i, name] of names.entries()) {
      const record = Object.fromEntries([[name, `${i}`]]);
      const run = await tracker.startRun({ experiment: name, name, params: record, tags: record });
      await run.log({ metrics: Object.fromEntries(names.map((key, j) => [key, i * 100 + j])) });
    }
    const found = await all(tracker.experiments.search());
    expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
    for (const [i, name] of names.entries()) {
      const runs = await all(tracker.search({ experiments: [name] }));
      expect(runs).toHaveLength(1);
      const [run] = runs;
      expect(run).toMatchObject({ name });
      expect(Object.entries(run!.params)).toEqual([[name, `${i}`]]);
      expect(Object.entries(run!.tags)).toEqual([[name, `${i}`]]);
      const values = new Map(Object.entries(run!.metrics).map(([key, { value }]) => [key, value]));
      expect(values).toEqual(new Map(names.map((key, j) => [key, i * 100 + j])));
      const best = await tracker.best({ experiment: name, metric: name, direction: "maximize" });
      expect(best?.id).toBe(run!.id);
      expect(await all(tracker.history(run!.id, name))).toMatchObject([{ value: i * 100 + i }]);
    }
    const all2 = await all(tracker.search({ orderBy: "started_at" }));
    const { metrics, params } = compareRuns(all2, { directions: Object.fromEntries(names.map((name) => [name, "maximize"])) });
    expect(metrics.map(({ key }) => key)).toEqual([...names].sort());
    expect(metrics.every(({ direction, cells }) => direction === "maximize" && cells.every((cell) => cell !== null))).toBe(true);
    expect(params.map(({ key }) => key)).toEqual([...names].sort());
  });

  it("refuses names of metrics that no store is to be asked for", async () => {
    const { id } = await tracker.startRun({ experiment: "churn" });
    for (const key of ["", "a\u0000b", "\ud800", "x".repeat(5000), 5 as unknown as string]) {
      expect(await thrown(() => all(tracker.history(id, key)))).toMatchObject({ code: "INPUT_INVALID" });
      expect(await thrown(() => tracker.sample(id, key))).toMatchObject({ code: "INPUT_INVALID" });
    }
  });

  it("answers with messages of bounded length that show nothing of what was logged", async () => {
    const run = await tracker.startRun({ experiment: "churn" });
    for (let batch = 0; batch < 5; batch++) {
      const paths = Array.from({ length: 100 }, (_, i) => [`${"folder/".repeat(40)}${batch}-${i}`, bytes] as const);
      await run.log({ artifacts: Object.fromEntries(paths) });
    }
    const long = "x".repeat(5000);
    await run.logParams({ rate: "secret-1" });
    for (const work of [
      () => run.artifact(long),
      () => run.artifact(null as unknown as string),
      () => run.artifact(Object.create(null)),
      () => all(tracker.streamArtifact(run.id, "missing")),
      () => tracker.registration(run.id, { name: "m", files: [long] }),
      () => tracker.registration(run.id, { name: "m", files: long }),
      () => tracker.registration(run.id, { name: "m", metrics: [long] }),
      () => compareRuns([run.record], { baseline: long }),
      () => tracker.experiments.get(long),
      () => tracker.startRun({ experiment: long }),
      () => tracker.get(long),
      () => run.logParams({ rate: "secret-2" }),
      () => run.log({ metrics: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${i}`, "secret-3" as never])) }),
      () => run.setTags({ [long]: "secret-4" }),
      () => run.log({ [long]: 1 } as never),
    ]) {
      const error = await thrown(work);
      expect(error.code, `${work}`).toMatch(/^(INPUT_INVALID|STORE_NOT_FOUND|TRACKING_PARAM_IMMUTABLE)$/);
      expect(error.message.length, `${work}`).toBeLessThanOrEqual(8001);
      expect(error.message).not.toContain("secret");
    }
  });

  it("refuses holes in lists", async () => {
    const run = await tracker.startRun({ experiment: "churn" });
    const metrics: MetricInput[] = [];
    metrics[1] = { key: "loss", value: 1 };
    expect(await thrown(() => run.log({ metrics }))).toMatchObject({ code: "INPUT_INVALID" });
    const datasets: { name: string; digest: string }[] = [];
    datasets[1] = { name: "train", digest: "1" };
    expect(await thrown(() => run.log({ datasets }))).toMatchObject({ code: "INPUT_INVALID" });
    expect((await run.read()).metrics).toEqual({});
  });

  it("refuses times that are no dates, which comparisons could not show", async () => {
    const far = 8.64e15;
    expect(await thrown(() => tracker.startRun({ experiment: "churn", startedAt: far + 1 }))).toMatchObject({
      code: "INPUT_INVALID",
    });
    const run = await tracker.startRun({ experiment: "churn", startedAt: -far });
    expect(await thrown(() => run.finish({ endedAt: far + 1 }))).toMatchObject({ code: "INPUT_INVALID" });
    expect(compareRuns([await run.finish({ endedAt: far })]).facts).toContainEqual({
      key: "endedAt",
      cells: [{ value: "+275760-09-13T00:00:00.000Z" }],
      equal: true,
    });
    // A store may hold what another program has written.
    expect(() => compareRuns([{ ...run.record, startedAt: Number.MAX_SAFE_INTEGER }])).not.toThrow();
  });
});

it("refuses a direction that is none", () => {
  const directions = { loss: "min" as "minimize" };
  const run = { id: "1", name: "a", params: {}, tags: {}, metrics: {}, datasets: [], artifacts: [], startedAt: 0, endedAt: null };
  const record = { ...run, experimentId: "e", parentId: null, status: "running", createdBy: null, deletedAt: null } as const;
  expect(() => compareRuns([record], { directions })).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
});
