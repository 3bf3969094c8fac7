import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { seeded } from "../../src/core/random.ts";
import { ModelMonitor, type ModelMonitorOptions, type MonitoringStore } from "../../src/monitoring/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

/** A monitor of a fraud model on a store in memory, its clock and its store. Two on one store need two seeds: they are two processes. */
export function monitored(options: Partial<ModelMonitorOptions> = {}, changes: Partial<MonitoringStore> = {}, seed = 1) {
  const clock = new FakeClock();
  const kept = options.store ?? memoryMonitoring();
  const store: MonitoringStore = { ...kept, ...changes };
  const runtime = { clock, random: seeded(seed), logger: silentLogger };
  const monitor = new ModelMonitor({ model: "fraud", task: "binary", ...options, store }, runtime);
  return { monitor, clock, store: kept, runtime };
}

/** When a {@link FakeClock} begins, on a whole minute. */
export const START = new FakeClock().now();

export const MINUTE = 60_000;

/** A stretch of time that has everything a test does. */
export const DAY = { from: START, to: START + 24 * 60 * MINUTE, everyMs: 60 * MINUTE };
