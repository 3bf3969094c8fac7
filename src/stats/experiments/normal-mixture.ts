/** The evidence of a normal estimate against one value, under a normal prior for how far it is off. */

/**
 * ln Λ = ½ ln(V / (V + τ²)) + τ² d² / (2 V (V + τ²)): the mixture likelihood ratio of an estimate that is off by `distance`.
 *
 * @param variance - V, of the estimate; with 0, any distance but 0 is infinite evidence
 * @param ratio - τ² / V
 */
export function logMixtureRatio(distance: number, variance: number, ratio: number): number {
  if (variance === 0) return distance === 0 ? 0 : Number.POSITIVE_INFINITY;
  const z = distance / Math.sqrt(variance);
  return -Math.log1p(ratio) / 2 + ((z / (1 + 1 / ratio)) * z) / 2;
}

/**
 * The distance at which the mixture likelihood ratio reaches 1 / alpha.
 *
 * @param variance - V, of the estimate
 * @param ratio - τ² / V
 */
export function mixtureRadius(variance: number, ratio: number, alpha: number): number {
  if (variance === 0) return 0;
  return Math.sqrt(variance * (1 + 1 / ratio) * (Math.log1p(ratio) - 2 * Math.log(alpha)));
}
