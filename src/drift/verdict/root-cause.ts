import type { FeatureDrift, RootCause } from "../port.ts";

const MAX_CELLS = 3;

/** Features that moved or whose debiased PSI is above 0, in the order of importance times debiased PSI. */
export function rootCauseOf(features: readonly FeatureDrift[]): RootCause[] {
  const weights = features.map(({ psiDebiased, importance }) => importance * Math.max(0, psiDebiased));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return features
    .map((feature, i) => ({ feature, share: total > 0 ? weights[i]! / total : 0 }))
    .filter(({ feature }) => feature.level !== "none")
    .sort((a, b) => b.share - a.share)
    .map(({ feature: { feature, level, bins, hints }, share }) => ({
      feature,
      share,
      level,
      cells: [...bins].sort((a, b) => b.contribution - a.contribution).slice(0, MAX_CELLS),
      hints,
    }));
}
