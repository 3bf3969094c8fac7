import type { Column } from "../profile/column.ts";

/** Rows expected in a cell, below which it is joined with the next: the chi-squared law needs about as many. */
const MIN_EXPECTED = 5;

/**
 * The group of each cell: neighbours are joined until each group is expected to hold 5 rows of the smaller side, judged by the
 * reference alone; what is left over at the end goes to the last. Neighbours of categories are those of their names, not of their ranks:
 * those that luck has put first would be joined with others as lucky.
 *
 * @param scale - rows of the smaller side for each row of the reference, at most 1
 */
export function groupsOf(
  { cells, joinOrder }: Column,
  reference: Float64Array,
  scale: number,
): { readonly groups: Int32Array; readonly count: number } {
  const groups = new Int32Array(cells.length).fill(-1);
  let count = 0;
  let expected = MIN_EXPECTED;
  for (const i of joinOrder) {
    if (expected >= MIN_EXPECTED) {
      expected = 0;
      count += 1;
    }
    groups[i] = count - 1;
    expected += reference[i]! * scale;
  }
  if (expected < MIN_EXPECTED && count > 1) {
    count -= 1;
    for (let i = 0; i < cells.length; i++) if (groups[i] === count) groups[i] = count - 1;
  }
  for (let i = 0; i < cells.length; i++) if (groups[i] === -1) groups[i] = count++;
  return { groups, count };
}

/** Counts of the groups. */
export function join(counts: Float64Array, groups: Int32Array, count: number): Float64Array {
  const joined = new Float64Array(count);
  for (let i = 0; i < counts.length; i++) joined[groups[i]!]! += counts[i]!;
  return joined;
}
