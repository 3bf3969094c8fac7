import { betaSf, logBeta } from "../distributions/beta.ts";
import { dirichletEvidence } from "./dirichlet-evidence.ts";

/** Posterior tails below this are taken from the continued fraction, in logarithms. */
const DEEP = 1e-100;

/**
 * Logarithm of the mixture likelihood ratio ∫ (θ / p)^s ((1 − θ) / (1 − p))^f dπ(θ), where π is a beta distribution cut to (p,
 * 1].
 *
 * @param successes - s, at least 0
 * @param failures - f, at least 0
 * @param p - in (0, 1)
 * @param a - first shape of the prior
 * @param b - second shape of the prior; the prior must not be next to nothing above p
 */
export function betaMixtureEvidence(successes: number, failures: number, p: number, a: number, b: number): number {
  if (successes + failures === 0) return 0;
  const above = Math.log(betaSf(p, a, b));
  const posteriorAbove = betaSf(p, a + successes, b + failures);
  if (posteriorAbove > DEEP) {
    return dirichletEvidence([successes, failures], [a, b], [p, 1 - p]) + Math.log(posteriorAbove) - above;
  }
  // The likelihood is (almost) all below p; of the integral above it, p^s (1 − p)^f cancels.
  const tail = upperFraction(a + successes, b + failures, p);
  return a * Math.log(p) + b * Math.log1p(-p) + Math.log(tail) - logBeta(a, b) - above;
}

/**
 * ∫ over (p, 1] of θ^(a−1) (1 − θ)^(b−1), over p^a (1 − p)^b, for p far above the mean. A continued fraction of even part, by the
 * modified Lentz algorithm.
 *
 * @source NIST Digital Library of Mathematical Functions, 8.17.22
 */
function upperFraction(a: number, b: number, p: number): number {
  const x = 1 - p;
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (b + 1));
  let value = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (a - m) * x) / ((b + 2 * m - 1) * (b + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    value *= c * d;
    const odd = (-(b + m) * (a + b + m) * x) / ((b + 2 * m) * (b + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    value *= c * d;
    if (Math.abs(c * d - 1) <= Number.EPSILON) break;
  }
  return value / b;
}
