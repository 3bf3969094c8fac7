import { type Kysely, sql } from "kysely";
import { formatModelRef } from "../../core/model.ts";
import type { Protection, RegistryStore } from "../../registry/port.ts";
import { deletedDraft } from "../../registry/rules/audit-drafts.ts";
import { protectedVersion, stageConflict } from "../../registry/rules/failures.ts";
import type { BlobRefs } from "./blob-references.ts";
import type { SqlSession } from "./database.ts";
import { prepared } from "./prepared.ts";
import type { AuditLog } from "./registry-audit.ts";
import type { RegistryEvents } from "./registry-events.ts";
import type { RegistryFacts } from "./registry-facts.ts";
import { readNotes } from "./registry-json.ts";
import type { RegistryLineage } from "./registry-lineage.ts";
import type { RegistryModels } from "./registry-models.ts";
import { ownerOf } from "./registry-register.ts";
import type { RegistryVersions } from "./registry-versions.ts";
import type { Tables } from "./tables.ts";

/** What a deletion reads and writes. */
interface Parts {
  readonly log: AuditLog;
  readonly versions: RegistryVersions;
  readonly models: RegistryModels;
  readonly events: RegistryEvents;
  readonly facts: RegistryFacts;
  readonly lineage: RegistryLineage;
  readonly refs: BlobRefs;
}

/** What protects the versions of one model, read once for all of them. */
interface OfModel {
  /** Exclusive stages that versions have entered, with the version that a rollback leads to. */
  readonly targets: ReadonlyMap<string, number | undefined>;
  /** Ids of open requests by version. */
  readonly open: ReadonlyMap<number, readonly string[]>;
}

/** The verbs that delete a version and say why one cannot be deleted. */
export function registryDeletion(
  session: SqlSession,
  { log, versions, models, events, facts, lineage, refs }: Parts,
): Pick<RegistryStore, "findProtections" | "deleteVersion"> {
  const exclusiveStages = prepared((db, p) =>
    db
      .selectFrom("modelwright_stage_events")
      .select("to_stage")
      .distinct()
      .where("name", "=", p("name"))
      .where("exclusive", "=", sql.lit(1))
      .orderBy("to_stage"),
  );
  const openApprovals = prepared((db, p) =>
    db
      .selectFrom("modelwright_approvals")
      .select(["id", "version"])
      .where("name", "=", p("name"))
      .where("status", "in", ["pending", "approved"])
      .orderBy("id"),
  );
  const remove = prepared((db, p) =>
    db.deleteFrom("modelwright_versions").where("name", "=", p("name")).where("version", "=", p("version")),
  );

  const ofModel = async (db: Kysely<Tables>, name: string): Promise<OfModel> => {
    const targets = new Map<string, number | undefined>();
    for (const { to_stage: stage } of await exclusiveStages(db, { name })) {
      if (stage !== null) targets.set(stage, await events.target(db, name, stage));
    }
    const open = new Map<number, string[]>();
    for (const { id, version } of await openApprovals(db, { name })) {
      const number = Number(version);
      open.set(number, [...(open.get(number) ?? []), id]);
    }
    return { targets, open };
  };

  const ofVersions = async (db: Kysely<Tables>, name: string, numbers: readonly number[]) => {
    const heads = await versions.heads(db, name, numbers);
    if (heads.size === 0) return new Map<number, readonly Protection[]>();
    const { targets, open } = await ofModel(db, name);
    const parents = [...heads.keys()].map((version) => ({ kind: "parent" as const, ref: formatModelRef({ name, version }) }));
    const children = await lineage.linksTo(db, parents);
    return new Map(
      [...heads].map(([version, { row, aliases }]): [number, readonly Protection[]] => {
        const ref = formatModelRef({ name, version });
        const { legalHold } = readNotes(row.notes);
        return [
          version,
          [
            ...aliases.map((alias) => ({ kind: "alias" as const, alias })),
            ...(targets.has(row.stage) ? [{ kind: "holder" as const, stage: row.stage }] : []),
            ...[...targets]
              .filter(([, target]) => target === version)
              .map(([stage]) => ({ kind: "rollback-target" as const, stage })),
            ...children
              .filter((child) => child.ref === ref)
              .map((child) => ({ kind: "parent" as const, of: formatModelRef(child) })),
            ...(legalHold === null ? [] : [{ kind: "legal-hold" as const, reason: legalHold }]),
            ...(open.get(version) ?? []).map((id) => ({ kind: "approval" as const, id })),
          ],
        ];
      }),
    );
  };

  return {
    findProtections: (keys, call) =>
      session.read("find what protects versions", call, async (db) => {
        const byModel = new Map<string, number[]>(keys.map(({ name }) => [name, []]));
        for (const { name, version } of keys) byModel.get(name)!.push(version);
        const found = new Map<string, ReadonlyMap<number, readonly Protection[]>>();
        for (const [name, numbers] of byModel) found.set(name, await ofVersions(db, name, numbers));
        return keys.map(({ name, version }) => found.get(name)?.get(version) ?? []);
      }),
    deleteVersion: (name, version, from, stamp, call) =>
      log.change("delete a version", stamp, call, async ({ db, append }) => {
        const record = await versions.get(db, { name, version });
        if (record.stage !== from) throw stageConflict(record, from, record.stage);
        const reasons = (await ofVersions(db, name, [version])).get(version) ?? [];
        if (reasons.length > 0) throw protectedVersion(record, reasons);
        await facts.remove(db, record);
        await lineage.remove(db, record);
        await refs.remove(db, ownerOf(record.id));
        await remove(db, { name, version });
        await models.removeVersion(db, name);
        const entries = await append([deletedDraft(record)]);
        await events.add(db, entries, [{ kind: "deleted", from, to: null, exclusive: false, previous: null }]);
        return record;
      }),
  };
}
