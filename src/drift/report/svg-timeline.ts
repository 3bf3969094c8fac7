import { escapeHtml } from "./html-escape.ts";
import type { PsiLine } from "./psi-history.ts";
import type { PlotContext } from "./svg-distribution.ts";
import { coordinate as c, ticksTo } from "./svg-scale.ts";

const TOP = 10;
const HEIGHT = 210;
const BASE = TOP + HEIGHT;

/** Above this PSI the scale is that of square roots, so that the thresholds are not pressed to the bottom. */
const MAX_LINEAR = 1.25;

/** Least distance of the letters at the ends of lines, pixels. */
const LETTER = 13;

/** What is drawn beside the lines. */
export interface TimelineContext extends PlotContext {
  readonly thresholds: { readonly moderate: number; readonly significant: number };
  /** Times of the first and the last window. */
  readonly since: number;
  readonly until: number;
}

/** The letter by which a line is known in the plot and beside it. */
export function letterOf(line: number): string {
  return String.fromCharCode(65 + line);
}

/** Whether the plot of these lines has a scale of square roots. */
export function isRooted(lines: readonly PsiLine[]): boolean {
  return Math.max(0, ...lines.map(({ greatest }) => greatest)) > MAX_LINEAR;
}

/**
 * Debiased PSI over time, one line for each feature, told apart by dashes and by a letter at the end. Below 0 counts as 0. The plot
 * takes the width it is given; the lines are stretched within it, the text is not.
 */
export function timelineSvg(
  lines: readonly PsiLine[],
  { id, title, numbers, thresholds, since, until }: TimelineContext,
): string {
  const most = Math.max(thresholds.significant * 1.2, ...lines.map(({ greatest }) => greatest));
  const scale = isRooted(lines) ? Math.sqrt : (value: number) => value;
  const ticks = ticksTo(most, 4);
  const top = scale(ticks.at(-1)!);
  const y = (psi: number) => BASE - (HEIGHT * scale(Math.max(0, psi))) / top;
  const x = (at: number) => (until > since ? (1000 * (at - since)) / (until - since) : 500);
  const across = (name: string, value: number) => `<line class="${name}" x2="100%" y1="${c(y(value))}" y2="${c(y(value))}"/>`;
  const ends = spread(lines.map(({ last }) => y(last)));
  return [
    `<svg class="plot tl" role="img" aria-labelledby="${id}t ${id}d" width="100%" height="${BASE + 24}">`,
    `<title id="${id}t">${escapeHtml(title)}</title><desc id="${id}d">${escapeHtml(`${lines.length} features; the numbers are in the table below`)}</desc>`,
    ...ticks.map(
      (tick) =>
        `${across(tick === 0 ? "ax" : "gr", tick)}<text class="e" x="-6" y="${c(y(tick))}" dy=".32em">${escapeHtml(shortIndex(tick))}</text>`,
    ),
    `<svg width="100%" height="${BASE + 24}" viewBox="0 0 1000 ${BASE + 24}" preserveAspectRatio="none" overflow="visible">`,
    ...lines.map((line, i) => `<path class="l l${i}" d="${path(line, x, y)}"/>`),
    "</svg>",
    ...Object.entries(thresholds).map(
      ([level, value]) =>
        `${across(`th ${level[0]}`, value)}<text class="th" x="2" y="${c(y(value) - 4)}">${level} ${escapeHtml(shortIndex(value))}</text>`,
    ),
    ...lines.map((_, i) => `<text class="le k${i}" x="100%" dx="8" y="${c(ends[i]!)}" dy=".32em">${letterOf(i)}</text>`),
    ...[0, 1, 2, 3].map((quarter) => {
      const at = since + ((until - since) * quarter) / 3;
      const anchor = quarter === 0 ? "" : quarter === 3 ? " e" : " m";
      if (until === since && quarter > 0) return "";
      return `<text class="${anchor.trim()}${quarter % 3 === 0 ? "" : " od"}" x="${c((100 * quarter) / 3)}%" y="${BASE + 17}">${escapeHtml(numbers.tick(at, until - since))}</text>`;
    }),
    "</svg>",
  ].join("");
}

/** Runs of points, with gaps between them; a point alone is a short dash. */
function path({ points }: PsiLine, x: (at: number) => number, y: (psi: number) => number): string {
  let d = "";
  let open = false;
  for (const [i, { at, psi }] of points.entries()) {
    if (psi === null) {
      open = false;
      continue;
    }
    d += `${open ? "L" : "M"}${tenths(x(at))} ${tenths(y(psi))}`;
    if (!open && (points[i + 1]?.psi ?? null) === null) d += "h3";
    open = true;
  }
  return d;
}

/** Moves heights apart, the order kept: upwards, and down again from the top of the plot. */
function spread(heights: readonly number[]): number[] {
  const order = heights.map((height, i) => ({ height, i })).sort((a, b) => b.height - a.height);
  const placed: number[] = [];
  let below = Number.POSITIVE_INFINITY;
  for (const { height, i } of order) {
    below = Math.min(height, below - LETTER);
    placed[i] = below;
  }
  let above = TOP - LETTER;
  for (const { i } of order.reverse()) {
    above = Math.max(placed[i]!, above + LETTER);
    placed[i] = above;
  }
  return placed;
}

function tenths(value: number): string {
  return c(Math.round(10 * value) / 10);
}

function shortIndex(value: number): string {
  return String(Number(value.toPrecision(3)));
}
