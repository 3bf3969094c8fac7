/** Numbers in rows, one row after another. */
export interface Matrix {
  /** `rows * columns` numbers; row i starts at `i * columns`. */
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** A copy of some rows, in the order of `indices`. */
export function takeRows({ data, columns }: Matrix, indices: ArrayLike<number>): Matrix {
  const taken = new Float64Array(indices.length * columns);
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i]! * columns;
    taken.set(data.subarray(start, start + columns), i * columns);
  }
  return { data: taken, rows: indices.length, columns };
}

/** Mean of each column; 0 without rows. */
export function columnMeans({ data, rows, columns }: Matrix): Float64Array {
  const means = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++) means[j]! += data[at++]!;
  for (let j = 0; j < columns; j++) means[j]! /= Math.max(1, rows);
  return means;
}

/** Standard deviation of each column, divided by the number of rows; 0 without rows. */
export function columnDeviations(matrix: Matrix): Float64Array {
  const { data, rows, columns } = matrix;
  const means = columnMeans(matrix);
  const sums = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < columns; j++) sums[j]! += (data[at++]! - means[j]!) ** 2;
  return sums.map((sum) => Math.sqrt(sum / Math.max(1, rows)));
}
