import { describe, expect, it } from "vitest";
import { seeded } from "../../../src/core/random.ts";
import { Ddm } from "../../../src/drift/stream/ddm.ts";
import { Eddm } from "../../../src/drift/stream/eddm.ts";
import { HddmA } from "../../../src/drift/stream/hddm-a.ts";
import { HddmW } from "../../../src/drift/stream/hddm-w.ts";
import { traceOf } from "./detectors.ts";

const zeros = (count: number) => new Array<number>(count).fill(0);
const ones = (count: number) => new Array<number>(count).fill(1);
const errors = (seed: number, rate: number, count: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => (random.next() < rate ? 1 : 0));
};

describe("Ddm", () => {
  it("tells drift at the first single error after 30 good values in compat, and not otherwise", () => {
    const stream = [...zeros(40), 1, ...zeros(500)];
    expect(traceOf(new Ddm({ compat: true }), stream).drifts).toEqual([40]);
    expect(traceOf(new Ddm({ minErrors: 0 }), stream).drifts).toEqual([40]);
    expect(traceOf(new Ddm(), stream)).toEqual({ drifts: [], warnings: [] });
  });

  it("still sees a model without an error fail", () => {
    const { drifts } = traceOf(new Ddm(), [...zeros(10_000), ...ones(100)]);
    expect(drifts[0]! - 10_000).toBeLessThan(30);
  });

  it("tells nothing on errors only, as River's own test demands", () => {
    expect(traceOf(new Ddm(), ones(1000)).drifts).toEqual([]);
    expect(traceOf(new Ddm({ compat: true }), ones(1000)).drifts).toEqual([]);
  });

  it("has far fewer false alarms at rare errors with its guard", () => {
    const streams = Array.from({ length: 40 }, (_, seed) => errors(seed, 0.01, 1500));
    const alarms = (compat: boolean) => streams.flatMap((stream) => traceOf(new Ddm({ compat }), stream).drifts).length;
    expect(alarms(true)).toBeGreaterThan(100);
    expect(alarms(false)).toBeLessThan(5);
  });

  it("refuses a warning level above that of drift", () => {
    expect(() => new Ddm({ warningThreshold: 4 })).toThrow("above driftThreshold");
  });
});

describe("Eddm", () => {
  it("has fewer false alarms with its guards", () => {
    const stream = errors(3, 0.05, 60_000);
    const compat = traceOf(new Eddm({ compat: true }), stream).drifts.length;
    expect(traceOf(new Eddm(), stream).drifts.length).toBeLessThan(compat / 2);
  });

  it("tells nothing of evenly spaced errors, and tells when they come closer", () => {
    const apart = [...new Array(1000).keys()].map((i) => (i % 10 === 9 ? 1 : 0));
    const closer = [...new Array(600).keys()].map((i) => (i % 3 === 2 ? 1 : 0));
    expect(traceOf(new Eddm(), apart).drifts).toEqual([]);
    expect(traceOf(new Eddm(), [...apart, ...closer]).drifts.length).toBeGreaterThan(0);
  });

  it("refuses a beta above alpha", () => {
    expect(() => new Eddm({ alpha: 0.8 })).toThrow("above alpha");
  });
});

describe.each([
  ["HddmA", (twoSided: boolean) => new HddmA({ twoSided })],
  ["HddmW", (twoSided: boolean) => new HddmW({ twoSided })],
] as const)("%s", (_, make) => {
  it("sees a step up, and a step down only when two-sided", () => {
    const up = [...errors(4, 0.1, 1000), ...errors(5, 0.9, 200)];
    const down = [...errors(6, 0.9, 1000), ...errors(7, 0.1, 200)];
    expect(traceOf(make(false), up).drifts[0]).toBeLessThan(1060);
    expect(traceOf(make(false), down).drifts.filter((at) => at >= 1000)).toEqual([]);
    expect(traceOf(make(true), down).drifts[0]).toBeLessThan(1060);
  });

  it("treats a rise of errors as it treats a fall of successes", () => {
    const stream = [...errors(8, 0.2, 1500), ...errors(9, 0.7, 300), ...errors(10, 0.2, 500)];
    const mirrored = traceOf(
      make(true),
      stream.map((value) => 1 - value),
    );
    expect(mirrored.drifts).toEqual(traceOf(make(true), stream).drifts);
  });

  it("tells nothing on constant streams", () => {
    for (const stream of [zeros(2000), ones(2000), new Array<number>(2000).fill(0.1)]) {
      expect(traceOf(make(true), stream)).toEqual({ drifts: [], warnings: [] });
    }
  });
});

describe("HddmA and HddmW", () => {
  it("refuse a warning that is rarer than drift", () => {
    expect(() => new HddmA({ warningConfidence: 0.0001 })).toThrow("below driftConfidence");
    expect(() => new HddmW({ warningConfidence: 0.0001 })).toThrow("below driftConfidence");
  });
});
