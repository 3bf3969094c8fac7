import type { BucketReader } from "../bucket/bucket-reader.ts";
import { NumberCells } from "../bucket/number-cells.ts";
import { timeScale } from "../bucket/number-scale.ts";
import type { ModelTask } from "../model-task.ts";
import type { MonitorSettings } from "../monitor-options.ts";
import type { TimeRange } from "../time-range.ts";
import { metricDirection, type PerformanceMetric } from "./metric-names.ts";
import type { PerformanceReport } from "./performance-report.ts";
import type { BucketFold } from "./scan-buckets.ts";

/** How an objective was kept to. */
export interface ObjectiveResult {
  /** `latencyP99Ms`, `latencyP95Ms`, `errorRatio`, `throughputPerSecond`, or the name of a metric. */
  readonly objective: string;
  /** On which side of `bound` it is met; the bound itself is on it. */
  readonly at: "most" | "least";
  readonly bound: number;
  /** Of the whole time; null where there is nothing to judge. */
  readonly value: number | null;
  /** Of a metric, at 95 %; null for the others, which were counted. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly met: boolean | null;
  /**
   * Share of the parts of the time in which it was met, among those in which there was something to judge: buckets that have ended, for
   * metrics the windows of the report. Null without any. Throughput is judged in empty buckets, too. Nothing is judged where a bucket of a
   * longer span is, from before `bucketMs` was changed.
   */
  readonly metShare: number | null;
}

/** What `ModelMonitor.sla` answers. Plain JSON. */
export interface SlaReport {
  readonly schemaVersion: 1;
  readonly from: number;
  readonly to: number;
  /** Whether all objectives that could be judged were met; null when none could. */
  readonly met: boolean | null;
  readonly objectives: readonly ObjectiveResult[];
  /** False when the metrics are about a part of the records only. */
  readonly complete: boolean;
  readonly damagedBuckets: number;
}

/** What was counted of some time. */
class Sums {
  requests = 0;
  errors = 0;
  readonly latency = new NumberCells(timeScale);
}

interface Objective {
  readonly name: string;
  readonly at: "most" | "least";
  readonly bound: number;
  readonly measure: (sums: Sums, seconds: number) => number | null;
  judged: number;
  met: number;
}

/** Judges each bucket's span of time, and the whole. */
export class SlaFold implements BucketFold {
  readonly #range: TimeRange;
  readonly #bucketMs: number;
  readonly #now: number;
  readonly #objectives: readonly Objective[];
  readonly #total = new Sums();
  readonly #part = new Sums();
  /** When the span that is being added up begins. */
  #at: number;
  /** Before this time a bucket has the counts of several spans, and none can be judged. */
  #coarseUntil = 0;

  constructor(
    range: TimeRange,
    sla: MonitorSettings["sla"],
    { bucketMs, now }: { readonly bucketMs: number; readonly now: number },
  ) {
    this.#range = range;
    this.#bucketMs = bucketMs;
    this.#now = now;
    this.#at = range.from;
    this.#objectives = objectivesOf(sla);
  }

  add(at: number, _series: string, bucket: BucketReader): void {
    if (at >= this.#at + this.#bucketMs) this.#endPartsBefore(Math.floor(at / this.#bucketMs) * this.#bucketMs);
    if (bucket.spanMs > this.#bucketMs) this.#coarseUntil = Math.max(this.#coarseUntil, at + bucket.spanMs);
    const part = this.#part;
    part.requests += bucket.predictions + bucket.errors;
    part.errors += bucket.errors;
    part.latency.addSparse(bucket.latency);
  }

  /** @param quality - of the same time; undefined when no metric is promised */
  report(
    task: ModelTask,
    metrics: Readonly<Record<string, number>>,
    quality: PerformanceReport | undefined,
    damagedBuckets: number,
  ): SlaReport {
    this.#endPartsBefore(this.#range.to);
    const { from, to } = this.#range;
    const seconds = Math.max(0, Math.min(to, this.#now) - from) / 1000;
    const counted = this.#objectives.map((objective): ObjectiveResult => {
      const { name, at, bound, judged, met } = objective;
      const value = objective.measure(this.#total, seconds);
      const metShare = judged === 0 ? null : met / judged;
      return { objective: name, at, bound, value, interval: null, met: isMet(at, bound, value), metShare };
    });
    const promised = Object.entries(metrics) as [PerformanceMetric, number][];
    const objectives = [
      ...counted,
      ...(quality === undefined ? [] : promised.map(([name, bound]) => metricResult(task, name, bound, quality))),
    ];
    const verdicts = objectives.map(({ met }) => met).filter((met) => met !== null);
    const met = verdicts.length === 0 ? null : verdicts.every(Boolean);
    return { schemaVersion: 1, from, to, met, objectives, complete: quality?.complete ?? true, damagedBuckets };
  }

  /** Judges the span that was added up, and the empty ones behind it. */
  #endPartsBefore(end: number): void {
    const { requests, errors, latency } = this.#part;
    this.#judge(1);
    this.#total.requests += requests;
    this.#total.errors += errors;
    this.#total.latency.addAll(latency);
    this.#part.requests = 0;
    this.#part.errors = 0;
    latency.clear();
    this.#at += this.#bucketMs;
    const ended = Math.floor((Math.min(end, this.#now) - this.#at) / this.#bucketMs);
    if (ended > 0) this.#judge(ended);
    this.#at = Math.max(this.#at, end);
  }

  /** Judges what was added up, as what so many spans have that are alike. */
  #judge(spans: number): void {
    if (this.#at + this.#bucketMs > this.#now) return; // goes on
    const coarse = Math.ceil((this.#coarseUntil - this.#at) / this.#bucketMs);
    const alike = spans - Math.min(spans, Math.max(0, coarse));
    for (const objective of this.#objectives) {
      const met = isMet(objective.at, objective.bound, objective.measure(this.#part, this.#bucketMs / 1000));
      if (met === null) continue;
      objective.judged += alike;
      if (met) objective.met += alike;
    }
  }
}

function objectivesOf(sla: MonitorSettings["sla"]): readonly Objective[] {
  const { latencyP99Ms, latencyP95Ms, errorRatio, throughputPerSecond } = sla;
  const all: [string, "most" | "least", number | undefined, Objective["measure"]][] = [
    ["latencyP99Ms", "most", latencyP99Ms, ({ latency }) => latency.quantile(0.99)],
    ["latencyP95Ms", "most", latencyP95Ms, ({ latency }) => latency.quantile(0.95)],
    ["errorRatio", "most", errorRatio, ({ requests, errors }) => (requests === 0 ? null : errors / requests)],
    ["throughputPerSecond", "least", throughputPerSecond, ({ requests }, seconds) => (seconds > 0 ? requests / seconds : null)],
  ];
  return all.flatMap(([name, at, bound, measure]) =>
    bound === undefined ? [] : [{ name, at, bound, measure, judged: 0, met: 0 }],
  );
}

function metricResult(
  task: ModelTask,
  name: PerformanceMetric,
  bound: number,
  { total, windows }: PerformanceReport,
): ObjectiveResult {
  const at = metricDirection(task, name) === "more" ? "least" : "most";
  const { value = null, interval = null } = total.metrics[name] ?? {};
  const verdicts = windows.map(({ metrics }) => isMet(at, bound, metrics[name]?.value ?? null)).filter((met) => met !== null);
  const metShare = verdicts.length === 0 ? null : verdicts.filter(Boolean).length / verdicts.length;
  return { objective: name, at, bound, value, interval, met: isMet(at, bound, value), metShare };
}

function isMet(at: "most" | "least", bound: number, value: number | null): boolean | null {
  if (value === null) return null;
  return at === "most" ? value <= bound : value >= bound;
}
