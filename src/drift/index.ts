export { type DriftColumns, DriftDetector, type DriftDetectorOptions, type Drifted } from "./drift-detector.ts";
export type { DriftBin, DriftLevel, DriftReport, DriftThresholds, FeatureDrift } from "./drift-report.ts";
export type { FeatureKind, FeatureKinds, KindOf } from "./feature-kind.ts";
export type { CategoricalProfile, DriftWindow, FeatureProfile, NumericProfile, ReferenceProfile } from "./reference-profile.ts";
export { renderDriftReport } from "./render-drift-report.ts";
