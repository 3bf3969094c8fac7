/**
 * What goes with `InferenceSession`: sources, caches, processing steps, classification, variants, functions as models.
 *
 * @module modelwright/inference
 */

export type { BatchCall } from "./batching/batch-call.ts";
export type { BatchingOptions, PriorityOptions, QueueOptions } from "./batching/batching-options.ts";
export {
  type Classification,
  type ClassificationOptions,
  type ClassLabel,
  type ClassProbability,
  classification,
} from "./classification.ts";
export {
  type CompareSessionsOptions,
  compareSessions,
  type DifferingRow,
  type OutputComparison,
  type RowRunner,
  type SessionComparison,
  type TensorRunner,
} from "./compare-sessions.ts";
export { type CustomProviderOptions, type CustomRun, customProvider } from "./custom-provider.ts";
export type { DownloadProgress } from "./download.ts";
export { InferenceSession } from "./inference-session.ts";
export type { BatchingState } from "./live-model.ts";
export {
  type Lease,
  ModelCache,
  type ModelCacheKey,
  type ModelCacheOptions,
  type ModelCacheStatistics,
} from "./model-cache.ts";
export type { ModelStatistics, ModelSwap, ModelSwapFailure } from "./model-follower.ts";
export { type ModelVariants, modelVariants, type PickedVariant, pickVariant, type VariantSources } from "./model-variants.ts";
export type {
  ExecutionProvider,
  ExecutionRun,
  Executor,
  ModelInterface,
  Placement,
  RunTiming,
  TensorSpec,
  Tensors,
} from "./port.ts";
export type { OmittedOutput } from "./prepare-model.ts";
export type { ProviderFailure } from "./provider-chain.ts";
export {
  type ResponseCache,
  type ResponseCacheOptions,
  type ResponseCacheStatistics,
  type ResponseKey,
  type ResponseRequest,
  responseCache,
} from "./response-cache.ts";
export type { NumericArray, Row, RowValue, Scalar } from "./row.ts";
export type { RunOptions } from "./run-options.ts";
export { type ScoreChunk, type ScoreStreamOptions, scoreStream } from "./score-stream.ts";
export type { SessionHealth } from "./session-health.ts";
export type { InferenceSessionOptions, WarmUpSamples } from "./session-options.ts";
export type { BatchSizeCount, Duration, InferenceSnapshot, Latency } from "./statistics.ts";
export { type Step, type StepContext, type StepOptions, step } from "./step.ts";
export { type UrlModelOptions, urlModel } from "./url-model.ts";
