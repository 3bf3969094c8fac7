import type { Generated } from "kysely";
import type { MonitoringTables } from "./monitoring-tables.ts";
import type { RegistryTables } from "./registry-tables.ts";
import type { TrackingTables } from "./tracking-tables.ts";

/**
 * The tables of a SQL backend, as kysely sees them. Times are milliseconds (`…_at`) or microseconds (`…_at_us`) since the epoch.
 * Names carry a prefix so that they can live in a database that the host uses for other things too.
 */
export interface Tables extends RegistryTables, TrackingTables, MonitoringTables {
  readonly modelwright_migrations: MigrationRow;
  readonly modelwright_online: OnlineTableRow;
  readonly modelwright_key_values: KeyValueRow;
}

/** A migration that this database has seen. */
export interface MigrationRow {
  readonly name: string;
  readonly checksum: string;
  readonly applied_at: number;
}

interface OnlineTableRow {
  readonly view: string;
  readonly key: string;
  readonly event_at_us: number;
  readonly created_at_us: number;
  /** JSON text of the feature values. */
  readonly features: string;
}

interface KeyValueRow {
  /** Given by the database, growing, never given twice; absent from inserts. */
  readonly revision: Generated<number>;
  /** UTF-8 bytes, so that order and equality are those of the bytes under every collation. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}
