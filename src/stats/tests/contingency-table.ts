import type { Issue } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertList, isList } from "../assert-sample.ts";

/** A table of counts that was checked. Rows and columns of zeros say nothing and are not among those that are `used`. */
export interface ContingencyTable {
  readonly rows: readonly ArrayLike<number>[];
  readonly rowSums: Float64Array;
  readonly columnSums: Float64Array;
  readonly total: number;
  readonly usedRows: number;
  readonly usedColumns: number;
}

/** Most problems that one error lists. */
const MAX_ISSUES = 5;

/**
 * Checks a table and adds it up.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless all rows are equally long and hold finite numbers of at least 0 with a
 * finite sum above 0
 */
export function contingencyTable(subject: string, rows: readonly ArrayLike<number>[]): ContingencyTable {
  assertList(subject, rows);
  const width = isList(rows[0]) ? rows[0].length : 0;
  const rowSums = new Float64Array(rows.length);
  const columnSums = new Float64Array(width);
  const issues: Issue[] = [];
  let total = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (!isList(row) || row.length !== width) {
      const message = isList(row) ? `${width} columns as in the first row, but got ${row.length}` : "an array";
      issues.push({ path: [i], message: `expected ${message}` });
      continue;
    }
    for (let j = 0; j < width; j++) {
      const count = row[j]!;
      if (!(Number.isFinite(count) && count >= 0))
        issues.push({ path: [i, j], message: "expected a finite number of at least 0" });
      rowSums[i]! += count;
      columnSums[j]! += count;
      total += count;
    }
  }
  if (issues.length === 0 && !(total > 0 && total < Number.POSITIVE_INFINITY)) {
    issues.push({ path: [], message: "expected counts with a finite sum above 0" });
  }
  if (issues.length > 0) throw invalidInput(subject, issues.slice(0, MAX_ISSUES));
  return { rows, rowSums, columnSums, total, usedRows: positive(rowSums), usedColumns: positive(columnSums) };
}

/** Degrees of freedom of a table's independence. */
export function degreesOfFreedom({ usedRows, usedColumns }: ContingencyTable): number {
  return (usedRows - 1) * (usedColumns - 1);
}

/** What each cell is expected to hold when rows and columns are independent. */
export function expectedCounts({ rowSums, columnSums, total }: ContingencyTable): number[][] {
  return Array.from(rowSums, (row) => Array.from(columnSums, (column) => row * (column / total)));
}

function positive(sums: Float64Array): number {
  return sums.reduce((count, sum) => count + (sum > 0 ? 1 : 0), 0);
}
