import { chiSquaredSf } from "../distributions/chi-squared.ts";

/** A quadratic form Σ w(s) · X(s)² of a Gaussian process X with covariance a(s) · b(t) for s < t, in O(1) memory. */
export class QuadraticForm {
  /** Sum of the weights of the equivalent sum of weighted χ² variates, of their squares and of their cubes. */
  mean = 0;
  #squares = 0;
  #cubes = 0;
  // Over the points so far: w·a², pairs of w·a² and a later w·a·b, and w²·v·a² (twice the same point first).
  #first = 0;
  #pairs = 0;
  #doubles = 0;

  /**
   * Adds the next point.
   *
   * @param w - its weight
   * @param a - the rising factor of the covariance
   * @param b - the falling factor of the covariance
   * @param v - the variance, a · b unless the process jumps
   */
  add(w: number, a: number, b: number, v: number): void {
    const rising = w * a * a;
    const middle = w * a * b;
    const falling = w * b * b;
    const own = w * v;
    this.mean += own;
    this.#squares += 2 * this.#first * falling + own * own;
    this.#cubes += falling * (6 * this.#pairs + 3 * this.#doubles + 3 * this.#first * own) + own ** 3;
    this.#pairs += this.#first * middle;
    this.#doubles += rising * own;
    this.#first += rising;
  }

  /**
   * Probability that the form exceeds `x`: that of a χ² variate, moved and stretched so that its mean, variance and skewness are
   * those of the form. Exact where the form is one squared variate.
   *
   * @source E. S. Pearson, "Note on an Approximation to the Distribution of Non-Central χ²", Biometrika 46 (1959)
   */
  sf(x: number): number {
    const df = this.#squares ** 3 / this.#cubes ** 2;
    const value = df + ((x - this.mean) * this.#squares) / this.#cubes;
    return value <= 0 ? 1 : chiSquaredSf(value, df);
  }
}
