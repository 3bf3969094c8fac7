import type { Matrix } from "../multivariate/matrix.ts";
import { type BinnedMatrix, MAX_BINS } from "./binned-matrix.ts";

/** Depth of each tree. Node i has the children 2 i + 1 and 2 i + 2. */
const DEPTH = 3;
/** Nodes of a tree that may split, and leaves below them. */
export const SPLITS = 2 ** DEPTH - 1;
export const LEAVES = 2 ** DEPTH;
/** Most trees of one model. */
export const MAX_TREES = 100;

const LEARNING_RATE = 0.1;
/** Rounds without a better error on the held-out rows before the search ends. */
const PATIENCE = 10;

/** A sum of regression trees of depth 3. All arrays hold the trees behind one another. */
export interface BoostedTrees {
  /** What no tree has changed. */
  readonly base: number;
  /** Column that each node asks about; −1 sends all rows left. */
  readonly columns: Int32Array;
  /** Rows above it go right. */
  readonly thresholds: Float64Array;
  readonly leaves: Float64Array;
}

/**
 * Gradient boosting for squared error: each tree fits what the former ones leave, and adds a tenth of it. Ends at 100 trees, or when
 * ten more have not improved on the held-out rows, and keeps the best number.
 *
 * @param heldOut - 1 for rows that only tell when to stop, 0 for the others
 * @param minLeaf - fewest rows of a leaf
 * @returns the model and its predictions for all rows
 * @source J. H. Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", Ann. Statist. 29 (2001)
 */
export function fitBoostedTrees(
  x: BinnedMatrix,
  y: Float64Array,
  heldOut: Uint8Array,
  minLeaf: number,
): { readonly model: BoostedTrees; readonly predictions: Float64Array } {
  const learned = Uint32Array.from(heldOut.keys()).filter((i) => heldOut[i] === 0);
  let base = 0;
  for (const i of learned) base += y[i]! / learned.length;
  const columns: number[] = [];
  const thresholds: number[] = [];
  const leaves: number[] = [];
  const current = new Float64Array(x.rows).fill(base);
  const residuals = new Float64Array(x.rows);
  let best = { error: errorOn(heldOut, y, current), trees: 0, predictions: current.slice() };
  for (let tree = 1; tree <= MAX_TREES && tree - best.trees <= PATIENCE; tree++) {
    for (let i = 0; i < x.rows; i++) residuals[i] = y[i]! - current[i]!;
    const grown = growTree(x, residuals, learned, minLeaf);
    for (let i = 0; i < x.rows; i++) current[i]! += grown.leaves[grown.leafOf[i]!]!;
    columns.push(...grown.columns);
    thresholds.push(...grown.thresholds);
    leaves.push(...grown.leaves);
    const error = errorOn(heldOut, y, current);
    if (error < best.error) best = { error, trees: tree, predictions: current.slice() };
  }
  const model = {
    base,
    columns: Int32Array.from(columns.slice(0, best.trees * SPLITS)),
    thresholds: Float64Array.from(thresholds.slice(0, best.trees * SPLITS)),
    leaves: Float64Array.from(leaves.slice(0, best.trees * LEAVES)),
  };
  return { model, predictions: best.predictions };
}

/** The model's value for each row. */
export function predictBoostedTrees({ base, columns, thresholds, leaves }: BoostedTrees, x: Matrix): Float64Array {
  const predictions = new Float64Array(x.rows).fill(base);
  const trees = leaves.length / LEAVES;
  for (let i = 0; i < x.rows; i++) {
    const row = i * x.columns;
    for (let tree = 0; tree < trees; tree++) {
      let node = 0;
      while (node < SPLITS) {
        const at = tree * SPLITS + node;
        const column = columns[at]!;
        node = 2 * node + (column >= 0 && x.data[row + column]! > thresholds[at]! ? 2 : 1);
      }
      predictions[i]! += leaves[tree * LEAVES + node - SPLITS]!;
    }
  }
  return predictions;
}

function errorOn(heldOut: Uint8Array, y: Float64Array, predictions: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) if (heldOut[i] === 1) sum += (y[i]! - predictions[i]!) ** 2;
  return sum;
}

function growTree(x: BinnedMatrix, residuals: Float64Array, learned: Uint32Array, minLeaf: number) {
  const columns = new Int32Array(SPLITS).fill(-1);
  const thresholds = new Float64Array(SPLITS);
  const nodeOf = new Uint8Array(x.rows);
  for (let level = 0; level < DEPTH; level++) {
    const first = 2 ** level - 1;
    const splits = bestSplits(x, residuals, learned, nodeOf, first, first + 1, minLeaf);
    splits.forEach(({ column, bin }, k) => {
      columns[first + k] = column;
      if (column >= 0) thresholds[first + k] = x.edges[column]![bin]!;
    });
    for (let i = 0; i < x.rows; i++) {
      const { column, bin } = splits[nodeOf[i]! - first]!;
      nodeOf[i] = 2 * nodeOf[i]! + (column >= 0 && x.bins[column * x.rows + i]! > bin ? 2 : 1);
    }
  }
  const sums = new Float64Array(LEAVES);
  const counts = new Float64Array(LEAVES);
  const leafOf = nodeOf.map((node) => node - SPLITS);
  for (const i of learned) {
    sums[leafOf[i]!]! += residuals[i]!;
    counts[leafOf[i]!]! += 1;
  }
  return { columns, thresholds, leafOf, leaves: sums.map((sum, leaf) => (LEARNING_RATE * sum) / Math.max(1, counts[leaf]!)) };
}

/** For each of the nodes of one level, which start at `first`, the split that leaves the least squared error; column −1 for none. */
function bestSplits(
  x: BinnedMatrix,
  residuals: Float64Array,
  learned: Uint32Array,
  nodeOf: Uint8Array,
  first: number,
  nodes: number,
  minLeaf: number,
): { column: number; bin: number }[] {
  const stride = MAX_BINS;
  const best = Array.from({ length: nodes }, () => ({ column: -1, bin: 0, gain: 1e-12 }));
  const sums = new Float64Array(nodes * stride);
  const counts = new Float64Array(nodes * stride);
  for (let column = 0; column < x.edges.length; column++) {
    const ends = x.edges[column]!.length;
    if (ends === 0) continue;
    sums.fill(0);
    counts.fill(0);
    const offset = column * x.rows;
    for (let k = 0; k < learned.length; k++) {
      const i = learned[k]!;
      const at = (nodeOf[i]! - first) * stride + x.bins[offset + i]!;
      sums[at]! += residuals[i]!;
      counts[at]! += 1;
    }
    for (let node = 0; node < nodes; node++) {
      let total = 0;
      let rows = 0;
      for (let at = node * stride; at <= node * stride + ends; at++) {
        total += sums[at]!;
        rows += counts[at]!;
      }
      let left = 0;
      let leftRows = 0;
      for (let bin = 0; bin < ends; bin++) {
        left += sums[node * stride + bin]!;
        leftRows += counts[node * stride + bin]!;
        if (leftRows < minLeaf || rows - leftRows < minLeaf) continue;
        const gain = left ** 2 / leftRows + (total - left) ** 2 / (rows - leftRows) - total ** 2 / rows;
        if (gain > best[node]!.gain) best[node] = { column, bin, gain };
      }
    }
  }
  return best;
}
