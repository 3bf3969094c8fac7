import { describe, expect, it } from "vitest";
import { randomNormal, seeded } from "../../../src/core/random.ts";
import { Cusum } from "../../../src/drift/stream/cusum.ts";
import { criticalGap, gapOfSorted, gapPValue } from "../../../src/drift/stream/equal-samples-ks.ts";
import { Kswin } from "../../../src/drift/stream/kswin.ts";
import { PageHinkley } from "../../../src/drift/stream/page-hinkley.ts";
import { simulateStream } from "../../../src/drift/stream/simulate.ts";
import { ksTest } from "../../../src/stats/tests/ks-test.ts";
import { traceOf } from "./detectors.ts";
import { reference } from "./reference.ts";

const normal = (seed: number, mean: number, count: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => mean + randomNormal(random));
};

describe("Cusum", () => {
  it("has the average run lengths of the textbook, 465 without and about 10 after a change by one deviation", () => {
    const result = simulateStream(() => new Cusum({ target: { mean: 0, deviation: 1 } }), {
      generator: (random, changed) => randomNormal(random) + (changed ? 1 : 0),
      changeAt: 5000,
      after: 200,
      runs: 40,
    });
    expect(result.averageRunLength).toBeGreaterThan(420);
    expect(result.averageRunLength).toBeLessThan(510);
    expect(result.delay.median).toBeGreaterThanOrEqual(7);
    expect(result.delay.median).toBeLessThanOrEqual(11);
  });

  it("does not take the first different value after equal ones for drift, which compat does", () => {
    const stream = [...new Array<number>(50).fill(0), 1, ...new Array<number>(20).fill(0)];
    expect(traceOf(new Cusum({ compat: true }), stream).drifts).toEqual([50]);
    expect(traceOf(new Cusum(), stream).drifts).toEqual([]);
    expect(traceOf(new Cusum(), new Array<number>(500).fill(3)).drifts).toEqual([]);
  });

  it("answers the same in another unit", () => {
    const stream = [...normal(1, 0, 300), ...normal(2, 2, 100)];
    const scaled = stream.map((value) => 1024 * value + 4096);
    expect(traceOf(new Cusum(), scaled).drifts).toEqual(traceOf(new Cusum(), stream).drifts);
  });

  it("refuses a target without a deviation", () => {
    expect(() => new Cusum({ target: { mean: 0, deviation: 0 } })).toThrow("options of Cusum");
  });
});

describe("PageHinkley", () => {
  it("sees a rise in mode up, a fall in mode down and either in mode both", () => {
    const up = [...normal(1, 0, 500), ...normal(2, 3, 100)];
    const down = up.map((value) => -value);
    const finds = (mode: "up" | "down" | "both", stream: readonly number[]) =>
      traceOf(new PageHinkley({ mode }), stream).drifts.length > 0;
    expect([finds("up", up), finds("up", down), finds("down", up), finds("down", down)]).toEqual([true, false, false, true]);
    expect([finds("both", up), finds("both", down)]).toEqual([true, true]);
  });

  it("tells nothing before minInstances", () => {
    const step = [0, 0, ...new Array<number>(98).fill(1000)];
    expect(traceOf(new PageHinkley(), step).drifts[0]).toBe(29);
    expect(traceOf(new PageHinkley({ minInstances: 60 }), step).drifts[0]).toBe(59);
  });
});

describe("Kswin", () => {
  it("sees a change of the spread that leaves the mean", () => {
    const stream = [...normal(3, 0, 400), ...normal(4, 0, 200).map((value) => 10 * value)];
    const { drifts } = traceOf(new Kswin({ alpha: 1e-5, windowSize: 200, statSize: 60 }), stream);
    expect(drifts.length).toBeGreaterThan(0);
    expect(drifts[0]).toBeGreaterThan(400);
  });

  it("has the p-value of the test that it makes, undefined before the first", () => {
    const kswin = new Kswin({ windowSize: 20, statSize: 10 });
    const values = normal(7, 0, 20);
    for (const value of values.slice(0, 19)) expect(kswin.update(value).pValue).toBeUndefined();
    // Of 10 older values 10 are drawn, so that chance has no say.
    expect(kswin.update(values[19]!).pValue).toBeCloseTo(ksTest(values.slice(0, 10), values.slice(10)).pValue, 12);
  });

  it("draws by its seed", () => {
    const stream = [...normal(1, 0, 300), ...normal(2, 0.6, 300)];
    const traces = [0, 1, 2, 3].map((seed) => traceOf(new Kswin({ seed }), stream).drifts);
    expect(traceOf(new Kswin({ seed: 2 }), stream).drifts).toEqual(traces[2]);
    expect(new Set(traces.map(String)).size).toBeGreaterThan(1);
  });

  it("refuses windows to draw from that are too small and levels that cannot be reached, whatever their size", () => {
    expect(() => new Kswin({ windowSize: 50 })).toThrow("below 2 statSize");
    expect(() => new Kswin({ alpha: 1e-20 })).toThrow("no two samples");
    expect(() => new Kswin({ statSize: 1e9, windowSize: 4e9 })).toThrow("options of Kswin");
    expect(() => new Kswin({ statSize: Number.NaN })).toThrow("options of Kswin");
  });
});

describe("the Kolmogorov–Smirnov test of samples of one length", () => {
  it("has SciPy's exact p-values", () => {
    for (const { n, gap, pValue } of reference.gapPValues) expect(gapPValue(n, gap) / pValue - 1).toBeCloseTo(0, 9);
    expect([gapPValue(30, 0), gapPValue(30, 1), gapPValue(30, 31)]).toEqual([1, 1, 0]);
  });

  it("finds the least gap that is significant", () => {
    for (const [n, alpha] of [
      [30, 0.005],
      [100, 1e-4],
      [5, 0.5],
      [10_000, 1e-6],
    ] as const) {
      const gap = criticalGap(n, alpha);
      expect(gapPValue(n, gap)).toBeLessThanOrEqual(alpha);
      expect(gapPValue(n, gap - 1)).toBeGreaterThan(alpha);
    }
    expect(criticalGap(5, 1e-9)).toBe(6);
  });

  it("counts the gap behind ties", () => {
    expect(gapOfSorted(Float64Array.of(0, 0, 1, 1), Float64Array.of(0, 1, 1, 1))).toBe(1);
    expect(gapOfSorted(Float64Array.of(0, 0, 0), Float64Array.of(0, 0, 0))).toBe(0);
    expect(gapOfSorted(Float64Array.of(1, 2, 3), Float64Array.of(4, 5, 6))).toBe(3);
  });
});
