import { sha256 } from "../../core/digest.ts";
import { canonicalJson, type JsonValue } from "../../core/json.ts";
import type { Approval } from "../approval-port.ts";
import type { AuditAction } from "../audit-port.ts";
import type { LineageEdge, ModelSummary, NotesChange, VersionNotes, VersionRecord } from "../port.ts";
import type { AuditDraft } from "./audit-chain.ts";
import { contentOf } from "./version-content.ts";

/** What each change looks like in the log, so that every store writes the same. */
export async function registeredDraft(version: VersionRecord): Promise<AuditDraft> {
  const { name, stage, flavor, label, files } = version;
  const content = await sha256(new TextEncoder().encode(canonicalJson(contentOf(version) as unknown as JsonValue)));
  const after = { stage, flavor, label, files: files.map(({ path, digest }) => ({ path, digest })), content };
  return { action: "version.registered", name, version: version.version, before: null, after };
}

/** A version that has moved to another stage. */
export function movedDraft(
  action: "version.moved" | "version.displaced" | "version.rolled-back",
  { name, version }: { readonly name: string; readonly version: number },
  from: string,
  to: string,
): AuditDraft {
  return { action, name, version, before: { stage: from }, after: { stage: to } };
}

/** An alias that was set, moved or removed. */
export function aliasDraft(name: string, alias: string, previous: number | undefined, version: number | undefined): AuditDraft {
  return {
    action: version === undefined ? "alias.deleted" : "alias.set",
    name,
    version: version ?? previous ?? null,
    before: previous === undefined ? null : { alias, version: previous },
    after: version === undefined ? null : { alias, version },
  };
}

/** Notes of a version, or of a model when `version` is null; only what the change names. */
export function notedDraft(
  name: string,
  version: number | null,
  change: NotesChange,
  before: Partial<VersionNotes> & Pick<ModelSummary, "description" | "tags">,
  after: Partial<VersionNotes> & Pick<ModelSummary, "description" | "tags">,
): AuditDraft {
  const keys = Object.keys(change.tags ?? {});
  const pick = ({ description, tags, legalHold }: typeof before): JsonValue => ({
    ...(change.description === undefined ? {} : { description }),
    ...(change.legalHold === undefined ? {} : { legalHold: legalHold ?? null }),
    ...(change.tags === undefined
      ? {}
      : { tags: Object.fromEntries(keys.filter((key) => Object.hasOwn(tags, key)).map((key) => [key, tags[key]!])) }),
  });
  return {
    action: version === null ? "model.updated" : "version.updated",
    name,
    version,
    before: pick(before),
    after: pick(after),
  };
}

/** Edges that were added to a version. */
export function linkedDraft(name: string, version: number, edges: readonly LineageEdge[]): AuditDraft {
  return { action: "version.linked", name, version, before: null, after: edges.map(({ kind, ref }) => ({ kind, ref })) };
}

/** A version that is gone: what it was, as far as the log has not said it at its registration. */
export function deletedDraft({ name, version, stage, description, tags, lineage }: VersionRecord): AuditDraft {
  const before = { stage, description, tags, lineage: lineage.map(({ kind, ref }) => ({ kind, ref })) };
  return { action: "version.deleted", name, version, before, after: null };
}

/** A request for approval, and what became of it. */
export function approvalDraft(
  action: Extract<AuditAction, `approval.${string}`>,
  before: Approval | undefined,
  after: Approval,
): AuditDraft {
  const state = ({ id, from, to, status, needed, requestedBy, decisions }: Approval): JsonValue => ({
    id,
    from,
    to,
    status,
    needed,
    requestedBy,
    decisions: decisions.map(({ actor, approved, comment, at }) => ({ actor, approved, comment, at })),
  });
  const { name, version } = after;
  return { action, name, version, before: before === undefined ? null : state(before), after: state(after) };
}
