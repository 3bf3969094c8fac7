import type { CallOptions, Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import type { Issue } from "../core/errors.ts";
import { Emitter, type Event } from "../core/events.ts";
import { uuidv7Generator } from "../core/ids.ts";
import { keepAlive } from "../core/keep-alive.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { defaultLogger, guarded, type Logger } from "../core/logger.ts";
import type { Metrics } from "../core/metrics.ts";
import { parseOptions } from "../core/options.ts";
import { prometheusText } from "../core/prometheus.ts";
import { systemRandom } from "../core/random.ts";
import { invalidInput } from "../core/schema.ts";
import { traced } from "../core/trace.ts";
import type { DriftSource } from "../drift/port.ts";
import { OpenBuckets } from "./bucket/open-buckets.ts";
import { keptLabel, labelExpectation } from "./checked-answer.ts";
import { Flusher, type FlushFailure } from "./flusher.ts";
import type { LabelInput, LabelResult } from "./labels.ts";
import { MonitorMetrics } from "./monitor-metrics.ts";
import {
  isDriftSource,
  type ModelMonitorOptions,
  type MonitorDrift,
  type MonitorSettings,
  monitorSchema,
} from "./monitor-options.ts";
import { isText, textIssue } from "./monitor-text.ts";
import type { NewLabel, PredictionLabel } from "./port.ts";
import { PredictionLog } from "./prediction-log.ts";
import { type ErrorInput, isTime, type PredictionInput, Recorder } from "./recorder.ts";
import type { DriftHistory } from "./report/drift-history.ts";
import {
  type DashboardOptions,
  type MonitorDashboard,
  MonitorReports,
  outputScale,
  type PerformanceOptions,
  type SlaOptions,
  type VersionRangeOptions,
} from "./report/monitor-reports.ts";
import type { PerformanceReport } from "./report/performance-report.ts";
import type { SlaReport } from "./report/sla-report.ts";
import type { TrafficReport } from "./report/traffic-report.ts";
import { isSampled } from "./sampled-ids.ts";

/** Labels joined at once. */
const LABEL_BATCH = 1000;

/** Most labels of one call. */
const MAX_LABELS = 100_000;

/** Most problems that one error lists. */
const MAX_ISSUES = 20;

/** Longest time for the removal of what is no longer kept. */
const RETENTION_TIMEOUT_MS = 60_000;

/**
 * Watches a model at work: logs its predictions and joins the labels that come later, counts traffic, latency, failures and drift in
 * buckets of time, and reports on any stretch of it.
 *
 * `record` and `recordError` are synchronous and take microseconds; what they note is stored in the background, in rounds, and a store that
 * fails is tried again. Every process that serves the model has a monitor of its own on the same store; their buckets add up exactly. Feature
 * values are counted, never kept. A process that is killed, or ends without `close()`, loses what waits: no more than the last second while
 * the store works (`buffer.flushEveryMs`), and never a part of what `flush()` was answered for.
 *
 * Calls reject with `CLOSED` after `close()`, with `CONFIG_INVALID` for bad options of a call, and with `STORE_FAILED` when the store fails.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options
 *
 * @example
 * ```ts
 * import { memoryMonitoring } from "modelwright/memory";
 * import { ModelMonitor } from "modelwright/monitoring";
 *
 * await using store = memoryMonitoring();
 * await using monitor = new ModelMonitor({ model: "fraud", task: "binary", store, sla: { latencyP99Ms: 50 } });
 * const id = monitor.record({ version: "7", output: 0.83, latencyMs: 4.2 });
 * await monitor.label(id, 1);
 * const { total } = await monitor.performance();
 * console.log(total.labelled, total.metrics.accuracy?.value);
 * ```
 */
export class ModelMonitor implements AsyncDisposable {
  /** Counters and gauges, for a registry of the whole process. */
  readonly metrics: Metrics;
  readonly #settings: MonitorSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #driftOf: (version: string) => DriftSource | undefined;
  readonly #series: MonitorMetrics;
  readonly #log: PredictionLog;
  readonly #buckets: OpenBuckets;
  readonly #flusher: Flusher;
  readonly #recorder: Recorder;
  readonly #reports: MonitorReports;
  readonly #flushFailed: Emitter<FlushFailure>;
  readonly #lifecycle = new Lifecycle("The model monitor", () => this.#end());
  #retainedAt: number;
  /** Fires when something could not be stored; it is kept and tried again. */
  readonly onFlushFailed: Event<FlushFailure>;

  constructor(options: ModelMonitorOptions, runtime: Runtime = {}) {
    const settings = parseOptions(monitorSchema, options, "ModelMonitor");
    const { clock = systemClock, random = systemRandom, logger = defaultLogger } = runtime;
    const { model, task, store, bucketMs, buffer } = settings;
    const nextId = uuidv7Generator({ clock, random });
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = guarded(logger);
    this.#driftOf = finder(settings.drift);
    this.#retainedAt = clock.monotonic();
    this.#flushFailed = new Emitter<FlushFailure>(logger);
    this.onFlushFailed = this.#flushFailed.event;
    this.metrics = settings.metrics;
    this.#series = new MonitorMetrics(settings.metrics, model);
    this.#log = new PredictionLog(buffer.maxRecords);
    this.#buckets = new OpenBuckets({
      spanMs: bucketMs,
      scale: outputScale(task),
      writer: nextId(),
      maxSealed: buffer.maxBuckets,
      clock,
      driftOf: this.#driftOf,
      onDriftFailed: (error) => {
        this.#series.driftFailures.inc();
        this.#logger.warn("Drift is not counted: the drift source has failed", { error });
      },
      onLost: (buckets) => {
        this.#series.lostBuckets.inc(buckets);
        this.#logger.error("Counts are lost: the store has refused buckets, or not taken them for too long", { buckets });
      },
    });
    this.#flusher = new Flusher({
      store,
      model,
      log: this.#log,
      buckets: this.#buckets,
      metrics: this.#series,
      clock,
      random,
      everyMs: buffer.flushEveryMs,
      batch: buffer.batch,
      onFailed: (failure) => this.#failed(failure),
      afterFlush: () => this.#retainNowAndThen(),
    });
    this.#recorder = new Recorder({
      settings,
      clock,
      logger: this.#logger,
      nextId,
      log: this.#log,
      buckets: this.#buckets,
      metrics: this.#series,
      onRecorded: (urgent) => this.#flusher.wake(urgent),
    });
    this.#reports = new MonitorReports({
      settings,
      clock,
      metrics: this.#series,
      driftOf: this.#driftOf,
      flushed: () => this.#flushed(),
      waiting: () => ({ records: this.#log.size, buckets: this.#buckets.size }),
    });
  }

  /**
   * Counts a prediction, and keeps a record of it for its label, unless it is not in the sample or the buffer is full.
   *
   * @returns its id
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for a prediction that is not one of the task, or malformed, and `CLOSED`; never
   * because of the store or the buffer
   */
  record(prediction: PredictionInput): string {
    this.#lifecycle.assertOpen();
    return this.#recorder.record(prediction);
  }

  /**
   * Counts a request that got no answer.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for malformed input, and `CLOSED`
   */
  recordError(error: ErrorInput): void {
    this.#lifecycle.assertOpen();
    this.#recorder.recordError(error);
  }

  /** As {@link ModelMonitor.labels}, for one. */
  async label(
    id: string,
    label: PredictionLabel,
    options: Pick<LabelInput, "at" | "replaces"> = {},
    call?: CallOptions,
  ): Promise<LabelResult> {
    const [result] = await this.labels([{ id, label, at: options.at, replaces: options.replaces }], call);
    return result!;
  }

  /**
   * Joins labels to the predictions of their ids, whichever process has made them, and answers what became of each, in order. Stores
   * what waits first; what waits in another process is `unknown` still: give such labels again later. A label may come any number of times;
   * it counts once. Up to 100 000; each thousand is joined as one.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for a label that is not one of the task; then none is joined
   */
  labels(labels: readonly LabelInput[], call?: CallOptions): Promise<readonly LabelResult[]> {
    return this.#run("monitoring.labels", call, async (signal) => {
      const { store, model, labelWindowMs: windowMs, sampling } = this.#settings;
      const checked = this.#checkLabels(labels);
      await this.#flusher.flush();
      const results: LabelResult[] = [];
      for (let from = 0; from < checked.length; from += LABEL_BATCH) {
        signal?.throwIfAborted();
        const batch = checked.slice(from, from + LABEL_BATCH);
        const outcomes = await store.addLabels(model, batch, { windowMs }, { signal });
        outcomes.forEach((outcome, i) => {
          // Only where there is no record: one may have been kept while the share was greater.
          const result = outcome === "unknown" && !isSampled(batch[i]!.id, sampling) ? "not_sampled" : outcome;
          this.#series.label(result, 1);
          results.push(result);
        });
      }
      return results;
    });
  }

  /** Stores what waits now. Rejects as the store does, and everything is kept. */
  flush(call?: CallOptions): Promise<void> {
    return this.#run("monitoring.flush", call, () => this.#flusher.flush());
  }

  /** How well the predictions of a stretch of time have fitted their labels. */
  performance(options: PerformanceOptions = {}, call?: CallOptions): Promise<PerformanceReport> {
    return this.#run("monitoring.performance", call, (signal) => this.#reports.performance(options, signal));
  }

  /** What the model was asked in a stretch of time, and how it answered. */
  traffic(options: VersionRangeOptions = {}, call?: CallOptions): Promise<TrafficReport> {
    return this.#run("monitoring.traffic", call, (signal) => this.#reports.traffic(options, signal));
  }

  /** How the features of a stretch of time differ from the references of the drift sources, as a whole and over time. */
  drift(options: VersionRangeOptions = {}, call?: CallOptions): Promise<DriftHistory> {
    return this.#run("monitoring.drift", call, (signal) => this.#reports.drift(options, signal));
  }

  /** How the model has kept to what was promised in the option `sla`. */
  sla(options: SlaOptions = {}, call?: CallOptions): Promise<SlaReport> {
    return this.#run("monitoring.sla", call, (signal) => this.#reports.sla(options, signal));
  }

  /** Everything about a stretch of time in one answer of plain JSON; buckets and records are read once. */
  dashboard(options: DashboardOptions = {}, call?: CallOptions): Promise<MonitorDashboard> {
    return this.#run("monitoring.dashboard", call, (signal) => this.#reports.dashboard(options, signal));
  }

  /** The metrics in the text format of Prometheus: live counters, and gauges of what was last reported. */
  prometheus(): string {
    return prometheusText(this.metrics);
  }

  /** Removes what the option `retention` no longer keeps; how many of each. The monitor does so by itself now and then. */
  applyRetention(call?: CallOptions): Promise<{ readonly predictions: number; readonly buckets: number }> {
    return this.#run("monitoring.applyRetention", call, (signal) => this.#retain(signal));
  }

  /** Stores what waits, then lets later calls fail with `CLOSED`. Rejects when the store cannot take it, and it is lost. The store stays open. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run<T>(operation: string, call: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    const attributes = () => ({ model: this.#settings.model });
    return traced(operation, attributes, () =>
      withDeadline(call, (signal) => this.#lifecycle.run(() => work(signal)), this.#clock),
    );
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` that names the first labels at fault */
  #checkLabels(labels: readonly LabelInput[]): readonly NewLabel[] {
    const { task, labels: names } = this.#settings;
    if (!Array.isArray(labels) || labels.length > MAX_LABELS) {
      throw invalidInput("The labels", [{ path: [], message: `expected an array of at most ${MAX_LABELS}` }]);
    }
    const now = Math.floor(this.#clock.now());
    const issues: Issue[] = [];
    const checked: NewLabel[] = [];
    for (const [i, given] of labels.entries()) {
      const { id, label, at, replaces = false } = Object(given) as LabelInput;
      const kept = keptLabel(task, label, names);
      if (!isText(id)) issues.push(textIssue([i, "id"]));
      if (kept === undefined) issues.push({ path: [i, "label"], message: `expected ${labelExpectation(task, names)}` });
      if (!isTime(at)) issues.push({ path: [i, "at"], message: "expected whole milliseconds since the epoch" });
      if (typeof replaces !== "boolean") issues.push({ path: [i, "replaces"], message: "expected true or false" });
      if (issues.length >= MAX_ISSUES) break;
      // No truth is known before it is: the clock that says so is wrong.
      checked.push({ id, label: kept!, at: Math.min(at ?? now, now), replaces });
    }
    if (issues.length > 0) throw invalidInput("The labels", issues);
    return checked;
  }

  /** Stores what waits, as far as that is possible: a report of what is stored is better than none. */
  async #flushed(): Promise<void> {
    await this.#flusher.flush().catch(() => {}); // told by `onFlushFailed`
  }

  #failed(failure: FlushFailure): void {
    const { error, ...facts } = failure;
    this.#logger.warn("Predictions could not be stored, and are kept", { error, ...facts });
    this.#flushFailed.emit(failure);
  }

  #retain(signal: AbortSignal | undefined): Promise<{ readonly predictions: number; readonly buckets: number }> {
    const { store, model, retention } = this.#settings;
    const { predictionsMs, maxPredictions, bucketsMs } = retention;
    const now = Math.floor(this.#clock.now());
    this.#retainedAt = this.#clock.monotonic();
    const kept = { predictionsBefore: now - predictionsMs, maxPredictions, bucketsBefore: now - bucketsMs };
    return store.remove(model, kept, { signal });
  }

  async #retainNowAndThen(): Promise<void> {
    if (this.#clock.monotonic() - this.#retainedAt < this.#settings.retention.everyMs) return;
    try {
      await this.applyRetention({ timeoutMs: RETENTION_TIMEOUT_MS });
    } catch (error) {
      if (this.#lifecycle.open) this.#logger.warn("Old predictions could not be removed", { error });
    }
  }

  async #end(): Promise<void> {
    const held = keepAlive();
    try {
      await this.#flusher.stop();
    } finally {
      held[Symbol.dispose]();
    }
  }
}

/** Finds the drift source of a version, in whatever form it was given. */
function finder(drift: MonitorDrift | undefined): (version: string) => DriftSource | undefined {
  if (drift === undefined) return () => undefined;
  if (isDriftSource(drift)) return () => drift;
  if (typeof drift === "function") return drift;
  const sources = new Map(Object.entries(drift));
  return (version) => sources.get(version);
}
