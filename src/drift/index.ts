/**
 * Whether live rows still look like those that a model was made with; detectors of concept drift on streams of errors; performance
 * without labels; reports.
 *
 * @module modelwright/drift
 */

export type { Agreement, ComprehensiveReport } from "./comprehensive.ts";
export type { CheckOptions, DriftColumns, DriftConfirmed, Drifted } from "./detector-calls.ts";
export type { DriftDetectorOptions } from "./detector-options.ts";
export type { DriftDetectorState } from "./detector-state.ts";
export { DriftDetector } from "./drift-detector.ts";
export * from "./multivariate/index.ts";
export * from "./performance/index.ts";
export type {
  CellCounter,
  CellTimes,
  CellWindow,
  DriftBin,
  DriftHint,
  DriftLevel,
  DriftReport,
  DriftSource,
  DriftVerdict,
  FeatureDrift,
  FeatureKind,
  FeatureRole,
  Interval,
  RootCause,
  SegmentDrift,
} from "./port.ts";
export { DriftProfile } from "./profile/drift-profile.ts";
export type { ExactSumState } from "./profile/exact-sum.ts";
export type { FeatureCountsState } from "./profile/feature-counts.ts";
export type { PartCountsState } from "./profile/part-counts.ts";
export type { DriftProfileState } from "./profile/profile-state.ts";
export type {
  CategoricalProfile,
  FeatureProfile,
  Moments,
  OrderedProfile,
  ReferenceProfile,
  SeasonalCounts,
  SegmentProfile,
} from "./profile/reference-profile.ts";
export type { SampledRow } from "./profile/row-sample.ts";
export type { Season } from "./profile/season.ts";
export * from "./report/index.ts";
export { type DriftSimulation, type SimulatedWindow, type SimulateOptions, simulate } from "./simulate.ts";
export * from "./stream/index.ts";
export type { Correction } from "./verdict/correction.ts";
export { DRIFT_METHODS, type DriftMethod, type MethodFinding } from "./verdict/methods.ts";
export type { ConfirmOptions, PersistenceState } from "./verdict/persistence.ts";
export type { DriftThresholds } from "./verdict/thresholds.ts";
export type { FeatureKinds, FeatureOptions, KindOf, WatchedFeature } from "./watched-feature.ts";
