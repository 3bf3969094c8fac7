import type { DriftReport, FeatureDrift } from "../port.ts";
import { whileFits } from "./byte-budget.ts";
import type { HtmlContext } from "./html-context.ts";
import { escapeHtml, nameHtml } from "./html-escape.ts";
import { badgeHtml, kindText, rowHtml, type TableColumn, tableHtml } from "./html-table.ts";
import { movedCount } from "./rank-features.ts";

const columns = (evidence: DriftReport["evidence"]): readonly TableColumn[] => [
  { head: "Feature" },
  { head: "Kind" },
  { head: "Level" },
  { head: "PSI, debiased", number: true },
  { head: "95 % interval", number: true },
  { head: evidence === "e-value" ? "e-value" : "Adjusted p", number: true },
  { head: "KS D", number: true },
  { head: "Missing", number: true },
];

/** Features that are not shown in full, a line each, for as long as they fit; says how many do not. */
export function featureTableHtml(
  features: readonly FeatureDrift[],
  evidence: DriftReport["evidence"],
  { numbers }: HtmlContext,
  maxBytes: number,
): string {
  if (features.length === 0) return "";
  const heads = columns(evidence);
  const row = ({ feature, kind, role, level, psiDebiased, psiInterval, adjusted, logEValue, ks, missing }: FeatureDrift) =>
    rowHtml(heads, [
      nameHtml(feature, 40),
      kindText({ kind, role }),
      badgeHtml(level),
      ...[
        numbers.index(psiDebiased),
        numbers.interval(psiInterval),
        evidence === "e-value" ? numbers.eValue(logEValue) : numbers.probability(adjusted),
        ks === undefined ? "–" : numbers.index(ks.statistic),
        `${numbers.share(missing.reference)} → ${numbers.share(missing.current)}`,
      ].map(escapeHtml),
    ]);
  const { html, leftOut } = whileFits(features, row, maxBytes);
  const moved = movedCount(features.slice(features.length - leftOut));
  const left =
    leftOut === 0
      ? ""
      : `${numbers.count(leftOut)} more are left out, to keep this page small; ${moved === 0 ? "none" : numbers.count(moved)} of them ${moved > 1 ? "have" : "has"} moved.`;
  return [
    `<section><h2>Other features</h2><div class="card">`,
    html.length === 0 ? "" : tableHtml(`${escapeHtml(numbers.count(html.length))} features, the worst first`, heads, html),
    left === "" ? "" : `<p class="mu sm more">${escapeHtml(left)}</p>`,
    "</div></section>",
  ].join("");
}
