import { describe, expect, it } from "vitest";
import type { EDetector } from "../../../src/drift/stream/e-detector.ts";
import { detectorOf, traceOf } from "./detectors.ts";
import { reference, streamOf } from "./reference.ts";

describe("River's published detections", () => {
  it.each(reference.published)("$detector finds what River's tests state on $stream with $options", (fact) => {
    const { drifts, warnings } = traceOf(detectorOf(fact.detector, fact.options), streamOf(fact.stream));
    expect(drifts).toEqual(fact.drifts);
    if (fact.firstWarnings === null) return;
    const begins = [-1, ...drifts];
    const first = begins.map((begin, i) => warnings.find((at) => at > begin && at < (drifts[i] ?? Number.POSITIVE_INFINITY)));
    expect(first.filter((at) => at !== undefined)).toEqual(fact.firstWarnings);
  });

  it("covers every detector of River that draws no random numbers", () => {
    expect(new Set(reference.published.map((fact) => fact.detector)).size).toBe(7);
  });

  it("KSWIN finds River's published detection with its own draw, too", () => {
    const kswin = detectorOf("kswin", { alpha: 0.0001, windowSize: 200, statSize: 100, seed: 42 });
    expect(traceOf(kswin, streamOf("river1")).drifts).toEqual([1042]);
  });
});

describe("traces of an independent transcription", () => {
  it.each(reference.traces)("$detector on $stream with $options tells the same", (row) => {
    const detector = detectorOf(row.detector, row.options);
    const { drifts, warnings } = traceOf(detector, streamOf(row.stream));
    expect(drifts).toEqual(row.drifts);
    expect(warnings).toEqual(row.warnings.flatMap(([low, high]) => Array.from({ length: high - low + 1 }, (_, i) => low + i)));
    if (row.evidence !== undefined) expect((detector as EDetector).evidence / row.evidence - 1).toBeCloseTo(0, 9);
  });
});
