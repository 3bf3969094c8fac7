import { describe, expect, it } from "vitest";
import { z } from "zod";
import { seeded } from "../../src/core/random.ts";
import { DriftDetector, type DriftDetectorOptions, type DriftReport, simulate } from "../../src/drift/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { payment, payments } from "./rows.ts";

const training = payments(seeded(1), 5000);

function fitted(options: Partial<DriftDetectorOptions<typeof payment>>, clock = new FakeClock()) {
  const detector = new DriftDetector({ schema: payment, ...options }, { clock });
  detector.fit(training);
  const checked: DriftReport[] = [];
  const confirmed: string[] = [];
  detector.onChecked((report) => checked.push(report));
  detector.onConfirmed(({ from, to }) => confirmed.push(`${from} to ${to}`));
  return { detector, checked, confirmed, clock };
}

describe("windows", () => {
  it("of so many rows close by themselves, also in the middle of a batch", () => {
    const { detector, checked } = fitted({ window: { rows: 200 } });
    detector.observe(payments(seeded(2), 450));
    expect(checked.map(({ rows }) => rows)).toEqual([200, 200]);
    expect(detector.window.rows).toBe(50);
    const rows = payments(seeded(3), 350);
    detector.observeColumns({
      amount: rows.map(({ amount }) => amount),
      country: rows.map(({ country }) => country),
      items: Uint8Array.from(rows, ({ items }) => items),
    });
    expect(checked).toHaveLength(4);
    expect(detector.window.rows).toBe(0);
  });

  it("of so much time close before the first row that is late", () => {
    const { detector, checked, clock } = fitted({ window: { everyMs: 1000 } });
    detector.observe(payments(seeded(2), 40));
    clock.advance(999);
    detector.observe(payments(seeded(3), 40));
    expect(checked).toHaveLength(0);
    clock.advance(1);
    detector.observe(payments(seeded(4), 1));
    expect(checked.map(({ rows }) => rows)).toEqual([80]);
    expect(detector.window.rows).toBe(1);
  });

  it("slide by panes, and are checked at the end of each", () => {
    const { detector, checked } = fitted({ window: { rows: 300, panes: 3 } });
    detector.observe(payments(seeded(2), 500));
    expect(checked.map(({ rows }) => rows)).toEqual([300, 300, 300]);
    // Two panes of quiet rows and one of others are told from three of others.
    detector.observe(payments(seeded(3), 100, { mean: 3 }));
    const [pane] = checked.slice(-1);
    detector.observe(payments(seeded(4), 200, { mean: 3 }));
    expect(pane!.features[0]!.psi).toBeLessThan(checked.at(-1)!.features[0]!.psi / 2);
  });

  it("go on from a snapshot as if nothing had happened", () => {
    const options = { window: { rows: 120, panes: 2 }, confirm: { alerts: 1, of: 2 } } as const;
    const original = fitted(options);
    original.detector.observe(payments(seeded(2), 290, { mean: 1 }));
    const restored = new DriftDetector(
      { schema: payment, reference: original.detector.reference, ...options },
      { clock: new FakeClock() },
    );
    restored.restore(JSON.parse(JSON.stringify(original.detector.snapshot())));
    const traces = [original.detector, restored].map((detector) => {
      const seen: unknown[] = [];
      detector.onChecked((report) => seen.push(report));
      detector.onConfirmed((event) => seen.push(event));
      detector.observe(payments(seeded(3), 700, { mean: 0.2 }));
      return [...seen, detector.snapshot()];
    });
    expect(traces[1]).toEqual(traces[0]);
    expect(traces[0]!.length).toBeGreaterThan(10);
    expect(() => restored.restore({ ...original.detector.snapshot(), panes: [] })).toThrow(/detector state/);
  });

  it("are refused when they could never close", () => {
    expect(() => new DriftDetector({ schema: payment, window: {} })).toThrow(/rows or everyMs/);
    expect(() => new DriftDetector({ schema: payment, window: { rows: 2, panes: 3 } })).toThrow(/as many panes/);
    expect(() => new DriftDetector({ schema: payment, confirm: { alerts: 3, of: 2 } })).toThrow(/at most of/);
  });
});

describe("a level", () => {
  const quiet = { mean: 0 };
  const loud = { mean: 1 };

  function play(shifts: readonly { readonly mean: number }[], options: Partial<DriftDetectorOptions<typeof payment>> = {}) {
    const { detector, checked, confirmed } = fitted({ window: { rows: 400 }, ...options });
    shifts.forEach((shift, i) => {
      detector.observe(payments(seeded(100 + i), 400, shift));
    });
    return { levels: checked.map((report) => report.confirmed), verdicts: checked.map(({ verdict }) => verdict), confirmed };
  }

  it("is confirmed by two of three windows, and given up by as many", () => {
    const { levels, verdicts, confirmed } = play([loud, quiet, quiet, loud, quiet, loud, quiet, quiet, quiet]);
    expect(verdicts).toEqual(["significant", "none", "none", "significant", "none", "significant", "none", "none", "none"]);
    expect(levels).toEqual(["none", "none", "none", "none", "none", "significant", "none", "none", "none"]);
    expect(confirmed).toEqual(["none to significant", "significant to none"]);
  });

  it("is held while the effect stays above a share of its threshold", () => {
    // Shifts of 0.45 standard deviations: moderate. 0.33: below the threshold of 0.1, above 0.6 of it.
    const shifts = [0.45, 0.45, 0.33, 0.33, 0.33, 0, 0].map((mean) => ({ mean }));
    const thresholds = { ksStatistic: 1, hysteresis: 0.6 };
    const options = { thresholds, window: { rows: 4000 } };
    const { detector, checked } = fitted(options);
    for (const [i, shift] of shifts.entries()) detector.observe(payments(seeded(200 + i), 4000, shift));
    const psi = checked.map(({ features }) => features[0]!.psiDebiased);
    expect(Math.max(...psi.slice(2, 5))).toBeLessThan(0.1);
    expect(Math.min(...psi.slice(2, 5))).toBeGreaterThan(0.06);
    expect(checked.map(({ verdict }) => verdict)).toEqual(["moderate", "moderate", "none", "none", "none", "none", "none"]);
    expect(checked.map((report) => report.confirmed)).toEqual([
      "none",
      "moderate",
      "moderate",
      "moderate",
      "moderate",
      "moderate",
      "none",
    ]);
  });

  it("is not confirmed by windows with too few rows, nor changed by looking", () => {
    const { detector, checked } = fitted({ confirm: { alerts: 1, of: 1 } });
    detector.observe(payments(seeded(1), 10, loud));
    expect(detector.check({ reset: true })).toMatchObject({ verdict: "insufficient_data", confirmed: "none" });
    detector.observe(payments(seeded(2), 400, loud));
    expect(detector.check().confirmed).toBe("significant");
    expect(detector.check().confirmed).toBe("significant");
    expect(detector.snapshot().levels).toEqual({});
    detector.check({ reset: true });
    detector.observe(payments(seeded(3), 10));
    expect(detector.check({ reset: true })).toMatchObject({ verdict: "insufficient_data", confirmed: "significant" });
    expect(checked).toHaveLength(3);
  });
});

describe("simulate", () => {
  it("says how often one's own history would have alarmed, and how soon the change was told", () => {
    const { detector } = fitted({});
    const history = [...payments(seeded(5), 5200), ...payments(seeded(6), 3000, { mean: 0.6 })];
    const before = detector.snapshot();
    const found = simulate(detector, history, { windowRows: 500, changeAt: 5200 });
    expect(found).toMatchObject({ runs: 1, updates: 10, falseAlarms: 0, delay: { median: 1 } });
    expect(found.windows).toHaveLength(16);
    expect(found.windows[12]).toEqual({
      from: 6000,
      to: 6500,
      verdict: expect.stringMatching(/moderate|significant/),
      features: ["amount"],
    });
    expect(detector.snapshot()).toEqual(before);
    expect(simulate(detector, history.slice(0, 5200))).toMatchObject({ updates: 10, falseAlarms: 0, missedShare: 1 });
    expect(() => simulate(detector, history.slice(0, 10))).toThrow(/at least 500 rows/);
  });

  it("lets a window grow, for evidence that may be looked at all the time", () => {
    const { detector } = fitted({ evidence: "e-value" });
    const history = [...payments(seeded(7), 6000), ...payments(seeded(8), 4000, { mean: 1 })];
    const found = simulate(detector, history, { windowRows: 100, changeAt: 6000, growing: true });
    expect(found.falseAlarms).toBe(0);
    expect(found.windows[59]).toMatchObject({ from: 0, to: 6000, verdict: "none" });
    expect(found.delay.median).toBeGreaterThan(0);
  });
});

describe("a column that is not watched", () => {
  it("costs nothing and is never kept", () => {
    const detector = new DriftDetector({ schema: z.object({ x: z.number(), secret: z.string() }), features: { x: "numeric" } });
    const profile = detector.fit(Array.from({ length: 50 }, (_, x) => ({ x, secret: `secret-${x}` })));
    detector.observe({ x: 1, secret: "secret-live" });
    expect(JSON.stringify([profile, detector.snapshot(), detector.check()])).not.toContain("secret");
  });
});
