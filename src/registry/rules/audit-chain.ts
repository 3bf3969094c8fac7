import { type Digest, sha256 } from "../../core/digest.ts";
import { canonicalJson, type JsonValue } from "../../core/json.ts";
import type { AuditAction, AuditEntry, AuditHead, Stamp } from "../audit-port.ts";

/** A change that is about to be logged. */
export interface AuditDraft {
  readonly action: AuditAction;
  readonly name: string;
  readonly version: number | null;
  readonly before: JsonValue;
  readonly after: JsonValue;
}

/** The head of an empty log. */
export const emptyAuditHead: AuditHead = { seq: 0, hash: `sha256:${"0".repeat(64)}` };

/**
 * The entries that follow a head, each bound to the one before by its hash. Lone surrogates, which have no canonical form, are replaced
 * in what was changed: a description that has one must not keep its version from being changed or deleted.
 */
export async function chainAudit(
  head: AuditHead,
  drafts: readonly AuditDraft[],
  { at, actor, reason, requestId }: Stamp,
): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let { seq, hash: previousHash } = head;
  for (const { action, name, version, ...change } of drafts) {
    seq += 1;
    const [before, after] = [wellFormed(change.before), wellFormed(change.after)];
    const unsealed = { seq, at, actor, reason, requestId, action, name, version, before, after, previousHash };
    const hash = await auditHash(unsealed);
    entries.push({ ...unsealed, hash });
    previousHash = hash;
  }
  return entries;
}

/** SHA-256 of the canonical JSON (RFC 8785) of all members of an entry but its own hash. */
export function auditHash(entry: Omit<AuditEntry, "hash">): Promise<Digest> {
  const { seq, at, actor, reason, requestId, action, name, version, before, after, previousHash } = entry;
  const text = canonicalJson({ seq, at, actor, reason, requestId, action, name, version, before, after, previousHash });
  return sha256(new TextEncoder().encode(text));
}

function wellFormed(value: JsonValue): JsonValue {
  if (typeof value === "string") return value.replaceAll(/\p{Surrogate}/gu, "\ufffd");
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [wellFormed(key) as string, wellFormed(member)]));
}
