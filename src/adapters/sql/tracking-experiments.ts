import type { Kysely } from "kysely";
import type { ExperimentRecord, TrackingStore } from "../../tracking/port.ts";
import { experimentExists, experimentNotFound } from "../../tracking/rules/failures.ts";
import { locked } from "./portable.ts";
import { prepared } from "./prepared.ts";
import { preparedList } from "./prepared-lists.ts";
import type { Tables } from "./tables.ts";
import type { ExperimentRow } from "./tracking-tables.ts";
import { toInteger, toIntegerOrNull } from "./tracking-values.ts";
import { insertMissing, upsertRows } from "./tracking-writes.ts";

type Db = Kysely<Tables>;
type Draft = Parameters<TrackingStore["insertExperiment"]>[0];
type Change = Parameters<TrackingStore["changeExperiment"]>[1];

/** How experiments are made, found and changed; each verb within a transaction. */
export function experiments() {
  const byId = prepared((db, p) => ofExperiments(db).where("id", "=", p("id")));
  const byName = prepared((db, p) => ofExperiments(db).where("name", "=", p("name")));
  const lockedById = prepared((db, p) => locked(ofExperiments(db).where("id", "=", p("id"))));
  const insert = insertMissing("modelwright_experiments", ["id", "name", "created_at", "updated_at"]);
  const tagsOf = preparedList((db, ids) =>
    db.selectFrom("modelwright_experiment_tags").select(["experiment_id", "key", "text"]).where("experiment_id", "in", ids),
  );
  const setTags = upsertRows("modelwright_experiment_tags", ["experiment_id", "key"], ["text"]);
  const removeTags = preparedList((db, keys, p) =>
    db.deleteFrom("modelwright_experiment_tags").where("experiment_id", "=", p("id")).where("key", "in", keys),
  );

  /** A record of each row, in their order, in one more statement for 128 of them. */
  const records = async (db: Db, rows: readonly ExperimentRow[]): Promise<readonly ExperimentRecord[]> => {
    const tags = new Map<string, [string, string][]>(rows.map(({ id }) => [id, []]));
    for (const { experiment_id, key, text } of await tagsOf(db, [...tags.keys()])) tags.get(experiment_id)?.push([key, text]);
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      tags: Object.fromEntries(tags.get(row.id)!),
      createdAt: toInteger(row.created_at),
      updatedAt: toInteger(row.updated_at),
      deletedAt: toIntegerOrNull(row.deleted_at),
    }));
  };
  const one = async (db: Db, row: ExperimentRow): Promise<ExperimentRecord> => (await records(db, [row]))[0]!;

  return {
    records,

    find: async (db: Db, which: { readonly id: string } | { readonly name: string }): Promise<ExperimentRecord | undefined> => {
      const [row] = await ("id" in which ? byId(db, which) : byName(db, which));
      return row === undefined ? undefined : one(db, row);
    },

    insert: async (db: Db, { id, name, tags, createdAt }: Draft): Promise<ExperimentRecord> => {
      const [earlier] = await byId(db, { id });
      if (earlier !== undefined) return one(db, earlier);
      // Waits for another transaction that inserts the name, and does nothing when that one is done.
      await insert(db, [[id, name, createdAt, createdAt]]);
      const [row] = await lockedById(db, { id });
      if (row === undefined) throw experimentExists(name);
      await setTags(
        db,
        Object.entries(tags).map(([key, text]) => [id, key, text]),
      );
      return one(db, row);
    },

    change: async (db: Db, id: string, change: Change, at: number): Promise<ExperimentRecord> => {
      const [row] = await lockedById(db, { id });
      if (row === undefined) throw experimentNotFound(id);
      const { name = row.name, tags = {}, deletedAt = row.deleted_at } = change;
      const [other] = name === row.name ? [] : await byName(db, { name });
      if (other !== undefined) throw experimentExists(name);
      const changed = { name, deleted_at: deletedAt, updated_at: at };
      await db.updateTable("modelwright_experiments").set(changed).where("id", "=", id).execute();
      const given = Object.entries(tags);
      await removeTags(
        db,
        given.filter(([, text]) => text === null).map(([key]) => key),
        { id },
      );
      await setTags(
        db,
        given.filter(([, text]) => text !== null).map(([key, text]) => [id, key, text]),
      );
      return one(db, { ...row, ...changed });
    },
  };
}

function ofExperiments(db: Db) {
  return db.selectFrom("modelwright_experiments").select(["id", "name", "created_at", "updated_at", "deleted_at"]);
}
