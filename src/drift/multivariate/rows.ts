import * as z from "zod";
import type { Issue } from "../../core/errors.ts";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";

/** A value of a row. Null, undefined and NaN stand for no value; infinities are numbers. */
export type Cell = number | string | boolean | null | undefined;

/** One row: a cell for each column. Arrays and typed arrays serve. */
export type CellRow = ArrayLike<Cell>;

/** What a column of rows holds. */
export type Column =
  | {
      /** Unlike that of any other column. */
      readonly name: string;
      readonly kind: "numeric";
    }
  | {
      readonly name: string;
      /** Cells are compared as text, so that 1 and "1" are the same category. */
      readonly kind: "categorical";
      /** Those that count apart, the others together; the 50 most frequent ones unless told. At most 1000. */
      readonly categories?: readonly string[] | undefined;
    };

/** Most columns, and most categories named for one of them. */
export const MAX_COLUMNS = 1000;

const MAX_ISSUES = 5;

const name = z.string().min(1).max(200);

/** A zod schema of columns with unlike names. */
const columnsSchema: z.ZodType<readonly Column[]> = z
  .array(
    z.discriminatedUnion("kind", [
      z.strictObject({ name, kind: z.literal("numeric") }),
      z.strictObject({
        name,
        kind: z.literal("categorical"),
        categories: z.array(z.string().max(10_000)).min(1).max(MAX_COLUMNS).optional(),
      }),
    ]),
  )
  .min(1)
  .max(MAX_COLUMNS)
  .refine((columns) => new Set(columns.map((column) => column.name)).size === columns.length, {
    error: "expected columns with unlike names",
  });

/**
 * The columns to work on: those told, checked, or as the values are: numeric where all are numbers, else categorical, and named
 * "column 0" and so on. Every row must fit them.
 *
 * @param subject - the function whose input it is
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong columns, `INPUT_INVALID` for rows that do not fit
 */
export function checkedColumns(
  subject: string,
  told: readonly Column[] | undefined,
  samples: Readonly<Record<string, readonly CellRow[]>>,
): readonly Column[] {
  const columns = told === undefined ? inferColumns(samples) : parseOptions(columnsSchema, told, `the columns of ${subject}`);
  for (const [sample, rows] of Object.entries(samples)) assertRows(`the ${sample} of ${subject}`, rows, columns);
  return columns;
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless each row has a fitting cell for each column */
export function assertRows(subject: string, rows: readonly CellRow[], columns: readonly Column[]): void {
  const issues: Issue[] = [];
  const numeric = columns.map(({ kind }) => kind === "numeric");
  if (!Array.isArray(rows)) issues.push({ path: [], message: "expected an array of rows" });
  for (let i = 0; i < rows.length && issues.length < MAX_ISSUES; i++) {
    const row = rows[i];
    if (typeof row !== "object" || row === null || row.length !== columns.length) {
      issues.push({ path: [i], message: `expected an array of ${columns.length} cells` });
      continue;
    }
    for (let j = 0; j < numeric.length; j++) {
      const cell = row[j];
      if (typeof cell === "number" || cell === null || cell === undefined) continue;
      if (!numeric[j] && (typeof cell === "string" || typeof cell === "boolean")) continue;
      issues.push({ path: [i, j], message: `a ${columns[j]!.kind} column cannot hold a ${typeof cell}` });
    }
  }
  if (issues.length > 0) throw invalidInput(subject, issues.slice(0, MAX_ISSUES));
}

function inferColumns(samples: Readonly<Record<string, readonly CellRow[]>>): readonly Column[] {
  const all = Object.values(samples).filter((rows) => Array.isArray(rows));
  const width = all.find((rows) => rows.length > 0)?.[0]?.length ?? 0;
  const numeric = (j: number) =>
    all.every((rows) => rows.every((row) => typeof row?.[j] === "number" || row?.[j] === null || row?.[j] === undefined));
  return Array.from({ length: Math.min(width, MAX_COLUMNS) }, (_, j) => ({
    name: `column ${j}`,
    kind: numeric(j) ? "numeric" : "categorical",
  }));
}
