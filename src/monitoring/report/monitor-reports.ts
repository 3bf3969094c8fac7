import * as z from "zod";
import type { Clock } from "../../core/clock.ts";
import { parseOptions, passed } from "../../core/options.ts";
import type { DriftSource } from "../../drift/port.ts";
import type { AlertRules } from "../alerts/alert-rules.ts";
import type { Alert } from "../alerts/alert-views.ts";
import { type NumberScale, probabilityScale, signedScale } from "../bucket/number-scale.ts";
import type { MonitorMetrics } from "../monitor-metrics.ts";
import type { MonitorSettings } from "../monitor-options.ts";
import { isText } from "../monitor-text.ts";
import { rangeShape, type TimeRange, type TimeRangeOptions, timeRange } from "../time-range.ts";
import { DriftFold, type DriftHistory } from "./drift-history.ts";
import { MissingFold, type PerformanceQuery, type PerformanceReport, performanceReport } from "./performance-report.ts";
import { type BucketFold, scanBuckets } from "./scan-buckets.ts";
import { SlaFold, type SlaReport } from "./sla-report.ts";
import { TrafficFold, type TrafficReport } from "./traffic-report.ts";

/** Options of `ModelMonitor.traffic` and `ModelMonitor.drift`. */
export interface VersionRangeOptions extends TimeRangeOptions {
  /** Only of this version. @defaultValue all */
  readonly version?: string | undefined;
}

/** Options of `ModelMonitor.performance`. */
export interface PerformanceOptions extends VersionRangeOptions {
  /** Only of this part of the traffic. @defaultValue all */
  readonly segment?: string | undefined;
  /** Most records to read, the oldest of the time; up to 2 million. @defaultValue 200 000 */
  readonly maxRows?: number | undefined;
}

/** Options of `ModelMonitor.sla`. */
export interface SlaOptions extends TimeRangeOptions {
  /** As for `ModelMonitor.performance`. @defaultValue 200 000 */
  readonly maxRows?: number | undefined;
}

/** Options of `ModelMonitor.dashboard`. */
export interface DashboardOptions extends SlaOptions {
  /** Alert rules whose alerts are to be shown. @defaultValue none */
  readonly alerts?: Pick<AlertRules, "alerts"> | undefined;
}

/** What `ModelMonitor.dashboard` answers: every report of one stretch of time. Plain JSON, without feature values. */
export interface MonitorDashboard {
  readonly schemaVersion: 1;
  readonly model: string;
  readonly task: MonitorSettings["task"];
  /** Milliseconds since the epoch. */
  readonly generatedAt: number;
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  readonly traffic: TrafficReport;
  readonly performance: PerformanceReport;
  readonly drift: DriftHistory;
  readonly sla: SlaReport;
  /** As of the last evaluation of the rules; null where none were given. */
  readonly alerts: readonly Alert[] | null;
  /** What this process has not stored yet. */
  readonly waiting: { readonly records: number; readonly buckets: number };
}

/** What a {@link MonitorReports} needs. */
export interface MonitorReportsOptions {
  readonly settings: MonitorSettings;
  readonly clock: Clock;
  readonly metrics: MonitorMetrics;
  readonly driftOf: (version: string) => DriftSource | undefined;
  /** Stores what waits, so that the reports have it; does not fail. */
  readonly flushed: () => Promise<void>;
  /** What is not stored yet. */
  readonly waiting: () => MonitorDashboard["waiting"];
}

const text = passed<string>("a text of 1 to 128 characters", isText).optional();
const maxRows = z.int().min(1).max(2_000_000).default(200_000);
const versionSchema = z.strictObject({ ...rangeShape, version: text });
const performanceSchema = z.strictObject({ ...rangeShape, version: text, segment: text, maxRows });
const slaSchema = z.strictObject({ ...rangeShape, maxRows });

const dashboardSchema = slaSchema.extend({
  alerts: passed<Pick<AlertRules, "alerts">>(
    "alert rules",
    (value) => typeof (value as { alerts?: unknown } | null | undefined)?.alerts === "function",
  ).optional(),
});

/** Numbers of the predictions of a task. */
export function outputScale(task: MonitorSettings["task"]): NumberScale {
  return task === "regression" ? signedScale : probabilityScale;
}

/** Reads what is stored and reports on it. What was reported last is shown in the metrics. */
export class MonitorReports {
  readonly #options: MonitorReportsOptions;

  constructor(options: MonitorReportsOptions) {
    this.#options = options;
  }

  async performance(options: PerformanceOptions, signal: AbortSignal | undefined): Promise<PerformanceReport> {
    const { version, segment, maxRows, ...times } = parseOptions(performanceSchema, options, "ModelMonitor.performance");
    const range = this.#range(times, "ModelMonitor.performance");
    const fold = new MissingFold();
    if (segment === undefined) await this.#scan(range, version, [fold], signal);
    else await this.#options.flushed();
    const missing = segment === undefined ? fold.report() : null;
    const report = await this.#measure(range, { version, segment, maxRows, missing }, signal);
    if (version === undefined && segment === undefined) this.#showPerformance(report);
    return report;
  }

  async traffic(options: VersionRangeOptions, signal: AbortSignal | undefined): Promise<TrafficReport> {
    const { version, ...times } = parseOptions(versionSchema, options, "ModelMonitor.traffic");
    const range = this.#range(times, "ModelMonitor.traffic");
    const fold = this.#trafficFold(range);
    return fold.report(await this.#scan(range, version, [fold], signal));
  }

  async drift(options: VersionRangeOptions, signal: AbortSignal | undefined): Promise<DriftHistory> {
    const { version, ...times } = parseOptions(versionSchema, options, "ModelMonitor.drift");
    const range = this.#range(times, "ModelMonitor.drift");
    const fold = new DriftFold(range, this.#options.driftOf);
    const history = fold.report(await this.#scan(range, version, [fold], signal));
    if (version === undefined) this.#showDrift(history);
    return history;
  }

  async sla(options: SlaOptions, signal: AbortSignal | undefined): Promise<SlaReport> {
    const { maxRows, ...times } = parseOptions(slaSchema, options, "ModelMonitor.sla");
    const range = this.#range(times, "ModelMonitor.sla");
    const { task, sla } = this.#options.settings;
    const fold = this.#slaFold(range);
    const missing = new MissingFold();
    const damaged = await this.#scan(range, undefined, [fold, missing], signal);
    const promised = Object.keys(sla.metrics).length > 0;
    const quality = promised ? await this.#measure(range, everything(maxRows, missing), signal) : undefined;
    const report = fold.report(task, sla.metrics, quality, damaged);
    this.#showObjectives(report);
    return report;
  }

  async dashboard(options: DashboardOptions, signal: AbortSignal | undefined): Promise<MonitorDashboard> {
    const { maxRows, alerts, ...times } = parseOptions(dashboardSchema, options, "ModelMonitor.dashboard");
    const range = this.#range(times, "ModelMonitor.dashboard");
    const { settings, driftOf, clock, waiting } = this.#options;
    const { model, task } = settings;
    const folds = [this.#trafficFold(range), new DriftFold(range, driftOf), this.#slaFold(range)] as const;
    const missing = new MissingFold();
    const damaged = await this.#scan(range, undefined, [...folds, missing], signal);
    const quality = await this.#measure(range, everything(maxRows, missing), signal);
    const traffic = folds[0].report(damaged);
    const drift = folds[1].report(damaged);
    const sla = folds[2].report(task, settings.sla.metrics, quality, damaged);
    this.#showPerformance(quality);
    this.#showDrift(drift);
    this.#showObjectives(sla);
    const generatedAt = Math.floor(clock.now());
    const firing = (await alerts?.alerts(signal === undefined ? {} : { signal })) ?? null;
    const reports = { traffic, performance: quality, drift, sla, alerts: firing };
    return { schemaVersion: 1, model, task, generatedAt, ...range, ...reports, waiting: waiting() };
  }

  #range(times: TimeRangeOptions, subject: string): TimeRange {
    return timeRange(times, this.#options.settings.bucketMs, Math.floor(this.#options.clock.now()), subject);
  }

  #trafficFold(range: TimeRange): TrafficFold {
    const { task } = this.#options.settings;
    return new TrafficFold(range, { now: this.#options.clock.now(), scale: outputScale(task), binary: task === "binary" });
  }

  #slaFold(range: TimeRange): SlaFold {
    const { sla, bucketMs } = this.#options.settings;
    return new SlaFold(range, sla, { bucketMs, now: this.#options.clock.now() });
  }

  async #scan(
    { from, to }: TimeRange,
    series: string | undefined,
    folds: readonly BucketFold[],
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { settings, metrics, flushed } = this.#options;
    await flushed();
    const damaged = await scanBuckets(settings.store, settings.model, { from, to, series }, folds, signal);
    metrics.damagedBuckets.inc(damaged);
    return damaged;
  }

  #measure(range: TimeRange, query: PerformanceQuery, signal: AbortSignal | undefined): Promise<PerformanceReport> {
    const { store, model, ...settings } = this.#options.settings;
    return performanceReport(store, model, settings, range, query, signal);
  }

  #showPerformance({ total }: PerformanceReport): void {
    const values = Object.entries(total.metrics).map(([name, { value }]) => ({ name, value }));
    this.#options.metrics.report("performance", "metric", values);
  }

  /** The greatest PSI of a feature, where versions have references of their own. */
  #showDrift({ comparisons }: DriftHistory): void {
    const greatest = new Map<string, number>();
    for (const { feature, psiDebiased } of comparisons.flatMap(({ report }) => report.features)) {
      greatest.set(feature, Math.max(psiDebiased, greatest.get(feature) ?? Number.NEGATIVE_INFINITY));
    }
    const values = [...greatest].map(([name, value]) => ({ name, value }));
    this.#options.metrics.report("drift_psi", "feature", values);
  }

  #showObjectives({ objectives }: SlaReport): void {
    const values = objectives.map(({ objective: name, met }) => ({ name, value: met === null ? null : Number(met) }));
    this.#options.metrics.report("objective_met", "objective", values);
  }
}

function everything(maxRows: number, missing: MissingFold): PerformanceQuery {
  return { version: undefined, segment: undefined, maxRows, missing: missing.report() };
}
