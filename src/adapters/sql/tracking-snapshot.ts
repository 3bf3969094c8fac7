import type { Kysely } from "kysely";
import type { CallOptions } from "../../core/call.ts";
import type { SqlSession } from "./database.ts";
import type { Tables } from "./tables.ts";

/** Runs several statements that change nothing and see one state of the database, whatever is written between them. */
export function readSnapshot<T>(
  session: SqlSession,
  operation: string,
  call: CallOptions | undefined,
  work: (db: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  // SQLite has one level, which is stricter, and passes over the name of this one.
  return session.read(operation, call, (db) => db.transaction().setIsolationLevel("repeatable read").execute(work));
}
