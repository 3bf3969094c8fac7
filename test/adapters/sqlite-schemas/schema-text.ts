import type { DatabaseSync } from "node:sqlite";

/** The statements that made the tables and indexes of a database, in a fixed order. */
export function schemaText(db: DatabaseSync): readonly string[] {
  const made = db.prepare(
    "select sql from sqlite_master where sql is not null and name not like 'sqlite~_%' escape '~' order by type desc, name",
  );
  return made.all().map(({ sql }) => String(sql));
}
