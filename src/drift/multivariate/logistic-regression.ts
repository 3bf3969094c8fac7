import { factorCholesky, solveCholesky } from "./cholesky.ts";
import type { Matrix } from "./matrix.ts";

/** A linear model of the log odds. */
export interface LogisticModel {
  readonly intercept: number;
  /** One for each column. */
  readonly coefficients: Float64Array;
}

/** Least variance of a label that the second derivative counts on, so that it stays positive definite where probabilities reach 0 or 1. */
const MIN_WEIGHT = 1e-10;
const MAX_STEPS = 200;
/** The factored second derivative serves again while each step shrinks the squared length of the next at least to this share. */
const REUSE_BELOW = 0.1;

/** A {@link LogisticModel} with what speeds up the fit of a similar one. */
export interface LogisticFit extends LogisticModel {
  /** Cholesky factor of the second derivative somewhere on the way; the intercept's row and column come last. */
  readonly factor: Float64Array;
  /** Rows that the second derivative belongs to. */
  readonly rows: number;
}

/**
 * Logistic regression with a squared penalty: the minimum of Σ log loss + `l2` / 2 · Σ coefficients², the intercept free.
 * That is scikit-learn's `LogisticRegression` with C = 1 / `l2`. The minimum is unique.
 *
 * Newton's method with a line search. Its second derivative costs O(rows · columns²) and a step with a former one only
 * O(rows · columns), so it is renewed only when steps shrink slowly.
 *
 * @param x - finite
 * @param labels - 0 or 1, one for each row; at least one of each
 * @param l2 - above 0
 * @param tolerance - the search ends when no coefficient moves by more, relative to 1 plus the greatest coefficient
 * @param start - a fit to similar rows of the same columns, to start from
 * @source T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2nd ed. (2009), section 4.4; for the renewals
 * V. E. Shamanskii, "A modification of Newton's method", Ukrainian Math. J. 19 (1967)
 */
export function fitLogisticRegression(
  x: Matrix,
  labels: ArrayLike<number>,
  l2: number,
  tolerance = 1e-9,
  start?: LogisticFit,
): LogisticFit {
  const n = x.columns + 1; // the intercept comes last
  const probabilities = new Float64Array(x.rows);
  const second = start?.factor.slice() ?? new Float64Array(n * n);
  let rows = start?.rows ?? x.rows;
  let beta = startAt(x, labels, start);
  let next: Float64Array = new Float64Array(n);
  let loss = lossAt(x, labels, l2, beta, probabilities);
  // Squared length of the last step, as the second derivative measures it; 0 when that has to be renewed.
  let former = start === undefined ? 0 : Number.POSITIVE_INFINITY;
  for (let step = 0; step < MAX_STEPS; step++) {
    const gradient = gradientAt(x, labels, l2, beta, probabilities);
    const direction = gradient.slice();
    let decrement = 0;
    if (former > 0) {
      solveCholesky(second, n, direction);
      for (let j = 0; j < n; j++) direction[j]! *= rows / x.rows;
      decrement = dot(gradient, direction);
    }
    const renewed = former === 0 || decrement > REUSE_BELOW * former;
    if (renewed) {
      secondDerivative(x, l2, probabilities, second);
      if (!factorCholesky(second, n)) break;
      rows = x.rows;
      direction.set(gradient);
      solveCholesky(second, n, direction);
      decrement = dot(gradient, direction);
    }
    former = decrement;
    if (greatest(direction) <= tolerance * (1 + greatest(beta))) {
      for (let j = 0; j < n; j++) beta[j]! -= direction[j]!;
      break;
    }
    let found = Number.POSITIVE_INFINITY;
    // Rounding of the loss must not refuse the last steps: hence the allowance of a few units in its last place.
    for (let length = 1; length > 1e-6; length /= 2) {
      for (let j = 0; j < n; j++) next[j] = beta[j]! - length * direction[j]!;
      found = lossAt(x, labels, l2, next, probabilities);
      if (found <= loss - 1e-4 * length * decrement + 1e-14 * loss) break;
    }
    if (found <= loss + 1e-14 * loss) {
      [beta, next] = [next, beta];
      loss = found;
    } else if (renewed) break;
    else {
      loss = lossAt(x, labels, l2, beta, probabilities);
      former = 0;
    }
  }
  return { intercept: beta[n - 1]!, coefficients: beta.slice(0, n - 1), factor: second, rows };
}

/** Where the search starts: at a former fit, or at the intercept that fits when no column matters. */
function startAt(x: Matrix, labels: ArrayLike<number>, start: LogisticModel | undefined): Float64Array {
  const beta = new Float64Array(x.columns + 1);
  if (start !== undefined) {
    beta.set(start.coefficients);
    beta[x.columns] = start.intercept;
    return beta;
  }
  let ones = 0;
  for (let i = 0; i < x.rows; i++) ones += labels[i]!;
  beta[x.columns] = Math.log((ones + 0.5) / (x.rows - ones + 0.5));
  return beta;
}

/** Log odds of one row of a matrix. */
export function logOdds({ intercept, coefficients }: LogisticModel, { data, columns }: Matrix, row: number): number {
  let sum = intercept;
  for (let j = 0, at = row * columns; j < columns; j++) sum += coefficients[j]! * data[at++]!;
  return sum;
}

/** The penalised loss; also writes the probabilities. */
function lossAt(
  { data, rows, columns }: Matrix,
  labels: ArrayLike<number>,
  l2: number,
  beta: Float64Array,
  probabilities: Float64Array,
): number {
  let loss = 0;
  for (let i = 0, at = 0; i < rows; i++) {
    let odds = beta[columns]!;
    for (let j = 0; j < columns; j++) odds += beta[j]! * data[at++]!;
    const small = Math.exp(-Math.abs(odds));
    probabilities[i] = (odds > 0 ? 1 : small) / (1 + small);
    loss += Math.log1p(small) + (odds > 0 ? (1 - labels[i]!) * odds : -labels[i]! * odds);
  }
  for (let j = 0; j < columns; j++) loss += (l2 / 2) * beta[j]! ** 2;
  return loss;
}

function gradientAt(
  { data, rows, columns }: Matrix,
  labels: ArrayLike<number>,
  l2: number,
  beta: Float64Array,
  probabilities: Float64Array,
): Float64Array {
  const gradient = beta.map((value) => l2 * value);
  gradient[columns] = 0;
  for (let i = 0, at = 0; i < rows; i++) {
    const residual = probabilities[i]! - labels[i]!;
    for (let j = 0; j < columns; j++) gradient[j]! += residual * data[at++]!;
    gradient[columns]! += residual;
  }
  return gradient;
}

/** Writes the lower triangle, four rows at a time, for it is larger than the fast cache. */
function secondDerivative({ data, rows, columns }: Matrix, l2: number, probabilities: Float64Array, second: Float64Array): void {
  const n = columns + 1;
  second.fill(0);
  const block = new Float64Array(4 * n);
  for (let start = 0; start < rows; start += 4) {
    block.fill(0);
    for (let k = 0; k < 4 && start + k < rows; k++) {
      block.set(data.subarray((start + k) * columns, (start + k + 1) * columns), k * n);
      block[k * n + columns] = 1;
    }
    const w = [0, 1, 2, 3].map((k) => (start + k < rows ? weightOf(probabilities[start + k]!) : 0));
    const [w0, w1, w2, w3] = [w[0]!, w[1]!, w[2]!, w[3]!];
    for (let i = 0; i < n; i++) {
      const a = w0 * block[i]!;
      const b = w1 * block[n + i]!;
      const c = w2 * block[2 * n + i]!;
      const d = w3 * block[3 * n + i]!;
      if (a === 0 && b === 0 && c === 0 && d === 0) continue; // columns of categories are mostly 0
      const at = i * n;
      for (let j = 0; j <= i; j++) {
        second[at + j]! += a * block[j]! + b * block[n + j]! + c * block[2 * n + j]! + d * block[3 * n + j]!;
      }
    }
  }
  for (let j = 0; j < columns; j++) second[j * n + j]! += l2;
}

function weightOf(probability: number): number {
  return Math.max(MIN_WEIGHT, probability * (1 - probability));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function greatest(values: Float64Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}
