import { sortOrder } from "../../stats/sort.ts";

/** A metric as expected over labels that are drawn from probabilities. */
export interface ExpectedMetric {
  readonly value: number;
  /** Derivative of the value by the probability of each row. */
  readonly gradient: Float64Array;
}

/** Metrics of a window; null where one is not defined. */
export interface ExpectedMetrics {
  readonly accuracy: ExpectedMetric;
  /** Null when no row is predicted positive. */
  readonly precision: ExpectedMetric | null;
  readonly recall: ExpectedMetric;
  readonly f1: ExpectedMetric;
  readonly rocAuc: ExpectedMetric;
}

/** Rows of each pair of label and prediction, as expected. */
export interface ExpectedConfusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/**
 * @param probabilities - of a positive label, in (0, 1); at least two
 * @param predictions - 0 or 1, as many
 */
export function expectedConfusion(probabilities: Float64Array, predictions: Uint8Array): ExpectedConfusion {
  let truePositives = 0;
  let positives = 0;
  let predicted = 0;
  for (let i = 0; i < probabilities.length; i++) {
    positives += probabilities[i]!;
    truePositives += predictions[i]! * probabilities[i]!;
    predicted += predictions[i]!;
  }
  return {
    truePositives,
    falsePositives: predicted - truePositives,
    falseNegatives: positives - truePositives,
    trueNegatives: probabilities.length - predicted - positives + truePositives,
  };
}

/**
 * The metrics as ratios of expected counts. They differ from expected ratios by terms of the order of 1 / rows.
 *
 * @param probabilities - of a positive label, in (0, 1); at least two
 * @param predictions - 0 or 1, as many
 * @param scores - finite, as many
 */
export function expectedMetrics(probabilities: Float64Array, predictions: Uint8Array, scores: Float64Array): ExpectedMetrics {
  const n = probabilities.length;
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = expectedConfusion(probabilities, predictions);
  const positives = truePositives + falseNegatives;
  const predicted = truePositives + falsePositives;
  const gradientOf = (derivative: (prediction: number) => number) => {
    const [negative, positive] = [derivative(0), derivative(1)];
    return Float64Array.from(predictions, (prediction) => (prediction === 1 ? positive : negative));
  };
  const recall = truePositives / positives;
  const f1 = (2 * truePositives) / (predicted + positives);
  return {
    accuracy: { value: (truePositives + trueNegatives) / n, gradient: gradientOf((one) => (one === 1 ? 1 : -1) / n) },
    precision: predicted === 0 ? null : { value: truePositives / predicted, gradient: gradientOf((one) => one / predicted) },
    recall: { value: recall, gradient: gradientOf((one) => (one - recall) / positives) },
    f1: { value: f1, gradient: gradientOf((one) => (2 * one - f1) / (predicted + positives)) },
    rocAuc: expectedRocAuc(probabilities, scores),
  };
}

/**
 * Expected pairs of a positive that scores above a negative, ties counting half, over expected pairs of a positive and a negative. A
 * row makes no pair with itself. O(n log n).
 */
function expectedRocAuc(probabilities: Float64Array, scores: Float64Array): ExpectedMetric {
  const n = scores.length;
  const order = sortOrder(scores);
  let positives = 0;
  for (let i = 0; i < n; i++) positives += probabilities[i]!;
  let pairs = 0;
  for (let i = 0; i < n; i++) pairs += probabilities[i]! * (n - positives - (1 - probabilities[i]!));
  let wins = 0;
  let below = 0;
  let positivesBelow = 0;
  const won = new Float64Array(n);
  for (let start = 0; start < n; ) {
    let end = start;
    let tied = 0;
    for (; end < n && scores[order[end]!] === scores[order[start]!]; end++) tied += probabilities[order[end]!]!;
    const negativesBelow = below - positivesBelow;
    for (let k = start; k < end; k++) {
      const p = probabilities[order[k]!]!;
      const asPositive = negativesBelow + (end - start - tied - (1 - p)) / 2;
      const asNegative = positives - positivesBelow - tied + (tied - p) / 2;
      wins += p * asPositive;
      won[order[k]!] = asPositive - asNegative;
    }
    below += end - start;
    positivesBelow += tied;
    start = end;
  }
  const value = wins / pairs;
  // The pairs of a row grow by those it makes as a positive, and fall by those it makes as a negative.
  const gradient = won.map((gain, i) => {
    const p = probabilities[i]!;
    return (gain - value * (n - positives - (1 - p) - (positives - p))) / pairs;
  });
  return { value: Math.min(1, Math.max(0, value)), gradient };
}
