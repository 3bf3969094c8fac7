import type { DriftLevel, DriftReport, DriftVerdict, FeatureDrift, FeatureRole, SegmentDrift } from "../port.ts";
import { OrderedColumn } from "../profile/column.ts";
import { type Comparison, compareFeature } from "./compare-feature.ts";
import { adjust, type Correction } from "./correction.ts";
import { hintsOf } from "./hints.ts";
import { rootCauseOf } from "./root-cause.ts";
import type { Sides } from "./sides.ts";
import { MMD_MODERATE, MMD_SIGNIFICANT, type Thresholds } from "./thresholds.ts";

/** Fewer rows than this on either side give no verdict. */
export const MIN_ROWS = 30;

/** Fewer rows than this on either side give a warning. */
const FEW_ROWS = 100;

/** All rows of a window, or those of a segment, beside their reference. */
export interface ComparedPart {
  /** Null for all rows. */
  readonly segment: string | null;
  readonly sides: readonly Sides[];
  readonly rows: number;
  readonly referenceRows: number;
  readonly warnings: readonly string[];
}

/** How to judge. */
export interface Judging {
  readonly thresholds: Thresholds;
  readonly correction: Correction;
  readonly evidence: "p-value" | "e-value";
  /** Of each feature. */
  readonly importance: readonly number[];
}

/** The features of each part; none of a part with too few rows. */
export function comparePart(part: ComparedPart): readonly Comparison[] {
  return enough(part) ? part.sides.map(compareFeature) : [];
}

/** What all parts of a window amount to; the level of each feature follows from all of them, for so many tests are corrected for. */
export function compareWindow(
  parts: readonly ComparedPart[],
  compared: readonly (readonly Comparison[])[],
  judging: Judging,
  span: { readonly since: number | null; readonly until: number | null },
): DriftReport {
  const judged = judge(compared, judging);
  const [all, ...segments] = parts.map((part, i): SegmentDrift => {
    const features = judged[i]!;
    return {
      segment: part.segment ?? "",
      verdict: enough(part) ? worst(features.map(({ level }) => level)) : "insufficient_data",
      rows: part.rows,
      referenceRows: Math.round(part.referenceRows),
      features,
    };
  });
  const { features, rows, referenceRows } = all!;
  const verdict = verdictOf([all!, ...segments].map((part) => part.verdict));
  return {
    schemaVersion: 1,
    verdict,
    confirmed: verdict,
    evidence: judging.evidence,
    rows,
    referenceRows,
    ...span,
    features,
    ...summaryOf(features),
    segments,
    warnings: [...warningsOf(parts[0]!), ...lateTruth(compared[0]!), ...parts.flatMap(({ warnings }) => warnings)],
  };
}

/** What the levels of all features amount to. */
export function summaryOf(features: readonly FeatureDrift[]): Pick<DriftReport, "driftedShare" | "roles" | "rootCause"> {
  const weight = features.reduce((sum, { importance }) => sum + importance, 0);
  const moved = features.reduce((sum, { level, importance }) => sum + (level === "none" ? 0 : importance), 0);
  return { driftedShare: weight > 0 ? moved / weight : 0, roles: rolesOf(features), rootCause: rootCauseOf(features) };
}

function enough({ rows, referenceRows }: ComparedPart): boolean {
  return Math.min(rows, referenceRows) >= MIN_ROWS;
}

function judge(compared: readonly (readonly Comparison[])[], judging: Judging): FeatureDrift[][] {
  const flat = compared.flat();
  const { thresholds, evidence, correction } = judging;
  const adjusted = adjust(
    flat.map(({ pValue }) => pValue),
    correction,
  );
  const evident =
    evidence === "p-value"
      ? adjusted.map((p) => p < thresholds.psiAlpha)
      : adjustE(
          flat.map(({ logEValue }) => logEValue),
          thresholds.psiAlpha,
          correction,
        );
  const ksAdjusted = adjust(
    flat.flatMap(({ ks }) => (ks === undefined ? [] : [ks.pValue])),
    correction,
  ).values();
  const mmdAdjusted = adjust(
    flat.flatMap(({ mmd }) => (mmd === undefined ? [] : [mmd.pValue])),
    correction,
  ).values();
  let next = 0;
  return compared.map((part) =>
    part.map((comparison, feature) => {
      const i = next++;
      const ks = comparison.ks && { ...comparison.ks, adjusted: ksAdjusted.next().value! };
      const mmd = comparison.mmd && { ...comparison.mmd, adjusted: mmdAdjusted.next().value! };
      const found = {
        comparison,
        importance: judging.importance[feature]!,
        adjusted: adjusted[i]!,
        evident: evident[i]!,
        ks,
        mmd,
      };
      return featureDrift(found, judging);
    }),
  );
}

/**
 * Which e-values are evidence at a false discovery rate of `alpha`: an e-value counts when it is at least the number of features,
 * divided by alpha and by how many are as large; for `bonferroni` and `holm` when it is at least the number divided by alpha.
 *
 * @source R. Wang, A. Ramdas, "False Discovery Rate Control with E-values", J. R. Statist. Soc. B 84 (2022)
 */
function adjustE(logEValues: readonly number[], alpha: number, correction: Correction): boolean[] {
  const count = correction === "none" ? 1 : logEValues.length;
  const needed = (rank: number) => Math.log(count / alpha / (correction === "benjamini-hochberg" ? rank : 1));
  const descending = [...logEValues].sort((a, b) => b - a);
  const rank = descending.findLastIndex((value, i) => value >= needed(i + 1)) + 1;
  return logEValues.map((value) => rank > 0 && value >= needed(rank));
}

interface Found {
  readonly comparison: Comparison;
  readonly importance: number;
  readonly adjusted: number;
  /** Whether there is evidence for the PSI. */
  readonly evident: boolean;
  readonly ks: FeatureDrift["ks"];
  readonly mmd: FeatureDrift["mmd"];
}

function featureDrift(
  { comparison, importance, adjusted, evident, ks, mmd }: Found,
  { thresholds, evidence }: Judging,
): FeatureDrift {
  const { sides, psi, psiDebiased, psiInterval, pValue, logEValue, wasserstein, missing, bins } = comparison;
  const { feature, kind, role } = sides.column.profile;
  const unmoved = {
    feature,
    kind,
    role,
    importance,
    level: "none",
    confirmed: "none",
    psi,
    psiDebiased,
    psiInterval,
    pValue,
    adjusted,
    logEValue,
    ...(ks && { ks }),
    ...(wasserstein && { wasserstein }),
    ...(mmd && { mmd }),
    ...(sides.column instanceof OrderedColumn && { moments: momentsOf(sides) }),
    missing,
    bins,
    hints: [],
  } as const;
  if (!knownEnough(comparison)) return unmoved;
  // A p-value of KS holds for one look; where evidence may be looked at all the time it does not count.
  const oneLook = evidence === "p-value";
  const moved = oneLook && ks !== undefined && ks.statistic >= thresholds.ksStatistic && ks.adjusted < thresholds.ksAlpha;
  const turned = oneLook && mmd !== undefined && mmd.adjusted < thresholds.psiAlpha ? mmd.statistic : 0;
  const significant = turned > MMD_SIGNIFICANT || (evident && psiDebiased > thresholds.psiSignificant);
  const moderate = moved || turned >= MMD_MODERATE || (evident && psiDebiased >= thresholds.psiModerate);
  const level = significant ? "significant" : moderate ? "moderate" : "none";
  return { ...unmoved, level, confirmed: level, hints: level === "none" ? [] : hintsOf(comparison) };
}

/** Whether rows enough have a value: of a target, those whose truth is known. */
export function knownEnough({ sides: { n, m } }: Comparison): boolean {
  return Math.min(n, m) >= MIN_ROWS;
}

function momentsOf({ moments }: Sides): NonNullable<FeatureDrift["moments"]> {
  const short = (side: "reference" | "current") => {
    const found = moments?.[side] ?? null;
    return found && { mean: found.mean, deviation: found.deviation };
  };
  return { reference: short("reference"), current: short("current") };
}

function rolesOf(features: readonly FeatureDrift[]): DriftReport["roles"] {
  const roles: Partial<Record<FeatureRole, DriftLevel>> = {};
  for (const { role } of features) {
    roles[role] = worst(features.filter((feature) => feature.role === role).map(({ level }) => level));
  }
  return roles;
}

/** The worst of levels; `none` of none. */
export function worst(levels: readonly DriftLevel[]): DriftLevel {
  return (["significant", "moderate"] as const).find((level) => levels.includes(level)) ?? "none";
}

/** A window has drifted when a part of it has, and cannot be judged when all of it cannot. */
function verdictOf([all, ...segments]: readonly DriftVerdict[]): DriftVerdict {
  if (all === "insufficient_data") return all;
  return worst([all!, ...segments.filter((verdict) => verdict !== "insufficient_data")]);
}

/** Of targets whose truth is known of too few rows. */
function lateTruth(compared: readonly Comparison[]): string[] {
  return compared
    .filter((comparison) => !knownEnough(comparison))
    .map(({ sides: { column, n, m } }) => {
      const name = JSON.stringify(column.profile.feature);
      return `${name} gets no verdict: ${Math.round(m)} rows have a value, and ${Math.round(n)} of the reference`;
    });
}

function warningsOf({ rows, referenceRows }: ComparedPart): string[] {
  const fewest = Math.min(rows, referenceRows);
  const reference = Math.round(referenceRows);
  if (fewest < MIN_ROWS)
    return [`A verdict needs ${MIN_ROWS} rows on both sides, but there are ${rows} against ${reference} reference rows`];
  if (fewest >= FEW_ROWS) return [];
  return [`Fewer than ${FEW_ROWS} rows (${rows} against ${reference} reference rows): only a large shift can be seen`];
}
