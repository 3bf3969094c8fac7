/**
 * Watching models at work: predictions and their labels, traffic, latency, drift, service levels.
 *
 * @module modelwright/monitoring
 */

export * from "./alerts/index.ts";
export type { FlushFailure } from "./flusher.ts";
export type { LabelInput, LabelResult } from "./labels.ts";
export { ModelMonitor } from "./model-monitor.ts";
export type { ModelTask } from "./model-task.ts";
export type {
  ModelMonitorOptions,
  MonitorBuffer,
  MonitorDrift,
  MonitorRetention,
  ServiceLevels,
} from "./monitor-options.ts";
export { type MonitorMetric, monitorSource } from "./monitor-source.ts";
export type {
  BucketQuery,
  LabelOutcome,
  LoggedPrediction,
  MonitoringRetention,
  MonitoringStore,
  NewLabel,
  NewPrediction,
  PredictionLabel,
  PredictionOutput,
  PredictionPage,
  PredictionQuery,
  StoredBucket,
} from "./port.ts";
export type { ErrorInput, PredictionInput } from "./recorder.ts";
export type { DriftComparison, DriftHistory } from "./report/drift-history.ts";
export type { Measure, Measures } from "./report/measure-rows.ts";
export type { BinaryMetric, MulticlassMetric, PerformanceMetric, RegressionMetric } from "./report/metric-names.ts";
export type {
  DashboardOptions,
  MonitorDashboard,
  PerformanceOptions,
  SlaOptions,
  VersionRangeOptions,
} from "./report/monitor-reports.ts";
export type { MissingRecords, PerformanceReport, PerformanceSummary } from "./report/performance-report.ts";
export { psiHistory } from "./report/psi-history.ts";
export type { ObjectiveResult, SlaReport } from "./report/sla-report.ts";
export type {
  LatencySummary,
  NameCount,
  PredictionDistribution,
  TrafficReport,
  TrafficTotals,
  TrafficWindow,
} from "./report/traffic-report.ts";
export type { TimeRangeOptions } from "./time-range.ts";
