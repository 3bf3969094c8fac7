import { type Kysely, sql } from "kysely";
import type { AuditEntry } from "../../registry/audit-port.ts";
import type { RegistryStore, StageEvent, StageEventQuery } from "../../registry/port.ts";
import { rollbackTarget, type StageEntry, type StageTrail } from "../../registry/rules/rollback-target.ts";
import type { SqlSession } from "./database.ts";
import { prepared } from "./prepared.ts";
import { preparedInsert } from "./prepared-lists.ts";
import type { RegistryVersions } from "./registry-versions.ts";
import type { Tables } from "./tables.ts";

/** What versions went through. */
export type RegistryEvents = ReturnType<typeof registryEvents>;

/** What an audit entry says of a version's stage. */
export interface EventDraft extends Pick<StageEvent, "kind" | "from" | "to" | "exclusive"> {
  /** Of an entry into an exclusive stage: the version that a rollback leads to. */
  readonly previous: number | null;
}

/** Writes and reads the events of stages; who, when and why is kept in the audit entries of the same numbers. */
export function registryEvents(session: SqlSession, versions: RegistryVersions) {
  const insert = preparedInsert("modelwright_stage_events", [
    "seq",
    "at",
    "kind",
    "name",
    "version",
    "from_stage",
    "to_stage",
    "exclusive",
    "previous",
  ]);
  const holder = prepared((db, p) =>
    db
      .selectFrom("modelwright_versions")
      .select(({ fn }) => fn.max("version").as("version"))
      .where("name", "=", p("name"))
      .where("stage", "=", p("stage")),
  );
  const allEntries = prepared((db, p) => entriesOf(db, p));
  const lastEntry = prepared((db, p) => entriesOf(db, p).limit(1));
  const lastEntryOf = prepared((db, p) => entriesOf(db, p).where("version", "=", p("version")).limit(1));

  const holderOf = async (db: Kysely<Tables>, name: string, stage: string): Promise<number | undefined> => {
    const version = (await holder(db, { name, stage }))[0]?.version ?? null;
    return version === null ? undefined : Number(version);
  };

  /** The version that a rollback of the stage leads to. */
  const target = async (db: Kysely<Tables>, name: string, stage: string): Promise<number | undefined> => {
    const entries = (await allEntries(db, { name, stage })).map(toEntry);
    const numbers = new Set(entries.flatMap(({ version, previous }) => (previous === null ? [version] : [version, previous])));
    const existing = await versions.existing(db, name, [...numbers]);
    return rollbackTarget({ holder: await holderOf(db, name, stage), entries, exists: (version) => existing.has(version) });
  };

  return {
    /** Writes an event for each entry; `drafts[i]` is what `entries[i]` says, undefined when it is about something else. */
    add: (db: Kysely<Tables>, entries: readonly AuditEntry[], drafts: readonly (EventDraft | undefined)[]): Promise<void> =>
      insert(
        db,
        drafts.flatMap((draft, i) => {
          if (draft === undefined) return [];
          const { seq, at, name, version } = entries[i]!;
          const { kind, from, to, exclusive, previous } = draft;
          return [{ seq, at, kind, name, version, from_stage: from, to_stage: to, exclusive: exclusive ? 1 : 0, previous }];
        }),
      ),
    target,
    /** What tells which version came before one that is about to enter the stage: the last entries of any version and of this one. */
    trail: async (db: Kysely<Tables>, name: string, stage: string, version: number): Promise<Omit<StageTrail, "exists">> => {
      const last = await lastEntry(db, { name, stage });
      const own = last[0]?.version === version ? [] : await lastEntryOf(db, { name, stage, version });
      return { holder: await holderOf(db, name, stage), entries: [...last, ...own].map(toEntry) };
    },
    verbs: {
      findRollbackTarget: (name, stage, call) =>
        session.read("find a rollback target", call, async (db) => {
          const version = await target(db, name, stage);
          return version === undefined ? undefined : versions.find(db, { name, version });
        }),
      listStageEvents: (query, call) =>
        session.read("list stage events", call, async (db) => (await listed(db, query).execute()).map(toEvent)),
    } satisfies Pick<RegistryStore, "findRollbackTarget" | "listStageEvents">,
  };
}

/** Entries into an exclusive stage, newest first. The 1 is no parameter: with one, databases do not take the index of these rows. */
function entriesOf(db: Kysely<Tables>, p: (name: string) => never) {
  return db
    .selectFrom("modelwright_stage_events")
    .select(["version", "previous"])
    .where("name", "=", p("name"))
    .where("to_stage", "=", p("stage"))
    .where("exclusive", "=", sql.lit(1))
    .orderBy("seq", "desc");
}

function toEntry({ version, previous }: { readonly version: number; readonly previous: number | null }): StageEntry {
  return { version: Number(version), previous: previous === null ? null : Number(previous) };
}

function listed(db: Kysely<Tables>, { name, version, stage, until, direction, limit, after }: StageEventQuery) {
  let events = db
    .selectFrom("modelwright_stage_events as e")
    .innerJoin("modelwright_audit as entry", "entry.seq", "e.seq")
    .select(["e.seq", "e.at", "e.kind", "e.name", "e.version", "e.from_stage", "e.to_stage", "e.exclusive"])
    .select(["entry.actor", "entry.reason", "entry.request_id"])
    .where("e.name", "=", name);
  if (version !== undefined) events = events.where("e.version", "=", version);
  if (stage !== undefined)
    events = events.where(({ eb, or }) => or([eb("e.from_stage", "=", stage), eb("e.to_stage", "=", stage)]));
  if (until !== undefined) events = events.where("e.at", "<=", until);
  if (after !== undefined) events = events.where("e.seq", direction === "asc" ? ">" : "<", after);
  return events.orderBy("e.seq", direction).limit(limit);
}

function toEvent(row: Awaited<ReturnType<ReturnType<typeof listed>["execute"]>>[number]): StageEvent {
  return {
    seq: Number(row.seq),
    at: Number(row.at),
    actor: row.actor,
    reason: row.reason,
    requestId: row.request_id,
    kind: row.kind as StageEvent["kind"],
    name: row.name,
    version: Number(row.version),
    from: row.from_stage,
    to: row.to_stage,
    exclusive: Number(row.exclusive) === 1,
  };
}
