/**
 * Registry, tracking, features, key-values and monitoring in a PostgreSQL database, through the peer `pg`.
 *
 * @module modelwright/postgres
 */

export type { PgClient, PgPool } from "./pg-pool.ts";
export { type PostgresOptions, type PostgresStores, postgres } from "./postgres.ts";
