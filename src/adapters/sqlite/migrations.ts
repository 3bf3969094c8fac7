import { sql } from "kysely";
import type { Migration, MigrationGuard } from "../sql/migrate.ts";
import { registryStep } from "./steps/0002-registry.ts";
import { trackingStep } from "./steps/0003-tracking.ts";
import { monitoringStep } from "./steps/0004-monitoring.ts";

/**
 * The schema's steps, oldest first. Add a step; never edit or remove one, because its text is recorded in every database. A new step
 * needs a dump of the schema that it makes: `node scripts/dump-sqlite-schema.ts`.
 */
export const migrations: readonly Migration[] = [
  {
    name: "0001-first",
    statements: [
      `create table modelwright_models (
  name text not null primary key,
  created_at integer not null,
  versions integer not null,
  last_version integer not null
) strict, without rowid`,
      `create table modelwright_versions (
  name text not null references modelwright_models (name),
  version integer not null,
  id text not null unique,
  stage text not null,
  stage_changed_at integer not null,
  created_at integer not null,
  content text not null,
  primary key (name, version)
) strict`,
      "create index modelwright_versions_stage on modelwright_versions (stage, name, version)",
      `create table modelwright_aliases (
  name text not null,
  alias text not null,
  version integer not null,
  primary key (name, alias),
  foreign key (name, version) references modelwright_versions (name, version)
) strict, without rowid`,
      "create index modelwright_aliases_version on modelwright_aliases (name, version, alias)",
      `create table modelwright_online (
  view text not null,
  key text not null,
  event_at_us integer not null,
  created_at_us integer not null,
  features text not null,
  primary key (view, key)
) strict, without rowid`,
      // autoincrement: a revision is not given again after its row is deleted.
      `create table modelwright_key_values (
  revision integer primary key autoincrement,
  key blob not null unique,
  value blob not null
) strict`,
    ],
  },
  registryStep,
  trackingStep,
  monitoringStep,
];

/** One transaction at a time can write. */
export const guard: MigrationGuard = {
  recorded: async (db) => {
    const found = await sql`select 1 from sqlite_master where type = 'table' and name = 'modelwright_migrations'`.execute(db);
    return found.rows.length > 0;
  },
  alone: (db, work) => db.transaction().execute(work),
};
