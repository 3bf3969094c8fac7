/** What {@link symmetricEigen} finds. */
export interface SymmetricEigen {
  /** Eigenvalues, the greatest first. */
  readonly values: Float64Array;
  /** Unit eigenvectors, one a row in the order of `values`; n × n. The sign of each is arbitrary. */
  readonly vectors: Float64Array;
}

/** QR steps for each eigenvalue, on average; two or three are usual. */
const MAX_STEPS = 60;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder reflections to a tridiagonal one, then QR steps with Wilkinson's
 * shift. Errors of eigenvalues are a few units in the last place of the greatest. O(n³).
 *
 * @param matrix - n × n, symmetric, finite; not changed
 * @source G. H. Golub, C. F. Van Loan, "Matrix Computations", 4th ed. (2013), algorithms 8.3.1 to 8.3.3
 */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const { diagonal, beside, basis } = tridiagonal(matrix.slice(), n);
  diagonalise(diagonal, beside, basis, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(basis.subarray(from * n, (from + 1) * n), to * n);
  });
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Element i stands between diagonal elements i and i + 1. */
  readonly beside: Float64Array;
  /** Rows are the orthonormal basis in which the matrix is tridiagonal. */
  readonly basis: Float64Array;
}

/** Spoils `a`. */
function tridiagonal(a: Float64Array, n: number): Tridiagonal {
  // Row k holds the unit vector whose reflection clears column k below the second diagonal; zeros where nothing is to be cleared.
  const reflectors = new Float64Array(n * n);
  const product = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    const v = reflectors.subarray(k * n, (k + 1) * n);
    if (!reflector(a, n, k, v)) continue;
    // With w = A v − (vᵀ A v) v, the reflected matrix is A − 2 v wᵀ − 2 w vᵀ.
    let along = 0;
    for (let i = k; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * v[j]!;
      product[i] = sum;
      along += sum * v[i]!;
    }
    for (let i = k; i < n; i++) product[i]! -= along * v[i]!;
    for (let i = k; i < n; i++) {
      const vi = 2 * v[i]!;
      const wi = 2 * product[i]!;
      for (let j = k; j < n; j++) a[i * n + j]! -= vi * product[j]! + wi * v[j]!;
    }
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  const beside = Float64Array.from({ length: Math.max(0, n - 1) }, (_, i) => a[(i + 1) * n + i]!);
  return { diagonal, beside, basis: basisOf(reflectors, n) };
}

/** Writes the unit vector whose reflection maps column k below the diagonal to a multiple of its first element; false when it is one. */
function reflector(a: Float64Array, n: number, k: number, v: Float64Array): boolean {
  let scale = 0;
  for (let i = k + 2; i < n; i++) scale = Math.max(scale, Math.abs(a[i * n + k]!));
  if (scale === 0) return false;
  scale = Math.max(scale, Math.abs(a[(k + 1) * n + k]!));
  let squares = 0;
  for (let i = k + 1; i < n; i++) {
    v[i] = a[i * n + k]! / scale;
    squares += v[i]! ** 2;
  }
  v[k + 1]! += v[k + 1]! < 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
  let length = 0;
  for (let i = k + 1; i < n; i++) length += v[i]! ** 2;
  length = Math.sqrt(length);
  for (let i = k + 1; i < n; i++) v[i]! /= length;
  return true;
}

/** The product of the reflections, transposed: the last one applies first. */
function basisOf(reflectors: Float64Array, n: number): Float64Array {
  const basis = new Float64Array(n * n);
  for (let i = 0; i < n; i++) basis[i * n + i] = 1;
  for (let k = n - 3; k >= 0; k--) {
    const v = reflectors.subarray(k * n, (k + 1) * n);
    // Each row r of the transposed product becomes r − 2 (r · v) v.
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += basis[i * n + j]! * v[j]!;
      sum *= 2;
      for (let j = k + 1; j < n; j++) basis[i * n + j]! -= sum * v[j]!;
    }
  }
  return basis;
}

/** Turns the tridiagonal matrix into a diagonal one by rotations, which it applies to the rows of the basis, too. */
function diagonalise(diagonal: Float64Array, beside: Float64Array, basis: Float64Array, n: number): void {
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(diagonal[i]!) + Math.abs(beside[i] ?? 0));
  const negligible = Number.EPSILON * norm;
  let last = n - 1;
  for (let steps = 0; last > 0 && steps < MAX_STEPS * n; steps++) {
    while (last > 0 && Math.abs(beside[last - 1]!) <= negligible) last -= 1;
    let first = last;
    while (first > 0 && Math.abs(beside[first - 1]!) > negligible) first -= 1;
    if (first < last) qrStep(diagonal, beside, basis, n, first, last);
  }
}

/** One implicit QR step on the rows from `first` to `last`. */
function qrStep(d: Float64Array, e: Float64Array, basis: Float64Array, n: number, first: number, last: number): void {
  const half = (d[last - 1]! - d[last]!) / 2;
  const off = e[last - 1]!;
  const shift = d[last]! - (off / (half + (half < 0 ? -Math.hypot(half, off) : Math.hypot(half, off)))) * off;
  let x = d[first]! - shift;
  let bulge = e[first]!;
  for (let k = first; k < last; k++) {
    const radius = Math.hypot(x, bulge);
    const c = radius === 0 ? 1 : x / radius;
    const s = radius === 0 ? 0 : bulge / radius;
    if (k > first) e[k - 1] = radius;
    const [a, b, q] = [d[k]!, e[k]!, d[k + 1]!];
    d[k] = c * c * a + 2 * c * s * b + s * s * q;
    d[k + 1] = s * s * a - 2 * c * s * b + c * c * q;
    e[k] = (c * c - s * s) * b + c * s * (q - a);
    if (k + 1 < last) {
      x = e[k]!;
      bulge = s * e[k + 1]!;
      e[k + 1]! *= c;
    }
    for (let j = 0, top = k * n, low = top + n; j < n; j++, top++, low++) {
      const value = basis[top]!;
      basis[top] = c * value + s * basis[low]!;
      basis[low] = c * basis[low]! - s * value;
    }
  }
}
