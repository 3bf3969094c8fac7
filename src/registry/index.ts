export {
  type AliasChange,
  type ListOptions,
  type LoadedVersion,
  ModelRegistry,
  type ModelRegistryOptions,
  type Transition,
  type TransitionOptions,
} from "./model-registry.ts";
export type {
  LineageEdge,
  ModelSignature,
  ModelSummary,
  RegistryStore,
  SignatureEntry,
  StageMove,
  VersionContent,
  VersionDraft,
  VersionFile,
  VersionQuery,
  VersionRecord,
} from "./port.ts";
export type { Registration } from "./registration.ts";
export { defaultStages, type StagePolicy } from "./stage-policy.ts";
