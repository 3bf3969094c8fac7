import { type Compilable, type Kysely, MysqlAdapter, type SelectQueryBuilder, SqliteAdapter, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** The databases that the shared stores are written for. */
export type SqlDialect = "sqlite" | "postgres" | "mariadb";

/** Which database queries of `db` are for. */
export function dialectOf(db: Pick<Kysely<never>, "getExecutor">): SqlDialect {
  const { adapter } = db.getExecutor();
  if (adapter instanceof SqliteAdapter) return "sqlite";
  return adapter instanceof MysqlAdapter ? "mariadb" : "postgres";
}

/**
 * The select, with the rows that it finds locked until the transaction ends: others that lock them wait, and then see what was
 * committed. Rows that are not there are not locked. SQLite leaves the clause out: a transaction has the whole database to itself there.
 */
export function locked<DB, TB extends keyof DB, Row>(query: SelectQueryBuilder<DB, TB, Row>): SelectQueryBuilder<DB, TB, Row> {
  return query.forUpdate();
}

/** What happens to a row that is there already. */
interface Collision {
  /** Columns of the primary key or of another unique one. */
  readonly key: readonly string[];
  /** Columns that take the new value; with none of them, whatever unique key the row has in common with another, nothing is done. */
  readonly set: readonly string[];
}

/**
 * An insert of rows that overwrites those that are there, or passes them over. It waits for transactions that are inserting the same
 * rows. No two of the rows may have one key, unless nothing is set.
 */
export function upsert<T extends keyof Tables & string>(
  db: Kysely<Tables>,
  table: T,
  rows: readonly Readonly<Record<string, unknown>>[],
  { key, set }: Collision,
): Compilable<unknown> {
  const insert = db.insertInto(table).values(rows as never);
  if (dialectOf(db) === "mariadb") {
    // `insert ignore` would also pass over values that do not fit.
    const untouched = [[key[0]!, sql.ref(key[0]!)]];
    const changed = set.map((column) => [column, sql`values(${sql.ref(column)})`]);
    return insert.onDuplicateKeyUpdate(Object.fromEntries(changed.length === 0 ? untouched : changed) as never);
  }
  return insert.onConflict((conflict) =>
    set.length === 0
      ? conflict.doNothing()
      : conflict
          .columns(key as never)
          .doUpdateSet(Object.fromEntries(set.map((column) => [column, sql.ref(`excluded.${column}`)])) as never),
  );
}
