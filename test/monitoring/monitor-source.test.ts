import { describe, expect, it } from "vitest";
import { z } from "zod";
import { memoryKeyValues, memoryMonitoring } from "../../src/adapters/memory/index.ts";
import { randomNormal, seeded } from "../../src/core/random.ts";
import { DriftDetector } from "../../src/drift/index.ts";
import { type AlertNotice, AlertRules, ModelMonitor, monitorSource, psiHistory } from "../../src/monitoring/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const MINUTE = 60_000;
const random = seeded(1);
const input = z.object({ x: z.number(), y: z.number() });

async function watched() {
  const clock = new FakeClock({ startMs: 10 * 86_400_000 });
  const drift = new DriftDetector({ schema: input });
  drift.fit(Array.from({ length: 3000 }, () => ({ x: randomNormal(random), y: randomNormal(random) })));
  const store = memoryMonitoring();
  let reads = 0;
  const counted: typeof store = {
    ...store,
    buckets: (...args) => {
      reads += 1;
      return store.buckets(...args);
    },
  };
  const monitor = new ModelMonitor({ model: "m", task: "binary", store: counted, drift }, { clock });
  for (let i = 0; i < 400; i++) {
    const version = i % 4 === 0 ? "2" : "1";
    const row = { x: randomNormal(random) + 1, y: randomNormal(random) };
    if (i % 20 === 0) monitor.recordError({ version, code: "TIMEOUT" });
    else {
      const id = monitor.record({ version, output: i % 2 === 0 ? 0.9 : 0.2, input: row, latencyMs: 5 });
      if (i % 3 === 0) await monitor.label(id, i % 2 === 0 ? 1 : 0);
    }
    clock.advance(1000);
  }
  return { clock, monitor, store, reads: () => reads };
}

describe("the metrics of a monitor, for alert rules,", () => {
  it("are those of its reports, by version or feature", async () => {
    const { clock, monitor } = await watched();
    const source = monitorSource(monitor);
    const ask = (metric: string, labels = {}) => source.samples({ metric, windowMs: 30 * MINUTE, labels }, clock.now());
    const range = { from: clock.now() - 30 * MINUTE, to: clock.now() };
    const traffic = await monitor.traffic(range);
    expect(await ask("errorRatio")).toEqual(
      traffic.versions.map(({ version, errorRatio, requests }) => ({ labels: { version }, value: errorRatio, count: requests })),
    );
    expect(await ask("latencyP99Ms", { version: "2" })).toEqual([
      { labels: { version: "2" }, value: traffic.versions[1]!.latency!.p99Ms, count: traffic.versions[1]!.requests },
    ]);
    const performance = await monitor.performance(range);
    expect(await ask("auc")).toEqual(
      performance.versions.map(({ version, metrics, labelled }) => ({
        labels: { version },
        value: metrics.auc!.value,
        count: labelled,
      })),
    );
    const { report, rows } = (await monitor.drift(range)).comparisons[0]!;
    expect(await ask("psi")).toEqual(
      report.features.map(({ feature, psiDebiased }) => ({ labels: { feature }, value: psiDebiased, count: rows })),
    );
    expect(await ask("driftLevel")).toEqual([{ labels: {}, value: 2, count: rows }]);
    expect(await ask("psi", { feature: "z" })).toEqual([]);
    for (const none of ["vibes", "r2_", "__proto__", "constructor"]) expect(await ask(none)).toEqual([]);
    await monitor.close();
  });

  it("are read once for all rules of an evaluation, and raise the alert", async () => {
    const { clock, monitor, reads } = await watched();
    const notices: AlertNotice[] = [];
    const rules = await AlertRules.open(
      {
        name: "m",
        source: monitorSource(monitor),
        store: memoryKeyValues(),
        channels: [{ spec: "alert-channel/1", name: "list", deliver: async (notice) => void notices.push(notice) }],
        rules: [
          { name: "drift", metric: "psi", above: { warning: 0.1, critical: 0.25 }, windowMs: 30 * MINUTE },
          { name: "level", metric: "driftLevel", severity: "info", above: 5, windowMs: 30 * MINUTE },
          { name: "few", metric: "psi", severity: "info", above: 0.1, windowMs: 30 * MINUTE, minCount: 10_000 },
        ],
      },
      { clock },
    );
    await monitor.flush();
    const before = reads();
    await rules.evaluate();
    expect(reads() - before).toBe(1);
    expect(notices.flatMap(({ alerts }) => alerts.map(({ rule, severity, labels }) => [rule, severity, labels.feature]))).toEqual(
      [["drift", "critical", "x"]],
    );
    const shown = await monitor.dashboard({ alerts: rules });
    expect(shown.alerts).toEqual(await rules.alerts());
    expect(shown.alerts![0]).toMatchObject({ rule: "drift", state: "firing", severity: "critical" });
    expect((await monitor.dashboard()).alerts).toBeNull();
    await rules.close();
    await monitor.close();
  });

  it("are asked for again when a report has failed", async () => {
    const { clock, monitor } = await watched();
    const source = monitorSource(monitor);
    const query = { metric: "requests", windowMs: 30 * MINUTE, labels: {} };
    const aborted = AbortSignal.abort(new Error("stop"));
    await expect(source.samples(query, clock.now(), { signal: aborted })).rejects.toThrow("stop");
    expect((await source.samples(query, clock.now())).map(({ count }) => count)).toEqual([300, 100]);
    await monitor.close();
  });
});

describe("drift of a monitor", () => {
  it("compares each hour with the same hours, where the reference has seasons", async () => {
    const HOUR = 60 * MINUTE;
    const clock = new FakeClock({ startMs: 20_000 * 24 * HOUR });
    const schema = z.object({ at: z.number(), load: z.number() });
    const load = (hour: number) => randomNormal(random) + (hour % 24 < 6 ? 4 : 0);
    const options = { schema, features: { load: "numeric" } } as const;
    const [plain, seasonal] = [
      new DriftDetector(options),
      new DriftDetector({ ...options, season: { by: "hour-of-day", at: "at" } }),
    ];
    for (const detector of [plain, seasonal]) {
      detector.fit(Array.from({ length: 24 * 200 }, (_, i) => ({ at: i * HOUR, load: load(i) })));
    }
    const verdicts = [];
    for (const drift of [plain, seasonal]) {
      const monitor = new ModelMonitor({ model: "m", task: "regression", store: memoryMonitoring(), drift }, { clock });
      const from = clock.now();
      for (let hour = 0; hour < 6; hour++) {
        for (let i = 0; i < 100; i++)
          monitor.record({ version: "1", output: 1, input: { load: load(hour) }, at: from + hour * HOUR });
        clock.advance(HOUR);
      }
      const [comparison] = (await monitor.drift({ from, to: from + 6 * HOUR, everyMs: HOUR })).comparisons;
      verdicts.push([comparison!.report.verdict, Math.max(...comparison!.windows.map(({ psi }) => psi![0]!)) > 0.25]);
      await monitor.close();
      clock.advance(18 * HOUR);
    }
    expect(verdicts).toEqual([
      ["significant", true],
      ["none", false],
    ]);
  });
});

describe("psiHistory", () => {
  it("leaves out windows without rows, for which there is no number", () => {
    const windows = [
      { from: 0, to: 10, rows: 40, psi: [0.1, -0.01] },
      { from: 10, to: 20, rows: 0, psi: null },
      { from: 20, to: 30, rows: 40, psi: [0.3, 0] },
    ];
    expect(psiHistory({ windows, features: ["x", "y"] })).toEqual([
      { until: 10, features: { x: 0.1, y: -0.01 } },
      { until: 30, features: { x: 0.3, y: 0 } },
    ]);
  });
});
