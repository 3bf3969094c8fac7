import { sortOrder } from "../../stats/sort.ts";

/** Sums over neighbouring scores. */
export interface ScoreGroup {
  readonly rows: number;
  /** Mean of the scores. */
  readonly score: number;
  /** Mean of the first values. */
  readonly first: number;
  /** Mean of the second values. */
  readonly second: number;
}

/**
 * Splits rows by their score into at most `limit` groups of about equal size, equal scores in one group, and takes means.
 *
 * @param scores - finite, at least one
 */
export function groupByScore(
  scores: ArrayLike<number>,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  limit: number,
): readonly ScoreGroup[] {
  const order = sortOrder(scores);
  const groups: ScoreGroup[] = [];
  const n = order.length;
  for (let start = 0; start < n; ) {
    // The end of the next share of the rows that are left, then of the scores that are equal to its last one.
    let end = Math.max(start + 1, Math.round(((groups.length + 1) * n) / limit));
    while (end < n && scores[order[end]!] === scores[order[end - 1]!]) end += 1;
    let score = 0;
    let a = 0;
    let b = 0;
    for (let i = start; i < end; i++) {
      const part = 1 / (i - start + 1);
      score += scores[order[i]!]! * part - score * part;
      a += (first[order[i]!]! - a) * part;
      b += (second[order[i]!]! - b) * part;
    }
    groups.push({ rows: end - start, score, first: a, second: b });
    start = end;
  }
  return groups;
}
