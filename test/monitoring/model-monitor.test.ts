import { describe, expect, it } from "vitest";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { ModelMonitor, type ModelMonitorOptions, type PredictionInput } from "../../src/monitoring/index.ts";
import { DAY, MINUTE, monitored, START } from "./monitored.ts";

const refused = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (ModelwrightError.is(error, "INPUT_INVALID")) return error.details.issues.map(({ path }) => path.join("."));
    throw error;
  }
  return [];
};

describe("record", () => {
  it("answers the id that was given, or a new one", () => {
    const { monitor } = monitored();
    expect(monitor.record({ id: "p1", version: "7", output: 0.5 })).toBe("p1");
    const ids = new Set(Array.from({ length: 100 }, () => monitor.record({ version: "7", output: 0.5 })));
    expect(ids.size).toBe(100);
    expect([...ids][0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each<[string, ModelMonitorOptions["task"], unknown[], unknown[]]>([
    ["probabilities", "binary", [0, 0.5, 1, -0], [-0.1, 1.1, Number.NaN, "1", null, undefined, { yes: 1 }, true]],
    [
      "classes",
      "multiclass",
      ["cat", { cat: 1 }, { cat: 0.3, dog: 0.7 }, { cat: 0.5 }],
      ["", {}, { cat: 2 }, { cat: "1" }, { cat: 0.9, dog: 0.9 }, { "": 1 }, "a\0", "\ud800", "x".repeat(129), 1, null, ["cat"]],
    ],
    ["numbers", "regression", [0, -1e300, 5e-324, 7], [Number.NaN, Number.POSITIVE_INFINITY, "1", null, { value: 1 }]],
  ])("takes %s of a %s model and refuses what else there is", async (_, task, good, bad) => {
    const { monitor } = monitored({ task });
    for (const output of good) monitor.record({ version: "7", output: output as number });
    for (const output of bad)
      expect(refused(() => monitor.record({ version: "7", output: output as number }))).toEqual(["output"]);
    const { total } = await monitor.traffic(DAY);
    expect(total.requests).toBe(good.length);
    expect(total.records).toEqual({ logged: good.length, dropped: 0, notSampled: 0, refused: 0 });
  });

  it("refuses everything else that is malformed, and names it all", () => {
    const { monitor } = monitored();
    const all = { id: "", version: "", output: 2, latencyMs: -1, segment: "", at: 1.5 } as PredictionInput;
    expect(refused(() => monitor.record(all)).sort()).toEqual(["at", "id", "latencyMs", "output", "segment", "version"]);
    for (const latencyMs of [Number.NaN, Number.POSITIVE_INFINITY, "1" as unknown as number]) {
      expect(refused(() => monitor.record({ version: "7", output: 0, latencyMs }))).toEqual(["latencyMs"]);
    }
    for (const at of [-1, Number.NaN, 2 ** 60, null as unknown as number]) {
      expect(refused(() => monitor.record({ version: "7", output: 0, at }))).toEqual(["at"]);
    }
    expect(refused(() => monitor.record({ version: 7 as unknown as string, output: 0 }))).toEqual(["version"]);
    expect(refused(() => monitor.recordError({ version: "7", code: "" }))).toEqual(["code"]);
  });

  it("keeps nothing of what the caller changes later", async () => {
    const { monitor, store } = monitored({ task: "multiclass" });
    const output: Record<string, number> = { cat: 0.6, dog: 0.4 };
    monitor.record({ version: "7", output });
    output["cat"] = 0;
    await monitor.flush();
    const { predictions } = await store.predictions("fraud", { from: 0, to: DAY.to, limit: 10 });
    expect(predictions[0]!.output).toEqual({ cat: 0.6, dog: 0.4 });
  });

  it("takes the time of a clock that is far ahead for now", async () => {
    const { monitor, store } = monitored();
    monitor.record({ id: "near", version: "7", output: 0, at: START + MINUTE });
    monitor.record({ id: "far", version: "7", output: 0, at: START + 100 * MINUTE });
    await monitor.flush();
    const { predictions } = await store.predictions("fraud", { from: 0, to: DAY.to, limit: 10 });
    expect(predictions.map(({ id, at }) => [id, at - START])).toEqual([
      ["far", 0],
      ["near", MINUTE],
    ]);
    expect(monitor.prometheus()).toContain('modelwright_monitoring_clock_ahead_total{model="fraud"} 1');
  });

  it("samples records by their ids, alike in every process, and counts all", async () => {
    const store = memoryMonitoring();
    const [half, third] = [monitored({ store, sampling: 0.5 }), monitored({ store, model: "other", sampling: 0.3 })];
    for (let i = 0; i < 1000; i++) {
      half.monitor.record({ id: `p${i}`, version: "7", output: 0.1 });
      third.monitor.record({ id: `p${i}`, version: "7", output: 0.1 });
    }
    await Promise.all([half.monitor.flush(), third.monitor.flush()]);
    const idsOf = async (model: string) => {
      const page = await store.predictions(model, { from: 0, to: DAY.to, limit: 1000 });
      return page.predictions.map(({ id }) => id);
    };
    const [more, fewer] = [new Set(await idsOf("fraud")), await idsOf("other")];
    expect(more.size).toBeGreaterThan(450);
    expect(more.size).toBeLessThan(550);
    expect(fewer.length).toBeGreaterThan(250);
    expect(fewer.every((id) => more.has(id))).toBe(true);
    const { total } = await half.monitor.traffic(DAY);
    expect(total.requests).toBe(1000);
    expect(total.records).toEqual({ logged: more.size, dropped: 0, notSampled: 1000 - more.size, refused: 0 });
    const [kept] = more;
    const lost = Array.from({ length: 1000 }, (_, i) => `p${i}`).find((id) => !more.has(id))!;
    const labels = [kept!, lost].map((id) => ({ id, label: 1 }));
    expect(await half.monitor.labels(labels)).toEqual(["joined", "not_sampled"]);
  });
});

describe("labels", () => {
  it("say what became of each, and count once", async () => {
    const { monitor, clock } = monitored({ labelWindowMs: 60 * MINUTE });
    const id = monitor.record({ version: "7", output: 0.9 });
    const late = monitor.record({ version: "7", output: 0.9 });
    clock.advance(MINUTE);
    expect(await monitor.label(id, 1)).toBe("joined");
    expect(await monitor.label(id, 1)).toBe("unchanged");
    expect(await monitor.label(id, 0)).toBe("conflict");
    expect(await monitor.label(id, 0, { replaces: true })).toBe("corrected");
    expect(await monitor.label("nobody", 1)).toBe("unknown");
    clock.advance(60 * MINUTE);
    expect(await monitor.label(late, 1)).toBe("late");
    expect(await monitor.label(late, 1, { at: START + 30 * MINUTE })).toBe("joined");
    const { total } = await monitor.performance(DAY);
    expect([total.predictions, total.labelled, total.labelCoverage]).toEqual([2, 2, 1]);
    expect(total.labelDelay!.maxMs).toBe(30 * MINUTE);
    expect(monitor.prometheus()).toContain('labels_total{model="fraud",outcome="joined"} 2');
  });

  it("may have names of their own", async () => {
    const { monitor } = monitored({ labels: ["legit", "fraud"] });
    const ids = [0.9, 0.1].map((output) => monitor.record({ version: "7", output }));
    expect(await monitor.label(ids[0]!, "fraud")).toBe("joined");
    expect(await monitor.label(ids[1]!, "legit")).toBe("joined");
    const { total } = await monitor.performance(DAY);
    expect(total.confusion).toEqual({ truePositives: 1, falsePositives: 0, trueNegatives: 1, falseNegatives: 0 });
    await expect(monitor.label(ids[0]!, 1)).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("that are malformed are refused, and none of the others is joined", async () => {
    const { monitor } = monitored();
    const id = monitor.record({ version: "7", output: 0.9 });
    const bad = [{ id, label: 1 }, { id, label: 2 }, { id: "", label: 0 }, null as never];
    const error = await monitor.labels(bad).catch((thrown) => thrown);
    expect(error.code).toBe("INPUT_INVALID");
    expect(error.details.issues.map(({ path }: { path: unknown[] }) => path.join("."))).toEqual([
      "1.label",
      "2.id",
      "3.id",
      "3.label",
    ]);
    expect(await monitor.label(id, 0)).toBe("joined");
    await expect(monitor.labels("no" as never)).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("come in any number", async () => {
    const { monitor } = monitored();
    const ids = Array.from({ length: 2500 }, () => monitor.record({ version: "7", output: 0.9 }));
    const results = await monitor.labels(ids.map((id) => ({ id, label: 1 })));
    expect(new Set(results)).toEqual(new Set(["joined"]));
    expect(results.length).toBe(2500);
    expect(await monitor.labels([])).toEqual([]);
  });

  it("are not older than the predictions, in what is reported", async () => {
    const { monitor } = monitored();
    const id = monitor.record({ version: "7", output: 0.9 });
    expect(await monitor.label(id, 1, { at: START - MINUTE })).toBe("joined");
    expect((await monitor.performance(DAY)).total.labelDelay!.maxMs).toBe(0);
  });
});

describe("a monitor", () => {
  it.each([
    { model: "" },
    { task: "ranking" },
    { store: {} },
    { drift: {} as never, bucketMs: 0 },
    { drift: { 7: {} } },
    { sampling: 2 },
    { threshold: Number.NaN },
    { labels: [1, 1] },
    { buffer: { maxRecords: 0 } },
    { sla: { latencyP99Ms: -1 } },
    { sla: { metrics: { r2: 0.5 } } },
    { retention: { predictionsMs: 0.5 } },
    { unknown: 1 },
  ])("refuses the options %j", (wrong) => {
    const options = { model: "fraud", task: "binary", store: memoryMonitoring(), ...wrong } as unknown as ModelMonitorOptions;
    expect(() => new ModelMonitor(options)).toThrowError(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("stores what waits when it closes, and is closed then", async () => {
    const { monitor, clock, store } = monitored();
    monitor.record({ id: "p", version: "7", output: 0.5 });
    await Promise.all([monitor.close(), monitor.close()]);
    const { predictions } = await store.predictions("fraud", { from: 0, to: DAY.to, limit: 10 });
    expect(predictions.map(({ id }) => id)).toEqual(["p"]);
    expect(clock.pending).toBe(0);
    const closed = { code: "CLOSED" };
    expect(() => monitor.record({ version: "7", output: 0.5 })).toThrowError(expect.objectContaining(closed));
    expect(() => monitor.recordError({ version: "7", code: "E" })).toThrowError(expect.objectContaining(closed));
    const calls = ["flush", "traffic", "performance", "drift", "sla", "dashboard", "applyRetention"] as const;
    for (const call of calls) await expect(monitor[call]()).rejects.toMatchObject(closed);
    await expect(monitor.labels([])).rejects.toMatchObject(closed);
    expect(monitor.prometheus()).toContain("modelwright_monitoring_predictions_total");
  });

  it("removes what its retention does not keep, by itself once an hour", async () => {
    const day = 24 * 60 * MINUTE;
    const { monitor, clock, store } = monitored({ retention: { predictionsMs: day, bucketsMs: 2 * day, maxPredictions: 3 } });
    monitor.record({ version: "7", output: 0.5, at: START - 3 * day });
    monitor.record({ version: "7", output: 0.5, at: START - day - MINUTE });
    for (let i = 0; i < 5; i++) monitor.record({ version: "7", output: 0.5 });
    await monitor.flush();
    const left = async () => {
      const { predictions } = await store.predictions("fraud", { from: 0, to: DAY.to, limit: 100 });
      let buckets = 0;
      for await (const _ of store.buckets("fraud", { from: 0, to: DAY.to })) buckets += 1;
      return [predictions.length, buckets];
    };
    expect(await left()).toEqual([7, 3]);
    await clock.advanceAsync(5 * MINUTE);
    clock.advance(56 * MINUTE);
    monitor.record({ version: "7", output: 0.5 });
    await clock.advanceAsync(MINUTE);
    expect(await left()).toEqual([3, 3]); // one bucket is too old, one is new
    expect(await monitor.applyRetention()).toEqual({ predictions: 0, buckets: 0 });
  });
});
