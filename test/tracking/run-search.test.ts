import fc from "fast-check";
import "../property-seed.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryTracking } from "../../src/adapters/memory/memory-tracking.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { compareRuns, ExperimentTracker, type RunSearchOptions } from "../../src/tracking/index.ts";
import type { MetricPoint, TrackingStore } from "../../src/tracking/port.ts";
import { samplePoints } from "../../src/tracking/rules/metric-points.ts";
import { all } from "../all.ts";

const text = (value: string) => new TextEncoder().encode(value);

describe("finding runs", () => {
  let store: TrackingStore;
  let clock: FakeClock;
  let tracker: ExperimentTracker;

  beforeEach(() => {
    store = memoryTracking();
    clock = new FakeClock();
    tracker = new ExperimentTracker({ store, blobs: memoryBlobs() }, { clock });
  });
  afterEach(async () => {
    await tracker.close();
    await store[Symbol.asyncDispose]();
  });

  /** A run with a latest value of the metric `loss`, a while after the one before. */
  const start = async (name: string, loss: number | undefined, experiment = "churn") => {
    clock.advance(1000);
    const run = await tracker.startRun({ experiment, name, tags: { team: "risk" } });
    if (loss !== undefined) await run.logMetric("loss", loss);
    return run;
  };

  const names = async (options?: RunSearchOptions) => (await all(tracker.search(options))).map(({ name }) => name);

  it("answers runs newest first, in pages", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) await start(name, 1);
    for (const pageSize of [1, 2, 5, 100]) expect(await names({ pageSize })).toEqual(["e", "d", "c", "b", "a"]);
    expect(await names({ pageSize: 2, limit: 3 })).toEqual(["e", "d", "c"]);
    const [first] = await all(tracker.search({ limit: 1 }));
    expect(Object.isFrozen(first?.metrics["loss"])).toBe(true);
  });

  it("takes filters and orders as text and as objects", async () => {
    await start("a", 0.3);
    await start("b", 0.1);
    await start("c", 0.7, "other");
    expect(await names({ filter: "metrics.loss < 0.5 AND tags.team = 'risk'" })).toEqual(["b", "a"]);
    const field = { entity: "metric", key: "loss" } as const;
    expect(await names({ filter: { op: ">", field, value: 0.2 }, orderBy: [{ field, direction: "desc" }] })).toEqual(["c", "a"]);
    expect(await names({ orderBy: "metrics.loss ASC" })).toEqual(["b", "a", "c"]);
    expect(await names({ filter: "   " })).toEqual(["c", "b", "a"]);
  });

  it("looks only into the experiments that are asked for", async () => {
    await start("a", 1, "first");
    const b = await start("b", 1, "second");
    await start("c", 1, "third");
    expect(await names({ experiments: ["first", b.record.experimentId] })).toEqual(["b", "a"]);
    expect(await names({ experiments: ["third"], filter: "metrics.loss > 5" })).toEqual([]);
    expect(await names({ experiments: [] })).toEqual([]);
    await expect(names({ experiments: ["missing"] })).rejects.toMatchObject({ code: "TRACKING_EXPERIMENT_NOT_FOUND" });
  });

  it("leaves deleted runs out unless they are asked for", async () => {
    await start("a", 1);
    await tracker.delete((await start("b", 1)).id);
    expect(await names()).toEqual(["a"]);
    expect(await names({ filter: "name = 'a' OR name = 'b'" })).toEqual(["a"]);
    expect(await names({ deleted: "include" })).toEqual(["b", "a"]);
    expect(await names({ deleted: "only" })).toEqual(["b"]);
  });

  it("refuses bad options, filters and orders", async () => {
    const refused: readonly (readonly [RunSearchOptions, string])[] = [
      [{ pageSize: 0 }, "CONFIG_INVALID"],
      [{ limit: 0.5 }, "CONFIG_INVALID"],
      [{ deleted: "maybe" as "only" }, "CONFIG_INVALID"],
      [{ max: 5 } as RunSearchOptions, "CONFIG_INVALID"],
      [{ filter: "metrics.loss <" }, "INPUT_INVALID"],
      [{ filter: { op: "?" } as never }, "INPUT_INVALID"],
      [{ orderBy: "loss DOWN" }, "INPUT_INVALID"],
    ];
    for (const [options, code] of refused) {
      expect(() => tracker.search(options)).toThrow(expect.objectContaining({ code }));
    }
    await expect(names({ filter: { op: "exists", field: { entity: "attribute", key: "x" } } })).rejects.toMatchObject({
      code: "INPUT_INVALID",
    });
  });

  it("finds the best run of an experiment", async () => {
    await start("a", 0.3);
    const low = await start("low", 0.1);
    await start("nan", Number.NaN);
    await start("none", undefined);
    const high = await start("high", 0.9);
    await start("elsewhere", 5, "other");
    const best = (direction: "maximize" | "minimize", filter?: string) =>
      tracker.best({ experiment: "churn", metric: "loss", direction, filter });
    expect((await best("minimize"))?.name).toBe("low");
    expect((await best("maximize"))?.name).toBe("high");
    expect((await best("minimize", "name != 'low'"))?.name).toBe("a");
    await tracker.delete(high.id);
    expect((await best("maximize"))?.name).toBe("a");
    await low.logMetric("loss", 0.95, { step: 1 });
    expect((await best("maximize"))?.name).toBe("low");
    expect(await best("maximize", "name = 'nan' OR name = 'none'")).toBe(undefined);
    expect(await tracker.best({ experiment: "churn", metric: "auc", direction: "maximize" })).toBe(undefined);
    await expect(tracker.best({ experiment: "missing", metric: "loss", direction: "maximize" })).rejects.toMatchObject({
      code: "TRACKING_EXPERIMENT_NOT_FOUND",
    });
    await expect(best("most" as "maximize")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("answers histories and samples", async () => {
    const run = await start("a", undefined);
    await run.logHistory(Array.from({ length: 2500 }, (_, step) => ({ key: "loss", value: Math.sin(step / 50), step })));
    const history = await all(tracker.history(run.id, "loss"));
    expect(history.map(({ step }) => step)).toEqual(Array.from({ length: 2500 }, (_, step) => step));
    const sample = await tracker.sample(run.id, "loss", { buckets: 10 });
    expect(sample.length).toBeLessThanOrEqual(30);
    expect(sample.at(-1)).toEqual(history.at(-1));
    expect(await tracker.sample(run.id, "loss", { buckets: 10_000 })).toEqual(history);
    expect((await tracker.sample(run.id, "loss")).length).toBeLessThanOrEqual(600);
    expect(await all(tracker.history(run.id, "missing"))).toEqual([]);
    expect(await tracker.sample("missing", "loss")).toEqual([]);
    await expect(tracker.sample(run.id, "loss", { buckets: 0 })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(() => tracker.history(run.id, "")).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  });

  it("puts runs side by side", async () => {
    const a = await tracker.startRun({ experiment: "churn", name: "a", params: { rate: 0.1, depth: 3 } });
    const b = await tracker.startRun({ experiment: "churn", name: "b", params: { rate: 0.1, depth: 5 } });
    await a.log({ metrics: { loss: 0.5 }, datasets: [{ name: "train", digest: "1" }], artifacts: { m: text("1") } });
    await b.log({
      metrics: { loss: 0.25, auc: Number.NaN },
      datasets: [{ name: "train", digest: "2", context: "x" }],
      artifacts: { m: text("2") },
    });
    clock.advance(1500);
    const runs = [await a.finish(), await b.read()];
    const comparison = compareRuns(runs, { directions: { loss: "minimize" } });
    expect(comparison.columns).toEqual(["a", "b"]);
    expect(comparison.params.map(({ key, equal }) => [key, equal])).toEqual([
      ["depth", false],
      ["rate", true],
    ]);
    expect(comparison.metrics).toEqual([
      { key: "auc", direction: null, cells: [null, { value: "NaN", delta: null, verdict: "unknown" }], equal: false },
      {
        key: "loss",
        direction: "minimize",
        cells: [
          { value: 0.5, delta: 0, verdict: "equal" },
          { value: 0.25, delta: -0.25, verdict: "better" },
        ],
        equal: false,
      },
    ]);
    const facts = new Map(comparison.facts.map(({ key, cells }) => [key, cells.map((cell) => cell?.value)]));
    expect(facts.get("status")).toEqual(["finished", "running"]);
    expect(facts.get("durationMs")).toEqual([1500, null]);
    expect(comparison.datasets.map(({ key }) => key)).toEqual(["train", "train (x)"]);
    expect(comparison.artifacts).toMatchObject([{ key: "m", changes: ["same", "changed"] }]);
    expect(compareRuns(runs, { baseline: b.id }).baseline).toBe(1);
    expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison);
    expect(() => compareRuns([])).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
    expect(() => compareRuns(runs, { baseline: "x" })).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  });
});

describe("samplePoints", () => {
  const value = fc.oneof(fc.double({ noNaN: false }), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY));
  const histories = fc
    .array(fc.record({ value, step: fc.maxSafeInteger(), at: fc.nat() }), { maxLength: 40 })
    .map((points): readonly MetricPoint[] => [...points].sort((a, b) => a.step - b.step || a.at - b.at));

  it("answers points of the history in order, each once, with the last and the extremes among them", () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 50 }), (history, buckets) => {
        const sample = samplePoints(history, buckets);
        const indices = sample.map((point) => history.indexOf(point));
        expect(indices).toEqual([...new Set(indices)].sort((a, b) => a - b));
        expect(indices).not.toContain(-1);
        expect(sample.length).toBeLessThanOrEqual(3 * buckets);
        expect(sample.at(-1)).toBe(history.at(-1));
        const numbers = (points: readonly MetricPoint[]) =>
          points.map((point) => point.value).filter((each) => !Number.isNaN(each));
        expect(Math.min(...numbers(sample))).toBe(Math.min(...numbers(history)));
        expect(Math.max(...numbers(sample))).toBe(Math.max(...numbers(history)));
      }),
    );
  });
});
