import { type Compilable, type InsertQueryBuilder, type InsertResult, type SqlBool, sql } from "kysely";
import { dialectOf } from "./portable.ts";
import { type Prepared, prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

type Insert = InsertQueryBuilder<Tables, "modelwright_online", InsertResult>;

const columns = ["view", "key", "event_at_us", "created_at_us", "features"] as const;

/**
 * The statement that writes `size` rows where they are newer than those that are stored; the row `i` is in the parameters `view<i>`,
 * `key<i>` and so on. No two rows may have one key.
 */
export function newerRows(size: number): Prepared<unknown> {
  return prepared<unknown>((db, p) => {
    const rows = Array.from({ length: size }, (_, i) =>
      Object.fromEntries(columns.map((column) => [column, p(`${column}${i}`)])),
    );
    const insert = db.insertInto("modelwright_online").values(rows as never);
    return dialectOf(db) === "mariadb" ? onDuplicateKey(insert) : onConflict(insert);
  });
}

function onConflict(insert: Insert): Compilable<unknown> {
  return insert.onConflict((stored) =>
    stored
      .columns(["view", "key"])
      .doUpdateSet((eb) => ({
        event_at_us: eb.ref("excluded.event_at_us"),
        created_at_us: eb.ref("excluded.created_at_us"),
        features: eb.ref("excluded.features"),
      }))
      .where(({ eb, ref, and, or }) =>
        or([
          eb("excluded.event_at_us", ">", ref("modelwright_online.event_at_us")),
          and([
            eb("excluded.event_at_us", "=", ref("modelwright_online.event_at_us")),
            eb("excluded.created_at_us", ">=", ref("modelwright_online.created_at_us")),
          ]),
        ]),
      ),
  );
}

/** MariaDB has no condition there, and sets one column after the other: each sees the new values of those before it. */
function onDuplicateKey(insert: Insert): Compilable<unknown> {
  const given = (column: (typeof columns)[number]) => sql`values(${sql.ref(column)})`;
  const newer = sql<SqlBool>`${given("event_at_us")} > ${sql.ref("event_at_us")} or (${given("event_at_us")} = ${sql.ref("event_at_us")} and ${given("created_at_us")} >= ${sql.ref("created_at_us")})`;
  const newest = (column: "features" | "created_at_us") => sql<never>`if(${newer}, ${given(column)}, ${sql.ref(column)})`;
  return insert.onDuplicateKeyUpdate({
    features: newest("features"),
    created_at_us: newest("created_at_us"),
    // Last, because the others ask for the time that was stored. A row that is newer is not earlier.
    event_at_us: sql<never>`greatest(${sql.ref("event_at_us")}, ${given("event_at_us")})`,
  });
}
