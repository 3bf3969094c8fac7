import type { Histogram } from "./histogram.ts";
import type { Counter, Gauge, Metrics } from "./metrics.ts";

/** The content type to serve {@link prometheusText} with. */
export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * All metrics in the Prometheus text format. A histogram's buckets are the powers of 2 of its range, which are exact.
 *
 * @source Prometheus exposition formats, text format version 0.0.4
 */
export function prometheusText(metrics: Metrics): string {
  const lines: string[] = [];
  for (const { name, help, kind, series } of metrics.families) {
    lines.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`, `# TYPE ${name} ${kind}`);
    for (const { labels, metric } of series.values()) {
      if (kind === "histogram") pushHistogram(lines, name, labels, metric as Histogram);
      else lines.push(`${name}${renderLabels(labels)} ${renderNumber((metric as Counter | Gauge).value)}`);
    }
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function pushHistogram(lines: string[], name: string, labels: Readonly<Record<string, string>>, histogram: Histogram): void {
  for (const [bound, count] of histogram.cumulative()) {
    lines.push(`${name}_bucket${renderLabels({ ...labels, le: renderNumber(bound) })} ${count}`);
  }
  const count = histogram.count;
  lines.push(`${name}_bucket${renderLabels({ ...labels, le: "+Inf" })} ${count}`);
  lines.push(
    `${name}_sum${renderLabels(labels)} ${renderNumber(histogram.sum)}`,
    `${name}_count${renderLabels(labels)} ${count}`,
  );
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function renderNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
