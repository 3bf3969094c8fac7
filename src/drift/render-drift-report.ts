import type { DriftReport, FeatureDrift } from "./drift-report.ts";

/** Features shown beside those that have moved, so that a quiet report says how quiet. */
const MIN_SHOWN = 5;

const LEVELS = ["none", "moderate", "significant"];
const HEAD = ["feature", "level", "PSI", "adjusted p", "KS D", "adjusted p", "missing"];

/**
 * A report as text for a console or a Markdown page: a sentence, then a table of the features that moved, the worst first, and of the
 * next ones when fewer than five moved. PSI is the debiased one. Shows no values of features.
 */
export function renderDriftReport(report: DriftReport): string {
  const moved = report.features.filter(({ level }) => level !== "none").length;
  const ranked = [...report.features].sort(
    (a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) || b.psiDebiased - a.psiDebiased,
  );
  const shown = ranked.slice(0, Math.max(moved, MIN_SHOWN));
  const hidden = ranked.length - shown.length;
  const verdict = report.verdict.replace("_", " ");
  const of = report.features.length === 0 ? "" : ` in ${moved} of ${report.features.length} features`;
  return [
    `Drift: ${verdict}${of} (${report.rows} rows against ${report.referenceRows} reference rows)`,
    ...report.warnings.map((warning) => `Note: ${warning}`),
    ...(shown.length === 0 ? [] : ["", ...table([HEAD, ...shown.map(line)])]),
    ...(hidden === 0 ? [] : ["", `${hidden} more without drift`]),
  ].join("\n");
}

function line({ feature, level, psiDebiased, adjusted, ks, missing }: FeatureDrift): string[] {
  return [
    feature.replaceAll(/\s+/g, " ").replaceAll("|", "\\|"),
    level,
    psiDebiased.toFixed(3),
    probability(adjusted),
    ks === undefined ? "-" : ks.statistic.toFixed(3),
    ks === undefined ? "-" : probability(ks.adjusted),
    `${percent(missing.reference)} -> ${percent(missing.current)}`,
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const pad = (text: string, i: number) => (i < 2 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!));
  const [head, ...body] = rows.map((row) => `| ${row.map(pad).join(" | ")} |`);
  const rule = widths.map((width, i) => (i < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [head!, `| ${rule.join(" | ")} |`, ...body];
}

function probability(p: number): string {
  return p < 1e-300 ? "< 1e-300" : p < 0.001 ? p.toExponential(0) : p.toFixed(3);
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(1)} %`;
}
