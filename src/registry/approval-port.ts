/** A request that somebody may move a version along an edge. */
export interface ApprovalDraft {
  /** Time-ordered unique id, made by the caller. */
  readonly id: string;
  readonly name: string;
  readonly version: number;
  /** The stage that the version must be in. */
  readonly from: string;
  readonly to: string;
  /** How many people have to approve, at least 1. */
  readonly needed: number;
  readonly comment: string;
}

/** What somebody said of a request. */
export interface ApprovalDecision {
  readonly actor: string;
  readonly approved: boolean;
  readonly comment: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A request with what became of it. One rejection rejects it. */
export interface Approval extends ApprovalDraft {
  readonly status: "pending" | "approved" | "rejected" | "used" | "withdrawn";
  readonly requestedBy: string;
  /** Milliseconds since the epoch. */
  readonly requestedAt: number;
  readonly decisions: readonly ApprovalDecision[];
}

/** Which requests to list, newest first. */
export interface ApprovalQuery {
  readonly name?: string | undefined;
  readonly version?: number | undefined;
  readonly status?: Approval["status"] | undefined;
  readonly limit: number;
  /** Continue behind this id. */
  readonly after?: string | undefined;
}
