import type { DriftLevel, DriftReport } from "./port.ts";
import type { Comparison } from "./verdict/compare-feature.ts";
import { type Judging, worst } from "./verdict/compare-window.ts";
import { DRIFT_METHODS, findings, type MethodFinding } from "./verdict/methods.ts";

/** What all methods say of one feature. */
export interface Agreement {
  readonly feature: string;
  /** How many methods find each level. */
  readonly votes: Readonly<Record<DriftLevel, number>>;
  /** The level that most methods find; of two as frequent, the worse. */
  readonly majority: DriftLevel;
  /** Share of the methods that find it, in (0, 1]. */
  readonly agreement: number;
  readonly findings: readonly MethodFinding[];
}

/** What every method finds of a window. */
export interface ComprehensiveReport extends DriftReport {
  /** One for each feature; none when there is insufficient data. */
  readonly agreement: readonly Agreement[];
}

/** The report of a window with what every method finds of the features of all rows. */
export function comprehensiveOf(report: DriftReport, compared: readonly Comparison[], judging: Judging): ComprehensiveReport {
  const found = findings(compared, DRIFT_METHODS, judging);
  return { ...report, agreement: report.features.map(({ feature }, i) => agreementOf(feature, found[i]!)) };
}

function agreementOf(feature: string, found: readonly MethodFinding[]): Agreement {
  const votes = { none: 0, moderate: 0, significant: 0 };
  for (const { level } of found) votes[level] += 1;
  const most = Math.max(...Object.values(votes));
  const majority = worst((Object.keys(votes) as DriftLevel[]).filter((level) => votes[level] === most));
  return { feature, votes, majority, agreement: found.length === 0 ? 1 : most / found.length, findings: found };
}
