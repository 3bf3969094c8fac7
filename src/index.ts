/**
 * The five classes, in-memory stores, errors and metrics. Runs anywhere.
 *
 * @module modelwright
 */

export { memoryBlobs } from "./adapters/memory/memory-blobs.ts";
export { memoryKeyValues } from "./adapters/memory/memory-key-values.ts";
export { memoryOnline } from "./adapters/memory/memory-online.ts";
export { memoryRegistry } from "./adapters/memory/memory-registry.ts";
export type { CallOptions, Runtime } from "./core/call.ts";
export { type Clock, sleep, systemClock } from "./core/clock.ts";
export { withDeadline } from "./core/deadline.ts";
export { type Digest, isDigest, parseDigest, sha256 } from "./core/digest.ts";
export { type ElementData, type ElementLayout, type ElementType, elementTypes } from "./core/element-type.ts";
export { type ErrorCode, type ErrorDetails, type ErrorOptions, type Issue, ModelwrightError } from "./core/errors.ts";
export { Emitter, type Event } from "./core/events.ts";
export { fromFloat16Bits, toFloat16Bits } from "./core/float16.ts";
export { Histogram, type HistogramOptions, type HistogramState } from "./core/histogram.ts";
export { uuidv7Generator } from "./core/ids.ts";
export { canonicalJson, type JsonValue } from "./core/json.ts";
export { Lifecycle } from "./core/lifecycle.ts";
export { Limiter, type LimiterOptions } from "./core/limiter.ts";
export { consoleLogger, type LogFields, type Logger, type LogLevel, silentLogger } from "./core/logger.ts";
export { Counter, Gauge, type MetricFamily, type MetricOptions, Metrics } from "./core/metrics.ts";
export {
  formatModelRef,
  type LoadedModel,
  type ModelIdentity,
  type ModelRef,
  type ModelSource,
  type Precision,
  type Prediction,
  type Predictor,
  parseModelRef,
} from "./core/model.ts";
export { prometheusContentType, prometheusText } from "./core/prometheus.ts";
export { type Random, randomInt, randomNormal, seeded, shuffle, systemRandom } from "./core/random.ts";
export { type RetryOptions, retry } from "./core/retry.ts";
export type { InferInput, InferOutput, Schema } from "./core/schema.ts";
export { reshape, sliceRows, type Tensor, tensor, tensorBytes, tensorFromBytes } from "./core/tensor.ts";
export type { TraceAttributes, TraceContext } from "./core/trace.ts";
export {
  type CategoricalProfile,
  type CheckOptions,
  type ComprehensiveReport,
  type ConfirmOptions,
  type Correction,
  type DriftBin,
  type DriftColumns,
  type DriftConfirmed,
  DriftDetector,
  type DriftDetectorOptions,
  type DriftDetectorState,
  type Drifted,
  type DriftHint,
  type DriftLevel,
  type DriftMethod,
  DriftProfile,
  type DriftProfileState,
  type DriftReport,
  type DriftSource,
  type DriftThresholds,
  type DriftVerdict,
  type FeatureDrift,
  type FeatureKind,
  type FeatureKinds,
  type FeatureOptions,
  type FeatureProfile,
  type FeatureRole,
  type Interval,
  type KindOf,
  type OrderedProfile,
  type ReferenceProfile,
  type RootCause,
  renderDriftReport,
  type Season,
  type SegmentDrift,
} from "./drift/root.ts";
export {
  type EntityKey,
  type FeatureInputs,
  type FeatureReadOptions,
  type FeatureRef,
  type FeatureRow,
  FeatureServer,
  type FeatureServerOptions,
  type FeatureSource,
  type FeatureStatus,
  type FeatureView,
  type FeatureViewOptions,
  type FeatureWrite,
  featureView,
  type InputValues,
  type OnDemandFeature,
  type OnDemandFeatureOptions,
  onDemandFeature,
} from "./features/index.ts";
export type { OnlineKey, OnlineRow, OnlineStore } from "./features/port.ts";
export {
  type BatchCall,
  type BatchingOptions,
  type BatchingState,
  type ExecutionProvider,
  type ExecutionRun,
  type Executor,
  InferenceSession,
  type InferenceSessionOptions,
  type ModelInterface,
  type ModelStatistics,
  type ModelSwap,
  type ModelSwapFailure,
  type ModelVariants,
  type NumericArray,
  type OmittedOutput,
  type Placement,
  type PriorityOptions,
  type ProviderFailure,
  type QueueOptions,
  type ResponseCache,
  type Row,
  type RowValue,
  type RunOptions,
  type RunTiming,
  type Scalar,
  type ScoreStreamOptions,
  type SessionHealth,
  type Step,
  type StepContext,
  type TensorSpec,
  type Tensors,
  type WarmUpSamples,
} from "./inference/index.ts";
export {
  type Actors,
  type AliasChange,
  type Approval,
  type ApprovalComment,
  type ApprovalDecision,
  type ApprovalDraft,
  type ApprovalListOptions,
  type ApprovalQuery,
  type ApprovalRule,
  type Approvals,
  type AuditAction,
  type AuditEntry,
  type AuditHead,
  type ChangeOptions,
  defaultStages,
  type GuardedMove,
  type HistoryOptions,
  type LineageEdge,
  type LineageLink,
  type ListOptions,
  type LoadedVersion,
  ModelRegistry,
  type ModelRegistryOptions,
  type ModelSignature,
  type ModelSummary,
  type NotesChange,
  type ProductionAtOptions,
  type Protection,
  type Registration,
  type RegistryQueries,
  type RegistryStore,
  type RollbackOptions,
  type SearchOptions,
  type SignatureEntry,
  type SignedEnvelope,
  type StageEvent,
  type StageEventQuery,
  type StageGuard,
  type StageMove,
  type StagePolicy,
  type StageReturn,
  type StageRule,
  type Stamp,
  type Transition,
  type TransitionOptions,
  type VerifyMode,
  type VersionContent,
  type VersionDraft,
  type VersionFile,
  type VersionNotes,
  type VersionRecord,
} from "./registry/index.ts";
export {
  HybridRouter,
  type HybridRouterOptions,
  type Route,
  type RouteAttempt,
  type RoutedPrediction,
  type RouteExhausted,
  type RouterPolicy,
  type RouterTarget,
} from "./router/index.ts";
export type { Filter, Page, SearchField, SearchOrder, SearchQuery, SearchValue } from "./search/port.ts";
export type {
  BlobContent,
  BlobFence,
  BlobInfo,
  BlobReferences,
  BlobStore,
  GetOptions,
  KeyValueEntry,
  KeyValueStore,
  PutOptions,
  SetOptions,
} from "./storage/port.ts";
export type { FileContent } from "./storage/stored-files.ts";
