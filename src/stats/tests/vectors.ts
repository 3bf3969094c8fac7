import type { Issue } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertList, isList } from "../assert-sample.ts";

/** Most problems that one error lists. */
const MAX_ISSUES = 5;

/**
 * The length of all rows of two samples.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` unless both have at least two rows of finite numbers, all of one length above 0
 */
export function checkedVectors(subject: string, x: readonly ArrayLike<number>[], y: readonly ArrayLike<number>[]): number {
  assertList(`the first sample of ${subject}`, x);
  assertList(`the second sample of ${subject}`, y);
  const width = x[0]?.length ?? 0;
  const issues: Issue[] = [];
  for (const [name, rows] of [
    ["x", x],
    ["y", y],
  ] as const) {
    if (rows.length < 2) issues.push({ path: [name], message: `expected at least two rows, but got ${rows.length}` });
    for (let i = 0; i < rows.length && issues.length < MAX_ISSUES; i++) {
      const row = rows[i]!;
      if (!isList(row)) issues.push({ path: [name, i], message: "expected an array" });
      else if (row.length !== width)
        issues.push({ path: [name, i], message: `expected ${width} numbers, but got ${row.length}` });
      else if (!allFinite(row)) issues.push({ path: [name, i], message: "expected finite numbers" });
    }
  }
  if (issues.length === 0 && width === 0) issues.push({ path: [], message: "expected at least one number in a row" });
  if (issues.length > 0) throw invalidInput(subject, issues);
  return width;
}

function allFinite(row: ArrayLike<number>): boolean {
  for (let i = 0; i < row.length; i++) if (!Number.isFinite(row[i])) return false;
  return true;
}
