import type { Compilable, Kysely } from "kysely";
import { isDirect } from "./direct.ts";
import { type Prepared, prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

/** Most values or rows in one statement; sizes are powers of two up to here, so that few texts are compiled and prepared. */
const MAX_BATCH = 128;

type Parameter = (name: string) => never;

/**
 * A {@link prepared} query with a list of values, however many. The values are asked for in batches of a power of two; the last value
 * fills the places that are left in a batch, so that the query must not mind one that comes twice.
 *
 * @param build - the query; `list` is what the values go to, for example behind `in`
 */
export function preparedList<Row>(
  build: (db: Kysely<Tables>, list: readonly never[], parameter: Parameter) => Compilable<Row>,
): (db: Kysely<Tables>, list: readonly unknown[], values?: Readonly<Record<string, unknown>>) => Promise<Row[]> {
  const bySize = new Map<number, Prepared<Row>>();
  return async (db, list, values = {}) => {
    const rows: Row[] = [];
    for (let at = 0; at < list.length; at += MAX_BATCH) {
      const batch = list.slice(at, at + MAX_BATCH);
      const size = 2 ** Math.ceil(Math.log2(batch.length));
      const query = sized(bySize, size, () => prepared((creator, p) => build(creator, slots(size, p), p)));
      const all: Record<string, unknown> = { ...values };
      for (let i = 0; i < size; i++) all[`${i}`] = batch[Math.min(i, batch.length - 1)];
      const found = await query(db, all);
      if (list.length <= MAX_BATCH) return found;
      for (const row of found) rows.push(row);
    }
    return rows;
  };
}

/**
 * Inserts any number of rows into a table: by {@link prepared} statements of a power of two of rows each, where a statement is a message
 * to a server; else row by row, which SQLite does in two thirds of the time.
 */
export function preparedInsert<T extends keyof Tables & string>(
  table: T,
  columns: readonly (keyof Tables[T] & string)[],
): (db: Kysely<Tables>, rows: readonly Readonly<Partial<Record<keyof Tables[T] & string, unknown>>>[]) => Promise<void> {
  const bySize = new Map<number, Prepared<unknown>>();
  return async (db, rows) => {
    const most = isDirect(db) ? 1 : MAX_BATCH;
    for (let at = 0; at < rows.length; ) {
      const size = 2 ** Math.floor(Math.log2(Math.min(rows.length - at, most)));
      const insert = sized(bySize, size, () =>
        prepared((creator, p) => {
          const values = Array.from({ length: size }, (_, i) => columns.map((column) => [column, p(slotOf(column, i))] as const));
          return creator.insertInto(table).values(values.map((row) => Object.fromEntries(row)) as never) as Compilable<unknown>;
        }),
      );
      await insert(db, size === 1 ? rows[at]! : flat(columns, rows.slice(at, at + size)));
      at += size;
    }
  };
}

/** Under the column's own name in the first row, so that a statement of one row takes the row as it is. */
function slotOf(column: string, row: number): string {
  return row === 0 ? column : `${column} ${row}`;
}

function flat(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [i, row] of rows.entries()) for (const column of columns) values[slotOf(column, i)] = row[column];
  return values;
}

function slots(size: number, parameter: Parameter): never[] {
  return Array.from({ length: size }, (_, i) => parameter(`${i}`));
}

function sized<T>(bySize: Map<number, T>, size: number, make: () => T): T {
  let query = bySize.get(size);
  if (query === undefined) {
    query = make();
    bySize.set(size, query);
  }
  return query;
}
