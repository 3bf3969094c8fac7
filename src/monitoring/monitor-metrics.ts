import type { Histogram } from "../core/histogram.ts";
import type { Counter, Gauge, Metrics } from "../core/metrics.ts";
import type { LabelResult } from "./labels.ts";

/** Versions, features and error codes that have a label value of their own in this monitor. */
const MAX_VALUES = 200;

/** 1 µs to about 17 minutes. */
const seconds = { min: 1e-6, max: 1e3 };

/** What is counted of one version. */
export interface VersionSeries {
  readonly predictions: Counter;
  readonly seconds: Histogram;
}

/** What one number of a report is of. */
export interface ReportedValue {
  readonly name: string;
  /** Null, where there is none, is shown as NaN. */
  readonly value: number | null;
}

const labelResults: readonly LabelResult[] = ["joined", "unchanged", "corrected", "conflict", "late", "unknown", "not_sampled"];

type ReportedName = "performance" | "drift_psi" | "objective_met";

const reported: ReadonlyMap<ReportedName, string> = new Map([
  ["performance", "A metric of the labelled predictions, as last reported."],
  ["drift_psi", "Debiased population stability index of a feature, as last reported."],
  ["objective_met", "Whether an objective was met, 1 or 0, as last reported."],
]);

/** The metrics of one monitor, in a registry that others use as well. The values of labels are bounded; further ones count as `other`. */
export class MonitorMetrics {
  readonly #metrics: Metrics;
  readonly #model: string;
  readonly #known = new Map<string, Set<string>>();
  readonly logged: Counter;
  readonly dropped: Counter;
  readonly notSampled: Counter;
  readonly repeated: Counter;
  readonly refused: Counter;
  readonly lostBuckets: Counter;
  readonly clockAhead: Counter;
  readonly driftFailures: Counter;
  readonly damagedBuckets: Counter;
  readonly flushes: { readonly ok: Counter; readonly failed: Counter };
  /** Records that wait; monitors that share the registry add to it. */
  readonly buffered: Gauge;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` when one of the names is taken by another metric */
  constructor(metrics: Metrics, model: string) {
    this.#metrics = metrics;
    this.#model = model;
    const of = { model };
    const records = metrics.counter({
      ...this.#named(
        "records_total",
        "Records of predictions, by what became of them; with those that wait, as many as predictions.",
      ),
      labels: { model: [model], outcome: ["logged", "repeated", "dropped", "not_sampled", "refused"] },
    });
    this.logged = records.with({ ...of, outcome: "logged" });
    this.dropped = records.with({ ...of, outcome: "dropped" });
    this.notSampled = records.with({ ...of, outcome: "not_sampled" });
    this.repeated = records.with({ ...of, outcome: "repeated" });
    this.refused = records.with({ ...of, outcome: "refused" });
    this.lostBuckets = this.#counter(
      "lost_buckets_total",
      "Buckets that the store has refused or not taken in time, and whose counts are lost.",
    );
    this.clockAhead = this.#counter("clock_ahead_total", "Times in the future that were taken for now.");
    this.driftFailures = this.#counter("drift_failures_total", "Failures of the drift source to count.");
    this.damagedBuckets = this.#counter("damaged_buckets_total", "Stored buckets that could not be read.");
    const flushes = metrics.counter({
      ...this.#named("flushes_total", "Rounds of storing what waits, by how they ended."),
      labels: { model: [model], outcome: ["ok", "failed"] },
    });
    this.flushes = { ok: flushes.with({ ...of, outcome: "ok" }), failed: flushes.with({ ...of, outcome: "failed" }) };
    this.buffered = metrics
      .gauge({ ...this.#named("buffered_records", "Records that wait for the store."), labels: { model: [model] } })
      .with(of);
    for (const result of labelResults) this.label(result, 0);
  }

  /** The series of a version, looked up once: that costs more than to count. */
  version(version: string): VersionSeries {
    const labels = this.#labels("version", version);
    const predictions = this.#metrics.counter({
      ...this.#named("predictions_total", "Predictions that were answered."),
      labels: labels.allowed,
    });
    const latency = this.#metrics.histogram({
      ...this.#named("seconds", "Time that an answer took, in seconds."),
      labels: labels.allowed,
      ...seconds,
    });
    return { predictions: predictions.with(labels.given), seconds: latency.with(labels.given) };
  }

  /** Counts requests of a version that failed with a code. Keep the answer. */
  errors(version: string, code: string): Counter {
    const versions = this.#labels("version", version);
    const codes = this.#labels("code", code);
    return this.#metrics
      .counter({
        ...this.#named("errors_total", "Requests that failed, by error code."),
        labels: { ...versions.allowed, ...codes.allowed },
      })
      .with({ ...versions.given, ...codes.given });
  }

  /** Counts labels that came to the same. */
  label(outcome: LabelResult, by: number): void {
    this.#metrics
      .counter({
        ...this.#named("labels_total", "Labels, by what became of them."),
        labels: { model: [this.#model], outcome: labelResults },
      })
      .with({ model: this.#model, outcome })
      .inc(by);
  }

  /**
   * Shows numbers of the last report: `performance` by metric, `drift_psi` by feature, `objective` by service level. Of names beyond the
   * bound, which share one gauge, the greatest number.
   */
  report(name: ReportedName, label: string, values: readonly ReportedValue[]): void {
    const help = reported.get(name)!;
    const shown = new Map<Gauge, number>();
    for (const { name: of, value } of values) {
      const labels = this.#labels(label, of);
      const gauge = this.#metrics.gauge({ ...this.#named(name, help), labels: labels.allowed }).with(labels.given);
      shown.set(gauge, Math.max(value ?? Number.NaN, shown.get(gauge) ?? Number.NEGATIVE_INFINITY));
    }
    for (const [gauge, value] of shown) gauge.set(value);
  }

  #counter(name: string, help: string): Counter {
    return this.#metrics.counter({ ...this.#named(name, help), labels: { model: [this.#model] } }).with({ model: this.#model });
  }

  #named(name: string, help: string): { readonly name: string; readonly help: string } {
    return { name: `modelwright_monitoring_${name}`, help };
  }

  /** A label value beside the model; one beyond the bound is one that the family does not know. */
  #labels(label: string, value: string) {
    let known = this.#known.get(label);
    if (known === undefined) {
      known = new Set();
      this.#known.set(label, known);
    }
    if (known.size < MAX_VALUES) known.add(value);
    const allowed: Record<string, readonly string[]> = { model: [this.#model], [label]: known.has(value) ? [value] : [] };
    return { allowed, given: { model: this.#model, [label]: known.has(value) ? value : "" } };
  }
}
