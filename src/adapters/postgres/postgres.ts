import * as z from "zod";
import type { Runtime } from "../../core/call.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { parseOptions, passed } from "../../core/options.ts";
import type { OnlineStore } from "../../features/port.ts";
import type { MonitoringStore } from "../../monitoring/port.ts";
import type { RegistryStore } from "../../registry/port.ts";
import type { KeyValueStore } from "../../storage/port.ts";
import type { TrackingStore } from "../../tracking/port.ts";
import { SqlDatabase } from "../sql/database.ts";
import { sqlKeyValues } from "../sql/key-values.ts";
import { sqlMonitoring } from "../sql/monitoring.ts";
import { sqlOnline } from "../sql/online.ts";
import { sqlRegistry } from "../sql/registry.ts";
import { placeOfUrl, type ServerPlace, serverName } from "../sql/server-name.ts";
import { sqlTracking } from "../sql/tracking.ts";
import { postgresDialect } from "./dialect.ts";
import { hasCollided, isRetryable } from "./failures.ts";
import { postgresGuard } from "./guard.ts";
import { migrations } from "./migrations.ts";
import { borrowedPool, ownPool } from "./open-pool.ts";
import type { PgPool } from "./pg-pool.ts";

/** What the options of {@link postgres} have in common. */
interface PostgresSettings {
  /**
   * The schema that our tables are in, made on first use when the role may and it is not there. Letters, digits and `_`, at most 63, no
   * digit first. @defaultValue the first one of the connection's `search_path`, mostly `public`
   */
  readonly schema?: string | undefined;
  /**
   * Whether connections keep our statements prepared, which saves the server to plan them each time. Give false behind a pooler that
   * hands transactions to any connection and does not know prepared statements, as PgBouncer before 1.21. @defaultValue true
   */
  readonly prepare?: boolean | undefined;
}

/** Options of {@link postgres}: the host's own pool, or where to connect to. */
export type PostgresOptions =
  | (PostgresSettings & {
      /** A `Pool` of the package `pg`, which is borrowed: it is never ended, and nothing is left behind on its connections. */
      readonly pool: PgPool;
      readonly url?: undefined;
    })
  | (PostgresSettings & {
      /** A connection string as `pg` takes it: `postgres://user:password@host:5432/database?sslmode=verify-full`. Never shown. */
      readonly url: string;
      readonly pool?: undefined;
      /** Most connections, at least 1. @defaultValue 10 */
      readonly maxConnections?: number | undefined;
      /** Longest wait for a connection, a free one or a new one, ms, at least 1. @defaultValue 30000 */
      readonly connectTimeoutMs?: number | undefined;
    });

/** The stores of one PostgreSQL database. Each may be disposed by itself; disposing the whole gives the connections up. */
export interface PostgresStores extends AsyncDisposable {
  readonly registry: RegistryStore;
  /** Batches of one run that are logged at once share a transaction. The sign of -0 is not kept. */
  readonly tracking: TrackingStore;
  /** Names of views have at most 500 bytes of UTF-8, keys of rows 2048. */
  readonly online: OnlineStore;
  /** Keys have at most 2048 bytes of UTF-8. */
  readonly keyValues: KeyValueStore;
  readonly monitoring: MonitoringStore;
  /** Lets running calls finish; ends the pool that was made of a URL. */
  close(): Promise<void>;
}

const settings = {
  schema: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, "expected letters, digits and _, at most 63, no digit first")
    .optional(),
  prepare: z.boolean().default(true),
};
const isPool = (value: unknown) => typeof (value as Partial<PgPool> | null | undefined)?.connect === "function";
const pool = passed<PgPool>("a Pool of the package pg", isPool);
const isUrl = (value: unknown) =>
  typeof value === "string" && /^postgres(?:ql)?:\/\//.test(value) && placeOfUrl(value) !== undefined;
const borrowed = z.strictObject({ ...settings, pool, url: z.undefined().optional() });
const owned = z.strictObject({
  ...settings,
  url: passed<string>("a URL that begins with postgres://", isUrl),
  pool: z.undefined().optional(),
  maxConnections: z.int().min(1).max(10_000).default(10),
  connectTimeoutMs: z.int().min(1).max(2_147_483_647).default(30_000),
});

/**
 * Stores in one PostgreSQL database, version 12 or newer, through the peer `pg`. Connected, and brought to this release's schema, on
 * first use; a failure is tried again by the next call.
 *
 * Any number of processes may use one database. Changes of a registry come one after the other, each in a transaction that holds the
 * row of the end of its audit log; everything else waits only for who changes the same rows. A transaction that collides with another
 * one, in a deadlock for example, is run again by itself, up to five times. The first role that uses a database needs the right to make
 * tables in the schema (and the schema, where `schema` names one that is not there); later ones need only use them. Entries of the
 * audit log can be added only, which a trigger enforces.
 *
 * The database may hold tables of the host as well; those of the stores begin with `modelwright_`. Text of an online row must be free
 * of NUL characters and lone surrogates.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options. Calls of the stores reject with `MISSING_PEER` when `pg` is
 * not installed, with `STORE_FAILED`, retryable when a connection was lost before the commit, could not be made or a lock was held for
 * 30 s, and with `STORE_SCHEMA` when another release has written the tables. A connection that is lost during a commit gives an error
 * that is not retryable and says that nobody knows whether the change was made
 *
 * @example
 * ```ts
 * import { postgres } from "modelwright/postgres";
 *
 * await using db = postgres({ url: "postgres://app@db.example.com/models", schema: "ml" });
 * const registry = db.registry; // nothing is connected before the first call
 * ```
 */
export function postgres(options: PostgresOptions, runtime: Runtime = {}): PostgresStores {
  const given =
    (options as Partial<PostgresOptions> | undefined)?.pool === undefined
      ? parseOptions(owned, options, "postgres")
      : parseOptions(borrowed, options, "postgres");
  const { schema, prepare } = given;
  const name = serverName("postgres", placeOf(given));
  const open = given.pool === undefined ? () => ownPool(given, prepare) : async () => borrowedPool(given.pool, prepare);
  const database = new SqlDatabase(
    {
      name,
      dialect: postgresDialect(open, schema),
      migrations,
      guard: postgresGuard(schema),
      retryable: isRetryable,
      collided: hasCollided,
    },
    runtime,
  );
  const stores = {
    registry: sqlRegistry(database, name, { durable: true, shared: true }),
    tracking: sqlTracking(database, name, { durable: true, shared: true }),
    online: sqlOnline(database, name, { durable: true }),
    keyValues: sqlKeyValues(database, name, { durable: true }),
    monitoring: sqlMonitoring(database, name, { durable: true }),
  };
  const lifecycle = new Lifecycle(name, async () => {
    await Promise.all(Object.values(stores).map((store) => store[Symbol.asyncDispose]()));
    await database.close();
  });
  return { ...stores, close: () => lifecycle.close(), [Symbol.asyncDispose]: () => lifecycle.close() };
}

/** Where a pool connects to, as far as it says so. */
function placeOf({ url, pool }: { readonly url?: string | undefined; readonly pool?: PgPool | undefined }): ServerPlace {
  if (url !== undefined) return placeOfUrl(url) ?? {};
  const { connectionString, ...place } = ((pool as { options?: unknown }).options ?? {}) as ServerPlace & {
    connectionString?: unknown;
  };
  return typeof connectionString === "string" ? (placeOfUrl(connectionString) ?? {}) : place;
}
