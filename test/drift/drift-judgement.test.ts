import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ModelwrightError } from "../../src/core/errors.ts";
import { type Random, randomNormal, seeded } from "../../src/core/random.ts";
import {
  DriftDetector,
  type DriftDetectorOptions,
  type DriftDetectorState,
  type DriftReport,
  simulate,
} from "../../src/drift/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { type Payment, payment, payments } from "./rows.ts";

const training = payments(seeded(1), 2000);

function fitted(options: Partial<DriftDetectorOptions<typeof payment>> = {}) {
  const detector = new DriftDetector({ schema: payment, ...options }, { clock: new FakeClock() });
  detector.fit(training);
  return detector;
}

describe("one method", () => {
  it("decides everything that follows from levels, and says what its evidence is", () => {
    // More spread, but the same mean: seen by the index, not by the difference of means.
    const detector = fitted({ evidence: "e-value" });
    detector.observe(payments(seeded(2), 600).map((row) => ({ ...row, amount: row.amount && 100 + 3 * (row.amount - 100) })));
    const all = detector.check();
    expect(all).toMatchObject({
      verdict: "significant",
      driftedShare: 1 / 3,
      roles: { data: "significant" },
      evidence: "e-value",
    });
    expect(all.features[0]!.hints.length).toBeGreaterThan(0);
    const welch = detector.check({ method: "welch" });
    expect(welch).toMatchObject({
      verdict: "none",
      driftedShare: 0,
      roles: { data: "none" },
      evidence: "p-value",
      rootCause: [],
    });
    expect(welch.features[0]!.hints).toEqual([]);
    const index = detector.check({ method: "psi" });
    expect(index).toMatchObject({
      verdict: "significant",
      driftedShare: 1 / 3,
      roles: { data: "significant" },
      evidence: "p-value",
    });
    expect(index.rootCause[0]!.hints).toEqual(all.features[0]!.hints);
    expect(detector.check({ method: "e-value" }).evidence).toBe("e-value");
  });

  it("in units of the index takes the detector's thresholds", () => {
    const detector = fitted({ thresholds: { psiModerate: 2, psiSignificant: 50 } });
    detector.observe(payments(seeded(3), 500, { mean: 1 }));
    for (const method of ["psi", "chi-squared", "g-test", "e-value"] as const)
      expect(detector.check({ method }).verdict).toBe("none");
    expect(detector.check({ method: "welch" }).verdict).toBe("significant");
  });

  it("that there is not is refused", () => {
    const detector = fitted();
    for (const method of ["phi", "constructor", "__proto__"] as never[]) {
      expect(() => detector.check({ method })).toThrow(
        expect.toSatisfy((error) => ModelwrightError.is(error, "CONFIG_INVALID"), "has code CONFIG_INVALID"),
      );
    }
  });

  it("adjusts p-values over all segments", () => {
    const schema = z.object({ x: z.number(), tenant: z.string() });
    const rows = (random: Random, length: number) =>
      Array.from({ length }, (_, i) => ({ x: randomNormal(random), tenant: `t${i % 20}` }));
    // Thresholds that any chance passes, so that evidence decides.
    const thresholds = { psiModerate: 1e-9, psiSignificant: 1e-9 };
    const detector = new DriftDetector({ schema, features: { x: "numeric" }, segmentBy: "tenant", thresholds });
    const random = seeded(4);
    detector.fit(rows(random, 8000));
    const alarms = Array.from({ length: 40 }, () => {
      detector.observe(rows(random, 2000));
      return detector.check({ reset: true, method: "psi" }).verdict !== "none";
    });
    expect(alarms.filter(Boolean).length).toBeLessThanOrEqual(6);
  });

  it("of means does not hold a night against the mean of day and night", () => {
    const schema = z.object({ at: z.number(), x: z.number() });
    const random = seeded(5);
    const row = (hour: number) => ({ at: hour * 3_600_000, x: (hour % 24 < 12 ? 0 : 5) + randomNormal(random) });
    const detector = new DriftDetector({ schema, features: { x: "numeric" }, season: { by: "hour-of-day", at: "at" } });
    detector.fit(Array.from({ length: 4800 }, (_, i) => row(i)));
    detector.observe(Array.from({ length: 300 }, (_, i) => row(24 * i + (i % 12))));
    expect(detector.check().verdict).toBe("none");
    const { agreement } = detector.comprehensive();
    expect(agreement[0]!.votes).toMatchObject({ moderate: 0, significant: 0 });
    expect(agreement[0]!.findings.map(({ method }) => method)).not.toContain("welch");
  });

  it("for embeddings is among all of them", () => {
    const detector = new DriftDetector({ schema: z.object({ e: z.array(z.number()) }), features: { e: "embedding" } });
    const rows = (random: Random, turn: number) =>
      Array.from({ length: 200 }, () => {
        const angle = turn + 0.3 * randomNormal(random);
        return { e: [Math.cos(angle), Math.sin(angle)] };
      });
    detector.fit(rows(seeded(6), 0));
    detector.observe(rows(seeded(7), 1));
    const found = detector.comprehensive().agreement[0]!.findings.find(({ method }) => method === "mmd");
    expect(found).toMatchObject({ level: "significant" });
    expect(detector.check({ method: "mmd" }).verdict).toBe("significant");
  });
});

describe("a target", () => {
  it("gets no verdict until the truth of 30 rows is known", () => {
    const schema = z.object({ x: z.number(), y: z.boolean().nullable() });
    const features = { x: "numeric", y: { kind: "boolean", role: "target" } } as const;
    const detector = new DriftDetector({ schema, features });
    detector.fit(Array.from({ length: 2000 }, (_, i) => ({ x: i % 97, y: i % 2 === 0 })));
    detector.observe(Array.from({ length: 200 }, (_, i) => ({ x: i % 97, y: i < 29 ? true : null })));
    const report = detector.check();
    expect(report.roles.target).toBe("none");
    expect(report.warnings).toEqual([expect.stringMatching(/"y" gets no verdict: 29 rows/)]);
    expect(detector.check({ method: "psi" }).roles.target).toBe("none");
    detector.observe({ x: 1, y: true });
    expect(detector.check()).toMatchObject({ roles: { target: "significant" }, warnings: [] });
  });
});

describe("a confirmed level", () => {
  it("ends with the drift, also where windows are small and their distances large by chance", () => {
    const detector = fitted({ window: { rows: 50 } });
    const levels: string[] = [];
    detector.onChecked((report) => levels.push(report.confirmed));
    detector.observe(payments(seeded(8), 150, { mean: 1.5 }));
    expect(levels.at(-1)).toBe("significant");
    detector.observe(payments(seeded(9), 1500));
    expect(levels.slice(-25).filter((level) => level !== "none").length).toBeLessThanOrEqual(4);
  });

  it("of a segment stays while the segment has too few rows to tell", () => {
    const schema = z.object({ x: z.number(), tenant: z.string() });
    const random = seeded(10);
    const rows = (tenant: string, length: number, shift = 0) =>
      Array.from({ length }, () => ({ x: shift + randomNormal(random), tenant }));
    const detector = new DriftDetector({ schema, features: { x: "numeric" }, segmentBy: "tenant" });
    detector.fit([...rows("a", 3000), ...rows("b", 600)]);
    const events: string[] = [];
    detector.onConfirmed(({ from, to }) => events.push(`${from} to ${to}`));
    const window = (length: number) => {
      detector.observe([...rows("a", 2000), ...rows("b", length, 2)]);
      return detector.check({ reset: true }).confirmed;
    };
    expect([window(60), window(60), window(5), window(60)]).toEqual(["none", "significant", "significant", "significant"]);
    expect(events).toEqual(["none to significant"]);
  });

  it("of a segment named by the empty text is not that of all rows", () => {
    const schema = z.object({ x: z.number(), tenant: z.string() });
    const detector = new DriftDetector({ schema, features: { x: "numeric" }, segmentBy: "tenant" });
    const rows = (seed: number, shift: number) => {
      const random = seeded(seed);
      return Array.from({ length: 1000 }, (_, i) => ({ x: shift + randomNormal(random), tenant: i % 2 === 0 ? "" : "b" }));
    };
    detector.fit(rows(11, 0));
    detector.observe(rows(12, 2));
    expect(detector.check({ reset: true }).confirmed).toBe("none");
    expect(Object.keys(detector.snapshot().levels)).toHaveLength(3);
  });
});

describe("a listener", () => {
  it("that takes a snapshot finds it whole: the restored detector confirms nothing twice", () => {
    const options = { window: { rows: 200 }, confirm: { alerts: 1, of: 1 } } as const;
    const detector = fitted(options);
    const taken: DriftDetectorState[] = [];
    detector.onChecked(() => taken.push(detector.snapshot()));
    detector.observe(payments(seeded(13), 200, { mean: 2 }));
    const restored = fitted(options);
    restored.restore(taken[0]!);
    const confirmed: unknown[] = [];
    restored.onConfirmed((event) => confirmed.push(event));
    restored.observe(payments(seeded(14), 200, { mean: 2 }));
    expect(confirmed).toEqual([]);
  });

  it("that learns another reference in the middle of a batch gets the rest of it counted against that", () => {
    const detector = fitted({ window: { rows: 200 } });
    const reports: DriftReport[] = [];
    const subscription = detector.onChecked((report) => {
      reports.push(report);
      detector.fit(payments(seeded(15), 2000, { mean: 2 }));
      subscription[Symbol.dispose]();
    });
    detector.onChecked((report) => reports.push(report));
    detector.observe(payments(seeded(16), 450, { mean: 2 }));
    expect(reports.slice(-1).map(({ verdict, rows }) => [verdict, rows])).toEqual([["none", 200]]);
    expect([reports[0]!.verdict, detector.window.rows]).toEqual(["significant", 50]);
    expect(detector.snapshot().confirmed).toBe("none");
  });

  it("that empties the host's batch, observes, resets or throws does not keep rows from being counted", () => {
    const logged: unknown[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (...all: unknown[]) => logged.push(all) };
    const detector = new DriftDetector({ schema: payment, validate: "never", window: { rows: 100 } }, { logger });
    detector.fit(training);
    const batch: Payment[] = payments(seeded(17), 250);
    const more = payments(seeded(18), 10);
    const rows: number[] = [];
    detector.onChecked((report) => {
      rows.push(report.rows);
      batch.length = 0;
      if (rows.length === 1) detector.observe(more);
      throw new Error("of the host");
    });
    detector.observe(batch);
    expect([rows, detector.window.rows, logged.length]).toEqual([[100, 100], 60, 2]);
    detector.onChecked(() => detector.reset());
    detector.observe(payments(seeded(19), 60));
    expect(detector.window.rows).toBe(20);
  });
});

describe("panes", () => {
  it("that are more than the window has now go on with the last ones", () => {
    const wide = fitted({ window: { rows: 400, panes: 4 } });
    wide.observe(payments(seeded(20), 350));
    const snapshot = wide.snapshot();
    expect(snapshot.panes).toHaveLength(4);
    const checked: number[] = [];
    const narrow = fitted({ window: { rows: 200, panes: 2 } });
    narrow.onChecked(({ rows }) => checked.push(rows));
    narrow.restore(snapshot);
    expect(narrow.check().rows).toBe(150);
    narrow.observe(payments(seeded(21), 50));
    expect(checked).toEqual([200]);
    const single = fitted();
    single.restore(snapshot);
    expect([single.check().rows, single.snapshot().panes.length]).toEqual([50, 1]);
  });

  it("that other windows were added to end when they are full", () => {
    const detector = fitted({ window: { rows: 200 } });
    const checked: number[] = [];
    detector.onChecked(({ rows }) => checked.push(rows));
    const other = fitted();
    other.observe(payments(seeded(22), 150));
    detector.merge(other.window);
    expect([checked, detector.window.rows]).toEqual([[], 150]);
    detector.merge(other.window.toBytes());
    expect([checked, detector.window.rows]).toEqual([[300], 0]);
  });
});

it("simulate refuses a history with a row that is no object", () => {
  expect(() => simulate(fitted(), [...training.slice(0, 600), null as never], { windowRows: 500 })).toThrow(
    /600.*expected an object/,
  );
});
