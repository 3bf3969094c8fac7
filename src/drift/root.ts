/** What the root entry has of drift. A file of its own, so that bundles of the root leave the rest of `modelwright/drift` out. */

export type { ComprehensiveReport } from "./comprehensive.ts";
export type { CheckOptions, DriftColumns, DriftConfirmed, Drifted } from "./detector-calls.ts";
export type { DriftDetectorOptions } from "./detector-options.ts";
export type { DriftDetectorState } from "./detector-state.ts";
export { DriftDetector } from "./drift-detector.ts";
export type {
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
export type { DriftProfileState } from "./profile/profile-state.ts";
export type { CategoricalProfile, FeatureProfile, OrderedProfile, ReferenceProfile } from "./profile/reference-profile.ts";
export type { Season } from "./profile/season.ts";
export { renderDriftReport } from "./report/markdown-report.ts";
export type { Correction } from "./verdict/correction.ts";
export type { DriftMethod } from "./verdict/methods.ts";
export type { ConfirmOptions } from "./verdict/persistence.ts";
export type { DriftThresholds } from "./verdict/thresholds.ts";
export type { FeatureKinds, FeatureOptions, KindOf } from "./watched-feature.ts";
