import { assertOrdered, assertPositive, assertProbability } from "./assert-parameter.ts";
import { gammaDensity, lowerGamma, upperGamma } from "./gamma.ts";
import { logGamma1p, logGammaOf } from "./gamma-series.ts";
import { normalQuantile } from "./normal.ts";
import { productDifference } from "./product-difference.ts";
import { solveTail } from "./solve-tail.ts";

const MAX_SHAPE = 1e15;

/** Numbers below this are powers of the probability, to all digits. */
const TINY = 1e-280;

/**
 * Probability that a gamma variate is at most `x`. Relative error below 1e-10 down to 1e-300.
 *
 * @param x - any number; 0 at and below 0, 1 at ∞
 * @param shape - in (0, 1e15]
 * @param scale - positive, in the unit of `x`; the mean is `shape` times it
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source as {@link gammaP}
 */
export function gammaCdf(x: number, shape: number, scale = 1): number {
  assertArguments("gammaCdf", x, shape, scale);
  return x <= 0 ? 0 : lowerGamma(shape, x / scale, distance(x, shape, scale));
}

/**
 * Probability that a gamma variate exceeds `x`, as exact as {@link gammaCdf}.
 *
 * @param x - any number; 1 at and below 0, 0 at ∞
 * @param shape - in (0, 1e15]
 * @param scale - positive, in the unit of `x`
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 * @source as {@link gammaQ}
 */
export function gammaSf(x: number, shape: number, scale = 1): number {
  assertArguments("gammaSf", x, shape, scale);
  return x <= 0 ? 1 : upperGamma(shape, x / scale, distance(x, shape, scale));
}

/**
 * The number that a gamma variate is at most with probability `p`: inverse of {@link gammaCdf}.
 *
 * @param p - in [0, 1]; 0 gives 0, 1 gives ∞
 * @param shape - in (0, 1e15]; where it is far below 1, small quantiles are below the doubles and so 0
 * @param scale - positive
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function gammaQuantile(p: number, shape: number, scale = 1): number {
  assertProbability("gammaQuantile", "p", p);
  assertArguments("gammaQuantile", 0, shape, scale);
  return scale * (p <= 0.5 ? lowerQuantile(p, shape) : upperQuantile(1 - p, shape));
}

/**
 * The number that a gamma variate exceeds with probability `p`: inverse of {@link gammaSf}.
 *
 * @param p - in [0, 1]; 0 gives ∞, 1 gives 0
 * @param shape - in (0, 1e15]
 * @param scale - positive
 * @throws a `ModelwrightError` with code `INPUT_INVALID` outside of these ranges
 */
export function gammaUpperQuantile(p: number, shape: number, scale = 1): number {
  assertProbability("gammaUpperQuantile", "p", p);
  assertArguments("gammaUpperQuantile", 0, shape, scale);
  return scale * (p <= 0.5 ? upperQuantile(p, shape) : lowerQuantile(1 - p, shape));
}

function assertArguments(subject: string, x: number, shape: number, scale: number): void {
  assertOrdered(subject, "x", x);
  assertPositive(subject, "shape", shape, MAX_SHAPE);
  assertPositive(subject, "scale", scale);
}

/** x / scale − shape, without the rounding of the quotient, which a great shape would multiply. */
function distance(x: number, shape: number, scale: number): number {
  const exact = -productDifference(shape, scale, x) / scale;
  return Number.isFinite(exact) ? exact : x / scale - shape;
}

/** For p <= 0.5. */
function lowerQuantile(p: number, shape: number): number {
  return p === 0 ? 0 : solve(1, p, Math.log(p), Math.log1p(-p), normalQuantile(p), shape);
}

/** For p <= 0.5. */
function upperQuantile(p: number, shape: number): number {
  return p === 0 ? Number.POSITIVE_INFINITY : solve(-1, p, Math.log1p(-p), Math.log(p), -normalQuantile(p), shape);
}

/**
 * The number below which lies `e^logLower` and above which lies `e^logUpper`, of which the smaller is `p`; `normal` is that number of
 * the normal distribution.
 *
 * @source S. Boucheron, G. Lugosi, P. Massart, "Concentration Inequalities" (2013), 2.4, for the bound above
 */
function solve(sign: 1 | -1, p: number, logLower: number, logUpper: number, normal: number, shape: number): number {
  // The lower tail is below x^a / Γ(a + 1), and is that where x is tiny.
  const low = Math.exp((logLower + logShapeGamma(shape)) / shape);
  if (low < TINY) return low;
  const far = -logUpper - logGammaOf(shape);
  return solveTail(
    {
      sign,
      probability: (x) => (sign > 0 ? lowerGamma(shape, x, x - shape) : upperGamma(shape, x, x - shape)),
      density: (x) => gammaDensity(shape, x, x - shape),
      slope: (x) => shape - x,
    },
    p,
    low,
    // For a < 1, the upper tail is below x^(a − 1) e^−x / Γ(a), and nearly that where x is large.
    shape >= 1 ? cubeRootGuess(normal, shape) : far > 1 ? far - (1 - shape) * Math.log(far) : low,
    shape + Math.sqrt(-2 * shape * logUpper) - logUpper,
  );
}

/** ln Γ(a + 1), near 0 where a is. */
function logShapeGamma(a: number): number {
  return a < 1 ? logGamma1p(a) : logGammaOf(a) + Math.log(a);
}

/** @source E. B. Wilson, M. M. Hilferty, "The Distribution of Chi-Square", PNAS 17 (1931) */
function cubeRootGuess(normal: number, shape: number): number {
  const root = 1 - 1 / (9 * shape) + normal / (3 * Math.sqrt(shape));
  return shape * root ** 3;
}
