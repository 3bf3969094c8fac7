/**
 * The tables of the registry port, as kysely sees them. A version is in its own row, an index of facts to search by, and an index of
 * lineage; the JSON text of the row is what is answered, the others only lead to it. Flags are 0 and 1.
 */
export interface RegistryTables {
  readonly modelwright_models: ModelRow;
  readonly modelwright_versions: VersionRow;
  readonly modelwright_aliases: AliasRow;
  readonly modelwright_version_facts: VersionFactRow;
  readonly modelwright_lineage: LineageRow;
  readonly modelwright_stage_events: StageEventRow;
  readonly modelwright_approvals: ApprovalRow;
  readonly modelwright_audit: AuditRow;
  readonly modelwright_audit_head: AuditHeadRow;
  readonly modelwright_cursors: CursorRow;
  readonly modelwright_blob_refs: BlobRefRow;
  readonly modelwright_blob_marks: BlobMarkRow;
}

/** A model. Primary key: name. */
export interface ModelRow {
  readonly name: string;
  readonly created_at: number;
  /** How many versions there are. */
  readonly versions: number;
  /** The greatest number ever given, so that none is given twice. */
  readonly last_version: number;
  /** JSON text of a description and tags. */
  readonly notes: string;
}

/** A version. Primary key: name, version; unique: id, and (name, label) where there is a label. */
export interface VersionRow {
  readonly name: string;
  readonly version: number;
  readonly id: string;
  readonly label: string | null;
  readonly stage: string;
  readonly stage_changed_at: number;
  readonly created_at: number;
  readonly created_by: string | null;
  /** JSON text of what is immutable, a `VersionContent`. */
  readonly content: string;
  /** JSON text of a `VersionNotes`. */
  readonly notes: string;
  /** JSON text of an array of `LineageEdge`. */
  readonly lineage: string;
}

/** An alias. Primary key: name, alias. */
interface AliasRow {
  readonly name: string;
  readonly alias: string;
  readonly version: number;
}

/**
 * What a version can be found by beside the columns of its own row; version 0 is the model itself.
 * Exactly one of text and number is given. Primary key: name, version, kind, key.
 */
interface VersionFactRow {
  readonly name: string;
  readonly version: number;
  readonly kind: "attribute" | "tag" | "metric" | "param";
  readonly key: string;
  readonly text: string | null;
  readonly number: number | null;
}

/** An edge of a version. Primary key: name, version, position; `position` counts from 0 in the order of the edges. */
interface LineageRow {
  readonly name: string;
  readonly version: number;
  readonly position: number;
  readonly kind: string;
  readonly ref: string;
}

/** What a version went through; who, when and why is in the audit entry of the same number. Primary key: seq. */
interface StageEventRow {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly name: string;
  readonly version: number;
  readonly from_stage: string | null;
  readonly to_stage: string | null;
  /** Whether `to_stage` holds one version of a model. */
  readonly exclusive: number;
  /** Of an event that leads into an exclusive stage: the version that a rollback from there leads to. */
  readonly previous: number | null;
}

/** A request for approval. Primary key: id. */
export interface ApprovalRow {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly status: string;
  /** JSON text of the other members of an `Approval`. */
  readonly request: string;
}

/** An entry of the log; rows are only ever added, which triggers enforce. Primary key: seq. */
export interface AuditRow {
  readonly seq: number;
  readonly at: number;
  readonly actor: string | null;
  readonly reason: string | null;
  readonly request_id: string | null;
  readonly action: string;
  readonly name: string;
  readonly version: number | null;
  /** JSON text. */
  readonly before: string;
  /** JSON text. */
  readonly after: string;
  readonly previous_hash: string;
  readonly hash: string;
}

/** The end of the log: one row, with id 1, which every change of the registry locks first. */
interface AuditHeadRow {
  readonly id: number;
  readonly seq: number;
  readonly hash: string;
}

/** How far a consumer of the log has come. Primary key: consumer. */
interface CursorRow {
  readonly consumer: string;
  readonly seq: number;
}

/** A record that refers to a blob; `owner` says which, for example `version/<id>`. Primary key: digest, owner; index: owner. */
interface BlobRefRow {
  readonly digest: string;
  readonly owner: string;
}

/** A blob that nothing referred to when a collector looked. Fenced when `collector` is given. Primary key: digest. */
interface BlobMarkRow {
  readonly digest: string;
  readonly since: number;
  readonly collector: string | null;
  readonly fenced_at: number | null;
}
