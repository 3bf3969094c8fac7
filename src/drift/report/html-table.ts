import type { DriftVerdict, FeatureDrift } from "../port.ts";
import { sentence } from "./html-escape.ts";
import { verdictText } from "./rank-features.ts";

/** A column of a table. */
export interface TableColumn {
  /** HTML. */
  readonly head: string;
  /** Whether it holds numbers: aligned to the right, in figures of equal width. */
  readonly number?: boolean;
}

/** A table that scrolls by itself where it is wider than the page. The caption, heads and cells are HTML. */
export function tableHtml(caption: string, columns: readonly TableColumn[], rows: readonly string[]): string {
  const head = columns.map(({ head, number }) => `<th scope="col"${number ? ' class="n"' : ""}>${head}</th>`).join("");
  return (
    `<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="n${numbersFrom(columns) + 1}"><caption>${caption}</caption>` +
    `<thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`
  );
}

/** A row of such a table; the first cell is its header. */
export function rowHtml(columns: readonly TableColumn[], [header, ...cells]: readonly string[]): string {
  const tail = numbersFrom(columns);
  const data = cells.map((cell, i) => `<td${columns[i + 1]?.number && i + 1 < tail ? ' class="n"' : ""}>${cell}</td>`);
  return `<tr><th scope="row">${header}</th>${data.join("")}</tr>`;
}

/** The column from which on all hold numbers; the style aligns those by the class of the table, which takes fewer bytes. */
function numbersFrom(columns: readonly TableColumn[]): number {
  return columns.findLastIndex(({ number }) => number !== true) + 1;
}

/** Kind and, where it is not data, role of a feature. */
export function kindText({ kind, role }: Pick<FeatureDrift, "kind" | "role">): string {
  return sentence(role === "data" ? kind : `${kind}, ${role}`, 40);
}

/** The class of a level or verdict in the style; of anything else, that of insufficient data. */
export function levelClass(level: string): string {
  return level === "significant" ? "s" : level === "moderate" ? "m" : level === "none" ? "n" : "i";
}

/** What several windows have confirmed, where that is another level than this window's; in grey where it is none. */
export function confirmedBadge(level: DriftVerdict, confirmed: DriftVerdict): string {
  if (confirmed === level || (level === "insufficient_data" && confirmed === "none")) return "";
  return confirmed === "none" ? badgeHtml("", "not confirmed yet") : badgeHtml(confirmed, `confirmed: ${verdictText(confirmed)}`);
}

/** A level with a mark whose shape differs as its colour does. */
export function badgeHtml(level: string, text = level): string {
  return `<span class="b ${levelClass(level)}">${sentence(text, 60)}</span>`;
}
