import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";
import type { ComprehensiveReport } from "../comprehensive.ts";
import type { Multivariate } from "../multivariate/multivariate-drift.ts";
import type { DriftReport, FeatureDrift } from "../port.ts";
import { type DriftThresholds, thresholdsSchema } from "../verdict/thresholds.ts";
import { bytesOf, whileFits } from "./byte-budget.ts";
import { agreementHtml } from "./html-agreement.ts";
import type { HtmlContext } from "./html-context.ts";
import { escapeHtml, sentence } from "./html-escape.ts";
import { featureHtml } from "./html-feature.ts";
import { featureTableHtml } from "./html-feature-table.ts";
import { multivariateHtml } from "./html-multivariate.ts";
import { rootCauseHtml } from "./html-root-cause.ts";
import { segmentsHtml } from "./html-segments.ts";
import { summaryHtml } from "./html-summary.ts";
import { timelineHtml } from "./html-timeline.ts";
import { NumberFormat } from "./number-format.ts";
import type { DriftHistoryPoint } from "./psi-history.ts";
import { rankFeatures } from "./rank-features.ts";
import { REPORT_STYLE } from "./report-style.ts";

/** How to render a page. */
export interface DriftHtmlOptions {
  /** @defaultValue "Drift report" */
  readonly title?: string | undefined;
  /** Debiased PSI of earlier windows, in any order, for a plot over time. @defaultValue no such plot */
  readonly history?: readonly DriftHistoryPoint[] | undefined;
  /** What `multivariateDrift` finds of the window. @defaultValue no such part */
  readonly multivariate?: Multivariate | null | undefined;
  /** Those of the detector; `psiModerate` and `psiSignificant` are marked in plots. @defaultValue 0.1 and 0.25 */
  readonly thresholds?: DriftThresholds | undefined;
  /** When the page was made, milliseconds since the epoch. @defaultValue not said, so that equal reports give equal pages */
  readonly generatedAt?: number | undefined;
  /** Language of numbers and times, a BCP 47 tag; the text is English. @defaultValue "en-GB" */
  readonly locale?: string | undefined;
  /** Most features shown in full, the worst first, fewer where they do not fit; the others have a line in a table. @defaultValue 12 */
  readonly maxFeatures?: number | undefined;
}

const optionsSchema = z.strictObject({
  title: z.string().default("Drift report"),
  history: z
    .array(z.object({ until: z.number(), features: passed<Readonly<Record<string, number>>>("an object", isObject) }))
    .default([]),
  multivariate: passed<Multivariate>("what multivariateDrift answers", isObject).nullish(),
  thresholds: thresholdsSchema.default(() => thresholdsSchema.parse({})),
  generatedAt: z.number().optional(),
  locale: z.string().refine(isLocale, "expected a BCP 47 language tag").default("en-GB"),
  maxFeatures: z.int().min(0).max(1000).default(12),
});

/** Most bytes of UTF-8 in a page; what does not fit is counted instead. */
const MAX_BYTES = 148_000;

/** Most bytes of the parts that are not features. */
const MAX_CAUSES = 12_000;
const MAX_SEGMENTS = 8000;
const MAX_AGREEMENT = 12_000;

/** Bytes kept for each feature in the table; names that are longer than usual take more. */
const TABLE_ROW = 240;
const MAX_TABLE = 36_000;

/** Nothing is loaded and nothing runs; only the style in the page counts. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * A report as one page of HTML that stands alone: no scripts, nothing loaded from elsewhere, plots as inline SVG, below 150 kB however
 * many features there are. The worst features are shown in full and the others in a table; what is left out is counted. Light or dark as
 * the reader has it, for narrow screens and for paper.
 *
 * Names of features and categories are shown as text, whatever they are. There are no rows in it, but labels of cells, which are
 * categories of the reference or ranges of its values.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options
 *
 * @example
 * ```ts
 * import { type DriftDetector, renderDriftHtml } from "modelwright/drift";
 *
 * declare const detector: DriftDetector;
 * const page = renderDriftHtml(detector.comprehensive(), { title: "Payments" });
 * ```
 */
export function renderDriftHtml(report: DriftReport | ComprehensiveReport, options: DriftHtmlOptions = {}): string {
  const { title, history, multivariate, thresholds, generatedAt, locale, maxFeatures } = parseOptions(
    optionsSchema,
    options,
    "renderDriftHtml",
  );
  const numbers = new NumberFormat(locale);
  const context: HtmlContext = {
    numbers,
    thresholds: { moderate: thresholds.psiModerate, significant: thresholds.psiSignificant },
  };
  const ranked = rankFeatures(report.features);
  const head = headHtml(title);
  const before =
    summaryHtml(report, title, context) +
    rootCauseHtml(report, context, MAX_CAUSES) +
    timelineHtml(
      history,
      ranked.map(({ feature }) => feature),
      context,
    );
  const after =
    segmentsHtml(report.segments, context, MAX_SEGMENTS) +
    (multivariate ? multivariateHtml(multivariate, context) : "") +
    agreementOf(report, ranked, context);
  const foot = footHtml(report, generatedAt, numbers);
  const room = MAX_BYTES - bytesOf(head + before + after + foot);
  const features = featuresHtml(report, ranked, maxFeatures, context, room);
  return `${head}${before}${features}${after}${foot}`;
}

function featuresHtml(
  report: DriftReport,
  ranked: readonly FeatureDrift[],
  maxFeatures: number,
  context: HtmlContext,
  room: number,
): string {
  const { evidence } = report;
  const chosen = ranked.slice(0, maxFeatures);
  const kept = Math.min(MAX_TABLE, TABLE_ROW * (ranked.length - chosen.length));
  const { html } = whileFits(chosen, (feature, i) => featureHtml(feature, i, evidence, context), room - kept - 1500);
  const full = html.length === 0 ? "" : `<section><h2>Features in full</h2>${html.join("")}</section>`;
  return full + featureTableHtml(ranked.slice(html.length), evidence, context, room - bytesOf(full) - 1500);
}

function agreementOf(report: DriftReport | ComprehensiveReport, ranked: readonly FeatureDrift[], context: HtmlContext): string {
  if (!("agreement" in report)) return "";
  const byName = new Map(report.agreement.map((found) => [found.feature, found]));
  const agreement = ranked.flatMap(({ feature }) => byName.get(feature) ?? []);
  return agreementHtml(agreement, context, MAX_AGREEMENT);
}

function headHtml(title: string): string {
  return [
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/>',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}"/>`,
    '<meta name="viewport" content="width=device-width,initial-scale=1"/><meta name="referrer" content="no-referrer"/>',
    `<meta name="color-scheme" content="light dark"/><title>${sentence(title, 120)}</title>`,
    `<style>${REPORT_STYLE}</style></head><body>`,
    '<svg width="0" height="0" aria-hidden="true" class="vh"><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hl" d="M0 0V6"/></pattern></defs></svg><main>',
  ].join("");
}

function footHtml({ schemaVersion }: DriftReport, generatedAt: number | undefined, numbers: NumberFormat): string {
  const made = generatedAt === undefined ? "" : ` Made ${escapeHtml(numbers.time(generatedAt))} UTC.`;
  return `<footer>From counts, without rows; report version ${escapeHtml(String(schemaVersion))}.${made} Debiased PSI is less what chance alone is expected to add; intervals are of 95 %.</footer></main></body></html>\n`;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
