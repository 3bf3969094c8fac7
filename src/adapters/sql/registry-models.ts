import type { Kysely } from "kysely";
import type { ModelSummary, RegistryStore } from "../../registry/port.ts";
import type { SqlSession } from "./database.ts";
import { prepared } from "./prepared.ts";
import { preparedList } from "./prepared-lists.ts";
import type { RegistryFacts } from "./registry-facts.ts";
import { readModelNotes } from "./registry-json.ts";
import type { ModelRow } from "./registry-tables.ts";
import type { Tables } from "./tables.ts";

/** The models of a registry. */
export type RegistryModels = ReturnType<typeof registryModels>;

/** Reads models and gives numbers to their versions. */
export function registryModels(session: SqlSession, facts: RegistryFacts) {
  const byName = prepared((db, p) => db.selectFrom("modelwright_models").selectAll().where("name", "=", p("name")));
  const aliases = preparedList((db, names) => db.selectFrom("modelwright_aliases").selectAll().where("name", "in", names));
  const counts = prepared((db, p) =>
    db.selectFrom("modelwright_models").select(["versions", "last_version"]).where("name", "=", p("name")),
  );
  const insert = prepared((db, p) =>
    db.insertInto("modelwright_models").values({
      name: p("name"),
      created_at: p("at"),
      versions: 1,
      last_version: 1,
      notes: p("notes"),
    }),
  );
  const count = prepared((db, p) =>
    db
      .updateTable("modelwright_models")
      .set({ versions: p("versions"), last_version: p("last") })
      .where("name", "=", p("name")),
  );

  /** A summary for each row, in their order. */
  const summaries = async (db: Kysely<Tables>, rows: readonly ModelRow[]): Promise<readonly ModelSummary[]> => {
    const byModel = new Map<string, { alias: string; version: number }[]>(rows.map(({ name }) => [name, []]));
    for (const { name, alias, version } of await aliases(db, [...byModel.keys()])) {
      byModel.get(name)?.push({ alias, version: Number(version) });
    }
    return rows.map((row) => toSummary(row, byModel.get(row.name) ?? []));
  };
  const find = async (db: Kysely<Tables>, name: string): Promise<ModelSummary | undefined> =>
    (await summaries(db, await byName(db, { name })))[0];

  return {
    find,
    summaries,
    /** The number of a version that is about to be inserted. */
    nextVersion: async (db: Kysely<Tables>, name: string, at: number): Promise<number> => {
      const [row] = await counts(db, { name });
      if (row === undefined) {
        const notes = { description: "", tags: {} };
        await insert(db, { name, at, notes: JSON.stringify(notes) });
        await facts.setModel(db, name, notes);
        return 1;
      }
      const last = Number(row.last_version) + 1;
      await count(db, { name, versions: Number(row.versions) + 1, last });
      return last;
    },
    /** One version is gone; its number is not given again. */
    removeVersion: async (db: Kysely<Tables>, name: string): Promise<void> => {
      const [row] = await counts(db, { name });
      if (row !== undefined) await count(db, { name, versions: Number(row.versions) - 1, last: Number(row.last_version) });
    },
    verbs: {
      findModel: (name, call) => session.read("find a model", call, (db) => find(db, name)),
    } satisfies Pick<RegistryStore, "findModel">,
  };
}

function toSummary(row: ModelRow, aliases: { readonly alias: string; readonly version: number }[]): ModelSummary {
  return {
    name: row.name,
    createdAt: Number(row.created_at),
    ...readModelNotes(row.notes),
    aliases: aliases.sort((a, b) => (a.alias < b.alias ? -1 : 1)),
    versions: Number(row.versions),
    latestVersion: Number(row.last_version),
  };
}
