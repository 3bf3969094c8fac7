import * as z from "zod";
import type { Runtime } from "../../core/call.ts";
import { systemClock } from "../../core/clock.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { parseOptions } from "../../core/options.ts";
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
import { sqlTracking } from "../sql/tracking.ts";
import { isBusy, nodeSqlite } from "./dialect.ts";
import { guard, migrations } from "./migrations.ts";

/** Options of {@link sqlite}. */
export interface SqliteOptions {
  /** The database file, made when absent in a folder that exists; `:memory:` for one that ends with the store. */
  readonly path: string;
  /** Longest time to wait for a lock that another connection holds, ms, at least 0. @defaultValue 5000 */
  readonly busyTimeoutMs?: number | undefined;
}

/** The stores of one SQLite database. Each may be disposed by itself; disposing the whole closes the database. */
export interface SqliteStores extends AsyncDisposable {
  readonly registry: RegistryStore;
  /** Batches of one run that are logged at once share a transaction. The sign of -0 is not kept. */
  readonly tracking: TrackingStore;
  readonly online: OnlineStore;
  readonly keyValues: KeyValueStore;
  readonly monitoring: MonitoringStore;
  /** Lets running calls finish and closes the database. */
  close(): Promise<void>;
}

const schema = z.strictObject({
  path: z.string().min(1),
  busyTimeoutMs: z.number().int().min(0).max(2_147_483_647).default(5000),
});

/**
 * Stores in one SQLite file, over `node:sqlite`. Opened, and brought to this release's schema, on first use; a failure to open is
 * tried again by the next call.
 *
 * Several processes may use one file on a local disk (not on a network file system): readers never wait, and a writer waits its
 * turn for up to `busyTimeoutMs`. What a call has answered survives a crash and a loss of power (`synchronous = full`, which costs
 * one flush for each write: write feature rows in batches). SQLite works in the calling thread, so each call holds up the event
 * loop for as long as its own disk work takes. Some Node versions print an `ExperimentalWarning` when the module is loaded.
 *
 * The database may hold tables of the host as well; those of the stores begin with `modelwright_`. The file is switched to
 * write-ahead logging. It must not be moved or removed while it is open: SQLite would go on writing to the removed one. Text of an
 * online row must be free of NUL characters and lone surrogates.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options. Calls of the stores reject with `STORE_FAILED`,
 * retryable when a lock was held for too long, and with `STORE_SCHEMA` when another release has written the file
 *
 * @example
 * ```ts
 * import { sqlite } from "modelwright/sqlite";
 *
 * await using db = sqlite({ path: ":memory:" });
 * await db.keyValues.set("greeting", new TextEncoder().encode("hello"));
 * ```
 */
export function sqlite(options: SqliteOptions, runtime: Runtime = {}): SqliteStores {
  const { path, busyTimeoutMs } = parseOptions(schema, options, "sqlite");
  const name = `sqlite ${path}`;
  const durable = path !== ":memory:";
  const connect = (readOnly: boolean) => nodeSqlite({ path, busyTimeoutMs, readOnly, clock: runtime.clock ?? systemClock });
  const { dialect, read, write } = connect(false);
  // A second connection to memory would see another database.
  const reader = durable ? connect(true) : { dialect: undefined, read };
  const direct = { read: reader.read, write };
  const backend = { name, dialect, readDialect: reader.dialect, direct, migrations, guard, retryable: isBusy };
  const database = new SqlDatabase(backend, runtime);
  const stores = {
    registry: sqlRegistry(database, name, { durable, shared: durable }),
    tracking: sqlTracking(database, name, { durable, shared: durable }),
    online: sqlOnline(database, name, { durable }),
    keyValues: sqlKeyValues(database, name, { durable }),
    monitoring: sqlMonitoring(database, name, { durable }),
  };
  const lifecycle = new Lifecycle(name, async () => {
    await Promise.all(Object.values(stores).map((store) => store[Symbol.asyncDispose]()));
    await database.close();
  });
  return { ...stores, close: () => lifecycle.close(), [Symbol.asyncDispose]: () => lifecycle.close() };
}
