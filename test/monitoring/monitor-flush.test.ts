import { describe, expect, it, vi } from "vitest";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import type { FlushFailure, MonitoringStore } from "../../src/monitoring/index.ts";
import { DAY, MINUTE, monitored, START } from "./monitored.ts";

const down = () => new ModelwrightError("STORE_FAILED", "down", { details: { store: "s", operation: "o" }, retryable: true });

/** A store that can be taken down, and that counts its calls. */
function breakable() {
  const store = memoryMonitoring();
  const state = { down: false, calls: 0, puts: 0 };
  const guard = <A extends unknown[], T>(work: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      state.calls += 1;
      if (state.down) throw down();
      return work(...args);
    };
  };
  const changes: Partial<MonitoringStore> = {
    addPredictions: guard(store.addPredictions),
    putBuckets: guard((...args: Parameters<MonitoringStore["putBuckets"]>) => {
      state.puts += args[1].length;
      return store.putBuckets(...args);
    }),
  };
  return { store, state, changes };
}

const stored = async (store: MonitoringStore) =>
  (await store.predictions("fraud", { from: 0, to: DAY.to, limit: 10_000 })).predictions.length;

async function bucketsOf(store: MonitoringStore): Promise<number> {
  let count = 0;
  for await (const _ of store.buckets("fraud", { from: 0, to: DAY.to })) count += 1;
  return count;
}

describe("what was recorded", () => {
  it("is stored within a second, without being asked for", async () => {
    const { monitor, clock, store } = monitored();
    monitor.record({ version: "7", output: 0.5 });
    await clock.advanceAsync(999);
    expect(await stored(store)).toBe(0);
    await clock.advanceAsync(1);
    expect(await stored(store)).toBe(1);
    expect(await bucketsOf(store)).toBe(1);
  });

  it("is stored at once when the buffer is half full", async () => {
    const { monitor, clock, store } = monitored({ buffer: { maxRecords: 10 } });
    for (let i = 0; i < 4; i++) monitor.record({ version: "7", output: 0.5 });
    await clock.advanceAsync(0);
    expect(await stored(store)).toBe(0);
    monitor.record({ version: "7", output: 0.5 });
    await clock.advanceAsync(0);
    expect(await stored(store)).toBe(5);
  });

  it("is stored in one round at a time, whoever asks and whenever", async () => {
    const store = memoryMonitoring();
    let [running, most] = [0, 0];
    const addPredictions: MonitoringStore["addPredictions"] = async (...args) => {
      running += 1;
      most = Math.max(most, running);
      for (let i = 0; i < args[1].length % 7; i++) await Promise.resolve();
      running -= 1;
      return store.addPredictions(...args);
    };
    const { monitor } = monitored({ store }, { addPredictions });
    const flushes: Promise<void>[] = [];
    for (let i = 0; i < 500; i++) {
      monitor.record({ version: "7", output: 0.5 });
      flushes.push(monitor.flush());
      for (let j = 0; j < i % 23; j++) await Promise.resolve();
    }
    await Promise.all(flushes);
    expect([most, await stored(store)]).toEqual([1, 500]);
    expect((await monitor.traffic(DAY)).total.requests).toBe(500);
  });

  it("leaves no timer behind once all is stored and the minute is over", async () => {
    const { monitor, clock } = monitored();
    monitor.record({ version: "7", output: 0.5 });
    await clock.advanceAsync(5 * MINUTE);
    expect(clock.pending).toBe(0);
  });

  it("grows in one bucket a minute", async () => {
    const { store, state, changes } = breakable();
    const { monitor, clock } = monitored({ store }, changes);
    for (let i = 0; i < 180; i++) {
      monitor.record({ version: "7", output: 0.5 });
      await clock.advanceAsync(1000);
    }
    expect(state.puts).toBeGreaterThan(100);
    expect(await bucketsOf(store)).toBe(3);
    expect((await monitor.traffic(DAY)).total.requests).toBe(180);
  });

  it("of a minute long past is one more part of it, and takes no other's place", async () => {
    const { monitor, clock, store } = monitored();
    for (let i = 0; i < 3; i++) {
      monitor.record({ version: "7", output: 0.5, at: START });
      await clock.advanceAsync(10 * MINUTE);
    }
    expect(await bucketsOf(store)).toBe(3);
    const { windows } = await monitor.traffic({ from: START, to: START + MINUTE, everyMs: MINUTE });
    expect(windows.map(({ requests }) => requests)).toEqual([3]);
  });

  it("of many different minutes is bounded in memory, and all there", async () => {
    const { monitor } = monitored();
    for (let i = 0; i < 300; i++) monitor.record({ version: "7", output: 0.5, at: START - i * MINUTE });
    const { total, windows } = await monitor.traffic({ from: START - 300 * MINUTE, to: START + MINUTE, everyMs: MINUTE });
    expect(total.requests).toBe(300);
    expect(windows.filter(({ requests }) => requests === 1).length).toBe(300);
  });
});

describe("when the store fails", () => {
  it("keeps everything, tells of it, waits longer each time, and has it all in the end", async () => {
    const { store, state, changes } = breakable();
    const { monitor, clock } = monitored({ store }, changes);
    const failures: FlushFailure[] = [];
    monitor.onFlushFailed((failure) => failures.push(failure));
    state.down = true;
    for (let i = 0; i < 10 * 60; i++) {
      monitor.record({ version: "7", output: 0.5, latencyMs: 3 });
      await clock.advanceAsync(1000);
    }
    expect(failures.length).toBeGreaterThan(8);
    expect(failures.length).toBeLessThan(25);
    expect(failures.map((failure) => failure.failures)).toEqual(failures.map((_, i) => i + 1));
    expect(Math.max(...failures.map(({ retryInMs }) => retryInMs))).toBeLessThanOrEqual(60_000);
    state.down = false;
    await clock.advanceAsync(60_000);
    expect(await stored(store)).toBe(600);
    const { total } = await monitor.traffic(DAY);
    expect([total.requests, total.latency!.count, total.records.dropped]).toEqual([600, 600, 0]);
    expect(monitor.prometheus()).toContain(`flushes_total{model="fraud",outcome="failed"} ${failures.length}`);
  });

  it("drops records that have no room, counts them everywhere, and never throws", async () => {
    const { store, state, changes } = breakable();
    const { monitor } = monitored({ store, buffer: { maxRecords: 100 } }, changes);
    state.down = true;
    for (let i = 0; i < 250; i++) monitor.record({ version: "7", output: 0.5 });
    await expect(monitor.flush()).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(monitor.prometheus()).toContain('records_total{model="fraud",outcome="dropped"} 150');
    expect(monitor.prometheus()).toContain('buffered_records{model="fraud"} 100');
    state.down = false;
    await monitor.flush();
    const { total } = await monitor.traffic(DAY);
    expect([total.requests, total.records]).toEqual([250, { logged: 100, dropped: 150, notSampled: 0, refused: 0 }]);
    expect(await stored(store)).toBe(100);
    expect(monitor.prometheus()).toContain('buffered_records{model="fraud"} 0');
  });

  it("counts buckets once that were stored although the call has failed, and what came meanwhile", async () => {
    const store = memoryMonitoring();
    let fails = true;
    let release: (() => void) | undefined;
    const putBuckets: MonitoringStore["putBuckets"] = async (...args) => {
      await store.putBuckets(...args);
      if (!fails) return;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      throw down();
    };
    const { monitor } = monitored({ store }, { putBuckets });
    monitor.record({ version: "7", output: 0.5 });
    const failing = monitor.flush();
    await vi.waitFor(() => expect(release).toBeDefined());
    monitor.record({ version: "7", output: 0.5 });
    release!();
    await expect(failing).rejects.toMatchObject({ code: "STORE_FAILED" });
    fails = false;
    monitor.record({ version: "7", output: 0.5 });
    expect((await monitor.traffic(DAY)).total.requests).toBe(3);
  });

  it("does not let a call that never ends hold up the next", async () => {
    const store = memoryMonitoring();
    let hangs = true;
    const addPredictions: MonitoringStore["addPredictions"] = (...args) =>
      hangs ? new Promise(() => {}) : store.addPredictions(...args);
    const { monitor, clock } = monitored({ store }, { addPredictions });
    monitor.record({ version: "7", output: 0.5 });
    await clock.advanceAsync(1000);
    hangs = false;
    await clock.advanceAsync(29_000);
    expect(await stored(store)).toBe(0);
    await clock.advanceAsync(10_000);
    expect(await stored(store)).toBe(1);
  });

  it("lets the oldest buckets go when too many wait, and says how many", async () => {
    const { store, state, changes } = breakable();
    const { monitor } = monitored({ store, buffer: { maxBuckets: 5 } }, changes);
    state.down = true;
    for (let i = 0; i < 20; i++) monitor.record({ version: "7", output: 0.5, at: START + i * 1000 - 20 * MINUTE * i });
    await monitor.flush().catch(() => {});
    state.down = false;
    expect(monitor.prometheus()).toContain('lost_buckets_total{model="fraud"} 15');
    await monitor.flush();
    expect(await bucketsOf(store)).toBe(5);
  });

  it("gives up a record alone that the store refuses", async () => {
    const store = memoryMonitoring();
    const addPredictions: MonitoringStore["addPredictions"] = async (model, predictions, call) => {
      if (predictions.some(({ id }) => id === "p13")) {
        throw new ModelwrightError("INPUT_INVALID", "no", { details: { subject: "s", issues: [] } });
      }
      return store.addPredictions(model, predictions, call);
    };
    const { monitor } = monitored({ store }, { addPredictions });
    for (let i = 0; i < 40; i++) monitor.record({ id: `p${i}`, version: "7", output: 0.5 });
    await monitor.flush();
    expect(await stored(store)).toBe(39);
    expect(monitor.prometheus()).toContain('records_total{model="fraud",outcome="refused"} 1');
  });

  it("closes with that failure after three attempts", async () => {
    const { store, state, changes } = breakable();
    const { monitor, clock } = monitored({ store }, changes);
    monitor.record({ version: "7", output: 0.5 });
    state.down = true;
    const closed = monitor.close().catch((error) => error);
    await clock.advanceAsync(10_000);
    expect(await closed).toMatchObject({ code: "STORE_FAILED" });
    expect(state.calls).toBe(6);
    expect(clock.pending).toBe(0);
  });

  it("labels are not joined before their predictions are there", async () => {
    const { store, state, changes } = breakable();
    const { monitor } = monitored({ store }, changes);
    const id = monitor.record({ version: "7", output: 0.5 });
    state.down = true;
    await expect(monitor.label(id, 1)).rejects.toMatchObject({ code: "STORE_FAILED" });
    state.down = false;
    expect(await monitor.label(id, 1)).toBe("joined");
  });
});

describe("a call", () => {
  const calls = ["flush", "traffic", "performance", "drift", "sla", "dashboard", "applyRetention"] as const;
  const never = () => new Promise<never>(() => {});
  const stuck = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) });
  const hanging: Partial<MonitoringStore> = {
    putBuckets: never,
    predictions: never,
    buckets: stuck,
    remove: never,
    addLabels: never,
  };

  it.each(calls)("%s ends when its time is over, and when its caller has enough", async (name) => {
    const { monitor, clock } = monitored({ sla: { metrics: { auc: 0.8 } } }, hanging);
    monitor.record({ version: "7", output: 0.5 });
    const call = (options: object) =>
      name === "flush" || name === "applyRetention" ? monitor[name](options) : monitor[name](DAY, options);
    const limited = call({ timeoutMs: 50 }).catch((error) => error.code);
    await clock.advanceAsync(50);
    expect(await limited).toBe("DEADLINE_EXCEEDED");
    const controller = new AbortController();
    const aborted = call({ signal: controller.signal }).catch((error) => error);
    controller.abort("enough");
    expect(await aborted).toBe("enough");
  });

  it("of flush that a caller gives up goes on for the others", async () => {
    const { monitor, store } = monitored();
    monitor.record({ version: "7", output: 0.5 });
    const controller = new AbortController();
    const [given, other] = [monitor.flush({ signal: controller.signal }).catch((error) => error), monitor.flush()];
    controller.abort("enough");
    expect(await given).toBe("enough");
    await other;
    expect(await stored(store)).toBe(1);
  });
});
