import type { ConfusionMatrix } from "./confusion-matrix.ts";

/**
 * Interval of Matthews' correlation of two classes, by the delta method: the variance of the influence of a row on a correlation,
 * (uv − r (u² + v²) / 2) with u and v the standardised label and prediction, on the scale of Fisher's z. Half a row is added to each
 * cell, so that neither a perfect correlation nor an empty cell has no width; the limits are moved out to the value where they would
 * exclude it.
 *
 * @source Y. M. M. Bishop, S. E. Fienberg, P. W. Holland, "Discrete Multivariate Analysis" (1975), section 11.3 and chapter 14
 */
export function correlationInterval(
  { truePositives, falsePositives, trueNegatives, falseNegatives }: ConfusionMatrix,
  value: number,
  z: number,
): readonly [low: number, high: number] {
  const n = truePositives + falsePositives + trueNegatives + falseNegatives + 2;
  const cells = [
    { share: (truePositives + 0.5) / n, label: 1, prediction: 1 },
    { share: (falseNegatives + 0.5) / n, label: 1, prediction: 0 },
    { share: (falsePositives + 0.5) / n, label: 0, prediction: 1 },
    { share: (trueNegatives + 0.5) / n, label: 0, prediction: 0 },
  ] as const;
  const [hit, missed, raised, rest] = cells.map(({ share }) => share) as [number, number, number, number];
  const labelled = hit + missed;
  const called = hit + raised;
  const labelSpread = Math.sqrt(labelled * (1 - labelled));
  const callSpread = Math.sqrt(called * (1 - called));
  const center = (hit * rest - missed * raised) / (labelSpread * callSpread);
  let variance = 0;
  for (const { share, label, prediction } of cells) {
    const u = (label - labelled) / labelSpread;
    const v = (prediction - called) / callSpread;
    variance += share * (u * v - (center * (u * u + v * v)) / 2) ** 2;
  }
  const margin = (z * Math.sqrt(variance / n)) / (1 - center * center);
  const middle = Math.atanh(center);
  return [Math.min(value, Math.tanh(middle - margin)), Math.max(value, Math.tanh(middle + margin))];
}
