import { type Kysely, type RawBuilder, sql } from "kysely";
import { dialectOf, locked } from "./portable.ts";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/**
 * How rows of values are written, within a transaction, with revisions that are never given again, not even after a rollback or a delete.
 *
 * Servers draw them from a sequence while the row is locked, so that those of one key grow; where the row is not there yet, two
 * that insert it collide, and one of them begins again. SQLite numbers the rows that are inserted, so that a write there deletes the
 * row and inserts another.
 */
export function keyValueRows() {
  const revisionOf = prepared((db, p) =>
    locked(db.selectFrom("modelwright_key_values").select("revision").where("key", "=", p("key"))),
  );
  const remove = prepared((db, p) => db.deleteFrom("modelwright_key_values").where("key", "=", p("key")));
  const insert = prepared((db, p) => {
    const revision = dialectOf(db) === "sqlite" ? {} : { revision: nextRevision(db) as never };
    return db.insertInto("modelwright_key_values").values({ key: p("key"), value: p("value"), ...revision });
  });
  const update = prepared((db, p) =>
    db
      .updateTable("modelwright_key_values")
      .set({ value: p("value"), revision: nextRevision(db) as never })
      .where("key", "=", p("key")),
  );

  const find = async (db: Db, key: Uint8Array): Promise<number | undefined> => {
    const [row] = await revisionOf(db, { key });
    return row === undefined ? undefined : Number(row.revision);
  };
  return {
    /** The revision of a row, which is locked then. */
    find,
    /** Writes a row and answers its revision; `stored` says whether there is one that {@link find} has locked. */
    write: async (db: Db, key: Uint8Array, value: Uint8Array, stored: boolean): Promise<number> => {
      if (stored && dialectOf(db) === "sqlite") await remove(db, { key });
      await (stored && dialectOf(db) !== "sqlite" ? update : insert)(db, { key, value });
      return (await find(db, key))!;
    },
    remove,
  };
}

function nextRevision(db: Db): RawBuilder<number> {
  // In PostgreSQL the column is an identity.
  return dialectOf(db) === "postgres" ? sql`default` : sql`nextval(${sql.table("modelwright_revisions")})`;
}
