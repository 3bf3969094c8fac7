import type { DriftReport } from "../port.ts";
import type { HtmlContext } from "./html-context.ts";
import { escapeHtml, nameHtml, sentence } from "./html-escape.ts";
import { badgeHtml, confirmedBadge, levelClass } from "./html-table.ts";
import { movedCount } from "./rank-features.ts";

/** Most warnings shown, and the characters of each. */
const MAX_WARNINGS = 8;
const MAX_WARNING = 300;

/** Most roles shown; there are three. */
const MAX_ROLES = 3;

/** The head of a page: title, verdict, what it means in a sentence, and what it rests on. */
export function summaryHtml(report: DriftReport, title: string, { numbers }: HtmlContext): string {
  const { verdict, confirmed, rows, referenceRows, since, until, evidence, driftedShare } = report;
  const times = since === null && until === null ? "no rows" : `${numbers.time(since)} – ${numbers.time(until)} UTC`;
  const roles = Object.entries(report.roles).slice(0, MAX_ROLES);
  const facts: (readonly [string, string, string?])[] = [
    ["Rows in the window", escapeHtml(numbers.count(rows))],
    ["Reference rows", escapeHtml(numbers.count(referenceRows))],
    ["Window", escapeHtml(times), "w"],
    ["Evidence", evidence === "e-value" ? "e-value, may be checked at any time" : "p-value, holds for one look"],
    ...(report.features.length === 0
      ? []
      : [["Share that has moved, by importance", escapeHtml(numbers.share(driftedShare))] as const]),
    ...(roles.length === 0
      ? []
      : [["Worst level by role", roles.map(([role, level]) => badgeHtml(level, `${role}: ${level}`)).join(" "), "w"] as const]),
  ];
  const confirmedText = confirmedBadge(verdict, confirmed);
  return [
    `<header><h1>${nameHtml(title, 120)}</h1>`,
    `<div class="top"><span class="b big ${levelClass(verdict)}">${verdictLabel(report)}</span>${confirmedText}</div>`,
    `<p class="lead">${escapeHtml(inWords(report, numbers.count.bind(numbers)))}</p></header>`,
    warningsHtml(report.warnings),
    `<section class="card" aria-label="What the verdict rests on"><dl class="facts">${facts.map(([term, text, wide]) => `<div${wide === undefined ? "" : ` class="${wide}"`}><dt>${term}</dt><dd>${text}</dd></div>`).join("")}</dl></section>`,
  ].join("");
}

function verdictLabel({ verdict }: DriftReport): string {
  return verdict === "insufficient_data"
    ? "Insufficient data"
    : verdict === "none"
      ? "No drift"
      : `${verdict === "moderate" ? "Moderate" : "Significant"} drift`;
}

function inWords({ verdict, features, segments }: DriftReport, count: (value: number) => string): string {
  if (verdict === "insufficient_data") return "There are too few rows on one side to tell whether anything has moved.";
  const moved = movedCount(features);
  const parts = segments.filter((segment) => segment.verdict === "moderate" || segment.verdict === "significant").length;
  const of = `${count(features.length)} ${features.length === 1 ? "feature" : "features"}`;
  const all = moved === 0 ? `None of ${of} has moved` : `${count(moved)} of ${of} ${moved === 1 ? "has" : "have"} moved`;
  return parts === 0
    ? `${all}.`
    : `${all} in all rows; something has moved in ${count(parts)} of ${count(segments.length)} segments.`;
}

function warningsHtml(warnings: readonly string[]): string {
  if (warnings.length === 0) return "";
  const shown = warnings.slice(0, MAX_WARNINGS).map((warning) => `<p>${sentence(warning, MAX_WARNING)}</p>`);
  const more = warnings.length - shown.length;
  return `<div class="note" role="note"><p><b>Note</b></p>${shown.join("")}${more > 0 ? `<p>${more} more warnings are left out.</p>` : ""}</div>`;
}
