import type { DriftHint, DriftReport, RootCause } from "../port.ts";
import { whileFits } from "./byte-budget.ts";
import type { HtmlContext } from "./html-context.ts";
import { escapeHtml, nameHtml, sentence } from "./html-escape.ts";
import { badgeHtml } from "./html-table.ts";
import { shareSvg } from "./svg-bars.ts";

const MAX_CAUSES = 10;
const MAX_CELLS = 3;
const MAX_HINTS = 8;

/** Features that explain most, with the cells and the hints that tell why; nothing where none has moved. */
export function rootCauseHtml({ rootCause }: DriftReport, context: HtmlContext, maxBytes: number): string {
  if (rootCause.length === 0) return "";
  const { html, leftOut } = whileFits(rootCause.slice(0, MAX_CAUSES), (cause) => causeHtml(cause, context), maxBytes);
  const more = leftOut + Math.max(0, rootCause.length - MAX_CAUSES);
  return [
    '<section><h2>What has moved most</h2><div class="card"><ol class="cause">',
    ...html,
    "</ol>",
    more === 0 ? "" : `<p class="mu sm more">${more} more that moved explain less and are left out here.</p>`,
    '</div><p class="mu sm">A share is importance times debiased PSI, of the sum over all features. Cells show the share of the reference, then of the window.</p></section>',
  ].join("");
}

/** Sentences about what may have happened. */
export function hintsHtml(hints: readonly DriftHint[]): string {
  if (hints.length === 0) return "";
  const shown = hints.slice(0, MAX_HINTS).map(({ message }) => `<li>${sentence(message, 220)}</li>`);
  const more = hints.length - shown.length;
  return `<ul class="hint">${shown.join("")}${more > 0 ? `<li>${more} more hints are left out</li>` : ""}</ul>`;
}

function causeHtml({ feature, level, share, cells, hints }: RootCause, { numbers }: HtmlContext): string {
  const chips = cells.slice(0, MAX_CELLS).map((cell) => {
    const shares = escapeHtml(`${numbers.share(cell.reference)} → ${numbers.share(cell.current)}`);
    return `<li><b>${nameHtml(cell.label, 32)}</b> ${shares}</li>`;
  });
  return [
    `<li><div class="row"><h3>${nameHtml(feature, 48)}</h3>${badgeHtml(level)}<b>${escapeHtml(numbers.share(share))}</b></div>`,
    shareSvg(share),
    chips.length === 0 ? "" : `<ul class="chips" aria-label="Cells that add most">${chips.join("")}</ul>`,
    hintsHtml(hints),
    "</li>",
  ].join("");
}
