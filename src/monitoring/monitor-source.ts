import type { CallOptions } from "../core/call.ts";
import type { DriftLevel } from "../drift/port.ts";
import type { MetricQuery, MetricSample, MetricSource } from "./alerts/port.ts";
import type { ModelMonitor } from "./model-monitor.ts";
import type { DriftHistory } from "./report/drift-history.ts";
import { isMetricName, type PerformanceMetric } from "./report/metric-names.ts";
import type { PerformanceSummary } from "./report/performance-report.ts";
import type { TrafficReport, TrafficTotals } from "./report/traffic-report.ts";

/** Records that performance is judged by; with those of the window in which they are reached, at most twice as many. */
const NEWEST_ROWS = 200_000;

const LEVELS: readonly DriftLevel[] = ["none", "moderate", "significant"];

/** Metrics of the traffic, one sample for each version. */
const traffic = {
  requests: ({ requests }) => requests,
  requestsPerSecond: ({ requestsPerSecond }) => requestsPerSecond,
  errors: ({ errors }) => errors,
  errorRatio: ({ errorRatio }) => errorRatio,
  latencyP50Ms: ({ latency }) => latency?.p50Ms ?? null,
  latencyP95Ms: ({ latency }) => latency?.p95Ms ?? null,
  latencyP99Ms: ({ latency }) => latency?.p99Ms ?? null,
  positiveRatio: ({ positiveRatio }) => positiveRatio,
  meanOutput: ({ meanOutput }) => meanOutput,
  droppedRecords: ({ records }) => records.dropped,
} as const satisfies Readonly<Record<string, (totals: TrafficTotals) => number | null>>;

/** A metric that alert rules can ask a monitor for; see {@link monitorSource}. */
export type MonitorMetric = keyof typeof traffic | "labelCoverage" | "psi" | "driftLevel" | PerformanceMetric;

/** Reports of one evaluation, so that many rules over one window read the store once. */
interface Reports {
  readonly now: number;
  readonly answers: Map<string, Promise<unknown>>;
}

/**
 * What a monitor knows, as metrics for alert rules over the last `windowMs`, in whole buckets:
 *
 * - of the traffic, labelled by `version`: `requests`, `requestsPerSecond`, `errors`, `errorRatio`, `latencyP50Ms`, `latencyP95Ms`,
 *   `latencyP99Ms`, `positiveRatio`, `meanOutput`, `droppedRecords`; the count is that of the requests;
 * - of the labels, labelled by `version`: `labelCoverage`, and every metric of {@link PerformanceReport} such as `auc` or
 *   `rootMeanSquaredError`; the count is that of the labelled predictions. Of a window with many records the newest 200 000 count, or somewhat more. Labels
 *   come late: choose the window to match, and `minCount`;
 * - of drift: `psi` (debiased), labelled by `feature`, and `driftLevel`, 0 for none, 1 for moderate, 2 for significant, of all features
 *   together; the count is that of the rows. Features of several references have a label `reference`.
 *
 * A metric that there is not has no samples.
 */
export function monitorSource(monitor: ModelMonitor): MetricSource {
  let reports: Reports = { now: Number.NaN, answers: new Map() };
  return {
    async samples({ metric, windowMs, labels }: MetricQuery, now: number, call?: CallOptions): Promise<readonly MetricSample[]> {
      if (reports.now !== now) reports = { now, answers: new Map() };
      const { answers } = reports;
      const once = <T>(kind: string, ask: () => Promise<T>): Promise<T> => {
        const key = `${kind} ${windowMs}`;
        const known = answers.get(key) as Promise<T> | undefined;
        if (known !== undefined) return known;
        const asked = ask();
        answers.set(key, asked);
        // What has failed is asked again by the next rule.
        asked.catch(() => answers.delete(key));
        return asked;
      };
      const range = { from: Math.max(0, now - windowMs), to: now };
      const found = await samplesOf(monitor, metric, range, once, call);
      return found.filter((sample) => Object.entries(labels).every(([name, value]) => sample.labels[name] === value));
    },
  };
}

async function samplesOf(
  monitor: ModelMonitor,
  metric: string,
  range: { readonly from: number; readonly to: number },
  once: <T>(kind: string, ask: () => Promise<T>) => Promise<T>,
  call: CallOptions | undefined,
): Promise<readonly MetricSample[]> {
  if (Object.hasOwn(traffic, metric)) {
    const { versions } = await once("traffic", () => monitor.traffic(range, call));
    const measure = traffic[metric as keyof typeof traffic];
    return versions.map((totals) => ({ labels: { version: totals.version }, value: measure(totals), count: totals.requests }));
  }
  if (metric === "psi" || metric === "driftLevel") {
    const history = await once("drift", () => monitor.drift(range, call));
    return metric === "psi" ? psiSamples(history) : levelSamples(history);
  }
  if (metric !== "labelCoverage" && !isMetricName(metric)) return [];
  const { versions } = await once("performance", async () => {
    const counts = await once("traffic", () => monitor.traffic(range, call));
    return monitor.performance({ from: newest(counts), to: range.to, maxRows: 2 * NEWEST_ROWS }, call);
  });
  return versions.map((summary) => ({
    labels: { version: summary.version },
    value: metric === "labelCoverage" ? summary.labelCoverage : measureOf(summary, metric),
    count: metric === "labelCoverage" ? summary.predictions : summary.labelled,
  }));
}

/** Where the newest records of a stretch of time begin that are to be read: a report that is cut short is about the oldest. */
function newest({ from, windows, total }: TrafficReport): number {
  const share = total.requests === 0 ? 0 : total.records.logged / total.requests;
  let rows = 0;
  for (const window of windows.toReversed()) {
    rows += window.requests * share;
    if (rows > NEWEST_ROWS) return window.from;
  }
  return from;
}

function measureOf({ metrics }: PerformanceSummary, metric: PerformanceMetric): number | null {
  return metrics[metric]?.value ?? null;
}

function psiSamples({ comparisons }: DriftHistory): MetricSample[] {
  return comparisons.flatMap(({ report, rows, fingerprint }) =>
    report.features.map(({ feature, psiDebiased }) => ({
      labels: { feature: feature.slice(0, MAX_LABEL), ...(comparisons.length > 1 && { reference: fingerprint }) },
      value: psiDebiased,
      count: rows,
    })),
  );
}

function levelSamples({ comparisons }: DriftHistory): MetricSample[] {
  return comparisons.map(({ report: { verdict }, rows, fingerprint }) => ({
    labels: comparisons.length > 1 ? { reference: fingerprint } : {},
    value: verdict === "insufficient_data" ? null : LEVELS.indexOf(verdict),
    count: rows,
  }));
}

/** Longest value of a label. */
const MAX_LABEL = 128;
