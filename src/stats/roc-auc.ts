import { invalidInput } from "../core/schema.ts";
import { assertPaired, assertSample, isLabel, isOrdered } from "./assert-sample.ts";

/**
 * Area under the receiver operating characteristic: the probability that a positive scores above a negative, a tie counting half.
 * O(n log n).
 *
 * @param labels - 0 or 1, at least one of each
 * @param scores - any numbers, greater for what is rather positive; only their order counts
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for other labels, one class alone, NaN, or unequal lengths
 * @source J. A. Hanley, B. J. McNeil, "The Meaning and Use of the Area under a ROC Curve", Radiology 143 (1982)
 */
export function rocAuc(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  assertPaired("rocAuc", labels, scores);
  assertSample("the labels of rocAuc", labels, "0 or 1", isLabel);
  assertSample("the scores of rocAuc", scores, "a number", isOrdered);
  const all = Float64Array.from(scores);
  const positives = all.filter((_, i) => labels[i] === 1).sort();
  const negatives = all.filter((_, i) => labels[i] === 0).sort();
  if (positives.length === 0 || negatives.length === 0) {
    throw invalidInput("rocAuc", [{ path: ["labels"], message: "expected both classes, but got one alone" }]);
  }
  let wins = 0;
  let below = 0;
  let through = 0;
  for (const score of positives) {
    while (below < negatives.length && negatives[below]! < score) below += 1;
    through = Math.max(through, below);
    while (through < negatives.length && negatives[through] === score) through += 1;
    wins += (below + through) / 2;
  }
  return wins / (positives.length * negatives.length);
}
