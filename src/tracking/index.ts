/**
 * Experiments and their runs, and runs side by side.
 *
 * @module modelwright/tracking
 */

export { type CompareRunsOptions, compareRuns, type RunComparison } from "./compare-runs.ts";
export { ExperimentTracker } from "./experiment-tracker.ts";
export { type ExperimentChange, Experiments } from "./experiments.ts";
export type { ModelRegistrar, RegistrationOptions, RunRegistration } from "./model-registration.ts";
export type {
  ExperimentRecord,
  MetricEntry,
  MetricHistoryQuery,
  MetricPoint,
  RunArtifact,
  RunBatch,
  RunChange,
  RunDataset,
  RunDraft,
  RunRecord,
  RunStatus,
  TrackingStore,
} from "./port.ts";
export { Run } from "./run.ts";
export type { EndStatus, RunSummary } from "./run-calls.ts";
export type { DatasetInput, MetricInput, ParamValue, RunLog } from "./run-log.ts";
export type {
  BestRunOptions,
  EndRunOptions,
  ExperimentTrackerOptions,
  RunOptions,
  RunSearchOptions,
  StartRunOptions,
  TrackingSearchOptions,
} from "./tracker-options.ts";
