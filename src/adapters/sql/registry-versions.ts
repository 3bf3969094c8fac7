import type { Kysely } from "kysely";
import type { ModelRef } from "../../core/model.ts";
import type { VersionRecord } from "../../registry/port.ts";
import { versionNotFound } from "../../registry/rules/failures.ts";
import type { VersionKey } from "../../registry/rules/lineage.ts";
import { prepared } from "./prepared.ts";
import { preparedList } from "./prepared-lists.ts";
import type { Tables } from "./tables.ts";
import { HEAD_COLUMNS, type HeadRow, joinedHeads, type VersionHead, VersionRecords } from "./version-records.ts";

/** How versions are read, in a transaction or outside of one. */
export type RegistryVersions = ReturnType<typeof registryVersions>;

/** Versions with their aliases, one statement each, and another for content that is not kept. */
export function registryVersions() {
  const records = new VersionRecords();
  const byId = prepared((db, p) => joined(db).where("v.id", "=", p("id")));
  const byVersion = prepared((db, p) => joined(db).where("v.name", "=", p("name")).where("v.version", "=", p("version")));
  const byLabel = prepared((db, p) => joined(db).where("v.name", "=", p("name")).where("v.label", "=", p("label")));
  const byStage = prepared((db, p) =>
    joined(db)
      .where("v.name", "=", p("name"))
      .where("v.version", "=", ({ selectFrom }) =>
        selectFrom("modelwright_versions as newest")
          .select(({ fn }) => fn.max("newest.version").as("version"))
          .where("newest.name", "=", p("name"))
          .where("newest.stage", "=", p("stage")),
      ),
  );
  const byAlias = prepared((db, p) =>
    joined(db)
      .where("v.name", "=", p("name"))
      .where("v.version", "=", ({ selectFrom }) =>
        selectFrom("modelwright_aliases as chosen")
          .select("chosen.version")
          .where("chosen.name", "=", p("name"))
          .where("chosen.alias", "=", p("alias")),
      ),
  );
  const allInStage = prepared((db, p) =>
    joined(db).where("v.name", "=", p("name")).where("v.stage", "=", p("stage")).orderBy("v.version", "desc"),
  );
  const numbered = preparedList((db, numbers, p) =>
    joined(db).where("v.name", "=", p("name")).where("v.version", "in", numbers).orderBy("v.version"),
  );
  const aliasesOf = preparedList((db, ids) =>
    db
      .selectFrom("modelwright_versions as v")
      .innerJoin("modelwright_aliases as a", (join) => join.onRef("a.name", "=", "v.name").onRef("a.version", "=", "v.version"))
      .select(["v.id", "a.alias"])
      .where("v.id", "in", ids),
  );
  const existing = preparedList((db, numbers, p) =>
    db.selectFrom("modelwright_versions").select("version").where("name", "=", p("name")).where("version", "in", numbers),
  );

  const one = async (db: Kysely<Tables>, rows: readonly JoinedRow[]): Promise<VersionRecord | undefined> =>
    rows.length === 0 ? undefined : (await records.of(db, joinedHeads(rows)))[0];

  return {
    /** A record for each row of a page: one statement for all aliases, and one for content that is not kept. */
    ofRows: async (db: Kysely<Tables>, rows: readonly HeadRow[]): Promise<readonly VersionRecord[]> => {
      const aliases = new Map<string, string[]>(rows.map(({ id }) => [id, []]));
      for (const { id, alias } of await aliasesOf(db, [...aliases.keys()])) aliases.get(id)?.push(alias);
      const heads = rows.map((row) => ({ row, aliases: (aliases.get(row.id) ?? []).sort() }));
      return records.of(db, heads);
    },
    findById: async (db: Kysely<Tables>, id: string) => one(db, await byId(db, { id })),
    find: async (db: Kysely<Tables>, ref: ModelRef) => {
      const find = "version" in ref ? byVersion : "label" in ref ? byLabel : "stage" in ref ? byStage : byAlias;
      return one(db, await find(db, ref as unknown as Readonly<Record<string, unknown>>));
    },
    /** @throws a `ModelwrightError` with code `REGISTRY_VERSION_NOT_FOUND` */
    get: async (db: Kysely<Tables>, { name, version }: VersionKey): Promise<VersionRecord> => {
      const record = await one(db, await byVersion(db, { name, version }));
      if (record === undefined) throw versionNotFound({ name, version });
      return record;
    },
    /** Newest first. */
    inStage: async (db: Kysely<Tables>, name: string, stage: string): Promise<readonly VersionRecord[]> =>
      records.of(db, joinedHeads(await allInStage(db, { name, stage }))),
    /** The versions that there are, without their content, by number. */
    heads: async (db: Kysely<Tables>, name: string, numbers: readonly number[]): Promise<ReadonlyMap<number, VersionHead>> =>
      new Map(joinedHeads(await numbered(db, numbers, { name })).map((head) => [Number(head.row.version), head])),
    /** Which of the numbers there are in a model. */
    existing: async (db: Kysely<Tables>, name: string, numbers: readonly number[]): Promise<ReadonlySet<number>> =>
      new Set((await existing(db, numbers, { name })).map(({ version }) => Number(version))),
  };
}

interface JoinedRow extends HeadRow {
  readonly alias: string | null;
}

/** Versions as `v`, each once for each of its aliases, and once when it has none. */
function joined(db: Kysely<Tables>) {
  return db
    .selectFrom("modelwright_versions as v")
    .leftJoin("modelwright_aliases as a", (join) => join.onRef("a.name", "=", "v.name").onRef("a.version", "=", "v.version"))
    .select(HEAD_COLUMNS)
    .select("a.alias");
}
