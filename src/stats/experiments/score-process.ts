import { normalSf, normalUpperQuantile } from "../distributions/normal.ts";
import { gaussLegendre } from "./gauss-legendre.ts";

/** Greatest bound: a normal variate exceeds it with a probability below the least double. */
export const NO_BOUND = 40;

const ORDER = 16;
const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);

/**
 * A Brownian motion without drift that is watched at some looks and stopped when it leaves a region: what a z statistic times the
 * root of its information is under the hypothesis. Holds the density of not having stopped at Gauss nodes and carries it from
 * look to look. Nodes lie so close (panels of 16 no longer than two standard deviations of the steps around them) that the error
 * is that of the rounding.
 *
 * @source P. Armitage, C. K. McPherson, B. C. Rowe, "Repeated Significance Tests on Accumulating Data", J. R. Statist. Soc. A 132
 * (1969), doi:10.2307/2343787
 */
export class ScoreProcess {
  readonly #rule = gaussLegendre(ORDER);
  /** Information of the latest look; 0 before the first. */
  #information = 0;
  /** Scores at the latest look, ascending, and the probability that each stands for. */
  #scores = Float64Array.of(0);
  #masses = Float64Array.of(1);

  /** Probability of not having stopped and of a z of at least `z` at a look with more information. */
  exceeds(information: number, z: number): number {
    const score = z * Math.sqrt(information);
    const deviation = Math.sqrt(information - this.#information);
    let sum = 0;
    for (let i = 0; i < this.#scores.length; i++) {
      sum += this.#masses[i]! * normalSf((score - this.#scores[i]!) / deviation);
    }
    return sum;
  }

  /** Density, at `score`, of not having stopped and of arriving there at a look with more information. */
  density(information: number, score: number): number {
    const deviation = Math.sqrt(information - this.#information);
    let sum = 0;
    for (let i = 0; i < this.#scores.length; i++) {
      const distance = (score - this.#scores[i]!) / deviation;
      sum += this.#masses[i]! * Math.exp((-distance * distance) / 2);
    }
    return sum / (deviation * ROOT_TWO_PI);
  }

  /**
   * Goes on to a look and stops outside of (`low`, `high`).
   *
   * @param next - information of the look after it
   */
  advance(information: number, low: number, high: number, next: number): void {
    const root = Math.sqrt(information);
    const step = 2 * Math.sqrt(Math.min(information - this.#information, next - information));
    const panels = Math.max(1, Math.ceil(((high - low) * root) / step));
    const half = ((high - low) * root) / panels / 2;
    const scores = new Float64Array(panels * ORDER);
    const masses = new Float64Array(panels * ORDER);
    for (let panel = 0, k = 0; panel < panels; panel++) {
      const middle = low * root + (2 * panel + 1) * half;
      for (let i = 0; i < ORDER; i++, k++) {
        scores[k] = middle + half * this.#rule.nodes[i]!;
        masses[k] = half * this.#rule.weights[i]! * this.density(information, scores[k]!);
      }
    }
    this.#information = information;
    this.#scores = scores;
    this.#masses = masses;
  }

  /** The z that is exceeded without an earlier stop with probability `target`, {@link NO_BOUND} when that is next to nothing. */
  boundFor(information: number, target: number): number {
    if (target < 1e-300) return NO_BOUND;
    const root = Math.sqrt(information);
    let low = -NO_BOUND;
    let high = normalUpperQuantile(target);
    let z = high;
    for (let round = 0; round < 200; round++) {
      const probability = this.exceeds(information, z);
      if (probability < target) high = z;
      else low = z;
      const step = (Math.log(probability / target) * probability) / (root * this.density(information, z * root));
      if (Math.abs(step) <= 1e-13 * Math.max(1, Math.abs(z))) break;
      // The logarithm of the probability is concave: Newton's method comes down from the right, unless it underflows there.
      const guess = z + step;
      z = guess > low && guess < high ? guess : (low + high) / 2;
    }
    return z;
  }
}
