import type { DriftBin, DriftReport, FeatureDrift } from "../port.ts";
import { whileFits } from "./byte-budget.ts";
import { hasOrder } from "./drift-cells.ts";
import type { HtmlContext } from "./html-context.ts";
import { escapeHtml, nameHtml } from "./html-escape.ts";
import { hintsHtml } from "./html-root-cause.ts";
import { badgeHtml, confirmedBadge, kindText, rowHtml, type TableColumn, tableHtml } from "./html-table.ts";
import type { NumberFormat } from "./number-format.ts";
import { categoriesSvg } from "./svg-bars.ts";
import { distributionSvg, undrawnCells } from "./svg-distribution.ts";
import { intervalSvg } from "./svg-interval.ts";

/** Most bytes of the cells in the table of a feature. */
const MAX_CELLS = 8000;

const CELLS: readonly TableColumn[] = [
  { head: "Cell" },
  { head: "Reference", number: true },
  { head: "Current", number: true },
  { head: "Adds to PSI", number: true },
];

/** A feature in full: plot, numbers, hints and cells. Open when it has moved, folded otherwise. */
export function featureHtml(found: FeatureDrift, i: number, evidence: DriftReport["evidence"], context: HtmlContext): string {
  const { feature, level, confirmed, psiDebiased, bins, hints } = found;
  const { numbers } = context;
  const plot = { id: `f${i}`, title: `Shares of reference and current rows in the cells of ${feature}`, numbers };
  const undrawn = hasOrder(found) ? undrawnCells(bins) : 0;
  return [
    `<details class="card"${level === "none" ? "" : ' open=""'}><summary><h3>${nameHtml(feature, 56)}</h3>${badgeHtml(level)}`,
    confirmedBadge(level, confirmed),
    `<span class="mu sm k">${kindText(found)} · PSI ${escapeHtml(numbers.index(psiDebiased))}</span></summary>`,
    `<div><div class="feat"><div>${bins.length === 0 ? '<p class="mu">No cells hold rows.</p>' : `${KEY}${hasOrder(found) ? distributionSvg(bins, plot) : categoriesSvg(bins, plot)}`}`,
    undrawn === 0 ? "" : `<p class="mu sm">${escapeHtml(numbers.count(undrawn))} more cells are not drawn.</p>`,
    `</div>${numbersHtml(found, evidence, context)}</div>${hintsHtml(hints)}${cellsHtml(found, numbers)}</div></details>`,
  ].join("");
}

const KEY =
  '<ul class="key"><li><svg width="12" height="12" aria-hidden="true"><rect class="re" x=".5" y=".5" width="11" height="11"/></svg>reference</li>' +
  '<li><svg width="12" height="12" aria-hidden="true"><rect class="cu" width="12" height="12"/></svg>current</li></ul>';

function numbersHtml(found: FeatureDrift, evidence: DriftReport["evidence"], { numbers, thresholds }: HtmlContext): string {
  const { psi, psiDebiased, psiInterval, adjusted, logEValue, ks, wasserstein, mmd, moments, missing, importance } = found;
  const n = numbers;
  const facts: (readonly [string, string, string?])[] = [
    [
      "PSI, debiased",
      `${e(n.index(psiDebiased))} <small>95 % interval ${e(n.interval(psiInterval))}</small>${intervalSvg(psiDebiased, psiInterval, [thresholds.moderate, thresholds.significant])}`,
      "w",
    ],
    evidence === "e-value" ? ["e-value", e(n.eValue(logEValue))] : ["Adjusted p", e(n.probability(adjusted))],
    ["PSI as it is", e(n.index(psi))],
    ...(ks === undefined
      ? []
      : [["Kolmogorov–Smirnov D", `${e(n.index(ks.statistic))} <small>${e(n.interval(ks.interval))}</small>`] as const]),
    ...(ks === undefined ? [] : [["Adjusted p of D", e(n.probability(ks.adjusted))] as const]),
    ...(wasserstein === undefined
      ? []
      : [
          [
            "Wasserstein, deviations",
            `${e(n.index(wasserstein.statistic))} <small>${e(n.interval(wasserstein.interval))}</small>`,
          ] as const,
        ]),
    ...(mmd === undefined
      ? []
      : [
          [
            "MMD²",
            `${e(n.index(mmd.statistic))} <small>adjusted p ${e(n.probability(mmd.adjusted))}, ${e(n.count(mmd.rows))} rows</small>`,
          ] as const,
        ]),
    ["Missing", change(n.share(missing.reference), n.share(missing.current))],
    ...momentsOf(moments, n),
    ...(importance === 1 ? [] : [["Importance", e(n.value(importance))] as const]),
  ];
  return `<dl class="st">${facts.map(([term, text, wide]) => `<div${wide === undefined ? "" : ` class="${wide}"`}><dt>${term}</dt><dd>${text}</dd></div>`).join("")}</dl>`;
}

function momentsOf(moments: FeatureDrift["moments"], n: NumberFormat): (readonly [string, string])[] {
  if (moments === undefined) return [];
  const { reference, current } = moments;
  const of = (side: "mean" | "deviation") =>
    change(n.value(reference?.[side] ?? Number.NaN), n.value(current?.[side] ?? Number.NaN));
  return [
    ["Mean", of("mean")],
    ["Standard deviation", of("deviation")],
  ];
}

function cellsHtml({ bins }: FeatureDrift, numbers: NumberFormat): string {
  if (bins.length === 0) return "";
  const row = ({ label, reference, current, contribution }: DriftBin) =>
    rowHtml(CELLS, [nameHtml(label, 40), e(numbers.share(reference)), e(numbers.share(current)), e(numbers.index(contribution))]);
  const { html, leftOut } = whileFits(bins, row, MAX_CELLS);
  const left = leftOut > 0 ? `<p class="mu sm">${e(numbers.count(leftOut))} more cells are left out.</p>` : "";
  return `<details class="more"><summary>${e(numbers.count(bins.length))} cells as a table</summary>${tableHtml("Shares of rows", CELLS, html)}${left}</details>`;
}

function change(before: string, now: string): string {
  return e(`${before} → ${now}`);
}

const e = escapeHtml;
