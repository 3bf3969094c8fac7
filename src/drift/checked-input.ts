import { ModelwrightError } from "../core/errors.ts";
import { invalidInput, type Schema, validate } from "../core/schema.ts";
import type { ColumnsByName } from "./profile/profile-layout.ts";
import type { WatchedFeature } from "./watched-feature.ts";

/**
 * The rows as the schema yields them, or as they are without one.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` for a row that does not satisfy the schema, or is no object
 */
export function checkedRows(schema: Schema | undefined, rows: readonly unknown[]): readonly object[] {
  const checked: object[] = [];
  // Not `map`, which passes over holes; and always a copy, for a listener may change the host's array while it is counted.
  for (let i = 0; i < rows.length; i++) {
    const row = schema === undefined ? rows[i] : validate(schema, rows[i], rows.length === 1 ? "The row" : `Row ${i}`);
    checked.push(asObject(row, i));
  }
  return checked;
}

/**
 * The columns of the watched features, and of others that are needed where they are given.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_MISSING` when a watched feature has no column, `INPUT_INVALID` when the columns
 * are no arrays or of unequal length
 */
export function checkedColumns(
  columns: unknown,
  features: readonly WatchedFeature[],
  others: readonly (string | undefined)[],
): { readonly given: ColumnsByName; readonly length: number } {
  const known = (typeof columns === "object" && columns !== null ? columns : {}) as ColumnsByName;
  const missing = features.find(({ feature }) => known[feature]?.length === undefined)?.feature;
  if (missing !== undefined) {
    const message = `The columns to observe lack ${JSON.stringify(missing)}; every watched feature needs one`;
    throw new ModelwrightError("INPUT_MISSING", message, { details: { input: missing, known: Object.keys(known) } });
  }
  const names = [
    ...features.map(({ feature }) => feature),
    ...others.filter((name) => name !== undefined && known[name] !== undefined && known[name] !== null),
  ] as string[];
  const given = Object.fromEntries(names.map((name) => [name, known[name]!]));
  const length = given[names[0]!]!.length;
  for (const name of names) {
    const column = given[name]!;
    // Not any object with a length: JSON can claim any length.
    if (!Array.isArray(column) && !ArrayBuffer.isView(column)) throw invalidColumn(name, "expected an array or a typed array");
    if (column.length !== length) throw invalidColumn(name, `expected ${length} values, but got ${column.length}`);
  }
  return { given, length };
}

function invalidColumn(name: string, message: string) {
  return invalidInput("The batch of columns", [{ path: [name], message }]);
}

function asObject(row: unknown, index: number): object {
  if (typeof row === "object" && row !== null) return row;
  throw invalidInput("The batch of rows", [
    { path: [index], message: `expected an object, but got ${row === null ? "null" : typeof row}` },
  ]);
}
