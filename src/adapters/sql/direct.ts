import type { CompiledQuery, Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/**
 * Runs a compiled query on a connection before it returns, as a database that works in this thread can, and answers its rows; undefined
 * when it cannot be run just now and has to go through kysely, which waits. A query that cannot be run has had no effect.
 */
export type Direct = (query: CompiledQuery) => unknown[] | undefined;

const directs = new WeakMap<Kysely<Tables>, Direct>();

/** Lets prepared queries pass kysely's executor and its queue for the connection by, which cost several times what a small query does. */
export function offerDirect(db: Kysely<Tables>, direct: Direct): void {
  directs.set(db, direct);
}

/** Whether queries of `db` are run at once, so that a few small ones cost less than one large one. */
export function isDirect(db: Kysely<Tables>): boolean {
  return directs.has(db);
}

/** The rows of a query that could be run at once. */
export function directOf<Row>(db: Kysely<Tables>, query: CompiledQuery<Row>): Row[] | undefined {
  return directs.get(db)?.(query) as Row[] | undefined;
}
