import { describe, expect, it } from "vitest";
import { type Random, seeded } from "../../../src/core/random.ts";
import { EDetector, type EDetectorOptions } from "../../../src/drift/stream/e-detector.ts";
import { simulateStream } from "../../../src/drift/stream/simulate.ts";

/** Mean number of values to the first alarm. */
function runLength(options: EDetectorOptions, next: (random: Random) => number, runs: number): number {
  const random = seeded(20);
  let values = 0;
  for (let run = 0; run < runs; run++) {
    const detector = new EDetector(options);
    do {
      detector.update(next(random));
      values += 1;
    } while (!detector.drift);
  }
  return values / runs;
}

const errors = (rate: number) => (random: Random) => (random.next() < rate ? 1 : 0);

describe("EDetector", () => {
  it.each([
    ["rare errors", { upperMean: 0.02 }, errors(0.02)],
    ["frequent errors", { upperMean: 0.4 }, errors(0.4)],
    ["falls", { lowerMean: 0.3, mode: "down" }, errors(0.3)],
    ["both directions", { upperMean: 0.1, lowerMean: 0.1, mode: "both" }, errors(0.1)],
  ] as const)("keeps its promise about false alarms: %s at the bound itself", (_, options, next) => {
    const length = runLength({ ...options, falseAlarmEvery: 300 }, next, 300);
    // The standard error is about 17. Far above 300 the promise would be kept by being blind.
    expect(length).toBeGreaterThan(300);
    expect(length).toBeLessThan(600);
  });

  it("keeps its promise for values that are no bits, where it has fewer false alarms yet", () => {
    const next = (random: Random) => 0.2 * random.next() + 0.1;
    expect(runLength({ upperMean: 0.2, falseAlarmEvery: 100 }, next, 40)).toBeGreaterThan(100);
  });

  it("is as soon as the study found: 264 for 5 % -> 10 % known, 492 with a baseline of 1000 rows", () => {
    const delay = (make: () => EDetector) =>
      simulateStream(make, {
        generator: (random, changed) => errors(changed ? 0.1 : 0.05)(random),
        changeAt: 500,
        runs: 60,
        random: seeded(4),
      });
    const known = delay(() => new EDetector({ upperMean: 0.05, falseAlarmEvery: 50_000 }));
    expect(known.delay.median).toBeGreaterThan(200);
    expect(known.delay.median).toBeLessThan(330);
    expect(known.missedShare).toBe(0);
    const learned = delay(() => new EDetector({ baseline: { errors: 50, rows: 1000 }, falseAlarmEvery: 50_000 }));
    expect(learned.delay.median).toBeGreaterThan(350);
    expect(learned.delay.median).toBeLessThan(620);
  });

  it("does not mind that values depend on each other as long as their mean given the past keeps to the bound", () => {
    let last = 0;
    // After an error the rate is 1 %, else 5 %.
    const next = (random: Random) => {
      last = random.next() < (last === 1 ? 0.01 : 0.05) ? 1 : 0;
      return last;
    };
    expect(runLength({ upperMean: 0.05, falseAlarmEvery: 200 }, next, 50)).toBeGreaterThan(200);
  });

  it("sees a fall in mode down as it sees a rise of the complement", () => {
    const down = new EDetector({ lowerMean: 0.75, mode: "down", falseAlarmEvery: 1000 });
    const up = new EDetector({ upperMean: 0.25, falseAlarmEvery: 1000 });
    const random = seeded(9);
    for (let i = 0; i < 500; i++) {
      const value = random.next() < 0.4 ? 1 : 0;
      up.update(value);
      down.update(1 - value);
      expect(down.drift).toBe(up.drift);
      expect(down.evidence / up.evidence).toBeCloseTo(1, 9);
    }
  });

  it("warns before it alarms, and alarms again while the rate stays high", () => {
    const detector = new EDetector({ upperMean: 0.05, falseAlarmEvery: 1000 });
    const told: string[] = [];
    for (let i = 0; i < 40; i++) {
      detector.update(1);
      told.push(detector.drift ? "drift" : detector.warning ? "warning" : "");
    }
    expect(told.indexOf("warning")).toBeGreaterThan(-1);
    expect(told.indexOf("warning")).toBeLessThan(told.indexOf("drift"));
    expect(told.filter((what) => what === "drift").length).toBeGreaterThan(3);
  });

  it("stays finite on every constant stream, however long", () => {
    for (const value of [0, 1e-9, 0.5, 1]) {
      const detector = new EDetector({ upperMean: 0.5, lowerMean: 0.5, mode: "both", falseAlarmEvery: 1e15 });
      let least = Number.POSITIVE_INFINITY;
      let greatest = 0;
      for (let i = 0; i < 3000; i++) {
        const { evidence } = detector.update(value);
        least = Math.min(least, evidence);
        greatest = Math.max(greatest, evidence);
      }
      expect(least).toBeGreaterThan(0.1);
      expect(greatest).toBeLessThan(1e18);
    }
    const tiny = new EDetector({ upperMean: 1e-300 });
    expect(tiny.update(1).evidence).toBeGreaterThan(1);
  });

  it("takes Wilson's one-sided bound from a baseline", () => {
    // 50 errors in 1000 rows: with z = 1.644854 the upper bound is 0.0626246 (statsmodels' formula by hand).
    const z = 1.6448536269514722;
    const bound = (0.05 + (z * z) / 2000 + z * Math.sqrt((0.05 * 0.95) / 1000 + (z * z) / 4e6)) / (1 + (z * z) / 1000);
    const fromBaseline = new EDetector({ baseline: { errors: 50, rows: 1000 } });
    const given = new EDetector({ upperMean: bound });
    for (const value of [1, 0, 0, 1, 1, 0.5]) {
      expect(fromBaseline.update(value).evidence / given.update(value).evidence).toBeCloseTo(1, 12);
    }
  });

  it("can be told a baseline without an error, and sees a rise with one of errors only in no mode but down", () => {
    const detector = new EDetector({ baseline: { errors: 0, rows: 1000 }, falseAlarmEvery: 1000 });
    let values = 0;
    while (!detector.drift) {
      detector.update(values % 20 === 0);
      values += 1;
    }
    expect(values).toBeLessThan(400);
    const hopeless = { baseline: { errors: 10, rows: 10 } };
    expect(() => new EDetector(hopeless)).toThrow("no room for a change");
    expect(() => new EDetector({ baseline: { errors: 0, rows: 10 }, mode: "down" })).toThrow("no room for a change");
    expect(new EDetector({ ...hopeless, mode: "down" }).evidence).toBe(0);
    expect(new EDetector({ ...hopeless, mode: "both" }).toJSON().evidence).toHaveLength(6);
  });

  it("refuses to go without a baseline, or with one that contradicts itself", () => {
    expect(() => new EDetector({})).toThrow("expected a baseline or an upperMean");
    expect(() => new EDetector({ upperMean: 0.1, mode: "both" })).toThrow("expected a baseline or a lowerMean");
    expect(() => new EDetector({ baseline: { errors: 11, rows: 10 } })).toThrow("above rows");
    expect(() => new EDetector({ upperMean: 0.1, lowerMean: 0.2, mode: "both" })).toThrow("above upperMean");
    const contradicted = { upperMean: 0.1, baseline: { errors: 500, rows: 1000 }, mode: "both" } as const;
    expect(() => new EDetector(contradicted)).toThrow("contradicts the bound");
    expect(() => new EDetector({ upperMean: 0.1, falseAlarmEvery: 100, falseWarningEvery: 101 })).toThrow(
      "above falseAlarmEvery",
    );
    expect(() => new EDetector({ upperMean: 1 })).toThrow("upperMean");
    expect(() => new EDetector(undefined as unknown as EDetectorOptions)).toThrow("options of EDetector");
  });

  it("refuses a state with evidence for other alternatives than it has", () => {
    const state = new EDetector({ upperMean: 0.1 }).update(1).toJSON();
    const invalid = expect.objectContaining({ code: "INPUT_INVALID" });
    expect(() => EDetector.fromJSON({ ...state, evidence: [1] })).toThrow(invalid);
    expect(() => EDetector.fromJSON({ ...state, options: {} })).toThrow(invalid);
    const hopeless = { ...state, options: { baseline: { errors: 3, rows: 3 } }, evidence: [] };
    expect(() => EDetector.fromJSON(hopeless)).toThrow(invalid);
    expect(() => EDetector.fromJSON({ ...state, options: { upperMean: 0.1, confidence: 7 } })).toThrow(invalid);
  });
});
