import { describe, expect, it, vi } from "vitest";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { seeded } from "../../src/core/random.ts";
import type { ModelMonitor, MonitoringStore } from "../../src/monitoring/index.ts";
import { DAY, MINUTE, monitored, START } from "./monitored.ts";

const down = () => new ModelwrightError("STORE_FAILED", "down", { details: { store: "s", operation: "o" }, retryable: true });
const invalid = () => new ModelwrightError("INPUT_INVALID", "no", { details: { subject: "s", issues: [] } });

/** A number that the metrics show; 0 where they show none. */
function shown(monitor: ModelMonitor, series: string): number {
  const line = monitor
    .prometheus()
    .split("\n")
    .find((one) => one.startsWith(`modelwright_monitoring_${series} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

const outcomes = ["logged", "repeated", "dropped", "not_sampled", "refused"] as const;
const records = (monitor: ModelMonitor, outcome: (typeof outcomes)[number]) =>
  shown(monitor, `records_total{model="fraud",outcome="${outcome}"}`);

async function storedIds(store: MonitoringStore): Promise<readonly string[]> {
  const { predictions } = await store.predictions("fraud", { from: 0, to: DAY.to, limit: 10_000 });
  return predictions.map(({ id }) => id);
}

describe("every prediction is accounted for", () => {
  it("through failures of all kinds, in the metrics and in reports", async () => {
    const store = memoryMonitoring();
    const random = seeded(3);
    let healthy = false;
    const addPredictions: MonitoringStore["addPredictions"] = async (model, predictions, call) => {
      if (predictions.some(({ id }) => id.endsWith("3"))) throw invalid();
      const added = await store.addPredictions(model, predictions, call);
      if (!healthy && random.next() < 0.5) throw down(); // stored, but nobody hears of it
      return added;
    };
    const putBuckets: MonitoringStore["putBuckets"] = async (...args) => {
      await store.putBuckets(...args);
      if (!healthy && random.next() < 0.5) throw down();
    };
    const { monitor, clock } = monitored(
      { store, sampling: 0.9, buffer: { maxRecords: 200, batch: 50 } },
      { addPredictions, putBuckets },
    );
    for (let i = 0; i < 3000; i++) {
      monitor.record({ id: `p${i}`, version: `${i % 3}`, output: 0.5 });
      if (i % 10 === 0) await clock.advanceAsync(1 + Math.floor(random.next() * 400));
    }
    healthy = true;
    await clock.advanceAsync(5 * MINUTE);
    await monitor.flush();
    const sum = outcomes.reduce((total, outcome) => total + records(monitor, outcome), 0);
    expect([sum, shown(monitor, 'buffered_records{model="fraud"}')]).toEqual([3000, 0]);
    const { traffic, performance } = await monitor.dashboard(DAY);
    const { logged, dropped, notSampled, refused } = traffic.total.records;
    expect([logged + dropped + notSampled + refused, traffic.total.requests]).toEqual([3000, 3000]);
    expect([dropped, notSampled, refused, logged]).toEqual([
      records(monitor, "dropped"),
      records(monitor, "not_sampled"),
      records(monitor, "refused"),
      (await storedIds(store)).length,
    ]);
    expect(refused).toBeGreaterThan(10);
    expect(dropped).toBeGreaterThan(10);
    expect(performance.missing).toEqual({ dropped, notSampled, refused });
    expect(performance.total.predictions).toBe(logged);
  });

  it("once, when the store takes only a part of the records before it fails", async () => {
    const store = memoryMonitoring();
    let calls = 0;
    const addPredictions: MonitoringStore["addPredictions"] = async (model, predictions, call) => {
      calls += 1;
      if (predictions.some(({ id }) => id === "p0")) throw invalid();
      if (calls === 4) throw down();
      return store.addPredictions(model, predictions, call);
    };
    const { monitor } = monitored({ store }, { addPredictions });
    for (let i = 0; i < 4; i++) monitor.record({ id: `p${i}`, version: "7", output: 0.5 });
    await expect(monitor.flush()).rejects.toMatchObject({ code: "STORE_FAILED" });
    await monitor.flush();
    expect([records(monitor, "refused"), records(monitor, "logged")]).toEqual([1, 3]);
  });

  it("also when what was refused is known at the very end", async () => {
    const store = memoryMonitoring();
    const { monitor } = monitored({ store }, { addPredictions: async () => Promise.reject(invalid()) });
    monitor.record({ version: "7", output: 0.5 });
    await monitor.close();
    const later = monitored({ store }, {}, 2);
    expect((await later.monitor.traffic(DAY)).total.records).toEqual({ logged: 0, dropped: 0, notSampled: 0, refused: 1 });
  });

  it("with ids that come again, which keep the record that is there", async () => {
    const store = memoryMonitoring();
    let fails = false;
    const addPredictions: MonitoringStore["addPredictions"] = async (...args) => {
      const added = await store.addPredictions(...args);
      if (fails) throw down();
      return added;
    };
    const { monitor } = monitored({ store }, { addPredictions });
    for (const output of [0.1, 0.2, 0.3]) monitor.record({ id: "same", version: "7", output });
    await monitor.flush();
    monitor.record({ id: "same", version: "7", output: 0.4 });
    await monitor.flush();
    expect([records(monitor, "logged"), records(monitor, "repeated")]).toEqual([1, 3]);
    fails = true;
    monitor.record({ id: "other", version: "7", output: 0.5 });
    await expect(monitor.flush()).rejects.toMatchObject({ code: "STORE_FAILED" });
    fails = false;
    await monitor.flush();
    expect([records(monitor, "logged"), records(monitor, "repeated")]).toEqual([2, 3]); // it was sent twice, not recorded twice
  });

  it("with a bucket that the store refuses, which keeps no other from it", async () => {
    const store = memoryMonitoring();
    const putBuckets: MonitoringStore["putBuckets"] = async (model, buckets, call) => {
      if (buckets.some(({ series }) => series === "v3")) throw invalid();
      return store.putBuckets(model, buckets, call);
    };
    const { monitor } = monitored({ store }, { putBuckets });
    for (let i = 0; i < 8; i++) monitor.record({ version: `v${i}`, output: 0.5 });
    await monitor.flush();
    await monitor.flush();
    expect(shown(monitor, 'lost_buckets_total{model="fraud"}')).toBe(1);
    expect((await monitor.traffic(DAY)).total.requests).toBe(7);
  });

  it("with a flood of versions, whose buckets are stored before there is no room for them", async () => {
    const { monitor, clock } = monitored({ buffer: { maxBuckets: 300 } });
    for (let i = 0; i < 1500; i++) {
      monitor.record({ version: `v${i}`, output: 0.5 });
      if (i % 50 === 49) await clock.advanceAsync(0);
    }
    expect(shown(monitor, 'lost_buckets_total{model="fraud"}')).toBe(0);
    const { total, versions } = await monitor.traffic(DAY);
    expect([total.requests, versions.length]).toEqual([1500, 100]);
  });
});

describe("input", () => {
  it("that answers something else each time it is read is counted as it was read first, or not at all", async () => {
    const { monitor, store } = monitored({ task: "multiclass" });
    let reads = 0;
    const output = {
      get cat() {
        reads += 1;
        return reads === 1 ? 0.5 : Number.NaN;
      },
    };
    const throwing = {
      get cat(): number {
        throw new RangeError("no");
      },
    };
    monitor.record({ version: "7", output });
    expect(() => monitor.record({ version: "7", output: throwing })).toThrow(RangeError);
    expect(() => monitor.record({ version: "7", output: [0.5] as never })).toThrowError(
      expect.objectContaining({ code: "INPUT_INVALID" }),
    );
    expect((await monitor.traffic(DAY)).total).toMatchObject({ requests: 1, meanOutput: 0.5 });
    const { predictions } = await store.predictions("fraud", { from: 0, to: DAY.to, limit: 9 });
    expect(predictions.map((one) => one.output)).toEqual([{ cat: 0.5 }]);
  });

  it("that is no object is refused", () => {
    const { monitor } = monitored();
    for (const wrong of [undefined, null, "7", 7]) {
      expect(() => monitor.record(wrong as never)).toThrowError(expect.objectContaining({ code: "INPUT_INVALID" }));
      expect(() => monitor.recordError(wrong as never)).toThrowError(expect.objectContaining({ code: "INPUT_INVALID" }));
    }
  });

  it("as great as numbers are leaves sums and percentiles finite", async () => {
    const { monitor } = monitored({ task: "regression" });
    for (let i = 0; i < 3; i++) monitor.record({ version: "7", output: Number.MAX_VALUE, latencyMs: Number.MAX_VALUE });
    const { total, damagedBuckets } = await monitor.traffic(DAY);
    expect([damagedBuckets, total.requests, total.meanOutput]).toEqual([0, 3, Number.MAX_VALUE]);
    expect(total.latency).toMatchObject({ meanMs: Number.MAX_VALUE, p50Ms: Number.MAX_VALUE, p99Ms: Number.MAX_VALUE });
    const id = monitor.record({ version: "8", output: Number.MAX_VALUE });
    await monitor.label(id, -Number.MAX_VALUE);
    const { metrics, bias } = (await monitor.performance(DAY)).total;
    expect(metrics.meanSquaredError).toEqual({ value: null, interval: null, reason: "out_of_range" });
    expect(bias).toEqual({ value: null, interval: null, reason: "out_of_range" });
  });

  it("of a range at the end of all time is read or refused by name", async () => {
    const { monitor } = monitored();
    expect((await monitor.traffic({ from: START, to: 8.64e15 })).windows.length).toBeLessThanOrEqual(200);
    await expect(monitor.traffic({ from: START, to: Number.MAX_SAFE_INTEGER })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("closing", () => {
  it("while a round is on its way stores what came meanwhile, once", async () => {
    const store = memoryMonitoring();
    let release: (() => void) | undefined;
    let waits = true;
    const putBuckets: MonitoringStore["putBuckets"] = async (...args) => {
      if (waits)
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      return store.putBuckets(...args);
    };
    const { monitor } = monitored({ store }, { putBuckets });
    monitor.record({ id: "a", version: "7", output: 0.5 });
    const flushing = monitor.flush();
    await vi.waitFor(() => expect(release).toBeDefined());
    monitor.record({ id: "b", version: "7", output: 0.5 });
    const closing = Promise.all([monitor.close(), monitor.close()]);
    expect(() => monitor.record({ version: "7", output: 0.5 })).toThrowError(expect.objectContaining({ code: "CLOSED" }));
    waits = false;
    release!();
    await Promise.all([flushing, closing]);
    expect(await storedIds(store)).toEqual(["a", "b"]);
    const later = monitored({ store }, {}, 2);
    expect((await later.monitor.traffic(DAY)).total.requests).toBe(2);
  });
});

describe("a clock that goes back", () => {
  it("leaves every count where its time is", async () => {
    const { monitor, clock } = monitored();
    const now = vi.spyOn(clock, "now");
    const minutes = [0, 1, 2, 1, 0, 5, -3, 0];
    for (const minute of minutes) {
      now.mockReturnValue(START + minute * MINUTE);
      monitor.record({ version: "7", output: 0.5 });
      await monitor.flush();
    }
    const { windows } = await monitor.traffic({ from: START - 3 * MINUTE, to: START + 6 * MINUTE, everyMs: MINUTE });
    expect(windows.map(({ requests }) => requests)).toEqual([1, 0, 0, 3, 2, 1, 0, 0, 1]);
  });
});
