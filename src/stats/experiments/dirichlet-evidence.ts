import { deviance } from "../distributions/deviance.ts";
import { stirlingCorrection } from "../distributions/gamma-series.ts";

/**
 * Logarithm of how much likelier counts are when their probabilities are drawn from a Dirichlet distribution than under given
 * ones: the sum of ln Γ(aᵢ + xᵢ) − ln Γ(aᵢ) − xᵢ ln wᵢ, less ln Γ(A + n) − ln Γ(A). Written by Stirling's formula as a difference
 * of deviances, so that the terms of the size of n cancel before they are rounded: the error stays near 1e-12 at a billion
 * counts.
 *
 * @param counts - xᵢ >= 0, of sum n
 * @param prior - aᵢ > 0, of sum A
 * @param weights - wᵢ > 0, of sum 1
 */
export function dirichletEvidence(counts: readonly number[], prior: readonly number[], weights: readonly number[]): number {
  let priorTotal = 0;
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    priorTotal += prior[i]!;
    total += prior[i]! + counts[i]!;
  }
  let evidence = Math.log(total / priorTotal) / 2 - stirlingCorrection(total) + stirlingCorrection(priorTotal);
  for (let i = 0; i < counts.length; i++) {
    const before = prior[i]!;
    const after = before + counts[i]!;
    evidence += distance(after, total * weights[i]!) - distance(before, priorTotal * weights[i]!);
    evidence += stirlingCorrection(after) - stirlingCorrection(before) - Math.log(after / before) / 2;
  }
  return evidence;
}

/** count · ln(count / expected) − count + expected. */
function distance(count: number, expected: number): number {
  return count * deviance((expected - count) / count, expected / count);
}
