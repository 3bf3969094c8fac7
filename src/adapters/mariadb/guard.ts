import { type Kysely, sql } from "kysely";
import { ModelwrightError } from "../../core/errors.ts";
import type { MigrationGuard } from "../sql/migrate.ts";
import type { Tables } from "../sql/tables.ts";

/** Longest wait for another process that changes the schema, s. */
const LOCK_TIMEOUT_S = 60;

/** Locks are of a server, so that the name says the database, in the 64 characters that a name may have. */
const lockName = sql`concat('modelwright ', sha1(database()))`;

/**
 * Lets one process at a time change the schema: a named lock of the session. MariaDB commits every change of a schema at once, so that
 * a step that fails, or whose process is killed, is left half done and is done again from its beginning by the next one: each of its
 * statements passes over what is there, and the step is recorded after the last of them.
 *
 * @param store - the store's name, for the message
 */
export function mariadbGuard(store: string): MigrationGuard {
  return {
    recorded: async (db) => {
      const found = await sql<{ found: number | string }>`select count(*) as found from information_schema.tables
where table_schema = database() and table_name = 'modelwright_migrations'`.execute(db);
      return Number(found.rows[0]?.found) > 0;
    },
    alone: (db, work) =>
      db.connection().execute(async (connection) => {
        await lock(connection, store);
        try {
          return await work(connection);
        } finally {
          // The end of the session releases it, too.
          await sql`select release_lock(${lockName})`.execute(connection).catch(() => {});
        }
      }),
  };
}

async function lock(db: Kysely<Tables>, store: string): Promise<void> {
  const { rows } = await sql<{ done: number | string | null }>`select get_lock(${lockName}, ${LOCK_TIMEOUT_S}) as done`.execute(
    db,
  );
  if (Number(rows[0]?.done) === 1) return;
  throw new ModelwrightError(
    "STORE_FAILED",
    `${store} could not open: another process has been changing the schema for ${LOCK_TIMEOUT_S} s`,
    {
      details: { store, operation: "open" },
      retryable: true,
    },
  );
}
