/** What is known of the time of a run: `fixedMs + perRowMs · rows`. */
export interface RunCost {
  /** Time of a run however few its rows, ms. */
  readonly fixedMs: number;
  /** Time that each row adds, ms. */
  readonly perRowMs: number;
  /** Runs learned from. */
  readonly samples: number;
}

/** What a repeated measurement counts less with each further one: the last 50 make up most of it. */
const FORGETTING = 0.98;

/** Factor by which the running median of the residuals' sizes follows each of them, up or down. */
const STEP = 1.1;

/** Residuals beyond this many times their usual size are cut off there. */
const OUTLIER = 3;

/** Residuals are never taken to be usually smaller than this share, so that exact times do not make the next one an outlier. */
const MIN_SCALE = 0.01;

/**
 * Learns t = a + b·n from the sizes n and times t of runs: recursive least squares, O(1) in time and memory for each run.
 *
 * Both sides are divided by the predicted time, so that a deviation counts by its share and the short runs, which tell a, are heard
 * beside the long ones. Forgetting is directional: only what a measurement tells anew makes room, so that a long spell of runs of one
 * size does not wipe out the slope. Residuals are bounded by a multiple of their running median (Huber), so that a pause of the garbage
 * collector moves the line little, and a machine that has become slower moves it within some fifty runs.
 *
 * @source R. Kulhavý, "Restricted exponential forgetting in real-time identification", Automatica 23 (1987)
 * @source P. J. Huber, "Robust Estimation of a Location Parameter", Ann. Math. Statist. 35 (1964), doi:10.1214/aoms/1177703732
 */
export class RunTimeFit {
  #a = 0;
  #b = 0;
  // Covariance of (a, b) in units of the residuals' variance.
  #paa = 0;
  #pab = 0;
  #pbb = 0;
  #scale = 1;
  #samples = 0;
  /** Running mean of the sizes: where the line is known best. */
  #usual = 0;
  #fixedMs = 0;
  #perRowMs = 0;

  /** Runs learned from. */
  get samples(): number {
    return this.#samples;
  }

  /** a, ms. */
  get fixedMs(): number {
    return this.#fixedMs;
  }

  /** b, ms. 0 until runs of two sizes were seen. */
  get perRowMs(): number {
    return this.#perRowMs;
  }

  /** Expected time of a run of size n, ms. */
  predict(n: number): number {
    return this.#fixedMs + this.#perRowMs * n;
  }

  /** Learns from a run of size n that took t ms. Sizes and times that are not finite and above 0 are ignored. */
  observe(n: number, t: number): void {
    if (!(n > 0 && t > 0 && n < Number.POSITIVE_INFINITY && t < Number.POSITIVE_INFINITY)) return;
    this.#samples += 1;
    if (this.#samples === 1) this.#begin(n, t);
    else this.#update(n, t);
    this.#usual += (n - this.#usual) / Math.min(16, this.#samples);
    // A line with a negative part foretells nonsense away from the data; the one without it agrees with it where the data are.
    const there = Math.max(0, this.#a + this.#b * this.#usual);
    this.#fixedMs = this.#b < 0 ? there : Math.max(0, this.#a);
    this.#perRowMs = this.#a < 0 ? there / this.#usual : Math.max(0, this.#b);
  }

  #begin(n: number, t: number): void {
    this.#a = t;
    // Weak priors. That of a is the weaker one: while all runs have one size, a takes up what changes.
    this.#paa = 10_000 * t * t;
    this.#pbb = (100 * t * t) / (n * n);
  }

  #update(n: number, t: number): void {
    const size = Math.max(this.#a + this.#b * n, t / 10);
    const x = 1 / size;
    const y = n / size;
    const residual = (t - this.#a - this.#b * n) / size;
    const bound = OUTLIER * this.#scale;
    const error = Math.min(bound, Math.max(-bound, residual));
    const spread = Math.abs(residual) > this.#scale ? this.#scale * STEP : this.#scale / STEP;
    this.#scale = Math.max(MIN_SCALE, spread);
    const pa = this.#paa * x + this.#pab * y;
    const pb = this.#pab * x + this.#pbb * y;
    const gain = x * pa + y * pb;
    if (!(gain > 0)) return;
    this.#a += (pa / (1 + gain)) * error;
    this.#b += (pb / (1 + gain)) * error;
    const shrink = (FORGETTING - (1 - FORGETTING) / gain) / (FORGETTING * (1 + gain));
    this.#paa -= pa * pa * shrink;
    this.#pab -= pa * pb * shrink;
    this.#pbb -= pb * pb * shrink;
  }
}
