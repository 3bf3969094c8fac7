import type { DriftBin } from "../port.ts";
import { cellsOf, together } from "./drift-cells.ts";
import { escapeHtml, nameSvg, sentence } from "./html-escape.ts";
import type { NumberFormat } from "./number-format.ts";
import { describe, type PlotContext } from "./svg-distribution.ts";
import { coordinate as c, unit } from "./svg-scale.ts";

/** Most bars of categories; the others are one bar. */
const MAX_BARS = 12;

const ROW = 40;
const BAR = 7;

/**
 * Pairs of horizontal bars, one pair for each category: the reference hollow, the window full. The longest bar takes the whole width. Of
 * many categories those that add most to the index are shown, in their order, and the others together.
 */
export function categoriesSvg(bins: readonly DriftBin[], { id, title, numbers }: PlotContext): string {
  const { values, rest } = cellsOf(bins);
  const rows = [...shownValues(values), ...rest];
  const top = Math.max(0, ...rows.flatMap((bin) => [unit(bin.reference), unit(bin.current)])) || 1;
  const first = rows.length - rest.length;
  return [
    `<svg class="bars" role="img" aria-labelledby="${id}t ${id}d" width="100%" height="${rows.length * ROW}">`,
    `<title id="${id}t">${sentence(title, 120)}</title><desc id="${id}d">${describe(bins, numbers)}</desc>`,
    ...rows.map((bin, i) => pair(bin, i * ROW, top, i >= first, numbers)),
    "</svg>",
  ].join("");
}

/** A bar of a share of the whole width. */
export function shareSvg(share: number): string {
  return `<svg class="share" width="100%" height="8" aria-hidden="true"><rect class="tr" width="100%" height="8" rx="4"/><rect class="cu" width="${c(100 * unit(share))}%" height="8" rx="4"/></svg>`;
}

function pair(bin: DriftBin, y: number, top: number, apart: boolean, numbers: NumberFormat): string {
  const shares = escapeHtml(`${numbers.share(bin.reference)} → ${numbers.share(bin.current)}`);
  const bar = (name: string, share: number, at: number) =>
    `<rect class="${name}" y="${at}" width="${c((100 * unit(share)) / top)}%" height="${BAR}"/>`;
  return (
    (apart ? `<rect class="ha" y="${y + 15}" width="100%" height="${2 * BAR + 2}"/>` : "") +
    `<text class="${apart ? "it" : ""}" y="${y + 11}">${nameSvg(bin.label, 26)}</text><text class="e" x="100%" y="${y + 11}">${shares}</text>` +
    bar("re", bin.reference, y + 16) +
    bar("cu", bin.current, y + 16 + BAR)
  );
}

function shownValues(values: readonly DriftBin[]): readonly DriftBin[] {
  if (values.length <= MAX_BARS) return values;
  const most = new Set([...values].sort((a, b) => b.contribution - a.contribution).slice(0, MAX_BARS - 1));
  const others = values.filter((bin) => !most.has(bin));
  return [...values.filter((bin) => most.has(bin)), together(`${others.length} others`, others)];
}
