import type { HtmlContext } from "./html-context.ts";
import { escapeHtml, nameHtml } from "./html-escape.ts";
import { rowHtml, type TableColumn, tableHtml } from "./html-table.ts";
import { type DriftHistoryPoint, psiLines } from "./psi-history.ts";
import { isRooted, letterOf, timelineSvg } from "./svg-timeline.ts";

/** Most lines of the plot: as many as there are colours. */
const MAX_LINES = 8;

const COLUMNS: readonly TableColumn[] = [
  { head: "Feature" },
  { head: "Line" },
  { head: "Last", number: true },
  { head: "Greatest", number: true },
];

/**
 * Debiased PSI over time; nothing without history.
 *
 * @param ranked - names of the features, the worst first
 */
export function timelineHtml(
  history: readonly DriftHistoryPoint[],
  ranked: readonly string[],
  { numbers, thresholds }: HtmlContext,
): string {
  const all = psiLines(history, ranked);
  if (all.length === 0) return "";
  const lines = all.slice(0, MAX_LINES);
  const rows = lines.map(({ feature, last, greatest }, i) =>
    rowHtml(COLUMNS, [
      nameHtml(feature, 40),
      `<svg width="52" height="14" aria-hidden="true"><path class="l l${i}" d="M0 7H34"/><text class="le k${i}" x="40" y="11">${letterOf(i)}</text></svg><span class="vh">${letterOf(i)}</span>`,
      escapeHtml(numbers.index(last)),
      escapeHtml(numbers.index(greatest)),
    ]),
  );
  const since = history.reduce((least, { until }) => Math.min(least, until), Number.POSITIVE_INFINITY);
  const until = history.reduce((greatest, point) => Math.max(greatest, point.until), Number.NEGATIVE_INFINITY);
  const more = all.length - lines.length;
  const notes = [
    `${escapeHtml(numbers.count(history.length))} windows; times in UTC.`,
    ...(isRooted(lines) ? ["The scale is that of square roots."] : []),
    ...(more > 0 ? [`${escapeHtml(numbers.count(more))} more features are not drawn.`] : []),
  ];
  return [
    '<section><h2>PSI over time</h2><div class="card">',
    timelineSvg(lines, { id: "tl", title: "Debiased population stability index over time", numbers, thresholds, since, until }),
    tableHtml("Debiased PSI of the lines", COLUMNS, rows),
    `<p class="mu sm more">${notes.join(" ")}</p></div></section>`,
  ].join("");
}
