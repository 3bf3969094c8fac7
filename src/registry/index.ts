/**
 * The registry with all that goes with it: guards, signing, comparison, lineage, audit log, retention.
 *
 * @module modelwright/registry
 */

export type { Approval, ApprovalDecision, ApprovalDraft, ApprovalQuery } from "./approval-port.ts";
export { type ApprovalComment, type ApprovalListOptions, Approvals } from "./approvals.ts";
export {
  AuditLog,
  type AuditLogOptions,
  type AuditQuery,
  type AuditVerdict,
  type AuditVerifyOptions,
  auditHeadPayloadType,
} from "./audit-log.ts";
export type { AuditAction, AuditEntry, AuditHead, Stamp } from "./audit-port.ts";
export type { ChangeOptions } from "./change-options.ts";
export { type MetricPointOfVersion, type MetricSeries, metricOverVersions } from "./compare-metric.ts";
export {
  type CompareOptions,
  compareVersions,
  type FileCell,
  type FileRow,
  type SignatureCell,
  type VersionComparison,
} from "./compare-versions.ts";
export { type CopyOptions, copyVersion } from "./copy-version.ts";
export type { SigningKey, VerifyingKey } from "./dsse.ts";
export { filesVerified, type MetricBounds, metricGuard } from "./guards.ts";
export { Lineage, type LineageGraph, type LineageOptions, type LineageQuery } from "./lineage.ts";
export type { HistoryOptions, ListOptions, ProductionAtOptions, SearchOptions } from "./list-options.ts";
export { type ModelManifest, manifestOf } from "./manifest.ts";
export { ModelRegistry } from "./model-registry.ts";
export {
  type LineageInput,
  type OpenLineageDataset,
  type OpenLineageEvent,
  type OpenLineageFacet,
  type OpenLineageOptions,
  openLineage,
} from "./open-lineage.ts";
export { type DeliverOptions, Outbox, type OutboxOptions } from "./outbox.ts";
export type {
  LineageEdge,
  LineageLink,
  ModelSignature,
  ModelSummary,
  NotesChange,
  Protection,
  RegistryStore,
  SignatureEntry,
  SignedEnvelope,
  StageEvent,
  StageEventQuery,
  StageMove,
  StageReturn,
  VersionContent,
  VersionDraft,
  VersionFile,
  VersionNotes,
  VersionRecord,
} from "./port.ts";
export type { Registration } from "./registration.ts";
export type {
  AliasChange,
  LoadedVersion,
  ModelRegistryOptions,
  RollbackOptions,
  Transition,
  TransitionOptions,
} from "./registry-options.ts";
export { RegistryQueries } from "./registry-queries.ts";
export { type RenderedComparison, type RenderOptions, renderComparison } from "./render-comparison.ts";
export { type ApplyOptions, Retention, type RetentionOptions, type RetentionOutcome } from "./retention.ts";
export {
  defaultRetention,
  planRetention,
  type RetainedItem,
  type RetentionFact,
  type RetentionItem,
  type RetentionPlan,
  type RetentionPolicy,
} from "./retention-plan.ts";
export {
  type EnvelopeSigner,
  type EnvelopeVerifier,
  type ManifestSigner,
  type ManifestTrust,
  manifestSigner,
  signManifest,
  type TrustedKeys,
  trusting,
  verifyManifest,
} from "./signing.ts";
export { readSigstoreBundle, type SigstoreBundle, sigstoreBundle } from "./signing-bundle.ts";
export { ecdsaSigner, ed25519Signer, type SignerOptions, type TrustedKey, trustedKeys } from "./signing-keys.ts";
export {
  type Actors,
  type ApprovalRule,
  defaultStages,
  type GuardedMove,
  type StageGuard,
  type StagePolicy,
  type StageRule,
} from "./stage-policy.ts";
export type { VerifyMode } from "./version-files.ts";
