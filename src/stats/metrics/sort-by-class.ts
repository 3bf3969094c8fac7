import { sorted } from "../sort.ts";
import type { BinaryRows } from "./checked-rows.ts";

/** The values of each class, ascending. */
export interface SortedClasses {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** Sorts the values of both classes apart, so that no label has to be moved along. O(n), by radix. */
export function sortByClass({ labels, values, positives }: BinaryRows): SortedClasses {
  const apart = new Float64Array(labels.length);
  const boundary = labels.length - positives;
  // Looked up and not branched on: which class comes next cannot be foreseen.
  const next = Uint32Array.of(0, boundary);
  for (let i = 0; i < labels.length; i++) apart[next[labels[i]!]!++] = values[i]!;
  return { positives: sorted(apart.subarray(boundary)), negatives: sorted(apart.subarray(0, boundary)) };
}
