import type { Compilable, Kysely } from "kysely";
import { upsert } from "./portable.ts";
import { type Prepared, prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

/** Most rows in one statement; sizes are powers of two up to here, so that few texts are compiled and prepared. */
const MAX_ROWS = 128;

/** Writes rows, however many, each as the values of the columns in their order. */
type Writer = (db: Kysely<Tables>, rows: readonly (readonly unknown[])[]) => Promise<void>;

type Column<T extends keyof Tables> = keyof Tables[T] & string;

/**
 * Inserts rows, or sets the other columns of those whose key is there. No key may come twice.
 *
 * @param key - the columns of a unique key; a row's values begin with them
 * @param others - the columns behind them
 */
export function upsertRows<T extends keyof Tables>(table: T, key: readonly Column<T>[], others: readonly Column<T>[]): Writer {
  const columns = [...key, ...others];
  return rowWriter(columns, (db, rows) => upsert(db, table, rows, { key, set: others }));
}

/** Inserts the rows whose keys are not there. A row may come twice. */
export function insertMissing<T extends keyof Tables>(table: T, columns: readonly Column<T>[]): Writer {
  return rowWriter(columns, (db, rows) => upsert(db, table, rows, { key: columns, set: [] }), { repeatable: true });
}

/** A statement for rows of slots. */
type Build = (db: Kysely<Tables>, rows: readonly Readonly<Record<string, never>>[]) => Compilable<unknown>;

/** @param repeatable - whether a row may come twice in a statement, so that the last one can fill the places that are left */
function rowWriter(
  columns: readonly string[],
  build: Build,
  { repeatable = false }: { readonly repeatable?: boolean } = {},
): Writer {
  const bySize = new Map<number, Prepared<unknown>>();
  return async (db, rows) => {
    for (let from = 0; from < rows.length; ) {
      const left = Math.min(rows.length - from, MAX_ROWS);
      const size = 2 ** Math[repeatable ? "ceil" : "floor"](Math.log2(left));
      let write = bySize.get(size);
      if (write === undefined) {
        write = prepared((creator, p) => build(creator, slotsOf(size, columns, p)));
        bySize.set(size, write);
      }
      const values: unknown[] = [];
      for (let i = 0; i < size; i++) values.push(...rows[from + Math.min(i, left - 1)]!);
      // Parameters are named by their positions: an array is filled faster than an object of as many names.
      await write(db, values as unknown as Readonly<Record<string, unknown>>);
      from += size;
    }
  };
}

function slotsOf(
  size: number,
  columns: readonly string[],
  parameter: (name: string) => never,
): readonly Readonly<Record<string, never>>[] {
  const width = columns.length;
  return Array.from({ length: size }, (_, i) =>
    Object.fromEntries(columns.map((column, j) => [column, parameter(`${i * width + j}`)])),
  );
}
