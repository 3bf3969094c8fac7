import { Adwin } from "../../../src/drift/stream/adwin.ts";
import { Cusum } from "../../../src/drift/stream/cusum.ts";
import { Ddm } from "../../../src/drift/stream/ddm.ts";
import { EDetector } from "../../../src/drift/stream/e-detector.ts";
import { Eddm } from "../../../src/drift/stream/eddm.ts";
import { HddmA } from "../../../src/drift/stream/hddm-a.ts";
import { HddmW } from "../../../src/drift/stream/hddm-w.ts";
import { Kswin } from "../../../src/drift/stream/kswin.ts";
import { PageHinkley } from "../../../src/drift/stream/page-hinkley.ts";
import type { StreamDetector } from "../../../src/drift/stream/stream-detector.ts";

const classes = {
  adwin: Adwin,
  cusum: Cusum,
  ddm: Ddm,
  "e-detector": EDetector,
  eddm: Eddm,
  "hddm-a": HddmA,
  "hddm-w": HddmW,
  kswin: Kswin,
  "page-hinkley": PageHinkley,
};

/** A detector by the name in its state. */
export function detectorOf(name: string, options: Record<string, unknown> = {}): StreamDetector {
  const needed = name === "e-detector" && Object.keys(options).length === 0 ? { upperMean: 0.1 } : options;
  return new classes[name as keyof typeof classes](needed);
}

/** Which values a detector takes, and its name. */
export const detectors = [
  { name: "ddm", takes: "bits" },
  { name: "eddm", takes: "bits" },
  { name: "hddm-a", takes: "unit" },
  { name: "hddm-w", takes: "unit" },
  { name: "e-detector", takes: "unit" },
  { name: "page-hinkley", takes: "real" },
  { name: "adwin", takes: "real" },
  { name: "kswin", takes: "real" },
  { name: "cusum", takes: "real" },
] as const;

/** Indices of the drifts and of the warnings over a stream. */
export function traceOf(detector: StreamDetector, values: readonly number[]) {
  const drifts: number[] = [];
  const warnings: number[] = [];
  values.forEach((value, i) => {
    detector.update(value);
    if (detector.drift) drifts.push(i);
    if (detector.warning) warnings.push(i);
  });
  return { drifts, warnings };
}
