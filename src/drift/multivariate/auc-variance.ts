import { sorted } from "../../stats/sort.ts";

/** An area under the receiver operating characteristic with what is known of its error. */
export interface AucVariance {
  /** The area, in [0, 1]. */
  readonly auc: number;
  /** Variance of the area as an estimate, at least 0. */
  readonly variance: number;
  /** Variance of the area around ½ when the order of the scores is by chance, given which scores are tied; 0 when all are. */
  readonly nullVariance: number;
}

/**
 * The area for two samples of scores, DeLong's variance of it, and its variance when both samples are of one distribution (that of
 * the Mann–Whitney statistic). Where the samples lie apart, DeLong's variance would be 0; then it is Hanley and McNeil's for an area
 * half a row away from there. O(n log n).
 *
 * @param positives - finite, at least one
 * @param negatives - finite, at least one
 * @source E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the Areas under Two or More Correlated Receiver Operating
 * Characteristic Curves", Biometrics 44 (1988); J. A. Hanley, B. J. McNeil, "The Meaning and Use of the Area under a ROC Curve",
 * Radiology 143 (1982)
 */
export function aucVariance(positives: ArrayLike<number>, negatives: ArrayLike<number>): AucVariance {
  const a = sorted(positives);
  const b = sorted(negatives);
  const { mean: auc, variance: ofPositives } = placements(a, b);
  const { variance: ofNegatives } = placements(b, a);
  const [n, m] = [a.length, b.length];
  const variance = ofPositives / n + ofNegatives / m;
  return {
    auc,
    variance: variance > 0 ? variance : hanleyMcNeil(auc, n, m),
    nullVariance: ((n + m + 1) / (12 * n * m)) * (1 - tieCorrection(a, b)),
  };
}

/** Mean and variance over `values` of the share of `others` that a value surpasses, a tie counting half. */
function placements(values: Float64Array, others: Float64Array): { readonly mean: number; readonly variance: number } {
  let mean = 0;
  let squares = 0;
  let below = 0;
  let through = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    while (below < others.length && others[below]! < value) below += 1;
    if (through < below) through = below;
    while (through < others.length && others[through] === value) through += 1;
    const share = (below + through) / (2 * others.length);
    const gap = share - mean;
    mean += gap / (i + 1);
    squares += gap * (share - mean);
  }
  return { mean, variance: values.length > 1 ? squares / (values.length - 1) : 0 };
}

function hanleyMcNeil(auc: number, n: number, m: number): number {
  const rows = Math.min(n, m);
  const inner = (auc * rows + 0.5) / (rows + 1);
  const a = inner / (2 - inner);
  const b = (2 * inner ** 2) / (1 + inner);
  return (inner * (1 - inner) + (n - 1) * (a - inner ** 2) + (m - 1) * (b - inner ** 2)) / (n * m);
}

/** Σ (t³ − t) / (N³ − N) over groups of t equal values among all N. */
function tieCorrection(a: Float64Array, b: Float64Array): number {
  const total = a.length + b.length;
  let sum = 0;
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const value = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    const start = i + j;
    while (i < a.length && a[i] === value) i += 1;
    while (j < b.length && b[j] === value) j += 1;
    const tied = i + j - start;
    sum += tied ** 3 - tied;
  }
  return sum / (total ** 3 - total);
}
