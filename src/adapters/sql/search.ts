import {
  type DialectAdapter,
  type Kysely,
  PostgresAdapter,
  type RawBuilder,
  type SelectQueryBuilder,
  type SqlBool,
  SqliteAdapter,
  sql,
} from "kysely";
import { decodeCursor, encodeCursor, type Place } from "../../search/cursor.ts";
import { assertSearchable, type SearchEntity } from "../../search/fields.ts";
import type { Page, SearchQuery } from "../../search/port.ts";
import type { Manners } from "./search-comparison.ts";
import { compileFilter } from "./search-filter.ts";
import { behind, type OrderColumn, orderColumns } from "./search-order.ts";
import type { SearchTarget } from "./search-target.ts";

export type { KeyedRelation, SearchTarget, SqlAttribute } from "./search-target.ts";

/**
 * One page of the rows that a query matches, in one statement:
 * `searchRows(db, db.selectFrom("modelwright_versions as v").select(["v.name", "v.content"]), versionTarget, query)`.
 *
 * @param select - from the record's table, with the columns that the caller wants, one row for each record; conditions are added to its
 * own, order and limit are set here. The rows carry further columns, `search_0` and so on, to be ignored
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an attribute, an order or a cursor that is not known
 */
export async function searchRows<DB, TB extends keyof DB, Row>(
  db: Pick<Kysely<unknown>, "getExecutor">,
  select: SelectQueryBuilder<DB, TB, Row>,
  target: SearchTarget,
  query: SearchQuery,
): Promise<Page<Row>> {
  const entities = Object.entries(target.relations).flatMap(([entity, rows]) => (rows ? [entity as SearchEntity] : []));
  assertSearchable(query, { attributes: target.attributes, entities });
  const columns = orderColumns(query.orderBy ?? [], target);
  const place = query.after === undefined ? undefined : decodeCursor(query.after, columns);

  const conditions: RawBuilder<SqlBool>[] = [];
  if (query.where !== undefined) conditions.push(compileFilter(query.where, target, mannersOf(db.getExecutor().adapter)));
  if (place !== undefined) conditions.push(...behind(columns, place));

  const rows: readonly Row[] = await complete(select, columns, conditions)
    .limit(query.limit + 1)
    .execute();
  const items = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? items.at(-1) : undefined;
  return { items, next: last === undefined ? undefined : encodeCursor(columns, placeOf(last, columns)) };
}

/** In PostgreSQL `lower` goes by the collation of the column, which is that of the bytes. */
function mannersOf(adapter: DialectAdapter): Manners {
  const sqlite = adapter instanceof SqliteAdapter;
  return { sqlite, asciiLower: sqlite || adapter instanceof PostgresAdapter };
}

/** The select with the joins, conditions and order of a search, and its places as further columns. */
function complete<DB, TB extends keyof DB, Row>(
  select: SelectQueryBuilder<DB, TB, Row>,
  columns: readonly OrderColumn[],
  conditions: readonly RawBuilder<SqlBool>[],
): SelectQueryBuilder<DB, TB, Row> {
  // What is joined and selected here is no part of the caller's types.
  type Query = typeof select;
  let query = select;
  const joined = new Set<string>();
  for (const { join } of columns) {
    if (join === undefined || joined.has(join.alias)) continue;
    joined.add(join.alias);
    const table = sql<Record<string, unknown>>`${sql.table(join.table)}`.as(join.alias);
    query = query.leftJoin(table, (clause) => clause.on(join.on)) as unknown as Query;
  }
  for (const condition of conditions) query = query.where(condition);
  for (const [i, { ref, required, direction }] of columns.entries()) {
    query = query.select(ref.as(placeName(i))) as unknown as Query;
    if (!required) query = query.orderBy(sql<SqlBool>`${ref} is null`);
    query = query.orderBy(ref, direction);
  }
  return query;
}

/** Where a row stands. Integers may be text, in databases whose integers are greater than a double holds. */
function placeOf(row: unknown, columns: readonly OrderColumn[]): Place {
  return columns.map(({ type }, i) => {
    const value = (row as Readonly<Record<string, unknown>>)[placeName(i)];
    return value === null ? null : type === "text" ? String(value) : Number(value);
  });
}

function placeName(i: number): string {
  return `search_${i}`;
}
