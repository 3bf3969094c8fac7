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
import { mariadbDialect } from "./dialect.ts";
import { hasCollided, isRetryable } from "./failures.ts";
import { mariadbGuard } from "./guard.ts";
import { migrations } from "./migrations.ts";
import type { MysqlPool, MysqlPromisePool } from "./mysql-pool.ts";
import { borrowedPool, ownPool } from "./open-pool.ts";

/** Options of {@link mariadb}: the host's own pool, or where to connect to. */
export type MariadbOptions =
  | {
      /**
       * A pool of the package `mysql2` or `mysql2/promise` that names a database, which is borrowed: it is never ended, and nothing is
       * left behind on its connections but prepared statements. They must have a strict `sql_mode`, `autocommit` and the character set
       * utf8mb4, as they have by default.
       */
      readonly pool: MysqlPool;
      readonly url?: undefined;
    }
  | {
      /** Where to connect to, as `mysql2` takes it: `mysql://user:password@host:3306/database`. Never shown. */
      readonly url: string;
      readonly pool?: undefined;
      /** Most connections, at least 1. @defaultValue 10 */
      readonly maxConnections?: number | undefined;
      /** Longest wait for a new connection, ms, at least 1. The wait for a free one has no limit but the call's. @defaultValue 30000 */
      readonly connectTimeoutMs?: number | undefined;
    };

/** The stores of one MariaDB database. Each may be disposed by itself; disposing the whole gives the connections up. */
export interface MariadbStores extends AsyncDisposable {
  /** Searches order descriptions, tags and params by their first 255 characters. */
  readonly registry: RegistryStore;
  /**
   * As in the registry, searches order texts by their first 255 characters. Batches of one run that are logged at once share a
   * transaction. The sign of -0 is not kept.
   */
  readonly tracking: TrackingStore;
  /** Names of views have at most 500 bytes of UTF-8, keys of rows 2048. */
  readonly online: OnlineStore;
  /** Keys have at most 2048 bytes of UTF-8. */
  readonly keyValues: KeyValueStore;
  readonly monitoring: MonitoringStore;
  /** Lets running calls finish; ends the pool that was made of a URL. */
  close(): Promise<void>;
}

const isPool = (value: unknown) => {
  const { getConnection, promise } = (value ?? {}) as { readonly getConnection?: unknown; readonly promise?: unknown };
  return typeof getConnection === "function" || typeof promise === "function";
};
const isUrl = (value: unknown) =>
  typeof value === "string" && /^(?:mysql|mariadb):\/\//.test(value) && Boolean(placeOfUrl(value)?.database);
const borrowed = z.strictObject({
  pool: passed<MysqlPool>("a pool of the package mysql2", isPool),
  url: z.undefined().optional(),
});
const owned = z.strictObject({
  url: passed<string>("a URL that begins with mysql:// and names a database", isUrl),
  pool: z.undefined().optional(),
  maxConnections: z.int().min(1).max(10_000).default(10),
  connectTimeoutMs: z.int().min(1).max(2_147_483_647).default(30_000),
});

/**
 * Stores in one MariaDB database, version 10.6 or newer, through the peer `mysql2`. Connected, and brought to this release's schema, on
 * first use; a failure is tried again by the next call. MySQL is refused: it lacks sequences and collations that the tables need.
 *
 * Any number of processes may use one database. Changes of a registry come one after the other, each in a transaction that holds the
 * row of the end of its audit log; everything else waits only for who changes the same rows. A transaction that collides with another
 * one, in a deadlock for example, is run again by itself, up to five times. The first user of a database needs the rights to make
 * tables, sequences and triggers (with the binary log on, that takes `log_bin_trust_function_creators` or a privileged user once); later
 * ones need only use them. Entries of the audit log can be added only, which triggers enforce. MariaDB cannot undo changes of a schema:
 * when a migration is cut off, the next process repeats its step, all of whose statements pass over what is there.
 *
 * The database may hold tables of the host as well; those of the stores begin with `modelwright_`. Text of an online row must be free
 * of NUL characters and lone surrogates.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options, and from calls when a borrowed connection is not set as it
 * must be. Calls of the stores reject with `MISSING_PEER` when `mysql2` is not installed, with `UNSUPPORTED` when the server is not
 * MariaDB, with `STORE_FAILED`, retryable when a connection was lost before the commit, could not be made or a lock was held for too
 * long, and with `STORE_SCHEMA` when another release has written the tables. A connection that is lost during a commit gives an error
 * that is not retryable and says that nobody knows whether the change was made
 *
 * @example
 * ```ts
 * import { mariadb } from "modelwright/mariadb";
 *
 * await using db = mariadb({ url: "mysql://app@db.example.com/models" });
 * const registry = db.registry; // nothing is connected before the first call
 * ```
 */
export function mariadb(options: MariadbOptions, runtime: Runtime = {}): MariadbStores {
  const isOwned = (options as Partial<MariadbOptions> | undefined)?.pool === undefined;
  const given = isOwned ? parseOptions(owned, options, "mariadb") : parseOptions(borrowed, options, "mariadb");
  const name = serverName("mariadb", placeOf(given));
  const open = given.pool === undefined ? () => ownPool(given) : async () => borrowedPool(given.pool);
  const database = new SqlDatabase(
    { name, dialect: mariadbDialect(open), migrations, guard: mariadbGuard(name), retryable: isRetryable, collided: hasCollided },
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
function placeOf({ url, pool }: { readonly url?: string | undefined; readonly pool?: MysqlPool | undefined }): ServerPlace {
  if (url !== undefined) return placeOfUrl(url) ?? {};
  interface Configured {
    readonly config?: { readonly connectionConfig?: ServerPlace };
  }
  // The promise pool has the other one inside.
  const { config } = ((pool as { readonly pool?: MysqlPromisePool }).pool ?? pool) as Configured;
  return config?.connectionConfig ?? {};
}
