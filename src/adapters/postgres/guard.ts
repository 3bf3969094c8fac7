import { type Kysely, sql } from "kysely";
import type { MigrationGuard } from "../sql/migrate.ts";
import type { Tables } from "../sql/tables.ts";
import { quoted } from "./dialect.ts";

/**
 * Lets one process at a time change the schema: an advisory lock, which the end of the transaction releases. PostgreSQL undoes changes
 * of a schema like any other.
 *
 * @param schema - where our tables are, made when it is not there; undefined for the first one of the connection's `search_path`
 */
export function postgresGuard(schema: string | undefined): MigrationGuard {
  const table = `${schema === undefined ? "" : `${quoted(schema)}.`}modelwright_migrations`;
  return {
    recorded: async (db) => {
      const found = await sql<{ found: number | string }>`select count(to_regclass(${table}::text)) as found`.execute(db);
      return Number(found.rows[0]?.found) > 0;
    },
    alone: (db, work) =>
      db.transaction().execute(async (transaction) => {
        const place = schema === undefined ? sql`coalesce(current_schema(), '')` : sql`${schema}::text`;
        await sql`select pg_advisory_xact_lock(hashtextextended('modelwright migrations in ' || ${place}, 0))`.execute(
          transaction,
        );
        if (schema !== undefined) await enter(transaction, schema);
        return work(transaction);
      }),
  };
}

/** Makes tables without a schema in their name those of this one, until the transaction ends. */
async function enter(db: Kysely<Tables>, schema: string): Promise<void> {
  const found = await sql`select 1 from pg_namespace where nspname = ${schema}`.execute(db);
  // Not `if not exists`, which needs the right to make schemas even where there is nothing to make.
  if (found.rows.length === 0) await sql.raw(`create schema ${quoted(schema)}`).execute(db);
  await sql.raw(`set local search_path to ${quoted(schema)}`).execute(db);
}
