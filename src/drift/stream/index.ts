export type { WindowRows } from "./adaptive-window.ts";
export { Adwin, type AdwinOptions, type AdwinState } from "./adwin.ts";
export { Cusum, type CusumOptions, type CusumState } from "./cusum.ts";
export { Ddm, type DdmOptions, type DdmState } from "./ddm.ts";
export { EDetector, type EDetectorOptions, type EDetectorState } from "./e-detector.ts";
export { Eddm, type EddmOptions, type EddmState } from "./eddm.ts";
export { HddmA, type HddmAHead, type HddmAOptions, type HddmAState } from "./hddm-a.ts";
export { HddmW, type HddmWMean, type HddmWOptions, type HddmWState } from "./hddm-w.ts";
export { Kswin, type KswinOptions, type KswinState } from "./kswin.ts";
export { PageHinkley, type PageHinkleyOptions, type PageHinkleyState } from "./page-hinkley.ts";
export { restoreStreamDetector, type StreamDetectorState } from "./restore-stream-detector.ts";
export {
  type SimulatedRun,
  type SimulatedStream,
  type SimulationResult,
  simulateStream,
  summarizeRuns,
} from "./simulate.ts";
export type { StreamDetector, StreamMode } from "./stream-detector.ts";
