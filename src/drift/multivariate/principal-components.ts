import { columnMeans, type Matrix } from "./matrix.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** Directions in which rows vary. */
export interface PrincipalComponents {
  readonly means: Float64Array;
  /** Variance along each component, divided by rows − 1, the greatest first; at least 0. */
  readonly variances: Float64Array;
  /** Unit vectors, one a row in the order of `variances`; the sign of each is arbitrary. */
  readonly components: Float64Array;
}

/**
 * Principal components of the rows, as many as there are columns. O(rows · columns² + columns³).
 *
 * @param x - finite, at least two rows
 * @source I. T. Jolliffe, "Principal Component Analysis", 2nd ed. (2002)
 */
export function principalComponents(x: Matrix): PrincipalComponents {
  const { data, rows, columns } = x;
  const means = columnMeans(x);
  const covariance = new Float64Array(columns * columns);
  const row = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) row[j] = data[at++]! - means[j]!;
    for (let j = 0; j < columns; j++) {
      const value = row[j]!;
      if (value === 0) continue;
      for (let k = 0, to = j * columns; k <= j; k++, to++) covariance[to]! += value * row[k]!;
    }
  }
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k <= j; k++) {
      const value = covariance[j * columns + k]! / (rows - 1);
      covariance[j * columns + k] = value;
      covariance[k * columns + j] = value;
    }
  }
  const { values, vectors } = symmetricEigen(covariance, columns);
  return { means, variances: values.map((value) => Math.max(0, value)), components: vectors };
}

/**
 * How many components hold at least a share of the variance; 0 when there is none.
 *
 * @param share - in (0, 1]
 */
export function componentsFor({ variances }: PrincipalComponents, share: number): number {
  const total = variances.reduce((sum, variance) => sum + variance, 0);
  let held = 0;
  let count = 0;
  // Without the allowance, rounding of the sums could ask for components without variance.
  while (count < variances.length && held < total * share * (1 - 1e-12)) held += variances[count++]!;
  return count;
}

/**
 * Distance of each row from its projection on the first `kept` components: the length of its part along the others, which unlike the
 * difference of squared lengths loses no digits.
 */
export function reconstructionErrors({ means, components }: PrincipalComponents, kept: number, x: Matrix): Float64Array {
  const { data, rows, columns } = x;
  const errors = new Float64Array(rows);
  const row = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) row[j] = data[at++]! - means[j]!;
    let squares = 0;
    for (let k = kept * columns; k < components.length; ) {
      let along = 0;
      for (let j = 0; j < columns; j++) along += components[k++]! * row[j]!;
      squares += along * along;
    }
    errors[i] = Math.sqrt(squares);
  }
  return errors;
}
