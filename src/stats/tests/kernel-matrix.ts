import { orderStatistics } from "../order-statistics.ts";
import { safeFactor } from "./sample-moments.ts";

/** Gaussian kernel of all pairs of rows. */
export interface KernelMatrix {
  /** Row by row, symmetric; 0 for a row with itself, which no unbiased estimate counts. */
  readonly values: Float64Array;
  /** Sum of each row. */
  readonly sums: Float64Array;
  /** Sum over all pairs, each once. */
  readonly total: number;
  /** σ. */
  readonly bandwidth: number;
}

/**
 * The kernel exp(−|x − y|² / 2σ²) of all pairs of rows; σ is the median distance unless it is given. Where more than half of all pairs
 * are equal, it is the median distance of the others, and 1 where all are equal.
 *
 * @param rows - finite numbers, `width` in each
 */
export function kernelMatrix(rows: readonly ArrayLike<number>[], width: number, given?: number): KernelMatrix {
  const count = rows.length;
  const values = new Float64Array(count * count);
  const points = new Float64Array(count * width);
  rows.forEach((row, i) => {
    points.set(row, i * width);
  });
  const factor = safeFactor(points);
  if (factor !== 1) for (let i = 0; i < points.length; i++) points[i]! *= factor;
  for (let i = 1; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let square = 0;
      for (let k = 0; k < width; k++) square += (points[i * width + k]! - points[j * width + k]!) ** 2;
      values[i * count + j] = square;
    }
  }
  const bandwidth = given === undefined ? medianDistance(values, count) : given * factor;
  const sums = new Float64Array(count);
  const scale = 1 / bandwidth / bandwidth / 2;
  let total = 0;
  for (let i = 1; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const square = values[i * count + j]!;
      const value = square === 0 ? 1 : Math.exp(-square * scale);
      values[i * count + j] = value;
      values[j * count + i] = value;
      sums[i]! += value;
      sums[j]! += value;
      total += value;
    }
  }
  return { values, sums, total, bandwidth: given ?? bandwidth / factor };
}

/** Of squares below the diagonal. */
function medianDistance(values: Float64Array, count: number): number {
  const squares = new Float64Array((count * (count - 1)) / 2);
  let length = 0;
  for (let i = 1; i < count; i++) for (let j = 0; j < i; j++) squares[length++] = values[i * count + j]!;
  const median = middle(squares);
  if (median > 0) return median;
  const apart = squares.filter((square) => square > 0);
  return apart.length > 0 ? middle(apart) : 1;
}

/** The root of the middle one, or the mean of the roots of both. */
function middle(squares: Float64Array): number {
  const half = (squares.length - 1) / 2;
  const [low, high] = orderStatistics(squares, [Math.floor(half), Math.ceil(half)]);
  return (Math.sqrt(low!) + Math.sqrt(high!)) / 2;
}
