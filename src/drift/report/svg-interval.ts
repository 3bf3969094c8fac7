import { coordinate as c, unit } from "./svg-scale.ts";

/**
 * A value and its interval on a line that begins at `from`, with dashes where the levels begin. The line is twice as long as the greatest
 * threshold, or as long as the interval.
 */
export function intervalSvg(
  value: number,
  [low, high]: readonly [low: number, high: number],
  marks: readonly number[],
  { from = 0, to }: { readonly from?: number; readonly to?: number } = {},
): string {
  const end = to ?? Math.max(from + 2 * Math.max(...marks.map((mark) => mark - from)), finite(high) * 1.05, finite(value) * 1.05);
  const x = (at: number) => 100 * unit((at - from) / (end - from));
  const [a, b] = [x(Math.min(low, high)), x(Math.max(low, high))];
  return (
    `<svg class="iv" width="100%" height="16" aria-hidden="true"><line class="gr" x2="100%" y1="8" y2="8"/>` +
    marks
      .map(
        (mark, i) =>
          `<line class="th ${marks.length === 2 ? "ms"[i] : ""}" x1="${c(x(mark))}%" x2="${c(x(mark))}%" y1="1" y2="15"/>`,
      )
      .join("") +
    `<line class="rg" x1="${c(a)}%" x2="${c(b)}%" y1="8" y2="8"/><circle class="cu" cx="${c(x(value))}%" cy="8" r="4"/></svg>`
  );
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
