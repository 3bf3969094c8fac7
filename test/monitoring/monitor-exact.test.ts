import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { memoryMonitoring } from "../../src/adapters/memory/memory-monitoring.ts";
import { seeded } from "../../src/core/random.ts";
import { DriftDetector } from "../../src/drift/drift-detector.ts";
import { probabilityScale } from "../../src/monitoring/bucket/number-scale.ts";
import { OpenBucket } from "../../src/monitoring/bucket/open-bucket.ts";
import { classificationSummary } from "../../src/stats/metrics/classification-summary.ts";
import { regressionSummary } from "../../src/stats/metrics/regression-summary.ts";
import { fakeDrift } from "./fake-drift.ts";
import { DAY, MINUTE, monitored, START } from "./monitored.ts";

const HOUR = 60 * MINUTE;

/** What is raw of a prediction. */
interface Row {
  readonly version: string;
  readonly segment: string;
  readonly at: number;
  readonly output: number;
  readonly latencyMs: number;
  readonly label: number | null;
  readonly failed: boolean;
}

const minutes = 12;
// Edges of windows and buckets are as likely as all that is between them.
const at = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: minutes }), fc.constantFrom(-1, 0, 1)).map(([minute, by]) => minute * MINUTE + by),
  fc.integer({ min: 0, max: minutes * MINUTE - 1 }),
);
const row: fc.Arbitrary<Row> = fc.record({
  version: fc.constantFrom("7", "8"),
  segment: fc.constantFrom("eu", "us"),
  at: at.map((ms) => START + ms),
  output: fc.double({ min: 0, max: 1, noNaN: true }),
  latencyMs: fc.double({ min: 0.01, max: 1e5, noNaN: true }),
  label: fc.option(fc.constantFrom(0, 1)),
  failed: fc.boolean(),
});

/** A monitor that has seen all rows, and the minutes behind them. */
async function seen(rows: readonly Row[], options: Parameters<typeof monitored>[0] = {}) {
  const { monitor, clock } = monitored(options);
  clock.advance((minutes + 2) * MINUTE);
  for (const [i, { version, segment, at, output, latencyMs, label, failed }] of rows.entries()) {
    if (failed) monitor.recordError({ version, code: "E", at });
    else monitor.record({ id: `p${i}`, version, segment, at, output, latencyMs });
    if (!failed && label !== null) await monitor.label(`p${i}`, label);
  }
  return monitor;
}

describe("performance", () => {
  it("is what the functions of statistics say of the raw rows of each window, version and segment", async () => {
    const everyMs = 5 * MINUTE;
    const range = { from: START + 2 * MINUTE, to: START + minutes * MINUTE, everyMs };
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        const monitor = await seen(rows, { threshold: 0.4 });
        const within = (one: Row, from: number, to: number) => !one.failed && one.at >= from && one.at < to;
        const check = (given: object, expected: readonly Row[]) => {
          const labelled = expected.filter(({ label }) => label !== null);
          expect(given).toMatchObject({ predictions: expected.length, labelled: labelled.length });
          if (labelled.length === 0) return;
          const summary = classificationSummary(
            labelled.map(({ label }) => label!),
            labelled.map(({ output }) => output),
            { threshold: 0.4 },
          );
          const { n: _, threshold: __, counts, prevalence, ...metrics } = summary;
          expect(given).toMatchObject({ metrics, prevalence, confusion: counts });
        };
        const ofRange = rows.filter((one) => within(one, range.from, range.to)).sort((a, b) => a.at - b.at);
        const report = await monitor.performance(range);
        check(report.total, ofRange);
        expect(report.windows.map(({ from, to }) => [from, to])).toEqual([
          [range.from, range.from + everyMs],
          [range.from + everyMs, range.to],
        ]);
        for (const window of report.windows) {
          check(
            window,
            ofRange.filter((one) => within(one, window.from, window.to)),
          );
        }
        for (const { version, ...one } of report.versions) {
          check(
            one,
            ofRange.filter((each) => each.version === version),
          );
        }
        const eu = await monitor.performance({ ...range, version: "8", segment: "eu" });
        check(
          eu.total,
          ofRange.filter(({ version, segment }) => version === "8" && segment === "eu"),
        );
      }),
      { numRuns: 25 },
    );
  });

  it("of a regression is what the function of statistics says", async () => {
    const { monitor } = monitored({ task: "regression" });
    const random = seeded(5);
    const pairs = Array.from({ length: 100 }, () => [random.next() * 10, random.next() * 10] as const);
    const ids = pairs.map(([output], i) => monitor.record({ id: `p${1000 + i}`, version: "7", output }));
    await monitor.labels(ids.map((id, i) => ({ id, label: pairs[i]![1] })));
    const {
      n: _,
      zeroLabels: __,
      meanError,
      ...metrics
    } = regressionSummary(
      pairs.map(([, label]) => label),
      pairs.map(([output]) => output),
    );
    expect((await monitor.performance(DAY)).total).toMatchObject({ metrics, bias: meanError });
  });

  it("has the latest twenty of many versions", async () => {
    const { monitor, clock } = monitored();
    for (let day = 0; day < 30; day++) {
      monitor.record({ version: `v${day}`, output: 0.5 });
      clock.advance(HOUR);
    }
    const { versions, total } = await monitor.performance({ from: START, to: START + 30 * HOUR });
    expect(total.predictions).toBe(30);
    expect(versions.map(({ version }) => Number(version.slice(1))).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 10),
    );
  });
});

describe("traffic", () => {
  it("has percentiles within 1.6 % of the exact ones, and counts that are exact, whatever the windows", async () => {
    const range = { from: START + MINUTE, to: START + minutes * MINUTE, everyMs: 5 * MINUTE };
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), async (rows) => {
        const { total, windows } = await (await seen(rows)).traffic(range);
        for (const given of [total, ...windows]) {
          const inside = rows.filter(({ at }) => at >= given.from && at < given.to);
          const answers = inside.filter(({ failed }) => !failed);
          expect([given.requests, given.errors]).toEqual([inside.length, inside.length - answers.length]);
          const times = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
          expect(given.latency?.count ?? 0).toBe(times.length);
          if (given.latency === null) continue;
          for (const [q, value] of [
            [0.5, given.latency.p50Ms],
            [0.95, given.latency.p95Ms],
            [0.99, given.latency.p99Ms],
          ] as const) {
            const exact = times[Math.max(1, Math.ceil(q * times.length)) - 1]!;
            expect(Math.abs(value / exact - 1)).toBeLessThanOrEqual(0.016);
          }
          expect(given.latency.maxMs).toBe(times.at(-1));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("sla", () => {
  it("has the share of the minutes that a look at each minute finds", async () => {
    const sla = { latencyP95Ms: 100, errorRatio: 0.3, throughputPerSecond: 1 / 60 };
    const range = { from: START, to: START + minutes * MINUTE, everyMs: MINUTE };
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        const monitor = await seen(rows, { sla });
        const { objectives } = await monitor.sla(range);
        const { windows } = await monitor.traffic(range);
        const share = (verdicts: readonly (boolean | null)[]) => {
          const judged = verdicts.filter((met) => met !== null);
          return judged.length === 0 ? null : judged.filter(Boolean).length / judged.length;
        };
        expect(objectives.map(({ metShare }) => metShare)).toEqual([
          share(windows.map(({ latency }) => latency && latency.p95Ms <= 100)),
          share(windows.map(({ errorRatio }) => (errorRatio === null ? null : errorRatio <= 0.3))),
          share(windows.map(({ requests }) => requests >= 1)),
        ]);
      }),
      { numRuns: 40 },
    );
  });

  it("does not judge minutes by a bucket of an hour, which was stored before the span was changed", async () => {
    const store = memoryMonitoring();
    const before = monitored({ store, bucketMs: HOUR }, {}, 2);
    for (let i = 0; i < 120; i++) before.monitor.record({ version: "7", output: 0.5 });
    await before.monitor.flush();
    const sla = { throughputPerSecond: 1, errorRatio: 0.5 };
    const { monitor, clock } = monitored({ store, sla });
    clock.advance(HOUR);
    for (let i = 0; i < 60; i++) monitor.record({ version: "7", output: 0.5 });
    clock.advance(2 * MINUTE);
    const { objectives } = await monitor.sla({ from: START, to: START + 2 * HOUR });
    const [errorRatio, throughput] = objectives;
    expect([errorRatio!.value, errorRatio!.metShare]).toEqual([0, 1]);
    expect([throughput!.value, throughput!.metShare]).toEqual([180 / 3720, 0.5]);
  });
});

describe("drift", () => {
  const schema = z.object({ amount: z.number(), country: z.string() });
  const random = seeded(11);
  const rowsOf = (n: number, shift: number) =>
    Array.from({ length: n }, () => ({ amount: random.next() + shift, country: random.next() < 0.5 + shift ? "CH" : "DE" }));
  const detector = (shift = 0) => {
    const drift = new DriftDetector({ schema });
    drift.fit(rowsOf(2000, shift));
    return drift;
  };

  it("is what each detector says of the same rows, with a reference for each version", async () => {
    const drift = { 7: detector(), 8: detector(0.2) };
    const { monitor, clock } = monitored({ drift });
    const given = { 7: rowsOf(300, 0.1), 8: rowsOf(200, 0.1) };
    for (const version of ["7", "8"] as const) {
      for (const input of given[version]) {
        monitor.record({ version, output: 0.5, input });
        clock.advance(MINUTE / 10);
      }
      await monitor.flush();
    }
    const { comparisons } = await monitor.drift({ from: START, to: START + HOUR, everyMs: HOUR });
    for (const version of ["7", "8"] as const) {
      const counter = drift[version].counter();
      for (const input of given[version]) counter.observe(input);
      const counts = counter.take();
      const { report, windows, ...comparison } = comparisons.find(({ versions }) => versions[0] === version)!;
      const { since, until } = report;
      expect(report).toEqual(drift[version].compareCells(counts, { rows: given[version].length, since, until }));
      expect(comparison).toMatchObject({ rows: given[version].length, fingerprint: drift[version].fingerprint });
      expect(windows.map(({ psi }) => psi)).toEqual([[...drift[version].debiasedPsi(counts)]]);
    }
  });

  it("counts against a new reference from the next round of storing on, in whatever bucket", async () => {
    const drift = detector();
    const { monitor, store } = monitored({ drift, bucketMs: 24 * HOUR });
    for (const input of rowsOf(50, 0)) monitor.record({ version: "7", output: 0.5, input });
    await monitor.flush();
    drift.fit(rowsOf(2000, 1));
    for (const input of rowsOf(5, 1)) monitor.record({ version: "7", output: 0.5, input });
    await monitor.flush();
    for (const input of rowsOf(40, 1)) monitor.record({ version: "7", output: 0.5, input });
    const history = await monitor.drift({ from: START, to: START + 24 * HOUR });
    expect(history.comparisons.map(({ fingerprint, rows }) => [fingerprint, rows])).toEqual([[drift.fingerprint, 40]]);
    expect(history.otherRows).toBe(55);
    for (let i = 0; i < 5; i++) {
      monitor.record({ version: "7", output: 0.5, input: { amount: 1, country: "CH" } });
      await monitor.flush();
    }
    let buckets = 0;
    for await (const _ of store.buckets("fraud", { from: 0, to: DAY.to })) buckets += 1;
    expect(buckets).toBe(2);
  });

  it("counts from the next round of storing on when there is a reference at last, and opens no bucket in vain", async () => {
    const drift = new DriftDetector({ schema });
    const { monitor, store } = monitored({ drift });
    for (let i = 0; i < 5; i++) {
      monitor.record({ version: "7", output: 0.5, input: { amount: 1, country: "CH" } });
      await monitor.flush();
    }
    drift.fit(rowsOf(100, 0));
    await monitor.flush();
    monitor.record({ version: "7", output: 0.5, input: { amount: 1, country: "CH" } });
    await monitor.flush();
    monitor.record({ version: "7", output: 0.5, input: { amount: 1, country: "CH" } });
    expect((await monitor.drift(DAY)).comparisons[0]!.rows).toBe(1);
    let buckets = 0;
    for await (const _ of store.buckets("fraud", { from: 0, to: DAY.to })) buckets += 1;
    expect(buckets).toBe(2);
  });

  it("compares nothing with a reference that was changed while the report was made", async () => {
    const drift = detector();
    const store = memoryMonitoring();
    const { monitor } = monitored(
      { drift, store },
      {
        async *buckets(...args) {
          yield* store.buckets(...args);
          drift.fit(rowsOf(2000, 1));
        },
      },
    );
    for (const input of rowsOf(50, 0)) monitor.record({ version: "7", output: 0.5, input });
    const history = await monitor.drift(DAY);
    expect([history.comparisons, history.otherRows]).toEqual([[], 50]);
  });

  it("shows the greatest index of the features that have no gauge of their own", async () => {
    const source = fakeDrift();
    const layout = Array.from({ length: 300 }, (_, i) => ({ feature: `f${i}`, cells: i === 0 ? 5 : 0 }));
    const features = layout.map(({ feature }, i) => ({ feature, psiDebiased: i === 250 ? 0.7 : 0.1 }));
    const drift = { ...source, layout, compareCells: () => ({ features }) as never, debiasedPsi: () => new Float64Array(300) };
    const { monitor } = monitored({ drift });
    monitor.record({ version: "7", output: 0.5, input: { a: 1, b: 0 } });
    await monitor.drift(DAY);
    expect(monitor.prometheus()).toContain('modelwright_monitoring_drift_psi{model="fraud",feature="other"} 0.7');
  });
});

describe("a stored bucket", () => {
  it("with numbers that none can hold is damaged, and leaves no report without its numbers", async () => {
    const bucket = new OpenBucket({
      series: "7",
      at: START,
      spanMs: MINUTE,
      writer: "w",
      openedAt: 0,
      scale: probabilityScale,
      drift: fakeDrift(),
    });
    bucket.predictions = 2 ** 40;
    bucket.touch(START);
    bucket.outputs.add(0.5);
    bucket.latency.add(5);
    for (let i = 0; i < 3; i++) bucket.observe({ a: 1, b: 1 });
    const { content } = bucket.encode();
    const view = new DataView(content.buffer);
    const { monitor, store } = monitored({ drift: fakeDrift() });
    let writer = 0;
    const put = async (bytes: Uint8Array) => {
      await store.putBuckets("fraud", [{ series: "7", at: START, writer: `hostile ${writer++}`, content: bytes }]);
    };
    await put(content);
    // Wherever a double may be.
    for (let offset = 12; offset + 8 <= content.length; offset++) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e306]) {
        const bytes = content.slice();
        new DataView(bytes.buffer).setFloat64(offset, value, true);
        await put(bytes);
      }
    }
    // Cells as doubles.
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300]) {
      const bytes = new Uint8Array(view.getUint32(8, true) + 40);
      bytes.set(content.subarray(0, view.getUint32(8, true)));
      bytes[1] = 8;
      new DataView(bytes.buffer).setFloat64(view.getUint32(8, true) + 8, value, true);
      await put(bytes);
    }
    const { windows: _, ...traffic } = await monitor.traffic(DAY);
    expect(traffic.damagedBuckets).toBeGreaterThan(100);
    expect(JSON.stringify(traffic)).not.toMatch(/"(?:meanMs|p50Ms|p99Ms|maxMs|mean|low|high|p50)":null/);
    const { comparisons } = await monitor.drift(DAY);
    expect(comparisons[0]!.windows.every(({ psi }) => psi === null || psi.every(Number.isFinite))).toBe(true);
    const { since, until } = comparisons[0]!.report;
    expect([since, until].every(Number.isFinite)).toBe(true);
  });
});
