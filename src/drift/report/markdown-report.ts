import type { DriftReport, FeatureDrift, SegmentDrift } from "../port.ts";
import { escapeMarkdown } from "./markdown-escape.ts";
import { movedCount, rankFeatures, verdictText } from "./rank-features.ts";

/** Features shown beside those that have moved, so that a quiet report says how quiet. */
const MIN_SHOWN = 5;

/** Most lines of causes and of segments. */
const MAX_CAUSES = 5;
const MAX_SEGMENTS = 20;

/** Characters of a name, and of a sentence. */
const MAX_NAME = 80;
const MAX_SENTENCE = 300;

/**
 * A report as text for a console or a Markdown page: a sentence, then a table of the features that moved, the worst first, and of the
 * next ones when fewer than five moved; then what explains most, with hints, and a line for each segment. PSI is the debiased one. What
 * is left out is counted.
 *
 * Names are shown as text, whatever they are: no markup of theirs takes effect. There are no rows in it; a hint may name a category of
 * the reference or a range of values.
 */
export function renderDriftReport(report: DriftReport): string {
  const moved = movedCount(report.features);
  const ranked = rankFeatures(report.features);
  const shown = ranked.slice(0, Math.max(moved, MIN_SHOWN));
  const hidden = ranked.length - shown.length;
  const of = report.features.length === 0 ? "" : ` in ${moved} of ${report.features.length} features`;
  return [
    `Drift: ${verdictText(report.verdict)}${of} (${report.rows} rows against ${report.referenceRows} reference rows)`,
    ...confirmedOf(report),
    ...rolesOf(report),
    ...report.warnings.map((warning) => `Note: ${escapeMarkdown(warning, MAX_SENTENCE)}`),
    ...(shown.length === 0 ? [] : ["", ...table([head(report), ...shown.map((feature) => line(feature, report))])]),
    ...(hidden === 0 ? [] : ["", `${hidden} more without drift`]),
    ...causesOf(report),
    ...segmentsOf(report.segments),
  ].join("\n");
}

/** Said only where it is news. */
function confirmedOf({ verdict, confirmed }: DriftReport): string[] {
  if (confirmed === verdict || (verdict === "insufficient_data" && confirmed === "none")) return [];
  return [`Confirmed over windows: ${verdictText(confirmed)}`];
}

/** Said only where not all is data. */
function rolesOf({ roles }: DriftReport): string[] {
  const known = Object.entries(roles);
  if (known.every(([role]) => role === "data")) return [];
  return [`By role: ${known.map(([role, level]) => `${role} ${level}`).join(", ")}`];
}

function head({ evidence }: DriftReport): string[] {
  return [
    "feature",
    "level",
    "PSI",
    "95 % interval",
    evidence === "e-value" ? "ln e" : "adjusted p",
    "KS D",
    "adjusted p",
    "missing",
  ];
}

function line(found: FeatureDrift, { evidence }: DriftReport): string[] {
  const { feature, role, level, confirmed, psiDebiased, psiInterval, adjusted, logEValue, ks, missing } = found;
  return [
    `${escapeMarkdown(feature, MAX_NAME)}${role === "data" ? "" : ` (${role})`}`,
    confirmed === level || confirmed === "none" ? level : `${level} (confirmed: ${confirmed})`,
    fixed(psiDebiased, 3),
    `${fixed(psiInterval[0], 3)} to ${fixed(psiInterval[1], 3)}`,
    evidence === "e-value" ? fixed(logEValue, 1) : probability(adjusted),
    ks === undefined ? "-" : fixed(ks.statistic, 3),
    ks === undefined ? "-" : probability(ks.adjusted),
    `${percent(missing.reference)} -> ${percent(missing.current)}`,
  ];
}

/** Shares come before names, which so cannot open a list or a heading. */
function causesOf({ rootCause }: DriftReport): string[] {
  if (rootCause.length === 0) return [];
  const lines = rootCause.slice(0, MAX_CAUSES).map(({ share, feature, hints }) => {
    const sentences = hints.map(({ message }) => escapeMarkdown(message, MAX_SENTENCE)).join("; ");
    return `- ${percent(share)} ${escapeMarkdown(feature, MAX_NAME)}${sentences === "" ? "" : `: ${sentences}`}`;
  });
  return ["", "Explained by:", "", ...lines, ...more(rootCause.length - lines.length)];
}

function segmentsOf(segments: readonly SegmentDrift[]): string[] {
  if (segments.length === 0) return [];
  const lines = segments.slice(0, MAX_SEGMENTS).map(({ segment, verdict, rows, referenceRows, features }) => {
    const [worst, ...others] = rankFeatures(features).filter(({ level }) => level !== "none");
    const and = others.length === 0 ? "" : ` and ${others.length} more`;
    const what = worst === undefined ? "" : `, ${escapeMarkdown(worst.feature, MAX_NAME)}${and}`;
    return `- ${verdictText(verdict)} in ${escapeMarkdown(segment, MAX_NAME) || "the empty segment"} (${rows} against ${referenceRows} reference rows)${what}`;
  });
  return ["", "Segments:", "", ...lines, ...more(segments.length - lines.length)];
}

function more(count: number): string[] {
  return count > 0 ? [`- ${count} more`] : [];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const pad = (text: string, i: number) => (i < 2 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!));
  const [first, ...body] = rows.map((row) => `| ${row.map(pad).join(" | ")} |`);
  const rule = widths.map((width, i) => (i < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [first!, `| ${rule.join(" | ")} |`, ...body];
}

function probability(p: number): string {
  if (!Number.isFinite(p)) return "-";
  return p < 1e-300 ? "< 1e-300" : p < 0.001 ? p.toExponential(0) : p.toFixed(3);
}

function percent(ratio: number): string {
  return `${fixed(100 * ratio, 1)} %`;
}

function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "-";
  const text = value.toFixed(digits);
  // Of what rounds to nothing the sign says nothing.
  return Number(text) === 0 ? text.replace("-", "") : text;
}
