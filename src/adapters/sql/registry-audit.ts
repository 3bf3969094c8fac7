import type { Kysely } from "kysely";
import type { CallOptions } from "../../core/call.ts";
import type { Digest } from "../../core/digest.ts";
import type { AuditAction, AuditEntry, AuditHead, Stamp } from "../../registry/audit-port.ts";
import type { RegistryStore } from "../../registry/port.ts";
import { type AuditDraft, chainAudit } from "../../registry/rules/audit-chain.ts";
import type { SqlSession } from "./database.ts";
import { locked } from "./portable.ts";
import { prepared } from "./prepared.ts";
import { preparedInsert } from "./prepared-lists.ts";
import type { AuditRow } from "./registry-tables.ts";
import { damaged, storedValue } from "./stored-json.ts";
import type { Tables } from "./tables.ts";

/** How changes are made and logged. */
export type AuditLog = ReturnType<typeof auditLog>;

/** One change of the registry, while it has the head of the log to itself. */
export interface Change<S extends Stamp = Stamp> {
  readonly db: Kysely<Tables>;
  /** As it was given, copied. */
  readonly stamp: S;
  /** Writes the entries and moves the head. Answers the entries. Call it once, with everything that changes. */
  append(drafts: readonly AuditDraft[]): Promise<readonly AuditEntry[]>;
}

/**
 * The log of changes. Every change first takes the row of the head, locked until its transaction ends, so that changes come one after
 * the other on every backend; behind that lock, a plain read followed by a write is safe.
 */
export function auditLog(session: SqlSession) {
  const head = prepared((db) => headOf(db));
  const lockedHead = prepared((db) => locked(headOf(db)));
  const insert = preparedInsert("modelwright_audit", [
    "seq",
    "at",
    "actor",
    "reason",
    "request_id",
    "action",
    "name",
    "version",
    "before",
    "after",
    "previous_hash",
    "hash",
  ]);
  const advance = prepared((db, p) =>
    db
      .updateTable("modelwright_audit_head")
      .set({ seq: p("seq"), hash: p("hash") })
      .where("id", "=", 1),
  );
  const append = async (db: Kysely<Tables>, from: AuditHead, drafts: readonly AuditDraft[], stamp: Stamp) => {
    const entries = await chainAudit(from, drafts, stamp);
    const last = entries.at(-1);
    if (last === undefined) return entries;
    await insert(db, entries.map(toRow));
    await advance(db, { seq: last.seq, hash: last.hash });
    return entries;
  };
  const takeHead = async (db: Kysely<Tables>) => toHead(await lockedHead(db, {}));
  return {
    /** Locks the head until the transaction ends, as every change does first. */
    takeHead,
    /** Runs a change in one transaction; it may be run again when that collides with another one. */
    change: <T, S extends Stamp>(
      operation: string,
      given: S,
      call: CallOptions | undefined,
      work: (change: Change<S>) => Promise<T>,
    ): Promise<T> => {
      const stamp = { ...given };
      return session.write(operation, call, async (db) => {
        const from = await takeHead(db);
        return work({ db, stamp, append: (drafts) => append(db, from, drafts, stamp) });
      });
    },
    verbs: {
      auditHead: (call) => session.read("read the audit log", call, async (db) => toHead(await head(db, {}))),
      listAudit: ({ after, limit, name }, call) =>
        session.read("read the audit log", call, async (db) => {
          const entries = db.selectFrom("modelwright_audit").selectAll().where("seq", ">", after).orderBy("seq").limit(limit);
          return (await (name === undefined ? entries : entries.where("name", "=", name)).execute()).map(toEntry);
        }),
    } satisfies Pick<RegistryStore, "auditHead" | "listAudit">,
  };
}

function headOf(db: Kysely<Tables>) {
  return db.selectFrom("modelwright_audit_head").select(["seq", "hash"]).where("id", "=", 1);
}

function toHead([row]: readonly { readonly seq: number; readonly hash: string }[]): AuditHead {
  if (row === undefined) throw damaged("the head of the audit log");
  return { seq: Number(row.seq), hash: row.hash as Digest };
}

function toRow(entry: AuditEntry): AuditRow {
  const { seq, at, actor, reason, requestId, action, name, version, previousHash, hash } = entry;
  return {
    seq,
    at,
    actor,
    reason,
    request_id: requestId,
    action,
    name,
    version,
    before: JSON.stringify(entry.before),
    after: JSON.stringify(entry.after),
    previous_hash: previousHash,
    hash,
  };
}

function toEntry(row: AuditRow): AuditEntry {
  const subject = "an audit entry";
  return {
    seq: Number(row.seq),
    at: Number(row.at),
    actor: row.actor,
    reason: row.reason,
    requestId: row.request_id,
    action: row.action as AuditAction,
    name: row.name,
    version: row.version === null ? null : Number(row.version),
    before: storedValue(row.before, subject),
    after: storedValue(row.after, subject),
    previousHash: row.previous_hash as Digest,
    hash: row.hash as Digest,
  };
}
