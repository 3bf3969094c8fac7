import type { SegmentDrift } from "../port.ts";
import { whileFits } from "./byte-budget.ts";
import type { HtmlContext } from "./html-context.ts";
import { escapeHtml, nameHtml } from "./html-escape.ts";
import { badgeHtml, rowHtml, type TableColumn, tableHtml } from "./html-table.ts";
import { rankFeatures, verdictText } from "./rank-features.ts";

const MAX_NAMES = 3;

const COLUMNS: readonly TableColumn[] = [
  { head: "Segment" },
  { head: "Verdict" },
  { head: "Rows", number: true },
  { head: "Reference rows", number: true },
  { head: "Greatest PSI", number: true },
  { head: "Moved, the worst first" },
];

/** Parts of the rows, a line each; nothing where there are none. */
export function segmentsHtml(segments: readonly SegmentDrift[], { numbers }: HtmlContext, maxBytes: number): string {
  if (segments.length === 0) return "";
  const row = ({ segment, verdict, rows, referenceRows, features }: SegmentDrift) => {
    const ranked = rankFeatures(features);
    const moved = ranked.filter(({ level }) => level !== "none");
    const names = moved.slice(0, MAX_NAMES).map(({ feature }) => nameHtml(feature, 28));
    const more = moved.length - names.length;
    return rowHtml(COLUMNS, [
      nameHtml(segment, 40),
      badgeHtml(verdict, verdictText(verdict)),
      escapeHtml(numbers.count(rows)),
      escapeHtml(numbers.count(referenceRows)),
      features.length === 0 ? "–" : escapeHtml(numbers.index(Math.max(...features.map(({ psiDebiased }) => psiDebiased)))),
      names.length === 0 ? "–" : `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`,
    ]);
  };
  const { html, leftOut } = whileFits(segments, row, maxBytes);
  const left = leftOut === 0 ? "" : `<p class="mu sm more">${leftOut} more segments are left out, to keep this page small.</p>`;
  return `<section><h2>Segments</h2><div class="card">${tableHtml("Parts of the rows by themselves", COLUMNS, html)}${left}</div></section>`;
}
