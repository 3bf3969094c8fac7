import type { DriftBin } from "../port.ts";
import { cellsOf } from "./drift-cells.ts";
import { escapeHtml, nameSvg, sentence } from "./html-escape.ts";
import type { NumberFormat } from "./number-format.ts";
import { cut, plainText } from "./plain-text.ts";
import { coordinate as c, ticksTo, unit } from "./svg-scale.ts";

/** Most columns of values that are drawn. */
const MAX_COLUMNS = 64;

/** Most columns that say their numbers under the pointer; the table has them too. */
const MAX_TIPS = 26;

/** Most labels below the columns. */
const MAX_LABELS = 12;

const TOP = 10;
const HEIGHT = 150;
const BASE = TOP + HEIGHT;

/** Width of a column beside the others of values, of a cell of missing values and the like, and of the gap before those. */
const REST_WIDTH = 14;
const GAP = 3;

/** How to name a plot, and its parts. */
export interface PlotContext {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  readonly numbers: NumberFormat;
}

/**
 * Pairs of columns in the order of a scale: the reference hollow, the window full. Horizontal lengths are per cent, so the plot takes the
 * width it is given while its text stays as large as it is; vertical ones are pixels, from 0 at the least to a round share.
 */
export function distributionSvg(bins: readonly DriftBin[], { id, title, numbers }: PlotContext): string {
  const { values: all, rest } = cellsOf(bins);
  const values = all.slice(0, MAX_COLUMNS);
  const ticks = ticksTo(Math.max(0, ...[...values, ...rest].flatMap((bin) => [unit(bin.reference), unit(bin.current)])), 4);
  const top = ticks.at(-1)!;
  const restWidth = Math.min(REST_WIDTH, 60 / Math.max(1, rest.length));
  const room = rest.length === 0 ? 100 : 100 - GAP - restWidth * rest.length;
  const width = values.length === 0 ? 0 : room / values.length;
  const restAt = (i: number) => room + GAP + restWidth * i;
  const columns = [
    ...values.map((bin, i) => ({ bin, x: i * width, of: width })),
    ...rest.map((bin, i) => ({ bin, x: restAt(i), of: restWidth })),
  ];
  const bars = (side: "reference" | "current") =>
    columns.map(({ bin, x, of }) => {
      const bar = Math.min(9, of * 0.4);
      return rect(side === "reference" ? x + of / 2 - bar : x + of / 2, bin[side] / top, bar);
    });
  const tips =
    values.length > MAX_TIPS
      ? []
      : columns.map(
          ({ bin, x, of }) =>
            `<rect class="hit" x="${c(x)}%" y="${TOP}" width="${c(of)}%" height="${HEIGHT}"><title>${tip(bin, numbers)}</title></rect>`,
        );
  const lines = ticks.map((tick) => {
    const y = c(BASE - (HEIGHT * tick) / top);
    return `<line class="${tick === 0 ? "ax" : "gr"}" x2="100%" y1="${y}" y2="${y}"/><text class="e" x="-6" y="${y}" dy=".32em">${escapeHtml(tickText(tick, top))}</text>`;
  });
  return [
    `<svg class="plot" role="img" aria-labelledby="${id}t ${id}d" width="100%" height="${BASE + (rest.length > 1 ? 36 : 24)}">`,
    `<title id="${id}t">${sentence(title, 120)}</title><desc id="${id}d">${describe(bins, numbers)}</desc>`,
    ...lines,
    ...rest.map((_, i) => `<rect class="ha" x="${c(restAt(i))}%" y="${TOP}" width="${c(restWidth)}%" height="${HEIGHT}"/>`),
    `<g class="re">${bars("reference").join("")}</g><g class="cu">${bars("current").join("")}</g>`,
    ...tips,
    ...labels(values, width),
    ...rest.map((bin, i) => {
      const y = BASE + 15 + (i % 2) * 12;
      return `<text class="m it" x="${c(restAt(i) + restWidth / 2)}%" y="${y}">${nameSvg(bin.label, 12)}</text>`;
    }),
    "</svg>",
  ].join("");
}

/** How many cells of values such a plot does not show. */
export function undrawnCells(bins: readonly DriftBin[]): number {
  return Math.max(0, cellsOf(bins).values.length - MAX_COLUMNS);
}

/** The cell that adds most, for those who cannot see the plot; the numbers are in the table below it. */
export function describe(bins: readonly DriftBin[], numbers: NumberFormat): string {
  const [first] = [...bins].sort((a, b) => b.contribution - a.contribution);
  return first === undefined ? "No rows" : `${bins.length} cells. Most is added by ${tip(first, numbers)}`;
}

/** A cell in words. */
function tip(bin: DriftBin, numbers: NumberFormat): string {
  return `${sentence(bin.label, 60)}: ${escapeHtml(`reference ${numbers.share(bin.reference)}, current ${numbers.share(bin.current)}`)}`;
}

function rect(x: number, ratio: number, width: number): string {
  const height = HEIGHT * unit(ratio);
  return `<rect x="${c(x)}%" y="${c(BASE - height)}" width="${c(width)}%" height="${c(height)}"/>`;
}

/** Ranges are labelled at their edges, as a scale is, other cells in their middle; where there are many, every other one is left out. */
function labels(values: readonly DriftBin[], width: number): string[] {
  const edges = values.map(({ label }) => upperEdge(label));
  const ranges = values.some(({ label }) => /^\(.+, .+\]$/.test(label));
  const marks = values.flatMap((bin, i) => {
    const text = ranges ? edges[i] : plainText(bin.label);
    // The least value alone ends where the values below it end.
    if (text === undefined || (ranges && (i === values.length - 1 || text === edges[i + 1]))) return [];
    return [{ text: cut(text, 9), at: ranges ? (i + 1) * width : (i + 0.5) * width }];
  });
  const every = Math.ceil(marks.length / MAX_LABELS);
  const shown = marks.filter((_, i) => i % every === 0);
  // On narrow screens the CSS hides class "od" too.
  const crowded = shown.length > 6 || shown.some(({ text }) => text.length * shown.length > 40);
  return shown.map(({ text, at }, i) => {
    const tick = ranges ? `<line class="ax" x1="${c(at)}%" x2="${c(at)}%" y1="${BASE}" y2="${BASE + 4}"/>` : "";
    return `${tick}<text class="m${crowded && i % 2 === 1 ? " od" : ""}" x="${c(at)}%" y="${BASE + 15}">${escapeHtml(text)}</text>`;
  });
}

function upperEdge(label: string): string | undefined {
  return /^\(.+, (.+)\]$/.exec(label)?.[1] ?? /^<=? (.+)$/.exec(label)?.[1] ?? (/^>/.test(label) ? undefined : label);
}

function tickText(tick: number, top: number): string {
  return `${Number((100 * tick).toPrecision(top < 0.01 ? 2 : 3))} %`;
}
