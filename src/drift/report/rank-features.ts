import type { DriftLevel, DriftVerdict, FeatureDrift } from "../port.ts";

const SEVERITY: Readonly<Record<DriftLevel, number>> = { none: 0, moderate: 1, significant: 2 };

/** Features, the worst first: by level, then by debiased PSI. */
export function rankFeatures(features: readonly FeatureDrift[]): FeatureDrift[] {
  return [...features].sort((a, b) => SEVERITY[b.level] - SEVERITY[a.level] || b.psiDebiased - a.psiDebiased);
}

/** How many features have moved. */
export function movedCount(features: readonly FeatureDrift[]): number {
  return features.filter(({ level }) => level !== "none").length;
}

/** A level or verdict for a human. */
export function verdictText(verdict: DriftVerdict): string {
  return verdict === "insufficient_data" ? "insufficient data" : verdict;
}
