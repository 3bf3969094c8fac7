import type { NumberFormat } from "./number-format.ts";

/** What every part of a page is rendered with. */
export interface HtmlContext {
  readonly numbers: NumberFormat;
  /** Debiased PSI at which the levels begin, for marks in plots. */
  readonly thresholds: { readonly moderate: number; readonly significant: number };
}
