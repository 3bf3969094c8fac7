import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { restoreStreamDetector, type StreamDetectorState } from "../../../src/drift/stream/restore-stream-detector.ts";
import type { StreamDetector } from "../../../src/drift/stream/stream-detector.ts";
import { detectorOf, detectors, traceOf } from "./detectors.ts";

const bit = fc.constantFrom(0, 1);
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const real = fc.oneof(fc.double({ min: -10, max: 10, noNaN: true }), fc.double({ min: -1e100, max: 1e100, noNaN: true }));

/** Stretches of one kind of value each, so that there is something to find. */
const stretches = (value: fc.Arbitrary<number>, rare: number, often: number) =>
  fc
    .array(
      fc.tuple(fc.oneof(value, fc.constantFrom(rare, often)), fc.array(value, { maxLength: 8 }), fc.integer({ min: 1, max: 90 })),
      {
        minLength: 1,
        maxLength: 6,
      },
    )
    .map((parts) => parts.flatMap(([main, others, times]) => [...new Array<number>(times).fill(main), ...others]));

const valuesOf = { bits: stretches(bit, 0, 1), unit: stretches(unit, 0, 1), real: stretches(real, -3, 3) };

/** Small windows and low levels, so that short streams set off every branch. */
const eager: Record<string, Record<string, unknown>> = {
  ddm: { warmStart: 5, minErrors: 2 },
  eddm: { warmStart: 3 },
  "hddm-a": { twoSided: true, driftConfidence: 0.05, warningConfidence: 0.2 },
  "hddm-w": { twoSided: true, driftConfidence: 0.05, warningConfidence: 0.2 },
  "e-detector": { baseline: { errors: 20, rows: 100 }, falseAlarmEvery: 50, mode: "both" },
  "page-hinkley": { threshold: 4, minInstances: 5 },
  adwin: { clock: 3, delta: 0.3 },
  kswin: { windowSize: 20, statSize: 8, alpha: 0.05 },
  cusum: { minInstances: 8 },
};

const viaJson = (detector: StreamDetector) =>
  restoreStreamDetector(JSON.parse(JSON.stringify(detector)) as StreamDetectorState) as StreamDetector;

const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return ModelwrightError.is(error) ? error.code : "another error";
  }
  return "no error";
};

/** What comes of a damaged state: it has to be refused, or at least not to lead to another error or a NaN. */
function harm(damaged: StreamDetectorState): string {
  let detector: StreamDetector;
  try {
    detector = restoreStreamDetector(damaged);
  } catch (error) {
    return ModelwrightError.is(error, "INPUT_INVALID") ? "none" : String(error);
  }
  for (let i = 0; i < 50; i++) detector.update(i % 2);
  return codeOf(() => viaJson(detector)) === "no error" && Number.isFinite(detector.estimate)
    ? "none"
    : "a state that is no state";
}

describe.each(detectors)("$name", ({ name, takes }) => {
  it("goes on as if nothing had happened when it is saved and restored at any value", () => {
    fc.assert(
      fc.property(valuesOf[takes], fc.nat(400), fc.boolean(), (values, cut, defaults) => {
        const whole = detectorOf(name, defaults ? {} : eager[name]);
        const first = detectorOf(name, defaults ? {} : eager[name]);
        const at = cut % (values.length + 1);
        traceOf(whole, values.slice(0, at));
        traceOf(first, values.slice(0, at));
        const second = viaJson(first);
        expect([second.drift, second.warning, second.observed, second.estimate]).toEqual([
          whole.drift,
          whole.warning,
          whole.observed,
          whole.estimate,
        ]);
        expect(traceOf(second, values.slice(at))).toEqual(traceOf(whole, values.slice(at)));
        expect(JSON.stringify(second)).toBe(JSON.stringify(whole));
      }),
      { numRuns: 60 },
    );
  });

  it("never tells drift and warning at once, and never has a NaN in its estimate or state", () => {
    fc.assert(
      fc.property(valuesOf[takes], (values) => {
        const detector = detectorOf(name, eager[name]);
        let both = false;
        for (const value of values) {
          detector.update(value);
          both ||= detector.drift && detector.warning;
        }
        expect(both).toBe(false);
        expect(Number.isFinite(detector.estimate)).toBe(true);
        // A NaN or an infinity would be written as null where a number belongs, and refused.
        expect(viaJson(detector).observed).toBe(detector.observed);
      }),
      { numRuns: 60 },
    );
  });

  it("sets off on a long change, begins anew at the next value, and resets to its beginning", () => {
    const detector = detectorOf(name, eager[name]);
    const empty = JSON.stringify(detector);
    expect([detector.observed, detector.estimate, detector.drift, detector.warning]).toEqual([0, undefined, false, false]);
    for (let i = 0; i < 200; i++) detector.update(i % 10 === 0 ? 1 : 0);
    for (let i = 0; i < 200 && !detector.drift; i++) detector.update(1);
    expect(detector.drift).toBe(true);
    expect(detector.observed).toBeGreaterThan(1);
    detector.update(1);
    expect([detector.observed, detector.estimate, detector.drift]).toEqual([1, 1, false]);
    detector.reset();
    expect(JSON.stringify(detector)).toBe(empty);
  });

  it("takes booleans as 0 and 1, and answers itself", () => {
    const bits = Array.from({ length: 150 }, (_, i) => (i % 7 === 0 || i > 100 ? 1 : 0));
    const numbers = detectorOf(name, eager[name]);
    const booleans = detectorOf(name, eager[name]);
    for (const value of bits) numbers.update(value);
    for (const value of bits) expect(booleans.update(value === 1)).toBe(booleans);
    expect(JSON.stringify(booleans)).toBe(JSON.stringify(numbers));
  });

  it("refuses what it cannot use and stays as it was", () => {
    const outside = { bits: [0.5, 2, -1], unit: [1.0001, -1e-9, 7], real: [1e101, -1e101] }[takes];
    const detector = detectorOf(name, eager[name]);
    for (let i = 0; i < 40; i++) detector.update(i % 3 === 0 ? 1 : 0);
    const before = JSON.stringify(detector);
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      ...outside,
      "1",
      undefined,
      null,
      {},
      1n,
    ]) {
      expect(codeOf(() => detector.update(value as number))).toBe("INPUT_INVALID");
    }
    expect(JSON.stringify(detector)).toBe(before);
  });

  it("does not repeat refused data in the message, but names NaN", () => {
    const detector = detectorOf(name);
    const outside = { bits: 0.123456, unit: 123456, real: 1.23456e150 }[takes];
    expect(() => detector.update(outside)).toThrow("another number");
    expect(() => detector.update(Number.NaN)).toThrow("NaN");
  });

  it("refuses a damaged state and every state with a wrong field", () => {
    const detector = detectorOf(name, eager[name]);
    for (let i = 0; i < 60; i++) detector.update(i % 3 === 0 ? 1 : 0);
    const state = JSON.parse(JSON.stringify(detector)) as Record<string, unknown>;
    for (const field of Object.keys(state)) {
      for (const bad of [undefined, "x", -1, 1e300, [[]], { a: 1 }]) {
        const damaged = { ...state, [field]: bad } as unknown as StreamDetectorState;
        expect(`${field} ${bad}: ${harm(damaged)}`).toBe(`${field} ${bad}: none`);
      }
    }
    const broken = [null, undefined, 7, "x", [], {}, { detector: name }, { ...state, schemaVersion: 2 }];
    for (const bad of broken)
      expect(codeOf(() => restoreStreamDetector(bad as unknown as StreamDetectorState))).toBe("INPUT_INVALID");
  });

  it("refuses unknown options", () => {
    expect(codeOf(() => detectorOf(name, { ...eager[name], treshold: 3 }))).toBe("CONFIG_INVALID");
  });
});
