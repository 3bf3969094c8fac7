import type { Agreement } from "../comprehensive.ts";
import { whileFits } from "./byte-budget.ts";
import type { HtmlContext } from "./html-context.ts";
import { escapeHtml as e, nameHtml, sentence } from "./html-escape.ts";
import { badgeHtml, levelClass } from "./html-table.ts";

/** Most methods that have a column. */
const MAX_METHODS = 16;

/** What each method says of each feature, a line each for as long as they fit; nothing where no method was asked. */
export function agreementHtml(agreement: readonly Agreement[], { numbers }: HtmlContext, maxBytes: number): string {
  const methods = [...new Set(agreement.flatMap(({ findings }) => findings.map(({ method }) => method)))].slice(0, MAX_METHODS);
  if (methods.length === 0) return "";
  const row = ({ feature, majority, agreement, findings }: Agreement) => {
    const cells = methods.map((method) => {
      const found = findings.find((finding) => finding.method === method);
      if (found === undefined) return "<td>–</td>";
      const effect = e(numbers.index(found.effect));
      return found.level === "none"
        ? `<td>${effect}</td>`
        : `<td class="${levelClass(found.level)}">${found.level === "significant" ? "S" : "M"} ${effect}</td>`;
    });
    return `<tr><th scope="row">${nameHtml(feature, 36)}</th><td>${badgeHtml(majority)} ${e(numbers.percent(agreement))}</td>${cells.join("")}</tr>`;
  };
  const { html, leftOut } = whileFits(agreement, row, maxBytes);
  const heads = ["Feature", "Majority", ...methods.map((method) => sentence(method, 24))];
  const left = leftOut === 0 ? "" : ` ${e(numbers.count(leftOut))} more features are left out, to keep this page small.`;
  return [
    '<section><h2>Do the methods agree?</h2><div class="card"><div class="scroll ag" role="region" aria-label="Effect by method" tabindex="0"><table>',
    "<caption>Effect by method</caption>",
    `<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${html.join("")}</tbody></table></div>`,
    `<p class="mu sm more">S is significant, M moderate; where there is a dash the method does not apply. Each effect is in the unit of its method. Beside the level that most methods find is their share.${left}</p></div></section>`,
  ].join("");
}
