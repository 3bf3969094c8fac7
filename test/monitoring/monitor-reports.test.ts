import { describe, expect, it } from "vitest";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import { fakeDrift } from "./fake-drift.ts";
import { DAY, MINUTE, monitored, START } from "./monitored.ts";

const HOUR = 60 * MINUTE;

/** Whether a value is what JSON carries without loss. */
function isJson(value: unknown): boolean {
  return JSON.stringify(JSON.parse(JSON.stringify(value))) === JSON.stringify(value) && !/undefined|NaN/.test(plain(value));
}

function plain(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.values(value).map(plain).join(" ");
}

describe("traffic", () => {
  it("has requests, failures, latency and outputs of each window, version, and the whole", async () => {
    const { monitor, clock } = monitored();
    for (let i = 0; i < 100; i++) monitor.record({ version: "7", output: i / 100, latencyMs: i + 1 });
    monitor.recordError({ version: "7", code: "TIMEOUT", latencyMs: 500 });
    clock.advance(HOUR);
    for (let i = 0; i < 50; i++) monitor.record({ version: "8", output: 0.75, latencyMs: 10 });
    monitor.recordError({ version: "8", code: "BAD" });
    monitor.recordError({ version: "8", code: "BAD" });
    clock.advance(HOUR);
    const report = await monitor.traffic({ from: START, to: START + 4 * HOUR, everyMs: HOUR });
    expect(report.windows.map(({ requests, errors }) => [requests, errors])).toEqual([
      [101, 1],
      [52, 2],
      [0, 0],
      [0, 0],
    ]);
    const [first, second, third, fourth] = report.windows;
    expect(first!.requestsPerSecond).toBe(101 / 3600);
    expect(first!.latency!.p50Ms).toBeCloseTo(50, -0.5);
    expect(first!.latency).toMatchObject({ count: 100, meanMs: 50.5, maxMs: 100 });
    expect(Math.abs(first!.latency!.p99Ms / 99 - 1)).toBeLessThan(0.016);
    expect([first!.positiveRatio, second!.positiveRatio]).toEqual([0.5, 1]);
    expect(second!.errorRatio).toBe(2 / 52);
    expect(third).toEqual({
      from: START + 2 * HOUR,
      to: START + 3 * HOUR,
      requests: 0,
      requestsPerSecond: null,
      errors: 0,
      errorRatio: null,
      latency: null,
      positiveRatio: null,
      meanOutput: null,
    });
    expect(fourth!.requestsPerSecond).toBeNull();
    const { total, versions } = report;
    expect([total.requests, total.requestsPerSecond]).toEqual([153, 153 / 7200]);
    expect(total.errorCodes).toEqual([
      { name: "BAD", count: 2 },
      { name: "TIMEOUT", count: 1 },
    ]);
    expect(total.errorLatency).toMatchObject({ count: 1, maxMs: 500 });
    expect(total.outputs.numbers!.bars.reduce((sum, { count }) => sum + count, 0)).toBe(150);
    expect(versions.map(({ version, requests }) => [version, requests])).toEqual([
      ["7", 101],
      ["8", 52],
    ]);
    const alone = await monitor.traffic({ ...DAY, version: "8" });
    expect(alone.total).toMatchObject({ requests: 52, errors: 2 });
    expect(isJson(report)).toBe(true);
  });

  it("counts classes and how sure the model was of them", async () => {
    const { monitor } = monitored({ task: "multiclass" });
    for (const output of ["cat", "dog", { cat: 0.75, dog: 0.25 }, { cat: 0.5, ape: 0.5 }])
      monitor.record({ version: "7", output });
    const { outputs, meanOutput, positiveRatio } = (await monitor.traffic(DAY)).total;
    expect(outputs.classes).toEqual([
      { name: "cat", count: 2 },
      { name: "ape", count: 1 },
      { name: "dog", count: 1 },
    ]);
    expect([outputs.numbers!.count, meanOutput, positiveRatio]).toEqual([2, 0.625, null]);
  });

  it("counts the classes and codes beyond its bounds together", async () => {
    const { monitor } = monitored({ task: "multiclass" });
    for (let i = 0; i < 130; i++) monitor.record({ version: "7", output: `class ${i}` });
    for (let i = 0; i < 70; i++) monitor.recordError({ version: "7", code: `code ${i}` });
    const { total } = await monitor.traffic(DAY);
    expect([total.outputs.classes.length, total.outputs.otherClasses]).toEqual([100, 30]);
    expect([total.errorCodes.length, total.otherErrors]).toEqual([50, 20]);
  });

  it("leaves out a damaged bucket and says so", async () => {
    const { monitor, store } = monitored();
    monitor.record({ version: "7", output: 0.5 });
    await monitor.flush();
    await store.putBuckets("fraud", [{ series: "7", at: START, writer: "bad", content: Uint8Array.of(1, 2, 3) }]);
    const report = await monitor.traffic(DAY);
    expect([report.total.requests, report.damagedBuckets]).toEqual([1, 1]);
    expect(monitor.prometheus()).toContain('damaged_buckets_total{model="fraud"} 1');
  });

  it.each([
    { from: START, to: START },
    { from: START + HOUR, to: START },
    { from: 0, to: DAY.to, everyMs: MINUTE },
    { ...DAY, everyMs: MINUTE + 1 },
    { ...DAY, version: "" },
    { ...DAY, from: Number.NaN },
    { ...DAY, windows: 3 },
  ])("refuses the range %j", async (range) => {
    const { monitor } = monitored();
    await expect(monitor.traffic(range)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("reports on the last day in windows of a quarter of an hour, unless told", async () => {
    const { monitor } = monitored();
    const { from, to, everyMs, windows } = await monitor.traffic();
    expect([to - from, everyMs, windows.length]).toEqual([24 * HOUR, 15 * MINUTE, 96]);
    expect((await monitor.traffic({ from: START - 300 * 24 * HOUR })).windows.length).toBeLessThanOrEqual(200);
  });
});

describe("performance", () => {
  it("measures the labelled predictions of each window, at the time when they were made", async () => {
    const { monitor, clock } = monitored();
    const labels: { id: string; label: number }[] = [];
    for (let i = 0; i < 200; i++) {
      const id = monitor.record({ version: i < 100 ? "7" : "8", output: (i % 100) / 100, segment: i % 2 === 0 ? "eu" : "us" });
      // The first version is right, the second one the other way round.
      const truth = i % 100 >= 50 ? 1 : 0;
      labels.push({ id, label: i < 100 ? truth : 1 - truth });
      if (i === 99) clock.advance(HOUR);
    }
    monitor.record({ version: "8", output: 0.5 });
    clock.advance(HOUR);
    await monitor.labels(labels);
    const report = await monitor.performance({ from: START, to: START + 3 * HOUR, everyMs: HOUR });
    expect(report.total).toMatchObject({ predictions: 201, labelled: 200, unlabelled: 1, labelCoverage: 200 / 201 });
    expect(report.total.labelDelay!.maxMs).toBe(2 * HOUR);
    const aucs = report.windows.map(({ metrics }) => metrics.auc!.value);
    expect(aucs).toEqual([1, 0, null]);
    expect(report.windows[2]).toMatchObject({ labelled: 0, labelCoverage: null, labelDelay: null, confusion: null });
    expect(report.versions.map(({ version, metrics }) => [version, metrics.accuracy!.value])).toEqual([
      ["7", 1],
      ["8", 0],
    ]);
    expect(report.total.metrics.accuracy!.interval![0]).toBeLessThan(0.5);
    expect([report.complete, report.readUntil, report.unusable]).toEqual([true, null, 0]);
    const part = await monitor.performance({ ...DAY, version: "7", segment: "us" });
    expect(part.total.predictions).toBe(50);
    expect(isJson(report)).toBe(true);
    expect(monitor.prometheus()).toContain('modelwright_monitoring_performance{model="fraud",metric="accuracy"} 0.5');
  });

  it("says when it has read a part only", async () => {
    const { monitor, clock } = monitored();
    for (let i = 0; i < 20; i++) {
      monitor.record({ version: "7", output: 0.5 });
      clock.advance(HOUR);
    }
    const report = await monitor.performance({ ...DAY, maxRows: 5 });
    expect([report.complete, report.readUntil, report.total.predictions]).toEqual([false, START + 4 * HOUR, 5]);
    expect(report.windows.length).toBe(5);
    const exact = await monitor.performance({ ...DAY, maxRows: 20 });
    expect([exact.complete, exact.windows.length]).toEqual([true, 24]);
  });

  it("says how many answers have no record", async () => {
    const { monitor } = monitored({ sampling: 0.5, buffer: { maxRecords: 10 } });
    for (let i = 0; i < 100; i++) monitor.record({ version: "7", output: 0.5, segment: "eu" });
    const { total, missing } = await monitor.performance(DAY);
    expect(total.predictions).toBe(10);
    expect(missing!.dropped).toBeGreaterThan(20);
    expect(missing!.dropped + missing!.notSampled).toBe(90);
    expect((await monitor.performance({ ...DAY, segment: "eu" })).missing).toBeNull();
    expect((await monitor.dashboard(DAY)).performance.missing).toEqual(missing);
  });

  it("of a regression has errors and the bias", async () => {
    const { monitor } = monitored({ task: "regression" });
    const ids = Array.from({ length: 50 }, (_, i) => monitor.record({ version: "7", output: i + 2 }));
    await monitor.labels(ids.map((id, i) => ({ id, label: i + 1 })));
    const { total } = await monitor.performance(DAY);
    expect(total.metrics.meanAbsoluteError).toMatchObject({ value: 1, interval: [1, 1] });
    expect(total.metrics.rootMeanSquaredError!.value).toBe(1);
    expect(total.bias!.value).toBe(1);
    expect(total.metrics.r2!.value).toBeGreaterThan(0.99);
  });

  it("of many classes has averages, single classes, and the probabilities where all are given", async () => {
    const { monitor } = monitored({ task: "multiclass" });
    const answers = [
      [{ cat: 0.8, dog: 0.2 }, "cat"],
      [{ cat: 0.6, dog: 0.4 }, "dog"],
      [{ dog: 0.9, cat: 0.1 }, "dog"],
    ] as const;
    const ids = answers.map(([output]) => monitor.record({ version: "7", output }));
    await monitor.labels(ids.map((id, i) => ({ id, label: answers[i]![1] })));
    const { total } = await monitor.performance(DAY);
    expect(total.metrics.accuracy!.value).toBe(2 / 3);
    expect(total.metrics.macroRecall!.value).toBe(0.75);
    expect(total.metrics.logLoss!.value).toBeCloseTo(-(Math.log(0.8) + Math.log(0.4) + Math.log(0.9)) / 3, 12);
    expect(total.metrics.auc!.value).toBe(1);
    expect(total.metrics.expectedCalibrationError!.value).toBeCloseTo((0.2 + 0.6 + 0.1) / 3, 12);
    expect(total.classConfusion).toEqual({ classes: ["cat", "dog"], counts: [[1, 0], [1, 1]] }); // biome-ignore format: a matrix
    expect(total.classes.map((one) => [one.class, one.labelled])).toEqual([
      ["dog", 2],
      ["cat", 1],
    ]);
    const more = monitor.record({ version: "7", output: "ape" });
    await monitor.label(more, "cat");
    const without = (await monitor.performance(DAY)).total.metrics;
    expect([without.accuracy!.value, without.logLoss!.reason]).toEqual([0.5, "no_probabilities"]);
  });

  it("leaves out records of another task", async () => {
    const store = memoryMonitoring();
    const before = monitored({ store, task: "regression" }, {}, 2);
    before.monitor.record({ version: "7", output: 7 });
    await before.monitor.flush();
    const { monitor } = monitored({ store });
    monitor.record({ version: "7", output: 0.7 });
    const { total, unusable } = await monitor.performance(DAY);
    expect([total.predictions, unusable]).toEqual([1, 1]);
    expect((await monitor.traffic(DAY)).total).toMatchObject({ requests: 2, meanOutput: 0.7 });
  });
});

describe("drift", () => {
  it("sums the cells of all buckets, as a whole and over time", async () => {
    const { monitor, clock } = monitored({ drift: fakeDrift() });
    for (let hour = 0; hour < 3; hour++) {
      for (let i = 0; i < 10; i++) monitor.record({ version: i < 5 ? "7" : "8", output: 0.5, input: { a: hour, b: i % 2 } });
      clock.advance(2 * HOUR);
    }
    monitor.record({ version: "7", output: 0.5 });
    const history = await monitor.drift({ from: START, to: START + 6 * HOUR, everyMs: HOUR });
    const [comparison, ...others] = history.comparisons;
    expect(others).toEqual([]);
    expect(comparison).toMatchObject({ fingerprint: "reference 1", versions: ["7", "8"], rows: 30, features: ["a", "b"] });
    expect(comparison!.report).toMatchObject({ rows: 30, since: START, until: START + 4 * HOUR });
    expect(comparison!.report.features.map(({ psiDebiased }) => psiDebiased)).toEqual([20, 15]);
    expect(comparison!.windows.map(({ rows, psi }) => [rows, psi])).toEqual([
      [10, [0, 5]],
      [0, null],
      [10, [10, 5]],
      [0, null],
      [10, [10, 5]],
      [0, null],
    ]);
    const alone = await monitor.drift({ ...DAY, version: "8" });
    expect(alone.comparisons.map(({ rows, versions }) => [rows, versions])).toEqual([[15, ["8"]]]);
    expect(isJson(history)).toBe(true);
    expect(monitor.prometheus()).toContain('modelwright_monitoring_drift_psi{model="fraud",feature="a"} 20');
  });

  it("compares each version with its own reference, and rows of an old one with none", async () => {
    const store = memoryMonitoring();
    const sources = { 7: fakeDrift("seven"), 8: fakeDrift("eight") };
    const { monitor } = monitored({ store, drift: sources });
    for (const version of ["7", "7", "8", "9"]) monitor.record({ version, output: 0.5, input: { a: 1, b: 0 } });
    const history = await monitor.drift(DAY);
    expect(history.comparisons.map(({ fingerprint, rows }) => [fingerprint, rows])).toEqual([
      ["seven", 2],
      ["eight", 1],
    ]);
    expect(history.otherRows).toBe(0); // nothing was counted for version 9
    const later = monitored({ store, drift: (version) => (version === "8" ? sources[8] : fakeDrift("another")) });
    const after = await later.monitor.drift(DAY);
    expect(after.comparisons.map(({ fingerprint }) => fingerprint)).toEqual(["eight"]);
    expect(after.otherRows).toBe(2);
  });

  it("does without a source that fails, in predictions and in reports", async () => {
    const source = fakeDrift();
    const without = Object.defineProperty({ ...source }, "fingerprint", {
      get: () => {
        throw new Error("no reference yet");
      },
    });
    const long = fakeDrift("x".repeat(1000));
    const { monitor } = monitored({ drift: { 7: source, 8: without, 9: long } });
    monitor.record({ version: "7", output: 0.5, input: { a: 9, b: 0 } });
    monitor.record({ version: "7", output: 0.5, input: null });
    monitor.record({ version: "8", output: 0.5, input: { a: 1, b: 0 } });
    monitor.record({ version: "9", output: 0.5, input: { a: 1, b: 0 } });
    expect(await monitor.traffic(DAY)).toMatchObject({ total: { requests: 4 }, damagedBuckets: 0 });
    expect((await monitor.drift(DAY)).comparisons).toEqual([]);
    expect(monitor.prometheus()).toContain('drift_failures_total{model="fraud"} 4');
  });
});

describe("sla", () => {
  const sla = {
    latencyP99Ms: 100,
    latencyP95Ms: 50,
    errorRatio: 0.1,
    throughputPerSecond: 1,
    metrics: { auc: 0.8, logLoss: 0.5 },
  };

  it("judges each objective over the whole time and in each bucket", async () => {
    const { monitor, clock } = monitored({ sla });
    const labels: { id: string; label: number }[] = [];
    for (let minute = 0; minute < 4; minute++) {
      for (let i = 0; i < 100; i++) {
        const slow = minute === 3 && i > 90;
        const id = monitor.record({ version: "7", output: i < 50 ? 0.1 : 0.9, latencyMs: slow ? 200 : 20 });
        labels.push({ id, label: i < 50 ? 0 : 1 });
      }
      if (minute === 1) for (let i = 0; i < 50; i++) monitor.recordError({ version: "7", code: "E" });
      clock.advance(MINUTE);
    }
    await monitor.labels(labels);
    clock.advance(MINUTE);
    const report = await monitor.sla({ from: START, to: START + 10 * MINUTE, everyMs: MINUTE });
    const shown = report.objectives.map(({ objective, at, met, metShare }) => [objective, at, met, metShare]);
    expect(shown).toEqual([
      ["latencyP99Ms", "most", false, 0.75],
      ["latencyP95Ms", "most", true, 0.75],
      ["errorRatio", "most", false, 0.75],
      ["throughputPerSecond", "least", true, 0.8], // the fifth minute was empty
      ["auc", "least", true, 1],
      ["logLoss", "most", true, 1],
    ]);
    expect(report.met).toBe(false);
    expect(report.objectives[2]!.value).toBe(50 / 450);
    expect(report.objectives[3]!.value).toBe(450 / 300);
    expect(report.objectives[4]!.interval).not.toBeNull();
    expect(isJson(report)).toBe(true);
    expect(monitor.prometheus()).toContain('objective_met{model="fraud",objective="errorRatio"} 0');
  });

  it("judges many empty buckets as fast as one", async () => {
    const { monitor } = monitored({ sla: { throughputPerSecond: 1, errorRatio: 0 }, bucketMs: 1000 });
    monitor.record({ version: "7", output: 0.5, at: 1_000_000_000 });
    const { objectives } = await monitor.sla({ from: 0, to: START });
    expect(objectives.map(({ metShare }) => metShare)).toEqual([1, 1000 / START]);
  });

  it("has nothing to judge without traffic", async () => {
    const { monitor } = monitored({ sla });
    const report = await monitor.sla({ from: START + HOUR, to: START + 2 * HOUR });
    expect(report.met).toBeNull();
    expect(report.objectives.map(({ value, met, metShare }) => [value, met, metShare])).toEqual(
      Array(6).fill([null, null, null]),
    );
    expect(await monitored().monitor.sla(DAY)).toMatchObject({ met: null, objectives: [] });
  });
});

describe("dashboard", () => {
  it("has every report of one stretch of time, as each alone", async () => {
    const { monitor, clock } = monitored({ drift: fakeDrift(), sla: { latencyP99Ms: 100, metrics: { accuracy: 0.5 } } });
    for (let i = 0; i < 30; i++) {
      const id = monitor.record({ version: "7", output: i / 30, latencyMs: 5, input: { a: i % 3, b: 0 } });
      await monitor.label(id, i % 2);
      clock.advance(MINUTE);
    }
    const range = { from: START, to: START + HOUR, everyMs: 10 * MINUTE };
    const dashboard = await monitor.dashboard(range);
    expect(dashboard).toMatchObject({ schemaVersion: 1, model: "fraud", task: "binary", ...range, generatedAt: clock.now() });
    expect(dashboard.traffic).toEqual(await monitor.traffic(range));
    expect(dashboard.performance).toEqual(await monitor.performance(range));
    expect(dashboard.drift).toEqual(await monitor.drift(range));
    expect(dashboard.sla).toEqual(await monitor.sla(range));
    expect(isJson(dashboard)).toBe(true);
  });

  it("has nulls and no more where nothing is", async () => {
    const dashboard = await monitored({ drift: fakeDrift() }).monitor.dashboard(DAY);
    expect(dashboard.traffic.total).toMatchObject({ requests: 0, errorRatio: null, latency: null });
    expect(dashboard.traffic.total.outputs).toEqual({ numbers: null, classes: [], otherClasses: 0 });
    expect(dashboard.performance.total.metrics.auc).toEqual({ value: null, interval: null, reason: "too_few_rows" });
    expect(dashboard.drift.comparisons).toEqual([]);
    expect(isJson(dashboard)).toBe(true);
  });
});
