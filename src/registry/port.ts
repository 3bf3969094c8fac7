import type { CallOptions } from "../core/call.ts";
import type { Digest } from "../core/digest.ts";
import type { JsonValue } from "../core/json.ts";
import type { ModelRef } from "../core/model.ts";
import type { Page, SearchQuery } from "../search/port.ts";
import type { BlobReferences } from "../storage/port.ts";
import type { Approval, ApprovalDraft, ApprovalQuery } from "./approval-port.ts";
import type { AuditEntry, AuditHead, Stamp } from "./audit-port.ts";

/** One file of a version. */
export interface VersionFile {
  /** Relative path with `/` between its parts, for example `model.onnx`. A label, never used as a path of a file system. */
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A fact that a version was made from or by. */
export interface LineageEdge {
  readonly kind: "dataset" | "code" | "parent" | "run" | "feature-view" | "report";
  /**
   * What it points to: a digest, a commit, a run id, a view name. A parent that reads as `name@7` is a version of this registry, which
   * has to exist; any other text is a model elsewhere.
   */
  readonly ref: string;
}

/** An edge with the version that has it. */
export interface LineageLink extends LineageEdge {
  readonly name: string;
  readonly version: number;
}

/** An input or output of a model as its file declares it. */
export interface SignatureEntry {
  readonly name: string;
  /** Element type as ONNX names it in lower case, for example `float32`; `other` for sequences, maps and optionals. */
  readonly type: string;
  /** Extents: a number, a name for a symbolic one, or `?` for an unknown one; null when the rank is unknown. */
  readonly dims: readonly (number | string)[] | null;
}

/** What a model takes and gives. */
export interface ModelSignature {
  readonly inputs: readonly SignatureEntry[];
  readonly outputs: readonly SignatureEntry[];
}

/** A signed statement. @source DSSE 1.0 (github.com/secure-systems-lab/dsse, envelope.md) */
export interface SignedEnvelope {
  readonly payloadType: string;
  /** Base64 of what is signed. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string /** Base64. */; readonly sig: string }[];
}

/** What is fixed about a version when it is registered. */
export interface VersionContent {
  readonly files: readonly VersionFile[];
  /** How the files are laid out, by MLflow's names: `onnx`, `sklearn`, `xgboost`, `pytorch`, `tensorflow` and any other. */
  readonly flavor: string;
  /** What trained it, for example `scikit-learn 1.5`. */
  readonly framework: string | null;
  /** What kind of model it is, for example `gradient boosting`. */
  readonly modelType: string | null;
  /** The version as people call it, `major.minor.patch` with an optional pre-release; unique in its model. */
  readonly label: string | null;
  /** Inputs and outputs, read from the file; null when the flavor is not known. */
  readonly signature: ModelSignature | null;
  readonly metrics: Readonly<Record<string, number>>;
  /** Which way a metric is better. */
  readonly directions: Readonly<Record<string, "maximize" | "minimize">>;
  readonly hyperparameters: Readonly<Record<string, JsonValue>>;
  readonly dataVersion: string | null;
  readonly codeVersion: string | null;
  /** Id of the training run. */
  readonly runId: string | null;
  /** JSON Schema, or any other JSON, of what the model's host takes and gives. */
  readonly inputSchema: JsonValue;
  readonly outputSchema: JsonValue;
  /** Anything else. */
  readonly metadata: Readonly<Record<string, JsonValue>>;
  /** The signed manifest of the files. */
  readonly attestation: SignedEnvelope | null;
}

/** What may be written about a version later on. */
export interface VersionNotes {
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Why the version must be kept; null when it may go. */
  readonly legalHold: string | null;
}

/** A version to be registered; the store gives the number. */
export interface VersionDraft extends VersionContent {
  readonly name: string;
  /** Time-ordered unique id, made by the caller; a second insert with the same id answers the first one's record. */
  readonly id: string;
  readonly stage: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly lineage: readonly LineageEdge[];
}

/** A registered version. Its content is immutable; stage, aliases, notes and further lineage are not. */
export interface VersionRecord extends VersionContent, VersionNotes {
  readonly name: string;
  readonly version: number;
  readonly id: string;
  readonly stage: string;
  /** In the order of their code units. */
  readonly aliases: readonly string[];
  /** In the order in which they were added, each once. */
  readonly lineage: readonly LineageEdge[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly createdBy: string | null;
  /** Milliseconds since the epoch. */
  readonly stageChangedAt: number;
}

/** A model and where its versions stand. */
export interface ModelSummary {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly aliases: readonly { readonly alias: string; readonly version: number }[];
  /** How many there are now. */
  readonly versions: number;
  /** The greatest number ever given. */
  readonly latestVersion: number;
}

/** A move of one version to another stage. */
export interface StageMove {
  readonly name: string;
  readonly version: number;
  /** The stage that the version must be in for the move to happen. */
  readonly from: string;
  readonly to: string;
  /** Given when `to` holds one version of a model: where the one before goes in the same step. */
  readonly displaceTo?: string | undefined;
  /** An approved request for this very move, which is used up with it. */
  readonly approval?: string | undefined;
  /** The version that must be in `to`, the newest when there are several; null when there must be none. @defaultValue any */
  readonly holder?: number | null | undefined;
}

/** A return to the version that held an exclusive stage before. */
export interface StageReturn {
  readonly name: string;
  /** An exclusive stage. */
  readonly stage: string;
  /** Where the version goes that holds the stage now. */
  readonly displaceTo: string;
  /** The version to return to. @defaultValue the one that {@link RegistryStore.findRollbackTarget} answers */
  readonly version?: number | undefined;
}

/** What a version went through. */
export interface StageEvent extends Stamp {
  /** Number of its audit entry. */
  readonly seq: number;
  readonly kind: "registered" | "moved" | "displaced" | "rolled-back" | "deleted";
  readonly name: string;
  readonly version: number;
  /** Null when it was registered. */
  readonly from: string | null;
  /** Null when it was deleted. */
  readonly to: string | null;
  /** Whether `to` holds one version of a model. */
  readonly exclusive: boolean;
}

/** Which stage events to list. */
export interface StageEventQuery {
  readonly name: string;
  readonly version?: number | undefined;
  /** Only events that lead into or out of this stage. */
  readonly stage?: string | undefined;
  /** Only events at or before this time, milliseconds since the epoch. */
  readonly until?: number | undefined;
  /** By `seq`. */
  readonly direction: "asc" | "desc";
  readonly limit: number;
  /** Continue behind this `seq`. */
  readonly after?: number | undefined;
}

/** Why a version cannot be deleted. */
export type Protection =
  | { readonly kind: "alias"; readonly alias: string }
  /** It holds an exclusive stage. */
  | { readonly kind: "holder"; readonly stage: string }
  /** It is what a rollback would return to. */
  | { readonly kind: "rollback-target"; readonly stage: string }
  /** Another version names it as its parent. */
  | { readonly kind: "parent"; readonly of: string }
  | { readonly kind: "legal-hold"; readonly reason: string }
  /** An approval of it is open. */
  | { readonly kind: "approval"; readonly id: string };

/**
 * Port: versions of models, their stages, aliases and lineage, approvals, and the log of every change. Every verb is one atomic step:
 * a change is written together with its audit entries, one for each thing that changed, or not at all. Changes of one store happen one
 * after the other, in the order of their entries.
 */
export interface RegistryStore extends AsyncDisposable, BlobReferences {
  readonly spec: "registry/1";
  /** Shown in errors and traces. */
  readonly name: string;
  readonly capabilities: {
    /** Whether records survive the process. */
    readonly durable: boolean;
    /** Whether several processes may write at once. */
    readonly shared: boolean;
  };
  /**
   * Registers a version under the model's next number, from 1, unique also under concurrent writers and never used again.
   * Makes the model when there is none.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_LABEL_TAKEN`, with `REGISTRY_VERSION_NOT_FOUND` for a parent that is not there,
   * and with `STORE_BLOB_FENCED`, retryable, when one of its blobs is being collected
   */
  insertVersion(draft: VersionDraft, stamp: Stamp, call?: CallOptions): Promise<VersionRecord>;
  /** The version that a reference points to now; the newest by number when several share a stage. Undefined when there is none. */
  findVersion(ref: ModelRef, call?: CallOptions): Promise<VersionRecord | undefined>;
  /**
   * Versions; by name and then by number downwards unless the query says otherwise. Attributes: `name`, `version`, `label`, `stage`,
   * `flavor`, `framework`, `model_type`, `description`, `data_version`, `code_version`, `run_id`, `created_by`, `created_at`,
   * `stage_changed_at`, `legal_hold`. A param is a hyperparameter: text as it is, numbers as numbers, anything else as its JSON text.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for an attribute, an order or a cursor that is not known
   */
  searchVersions(query: SearchQuery, call?: CallOptions): Promise<Page<VersionRecord>>;
  /** The model; undefined when there is none. */
  findModel(name: string, call?: CallOptions): Promise<ModelSummary | undefined>;
  /** Models; by name unless the query says otherwise. Attributes: `name`, `description`, `created_at`; tags; aliases. */
  searchModels(query: SearchQuery, call?: CallOptions): Promise<Page<ModelSummary>>;
  /**
   * Moves a version and displaces others as the move says. Answers the moved version first, then the displaced ones. In the log the
   * displaced come first, so that at every entry at most one version holds an exclusive stage.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND`, with `REGISTRY_CONFLICT` when it is not in `from`, or
   * another one than `holder` is in `to`, and with `REGISTRY_APPROVAL_REQUIRED` when the approval is not one for this move that is approved and unused
   */
  moveStage(move: StageMove, stamp: Stamp, call?: CallOptions): Promise<readonly VersionRecord[]>;
  /**
   * The version that a rollback of an exclusive stage leads to: where somebody holds the stage, the one that held it before that one
   * came (before it came first, when it came back by a rollback); else the one that held it last. Versions that were deleted are
   * passed over. Undefined when there is none.
   */
  findRollbackTarget(name: string, stage: string, call?: CallOptions): Promise<VersionRecord | undefined>;
  /**
   * Moves the rollback target, or the version that is given, into the stage, whatever stage it is in. Answers it first, then the displaced.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND` when there is none, and with `REGISTRY_CONFLICT` when it is in
   * the stage already
   */
  rollBack(move: StageReturn, stamp: Stamp, call?: CallOptions): Promise<readonly VersionRecord[]>;
  /** What the versions of a model went through; deleted ones are remembered. */
  listStageEvents(query: StageEventQuery, call?: CallOptions): Promise<readonly StageEvent[]>;
  /**
   * Points an alias at a version, away from any other version of the model; answers the version that it pointed to before. Pointing it
   * to where it points changes nothing and is not logged.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND`
   */
  setAlias(name: string, alias: string, version: number, stamp: Stamp, call?: CallOptions): Promise<number | undefined>;
  /** Removes an alias; answers the version that it pointed to. */
  deleteAlias(name: string, alias: string, stamp: Stamp, call?: CallOptions): Promise<number | undefined>;
  /**
   * Changes the notes that are given. A tag of null is removed, tags that are not named stay.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND`
   */
  noteVersion(name: string, version: number, notes: NotesChange, stamp: Stamp, call?: CallOptions): Promise<VersionRecord>;
  /** As `noteVersion`, of the model. @throws a `ModelwrightError` with code `REGISTRY_MODEL_NOT_FOUND` */
  noteModel(name: string, notes: Omit<NotesChange, "legalHold">, stamp: Stamp, call?: CallOptions): Promise<ModelSummary>;
  /**
   * Adds edges to a version; those that it has already are passed over.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND`, also for a parent, and with `REGISTRY_CYCLE` when a parent
   * descends from the version or is the version
   */
  addLineage(
    name: string,
    version: number,
    edges: readonly LineageEdge[],
    stamp: Stamp,
    call?: CallOptions,
  ): Promise<VersionRecord>;
  /** Edges that point to any of these, in the order of name, version and their own. */
  findLinksTo(edges: readonly LineageEdge[], call?: CallOptions): Promise<readonly LineageLink[]>;
  /** Why each of the versions cannot be deleted; nothing for one that can, or that does not exist. */
  findProtections(
    versions: readonly { readonly name: string; readonly version: number }[],
    call?: CallOptions,
  ): Promise<readonly (readonly Protection[])[]>;
  /**
   * Deletes a version, its notes and its lineage; its number, its stage events and its audit entries stay. Its blobs stay until they
   * are collected.
   *
   * @param from - the stage that the version must be in
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND`, with `REGISTRY_CONFLICT` when it is not in `from`, and with
   * `REGISTRY_PROTECTED` when something protects it
   */
  deleteVersion(name: string, version: number, from: string, stamp: Stamp, call?: CallOptions): Promise<VersionRecord>;
  /**
   * Writes down a request; the actor of the stamp makes it. A second insert with the same id answers the first one's record.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND`, and with `REGISTRY_CONFLICT` when the version is not in `from`
   */
  insertApproval(draft: ApprovalDraft, stamp: Stamp & { readonly actor: string }, call?: CallOptions): Promise<Approval>;
  /**
   * Writes down what the actor of the stamp says; the request is approved with the last approval that it needs.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_APPROVAL_NOT_FOUND`, with `REGISTRY_APPROVAL_FORBIDDEN` when the actor made the
   * request or has decided before, and with `REGISTRY_CONFLICT` when it is no longer pending
   */
  decideApproval(
    id: string,
    decision: { readonly approved: boolean; readonly comment: string },
    stamp: Stamp & { readonly actor: string },
    call?: CallOptions,
  ): Promise<Approval>;
  /**
   * Takes a request back that is pending or approved.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_APPROVAL_NOT_FOUND`, or `REGISTRY_CONFLICT` when it is decided or used
   */
  withdrawApproval(id: string, stamp: Stamp, call?: CallOptions): Promise<Approval>;
  /** A request; undefined when there is none. */
  findApproval(id: string, call?: CallOptions): Promise<Approval | undefined>;
  /** Requests, newest first. */
  listApprovals(query: ApprovalQuery, call?: CallOptions): Promise<readonly Approval[]>;
  /** Entries behind a number, upwards. */
  listAudit(
    query: { readonly after: number; readonly limit: number; readonly name?: string | undefined },
    call?: CallOptions,
  ): Promise<readonly AuditEntry[]>;
  /** The end of the log. */
  auditHead(call?: CallOptions): Promise<AuditHead>;
  /** How far a consumer of the log has come; 0 when it has not begun. */
  findCursor(consumer: string, call?: CallOptions): Promise<number>;
  /** Moves a consumer's cursor forward; a smaller number than it has changes nothing. */
  moveCursor(consumer: string, seq: number, call?: CallOptions): Promise<void>;
}

/** Notes to change; what is undefined stays. */
export interface NotesChange {
  readonly description?: string | undefined;
  readonly tags?: Readonly<Record<string, string | null>> | undefined;
  readonly legalHold?: string | null | undefined;
}
