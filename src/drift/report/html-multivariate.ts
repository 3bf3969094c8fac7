import type { Multivariate } from "../multivariate/multivariate-drift.ts";
import type { HtmlContext } from "./html-context.ts";
import { escapeHtml as e, nameHtml } from "./html-escape.ts";
import type { NumberFormat } from "./number-format.ts";
import { shareSvg } from "./svg-bars.ts";
import { intervalSvg } from "./svg-interval.ts";

const MAX_COLUMNS = 5;

const FEW = '<p class="mu">Too few rows in the samples.</p>';

/** What the features show together, which none shows alone. */
export function multivariateHtml({ domainClassifier, pcaReconstruction, mmd }: Multivariate, { numbers }: HtmlContext): string {
  const tiles = [
    ["Can a classifier tell the rows apart?", domainClassifier.status === "ok" ? classifierHtml(domainClassifier, numbers) : FEW],
    [
      "Do features move together as they did?",
      pcaReconstruction.status === "ok" ? reconstructionHtml(pcaReconstruction, numbers) : FEW,
    ],
    [
      "How far apart are the rows?",
      mmd === null
        ? FEW
        : `${bigHtml(numbers.index(mmd.statistic), "maximum mean discrepancy, squared; around 0 without drift")}${pHtml(mmd.pValue, numbers)}`,
    ],
  ] as const;
  return `<section><h2>Features together</h2><div class="tiles">${tiles.map(([title, html]) => `<div class="card"><h3>${title}</h3>${html}</div>`).join("")}</div></section>`;
}

type Ok<T> = Extract<T, { readonly status: "ok" }>;

function classifierHtml({ auc, interval, pValue, columns }: Ok<Multivariate["domainClassifier"]>, numbers: NumberFormat): string {
  const top = columns.slice(0, MAX_COLUMNS).filter(({ share }) => share > 0);
  const weights = top.map(
    ({ name, share }) =>
      `<div class="row sm"><span>${nameHtml(name, 30)}</span><b>${e(numbers.share(share))}</b></div>${shareSvg(share)}`,
  );
  const more = columns.length - top.length;
  return [
    bigHtml(
      numbers.index(auc),
      `area under the ROC curve, ${e(numbers.interval(interval))}; 0.5 is chance, 1 tells all rows apart`,
    ),
    intervalSvg(auc, interval, [0.5], { from: 0, to: 1 }),
    pHtml(pValue, numbers),
    ...(weights.length === 0
      ? []
      : [
          `<p class="mu sm">Share of each feature in telling them apart${more > 0 ? `; ${more} more have less` : ""}</p>`,
          ...weights,
        ]),
  ].join("");
}

function reconstructionHtml(found: Ok<Multivariate["pcaReconstruction"]>, numbers: NumberFormat): string {
  const { reference, current, difference, interval, pValue, components } = found;
  return [
    bigHtml(
      `${numbers.index(reference)} → ${numbers.index(current)}`,
      `reconstruction error from ${e(numbers.count(components))} principal components`,
    ),
    `<p class="sm">Difference ${e(numbers.index(difference))} <span class="mu">(${e(numbers.interval(interval))})</span></p>`,
    pHtml(pValue, numbers),
  ].join("");
}

function bigHtml(text: string, what: string): string {
  return `<div class="big-n">${e(text)}</div><p class="mu sm">${what}</p>`;
}

function pHtml(pValue: number, numbers: NumberFormat): string {
  return `<p class="sm">p ${e(numbers.probability(pValue).replace(/^(?!<)/, "= "))}</p>`;
}
