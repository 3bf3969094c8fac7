import { scoreInterval } from "../experiments/proportion-intervals.ts";
import type { BinaryRows } from "./checked-rows.ts";
import { type SortedClasses, sortByClass } from "./sort-by-class.ts";

/** How many rows of each class have each score; from it follows every metric that depends on the order of scores alone. */
interface RankedCounts {
  /** The distinct scores, ascending. */
  readonly scores: Float64Array;
  /** Rows of label 1 with the score. */
  readonly positives: Uint32Array;
  /** Rows of label 0 with the score. */
  readonly negatives: Uint32Array;
  /** All rows of label 1. */
  readonly positiveCount: number;
  /** All rows of label 0. */
  readonly negativeCount: number;
}

/** Sorts the scores of the two classes apart and merges them. O(n); 0 and −0 are one score. */
export function rankedCounts(rows: BinaryRows): RankedCounts {
  const { positives, negatives } = sortByClass(rows);
  return { ...merged(positives, negatives), positiveCount: positives.length, negativeCount: negatives.length };
}

function merged(upper: Float64Array, lower: Float64Array): Pick<RankedCounts, "scores" | "positives" | "negatives"> {
  const scores = new Float64Array(upper.length + lower.length);
  const positives = new Uint32Array(scores.length);
  const negatives = new Uint32Array(scores.length);
  let distinct = 0;
  let n = 0;
  // One round for each positive score and, at the end, one for the negatives above all of them.
  for (let p = 0; p < upper.length || n < lower.length; ) {
    const next = p < upper.length ? upper[p]! : Number.POSITIVE_INFINITY;
    while (n < lower.length && (lower[n]! < next || p === upper.length)) {
      const score = lower[n]!;
      const first = n++;
      while (n < lower.length && lower[n] === score) n += 1;
      scores[distinct] = score + 0;
      negatives[distinct++] = n - first;
    }
    if (p === upper.length) break;
    const firstPositive = p++;
    const firstNegative = n;
    while (p < upper.length && upper[p] === next) p += 1;
    while (n < lower.length && lower[n] === next) n += 1;
    scores[distinct] = next + 0;
    positives[distinct] = p - firstPositive;
    negatives[distinct++] = n - firstNegative;
  }
  return {
    scores: scores.subarray(0, distinct),
    positives: positives.subarray(0, distinct),
    negatives: negatives.subarray(0, distinct),
  };
}

/**
 * Share of pairs of both classes in the right order, a tie counting half; both classes have rows. The same as {@link areaUnderCurve} to
 * the last bit, in half of the time.
 */
export function areaOfSorted({ positives, negatives }: SortedClasses): number {
  let wins = 0;
  let below = 0;
  let through = 0;
  for (let i = 0; i < positives.length; i++) {
    const score = positives[i]!;
    while (below < negatives.length && negatives[below]! < score) below += 1;
    if (through < below) through = below;
    while (through < negatives.length && negatives[through] === score) through += 1;
    wins += (below + through) / 2;
  }
  return wins / positives.length / negatives.length;
}

/** Share of pairs of both classes in the right order, a tie counting half; both classes have rows. */
export function areaUnderCurve({ positives, negatives, positiveCount, negativeCount }: RankedCounts): number {
  let wins = 0;
  let below = 0;
  for (let i = 0; i < positives.length; i++) {
    wins += positives[i]! * (below + negatives[i]! / 2);
    below += negatives[i]!;
  }
  return wins / positiveCount / negativeCount;
}

/** The greatest distance between the distribution functions of the scores of both classes, each of which has rows. */
export function greatestSeparation({ positives, negatives, positiveCount, negativeCount }: RankedCounts): number {
  let above = 0;
  let below = 0;
  let gap = 0;
  for (let i = 0; i < positives.length; i++) {
    above += positives[i]!;
    below += negatives[i]!;
    gap = Math.max(gap, Math.abs(above / positiveCount - below / negativeCount));
  }
  return gap;
}

/** Precision at each threshold, weighted by the recall that it adds; there are positives. */
export function precisionOverRecall({ positives, negatives, positiveCount }: RankedCounts): number {
  let sum = 0;
  let found = 0;
  let raised = 0;
  for (let i = positives.length - 1; i >= 0; i--) {
    found += positives[i]!;
    raised += positives[i]! + negatives[i]!;
    sum += positives[i]! * (found / raised);
  }
  return sum / positiveCount;
}

/**
 * DeLong's variance of the area under the curve, which is `area`: that of the mean share of negatives below a positive, and that of
 * the mean share of positives above a negative. Each class has at least two rows.
 *
 * @source E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the Areas under Two or More Correlated Receiver Operating
 * Characteristic Curves", Biometrics 44 (1988), doi:10.2307/2531595
 */
function areaVariance(ranked: RankedCounts, area: number): number {
  const { positives, negatives, positiveCount, negativeCount } = ranked;
  let below = 0;
  let above = positiveCount;
  let ofPositives = 0;
  let ofNegatives = 0;
  for (let i = 0; i < positives.length; i++) {
    above -= positives[i]!;
    const wonByPositive = (below + negatives[i]! / 2) / negativeCount - area;
    const wonByNegative = (above + positives[i]! / 2) / positiveCount - area;
    ofPositives += positives[i]! * wonByPositive * wonByPositive;
    ofNegatives += negatives[i]! * wonByNegative * wonByNegative;
    below += negatives[i]!;
  }
  return ofPositives / (positiveCount - 1) / positiveCount + ofNegatives / (negativeCount - 1) / negativeCount;
}

/**
 * Interval of the area, which is `area`, from DeLong's variance on the scale of the logit, so that it stays within (0, 1); null when a
 * class has one row. Where all rows are in order, or none is, the variance is 0 and the far limit is Wilson's, as if each row of the
 * smaller class had been one trial.
 *
 * @source M. S. Pepe, "The Statistical Evaluation of Medical Tests for Classification and Prediction" (2003), section 5.2; Z. W.
 * Birnbaum, O. M. Klose, "Bounds for the Variance of the Mann–Whitney Statistic", Ann. Math. Statist. 28 (1957), for the trials
 */
export function areaInterval(ranked: RankedCounts, area: number, z: number): readonly [low: number, high: number] | null {
  const { positiveCount, negativeCount } = ranked;
  const fewest = Math.min(positiveCount, negativeCount);
  if (fewest < 2) return null;
  if (area === 0 || area === 1) return scoreInterval(area * fewest, fewest, z);
  const margin = (z * Math.sqrt(areaVariance(ranked, area))) / (area * (1 - area));
  const odds = area / (1 - area);
  return [1 / (1 + Math.exp(margin) / odds), 1 / (1 + Math.exp(-margin) / odds)];
}
