export { type DriftHtmlOptions, renderDriftHtml } from "./html-report.ts";
export { renderDriftReport } from "./markdown-report.ts";
export type { DriftHistoryPoint } from "./psi-history.ts";
