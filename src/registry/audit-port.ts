import type { Digest } from "../core/digest.ts";
import type { JsonValue } from "../core/json.ts";

/** Who changes something, when and why; kept in the audit log with the change. */
export interface Stamp {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who; null when the host did not say. */
  readonly actor: string | null;
  readonly reason: string | null;
  /** The host's own id of the request that led to the change. */
  readonly requestId: string | null;
}

/** What an audit entry is about. */
export type AuditAction =
  | "version.registered"
  | "version.moved"
  | "version.displaced"
  | "version.rolled-back"
  | "version.updated"
  | "version.linked"
  | "version.deleted"
  | "model.updated"
  | "alias.set"
  | "alias.deleted"
  | "approval.requested"
  | "approval.decided"
  | "approval.withdrawn"
  | "approval.used";

/** One change, bound to all changes before it. */
export interface AuditEntry extends Stamp {
  /** From 1, without a gap, in the order in which the changes were made. */
  readonly seq: number;
  readonly action: AuditAction;
  readonly name: string;
  readonly version: number | null;
  /** What was changed as it was before; null when there was nothing. */
  readonly before: JsonValue;
  readonly after: JsonValue;
  /** Hash of the entry before; 64 zeros for the first. */
  readonly previousHash: Digest;
  /** SHA-256 of the canonical JSON of all other members. */
  readonly hash: Digest;
}

/** The end of the audit log. */
export interface AuditHead {
  /** 0 when the log is empty. */
  readonly seq: number;
  readonly hash: Digest;
}
