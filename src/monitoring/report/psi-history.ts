import type { DriftComparison } from "./drift-history.ts";

/**
 * PSI over time of what `ModelMonitor.drift` answers, for the plot of `renderDriftHtml`. Windows without rows are left out.
 *
 * @example
 * ```ts
 * import { renderDriftHtml } from "modelwright/drift";
 * import { type ModelMonitor, psiHistory } from "modelwright/monitoring";
 *
 * async function page(monitor: ModelMonitor): Promise<string | undefined> {
 *   const [comparison] = (await monitor.drift({ everyMs: 3_600_000 })).comparisons;
 *   return comparison && renderDriftHtml(comparison.report, { history: psiHistory(comparison) });
 * }
 * ```
 */
export function psiHistory({ windows, features }: Pick<DriftComparison, "windows" | "features">): {
  readonly until: number;
  readonly features: Readonly<Record<string, number>>;
}[] {
  return windows.flatMap(({ to, psi }) =>
    psi === null ? [] : [{ until: to, features: Object.fromEntries(features.map((feature, i) => [feature, psi[i]!])) }],
  );
}
