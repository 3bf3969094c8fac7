import { describe, expect, it } from "vitest";
import { seeded } from "../../../src/core/random.ts";
import { Ddm } from "../../../src/drift/stream/ddm.ts";
import { type SimulatedStream, simulateStream, summarizeRuns } from "../../../src/drift/stream/simulate.ts";

/** Tells drift at every value that is 9. */
const nines = () => {
  const detector = {
    drift: false,
    update(value: number | boolean) {
      detector.drift = value === 9;
      return detector as never;
    },
  };
  return detector;
};

describe("simulateStream", () => {
  it("counts false alarms before the change and the values until the first drift after it", () => {
    const result = simulateStream(nines, { stream: [0, 9, 0, 9, 0, 0, 9, 9], changeAt: 5 });
    expect(result).toEqual({
      runs: 1,
      updates: 5,
      falseAlarms: 2,
      falseAlarmsPer5000: 2000,
      averageRunLength: 2.5,
      missedShare: 0,
      delay: { median: 2, p90: 2 },
    });
  });

  it("tells a missed change, and no run length where there was no false alarm", () => {
    const result = simulateStream(nines, { stream: [0, 0, 0], changeAt: 1 });
    expect(result).toMatchObject({ falseAlarms: 0, averageRunLength: null, missedShare: 1, delay: { median: null, p90: null } });
  });

  it("tells the generator index and change, with a fresh detector for each run", () => {
    const seen: string[] = [];
    let made = 0;
    const result = simulateStream(
      () => {
        made += 1;
        return nines();
      },
      {
        generator: (_, changed, index) => {
          seen.push(`${index}${changed ? "!" : ""}`);
          return changed ? 9 : 0;
        },
        changeAt: 2,
        after: 3,
        runs: 2,
      },
    );
    expect(seen).toEqual(["0", "1", "2!", "0", "1", "2!"]);
    expect(made).toBe(2);
    expect(result).toMatchObject({ runs: 2, updates: 4, missedShare: 0, delay: { median: 1 } });
  });

  it("is repeatable, and looks at false alarms only when nothing comes after the change", () => {
    const after0 = (seed?: number) =>
      simulateStream(() => new Ddm({ compat: true }), {
        generator: (random) => (random.next() < 0.05 ? 1 : 0),
        changeAt: 5000,
        after: 0,
        runs: 12,
        ...(seed !== undefined && { random: seeded(seed) }),
      });
    const result = after0();
    expect(after0()).toEqual(result);
    expect(after0(0)).toEqual(result);
    expect(after0(2)).not.toEqual(result);
    expect(result).toMatchObject({ updates: 60_000, missedShare: 1, averageRunLength: 60_000 / result.falseAlarms });
    expect(result.falseAlarmsPer5000).toBeGreaterThan(0.5);
  });

  it("shows what DDM's guard is worth, as in the study: 6.6 false alarms per 5000 at 1 % without it", () => {
    const alarms = (compat: boolean) =>
      simulateStream(() => new Ddm({ compat }), {
        generator: (random, changed) => (random.next() < (changed ? 0.03 : 0.01) ? 1 : 0),
        random: seeded(42),
      });
    expect(alarms(true).falseAlarmsPer5000).toBeGreaterThan(4);
    expect(alarms(false).falseAlarmsPer5000).toBeLessThan(0.3);
    expect(alarms(false).delay.median).toBeLessThan(800);
  });

  it("refuses what makes no stream", () => {
    const bad = [{ stream: [1, 2], changeAt: 2 }, { stream: [1, 2], changeAt: 0 }, { stream: 3, changeAt: 1 }, { runs: 3 }];
    for (const options of bad)
      expect(() => simulateStream(nines, options as unknown as SimulatedStream)).toThrow("simulateStream");
    expect(() => simulateStream(nines, undefined as unknown as SimulatedStream)).toThrow("simulateStream");
    expect(() => simulateStream(3 as never, { stream: [1, 2], changeAt: 1 })).toThrow("a function that makes a detector");
    expect(() => simulateStream(() => new Ddm(), { stream: [0, Number.NaN, 1], changeAt: 2 })).toThrow("NaN");
  });
});

describe("summarizeRuns", () => {
  it("counts missed changes as later than all others", () => {
    const runs = [10, null, 30, 20, null, 40, 50, 60, 70, 80].map((delay) => ({ updates: 100, falseAlarms: 0, delay }));
    expect(summarizeRuns(runs)).toMatchObject({ missedShare: 0.2, delay: { median: 50, p90: null } });
  });

  it("refuses to summarize nothing", () => {
    expect(() => summarizeRuns([])).toThrow("at least one run");
  });
});
