/**
 * Factors a symmetric positive definite matrix as L · Lᵀ, in place: the lower triangle becomes L. The upper one is neither read nor
 * written. O(n³ / 6).
 *
 * @param matrix - n × n, row by row
 * @returns whether the matrix is positive definite; when not, its lower triangle is spoilt
 * @source G. H. Golub, C. F. Van Loan, "Matrix Computations", 4th ed. (2013), section 4.2.5
 */
export function factorCholesky(matrix: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = matrix[row + j]!;
      for (let k = 0; k < j; k++) sum -= matrix[row + k]! * matrix[other + k]!;
      if (j < i) matrix[row + j] = sum / matrix[other + j]!;
      else if (sum > 0) matrix[row + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Replaces `right` by the solution x of L · Lᵀ · x = `right`, for a factor of {@link factorCholesky}. O(n²). */
export function solveCholesky(factor: Float64Array, n: number, right: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= factor[i * n + k]! * right[k]!;
    right[i] = sum / factor[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = right[i]! / factor[i * n + i]!;
    right[i] = value;
    for (let k = 0; k < i; k++) right[k]! -= factor[i * n + k]! * value;
  }
}
