export type { Calibration } from "./calibration.ts";
export {
  Cbpe,
  type CbpeOptions,
  type CbpeResult,
  type CbpeState,
  type LabelledScores,
  type MetricEstimate,
  type UnlabelledScores,
} from "./cbpe.ts";
export {
  Dle,
  type DleOptions,
  type DleResult,
  type DleState,
  type LabelledPredictions,
  type LossEstimate,
  type UnlabelledPredictions,
} from "./dle.ts";
export type { ExpectedConfusion } from "./expected-metrics.ts";
