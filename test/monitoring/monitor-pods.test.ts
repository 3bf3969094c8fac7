import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { ModelMonitor, type MonitoringStore } from "../../src/monitoring/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { fakeDrift } from "./fake-drift.ts";
import { DAY, MINUTE, monitored } from "./monitored.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-monitoring-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function pod(store: MonitoringStore, clock: FakeClock) {
  const options = { model: "fraud", task: "binary", store, drift: fakeDrift(), sla: { latencyP99Ms: 10 } } as const;
  return new ModelMonitor(options, { clock, logger: silentLogger });
}

/** Records the i-th of a series of predictions. */
function watch(monitor: ModelMonitor, i: number): void {
  if (i % 10 === 9) monitor.recordError({ version: "7", code: `E${i % 3}`, latencyMs: i });
  else monitor.record({ id: `p${i}`, version: "7", output: (i % 64) / 64, latencyMs: i % 20, input: { a: i % 3, b: i % 2 } });
}

describe("on SQLite", () => {
  it("everything outlives the process", async () => {
    const clock = new FakeClock();
    const path = join(folder, "m.db");
    {
      await using db = sqlite({ path });
      await using monitor = pod(db.monitoring, clock);
      for (let i = 0; i < 50; i++) watch(monitor, i);
    }
    await using db = sqlite({ path });
    await using monitor = pod(db.monitoring, clock);
    for (let i = 50; i < 100; i++) watch(monitor, i);
    expect(await monitor.label("p0", 1)).toBe("joined");
    const { traffic, performance, drift } = await monitor.dashboard(DAY);
    expect([traffic.total.requests, traffic.total.errors]).toEqual([100, 10]);
    expect([performance.total.predictions, performance.total.labelled]).toEqual([90, 1]);
    expect(drift.comparisons[0]!.rows).toBe(90);
  });

  it("two processes add up to what one has", async () => {
    const clock = new FakeClock();
    await using db = sqlite({ path: join(folder, "two.db") });
    await using other = sqlite({ path: join(folder, "one.db") });
    await using first = pod(db.monitoring, clock);
    await using second = pod(db.monitoring, clock);
    await using alone = pod(other.monitoring, clock);
    for (let i = 0; i < 300; i++) {
      watch(i % 3 === 0 ? first : second, i);
      watch(alone, i);
      if (i % 50 === 49) await clock.advanceAsync(MINUTE / 2);
    }
    const labels = Array.from({ length: 300 }, (_, i) => ({ id: `p${i}`, label: i % 2 })).filter((_, i) => i % 10 !== 9);
    await first.flush();
    await second.labels(labels);
    await alone.labels(labels);
    const { waiting: _, ...together } = await first.dashboard(DAY);
    const { waiting: __, ...whole } = await alone.dashboard(DAY);
    expect(whole.traffic.total.requests).toBe(300);
    expect(together).toEqual(whole);
  });
});

describe("labels on SQLite", () => {
  it("that several processes give at once, and again after a restart, count once", async () => {
    const clock = new FakeClock();
    const path = join(folder, "labels.db");
    const ids = Array.from({ length: 300 }, (_, i) => `p${i}`);
    const given = (process: number) => ids.map((id, i) => ({ id, label: (i + process) % 2 }));
    {
      await using db = sqlite({ path });
      await using other = sqlite({ path });
      await using first = pod(db.monitoring, clock);
      await using second = pod(other.monitoring, clock);
      for (const id of ids) first.record({ id, version: "7", output: 0.5 });
      // The labels of both come while the predictions are on their way; those that are unknown to the second one come again.
      const early = await Promise.all([first.labels(given(0)), second.labels(given(1))]);
      expect(early[1]!.filter((result) => !["unknown", "joined", "conflict"].includes(result))).toEqual([]);
      const results = [...early, ...(await Promise.all([first.labels(given(0)), second.labels(given(1))]))].flat();
      expect(results.filter((result) => result === "joined").length).toBe(300);
    }
    await using db = sqlite({ path });
    await using monitor = pod(db.monitoring, clock);
    const again = await monitor.labels([...given(0), ...given(1)]);
    expect(again.filter((result) => result === "unchanged").length).toBe(300);
    expect(again.filter((result) => result === "conflict").length).toBe(300);
    expect((await monitor.performance(DAY)).total).toMatchObject({ predictions: 300, labelled: 300 });
  });

  it("join what another process has kept, whatever part of the predictions this one keeps", async () => {
    const store = memoryMonitoring();
    const all = monitored({ store });
    const few = monitored({ store, sampling: 0.1 }, {}, 2);
    const ids = Array.from({ length: 100 }, (_, i) => `p${i}`);
    for (const [i, id] of ids.entries()) (i < 50 ? all : few).monitor.record({ id, version: "7", output: 0.5 });
    await all.monitor.flush();
    const results = await few.monitor.labels(ids.map((id) => ({ id, label: 1 })));
    expect(new Set(results.slice(0, 50))).toEqual(new Set(["joined"]));
    expect(new Set(results.slice(50))).toEqual(new Set(["joined", "not_sampled"]));
    const { total } = await all.monitor.performance(DAY);
    expect(total.labelled).toBe(results.filter((result) => result === "joined").length);
  });
});

describe("metrics", () => {
  it("of several monitors go into one registry", () => {
    const metrics = new Metrics();
    const monitors = ["a", "b"].map((model) => monitored({ model, metrics }).monitor);
    for (const monitor of monitors) monitor.record({ version: "7", output: 0.5, latencyMs: 4 });
    const text = monitors[0]!.prometheus();
    expect(text).toContain('modelwright_monitoring_predictions_total{model="a",version="7"} 1');
    expect(text).toContain('modelwright_monitoring_predictions_total{model="b",version="7"} 1');
    expect(text).toContain('modelwright_monitoring_seconds_count{model="b",version="7"} 1');
  });

  it("have bounded labels, whatever the versions and codes are", () => {
    const { monitor } = monitored();
    for (let i = 0; i < 300; i++) {
      monitor.record({ version: `v${i}`, output: 0.5 });
      monitor.recordError({ version: "7", code: `code ${i}` });
    }
    const lines = monitor.prometheus().split("\n");
    const of = (name: string) => lines.filter((line) => line.startsWith(`modelwright_monitoring_${name}{`));
    expect(of("predictions_total").length).toBe(201);
    expect(of("predictions_total").at(-1)).toBe('modelwright_monitoring_predictions_total{model="fraud",version="other"} 101');
    expect(of("errors_total").length).toBe(201);
  });
});
