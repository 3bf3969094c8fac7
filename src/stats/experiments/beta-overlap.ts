import { betaDensity } from "../distributions/beta-tail.ts";
import { oddsCdf, oddsSf } from "../distributions/odds.ts";
import { productDifference } from "../distributions/product-difference.ts";
import { gaussLegendre } from "./gauss-legendre.ts";

/** A beta distribution. */
export interface BetaShape {
  readonly a: number;
  readonly b: number;
}

/** Nodes of a panel. */
const ORDER = 16;

/** A panel whose share of the sum is less than this ends the sum on its side. */
const NEGLIGIBLE = 1e-18;

/**
 * Probability that a variate of `lower` exceeds an independent one of `upper`, whose mean is not less. Relative error below 1e-10
 * down to 1e-150; less may be given as 0.
 */
export function probabilityAbove(lower: BetaShape, upper: BetaShape): number {
  // Over the density of the narrower one the integrand has a single scale.
  return deviation(lower) < deviation(upper)
    ? integrate(lower, upper, (odds) => logOddsDensity(odds, lower) * oddsCdf(odds, upper.a, upper.b))
    : integrate(lower, upper, (odds) => logOddsDensity(odds, upper) * oddsSf(odds, lower.a, lower.b));
}

/**
 * Expectation of how much a variate of `lower` exceeds an independent one of `upper`, 0 where it does not: ∫ F(upper) (1 −
 * F(lower)).
 */
export function expectedExcess(lower: BetaShape, upper: BetaShape): number {
  return integrate(lower, upper, (odds) => {
    const slope = odds / (1 + odds) / (1 + odds);
    return slope === 0 ? 0 : oddsCdf(odds, upper.a, upper.b) * oddsSf(odds, lower.a, lower.b) * slope;
  });
}

/**
 * Integral, over log-odds, of a log-concave function that falls to the left of the mean of `lower` as `upper` does and to the
 * right of that of `upper` as `lower` does. Gauss panels go outwards from where both tails weigh the same. They are twice as long
 * as the narrower distribution is wide, and longer the farther they are from it, up to twice the width of the other or of the
 * logistic curve.
 */
function integrate(lower: BetaShape, upper: BetaShape, value: (odds: number) => number): number {
  const { nodes, weights } = gaussLegendre(ORDER);
  const narrower = deviation(lower) < deviation(upper) ? lower : upper;
  const center = Math.log(narrower.a / narrower.b);
  const shortest = Math.min(2, 2 * deviation(narrower));
  const longest = Math.min(2, 2 * Math.max(deviation(lower), deviation(upper)));
  const start = balance(lower, upper);
  let sum = 0;
  for (const side of [1, -1]) {
    let from = 0;
    for (let part = Number.POSITIVE_INFINITY; part > NEGLIGIBLE * sum && Math.abs(start + from) < 700; ) {
      const length = side * Math.min(longest, Math.max(shortest, Math.abs(start + from - center) / 3));
      part = 0;
      for (let i = 0; i < ORDER; i++) {
        // Odds from their ratio to the center: the spacing of the nodes stays exact where the distribution is narrow.
        const offset = start - center + from + (length * (1 + nodes[i]!)) / 2;
        part += weights[i]! * value((narrower.a / narrower.b) * Math.exp(offset));
      }
      part *= Math.abs(length) / 2;
      sum += part;
      from += length;
    }
  }
  return sum;
}

/** The log-odds, between those of the means, at which the upper tail of `lower` is the lower tail of `upper`. */
function balance(lower: BetaShape, upper: BetaShape): number {
  let low = Math.log(lower.a / lower.b);
  let high = Math.log(upper.a / upper.b);
  // A start need not be exact, but it has to be where the narrower one is not 0.
  const enough = Math.min(deviation(lower), deviation(upper));
  while (high - low > enough) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    const odds = Math.exp(middle);
    if (oddsSf(odds, lower.a, lower.b) > oddsCdf(odds, upper.a, upper.b)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Width of the distribution of the log-odds: from the curvature of its density at the mode. */
function deviation({ a, b }: BetaShape): number {
  return Math.sqrt(1 / a + 1 / b);
}

function logOddsDensity(odds: number, { a, b }: BetaShape): number {
  const x = odds > 1 ? 1 / (1 + 1 / odds) : odds / (1 + odds);
  return betaDensity(a, b, x, 1 / (1 + odds), productDifference(odds, b, a) / (1 + odds));
}
