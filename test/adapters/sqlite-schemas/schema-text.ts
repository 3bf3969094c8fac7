import type { DatabaseSync } from "node:sqlite";

/** The statements that made the tables, indexes and triggers of a database, in an order in which they can make another one. */
export function schemaText(db: DatabaseSync): readonly string[] {
  const made = db.prepare(
    "select sql from sqlite_master where sql is not null and name not like 'sqlite~_%' escape '~' order by case type when 'table' then 0 when 'index' then 1 else 2 end, name",
  );
  return made.all().map(({ sql }) => String(sql));
}
