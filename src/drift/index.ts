/**
 * Whether live rows still look like those that a model was made with; detectors of concept drift on streams of errors; performance
 * without labels; reports.
 *
 * @module modelwright/drift
 */

export type { Agreement } from "./comprehensive.ts";
export * from "./multivariate/index.ts";
export * from "./performance/index.ts";
export type { CellCounter, CellTimes, CellWindow } from "./port.ts";
export type { ExactSumState } from "./profile/exact-sum.ts";
export type { FeatureCountsState } from "./profile/feature-counts.ts";
export type { PartCountsState } from "./profile/part-counts.ts";
export type { Moments, SeasonalCounts, SegmentProfile } from "./profile/reference-profile.ts";
export type { SampledRow } from "./profile/row-sample.ts";
export * from "./report/index.ts";
export * from "./root.ts";
export { type DriftSimulation, type SimulatedWindow, type SimulateOptions, simulate } from "./simulate.ts";
export * from "./stream/index.ts";
export { DRIFT_METHODS, type MethodFinding } from "./verdict/methods.ts";
export type { PersistenceState } from "./verdict/persistence.ts";
export type { WatchedFeature } from "./watched-feature.ts";
