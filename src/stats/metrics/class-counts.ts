import { assertRows, byteRows, type ClassLabel, type ClassRows, classRows } from "./class-labels.ts";

/** How often each class was the truth, was predicted, and both. The arrays are in the order of `classes`. */
export interface ClassCounts {
  readonly classes: readonly ClassLabel[];
  /** Rows. */
  readonly total: number;
  /** Rows whose label it is. */
  readonly labelled: Float64Array;
  /** Rows for which it was predicted. */
  readonly predicted: Float64Array;
  /** Rows for which it was predicted rightly. */
  readonly hits: Float64Array;
}

/**
 * One pass over the rows, or two; memory grows with the number of classes, not with its square.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for no rows, unequal lengths, or a label that is neither text nor finite
 */
export function countClasses(subject: string, labels: ArrayLike<ClassLabel>, predictions: ArrayLike<ClassLabel>): ClassCounts {
  assertRows(subject, labels, predictions);
  const bytes = byteRows(labels, predictions);
  const binary = bytes && countBinary(bytes.labels, bytes.predictions);
  return binary ?? countRows(classRows(subject, bytes?.labels ?? labels, bytes?.predictions ?? predictions));
}

/** Nothing when there is another class than 0 and 1. Sums in registers take half of the time of counts in memory. */
function countBinary(labels: Uint8Array, predictions: Uint8Array): ClassCounts | undefined {
  let bits = 0;
  let positives = 0;
  let called = 0;
  let found = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const prediction = predictions[i]!;
    bits |= label | prediction;
    positives += label;
    called += prediction;
    found += label & prediction;
  }
  if (bits > 1) return undefined;
  const total = labels.length;
  const negatives = { labelled: total - positives, predicted: total - called, hits: total - positives - called + found };
  const counts = [negatives, { labelled: positives, predicted: called, hits: found }];
  const classes = [0, 1].filter((label) => counts[label]!.labelled + counts[label]!.predicted > 0);
  const arrange = (name: "labelled" | "predicted" | "hits") => Float64Array.from(classes, (label) => counts[label]![name]);
  return { classes, total, labelled: arrange("labelled"), predicted: arrange("predicted"), hits: arrange("hits") };
}

function countRows({ classes, labels, predictions, rank }: ClassRows): ClassCounts {
  const tally = tallyOf(labels, predictions, rank.length);
  const arrange = (counts: Uint32Array) => {
    const arranged = new Float64Array(classes.length);
    // A code that is no class has no rows, and its rank of 0 adds nothing to the first one.
    counts.forEach((count, code) => {
      arranged[rank[code]!]! += count;
    });
    return arranged;
  };
  return {
    classes,
    total: labels.length,
    labelled: arrange(tally.labelled),
    predicted: arrange(tally.predicted),
    hits: arrange(tally.hits),
  };
}

/** Share of the rows that are right, in [0, 1]. */
export function accuracyOf({ hits, total }: ClassCounts): number {
  return sum(hits) / total;
}

/** Mean recall of the classes that are the truth of a row. */
export function balancedAccuracyOf({ hits, labelled }: ClassCounts): number {
  let recalls = 0;
  let present = 0;
  for (let i = 0; i < labelled.length; i++) {
    if (labelled[i] === 0) continue;
    recalls += hits[i]! / labelled[i]!;
    present += 1;
  }
  return recalls / present;
}

/** Matthews' correlation for any number of classes; undefined where the labels or the predictions are all of one class. */
export function correlationOf({ hits, labelled, predicted, total }: ClassCounts): number | undefined {
  // Products of counts, not of shares: exact up to 9e7 rows, however rare a class is.
  let agreement = sum(hits) * total;
  let ofLabels = total * total;
  let ofPredictions = ofLabels;
  for (let i = 0; i < labelled.length; i++) {
    const truth = labelled[i]!;
    const guess = predicted[i]!;
    if (truth === total || guess === total) return undefined;
    agreement -= truth * guess;
    ofLabels -= truth * truth;
    ofPredictions -= guess * guess;
  }
  return Math.min(1, Math.max(-1, agreement / Math.sqrt(ofLabels * ofPredictions)));
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

function tallyOf(labels: Uint8Array | Uint32Array, predictions: Uint8Array | Uint32Array, codes: number) {
  const labelled = new Uint32Array(codes);
  const predicted = new Uint32Array(codes);
  const hits = new Uint32Array(codes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const prediction = predictions[i]!;
    labelled[label]! += 1;
    predicted[prediction]! += 1;
    if (label === prediction) hits[label]! += 1;
  }
  return { labelled, predicted, hits };
}
