import * as z from "zod";
import { Metrics } from "../core/metrics.ts";
import { passed, port } from "../core/options.ts";
import type { DriftSource } from "../drift/port.ts";
import type { ModelTask } from "./model-task.ts";
import { isText } from "./monitor-text.ts";
import type { MonitoringStore } from "./port.ts";
import { isMetricOf, metricNames } from "./report/metric-names.ts";

/** A drift source for all versions, one for each version by name, or a function that finds it. */
export type MonitorDrift = DriftSource | Readonly<Record<string, DriftSource>> | ((version: string) => DriftSource | undefined);

/** What a model is promised to keep to. Whatever is left out is not judged. */
export interface ServiceLevels {
  /** Most time that 99 of 100 answers take, ms. */
  readonly latencyP99Ms?: number | undefined;
  /** Most time that 95 of 100 answers take, ms. */
  readonly latencyP95Ms?: number | undefined;
  /** Most requests that fail, as a share in [0, 1]. */
  readonly errorRatio?: number | undefined;
  /** Fewest requests a second. */
  readonly throughputPerSecond?: number | undefined;
  /** Bounds of metrics by name: the least where more is better, as for `auc`, the most where less is, as for `logLoss`. */
  readonly metrics?: Readonly<Record<string, number>> | undefined;
}

/** What is kept, and for how long. */
export interface MonitorRetention {
  /** Age of the oldest prediction, ms. @defaultValue 90 days */
  readonly predictionsMs?: number | undefined;
  /** Most predictions, the newest. @defaultValue 10 million */
  readonly maxPredictions?: number | undefined;
  /** Age of the oldest bucket, ms. @defaultValue 400 days */
  readonly bucketsMs?: number | undefined;
  /** How often the monitor sees to it while it is in use, ms; `Infinity` for never. @defaultValue 1 hour */
  readonly everyMs?: number | undefined;
}

/** What waits in memory for the store. */
export interface MonitorBuffer {
  /** Records of predictions; while there is no room, further ones are dropped and counted. @defaultValue 10 000 */
  readonly maxRecords?: number | undefined;
  /** Buckets that the store could not take, the newest; each takes 1 to 10 kB. @defaultValue 2000 */
  readonly maxBuckets?: number | undefined;
  /** Longest that something waits while the store works, ms: what a process loses that is killed. @defaultValue 1000 */
  readonly flushEveryMs?: number | undefined;
  /** Records stored at once. @defaultValue 500 */
  readonly batch?: number | undefined;
}

/** Options of `ModelMonitor`. */
export interface ModelMonitorOptions {
  /** Names the model in the store; 1 to 128 characters. */
  readonly model: string;
  readonly task: ModelTask;
  /** Keeps predictions, labels and buckets. Borrowed: closing the monitor does not close it. */
  readonly store: MonitoringStore;
  /** Counts features in the cells of a reference; a `DriftDetector` is one. @defaultValue none */
  readonly drift?: MonitorDrift | undefined;
  /**
   * Span of one bucket, ms: the finest window of a report, 1 s to a day. Processes of one model shall have the same one; what was stored under
   * another one counts where its bucket begins.
   *
   * @defaultValue 60 000
   */
  readonly bucketMs?: number | undefined;
  /** Longest time from a prediction to its label, ms. @defaultValue 30 days */
  readonly labelWindowMs?: number | undefined;
  readonly retention?: MonitorRetention | undefined;
  /** Share of the predictions whose records are kept, in [0, 1], chosen by their ids; all are counted. @defaultValue 1 */
  readonly sampling?: number | undefined;
  /** Of the binary task: from this probability on, the positive class is predicted. @defaultValue 0.5 */
  readonly threshold?: number | undefined;
  /** Of the binary task: how labels name the negative and the positive class. @defaultValue [0, 1] */
  readonly labels?: readonly [negative: number | string, positive: number | string] | undefined;
  readonly buffer?: MonitorBuffer | undefined;
  readonly sla?: ServiceLevels | undefined;
  /** Takes the counters and gauges. @defaultValue an own one */
  readonly metrics?: Metrics | undefined;
}

const DAY_MS = 86_400_000;

/** Longest span of a bucket. */
const MAX_SPAN_MS = DAY_MS;

const duration = z.int().min(1);
const share = z.number().min(0).max(1);
const hasAll = (value: unknown, methods: readonly string[]) =>
  methods.every((method) => typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function");

/** Whether a value is a drift source. Does not read `fingerprint`, which throws as long as there is no reference. */
export function isDriftSource(value: unknown): value is DriftSource {
  return hasAll(value, ["counter", "compareCells", "debiasedPsi"]);
}

const drift = passed<MonitorDrift>(
  "a drift source, an object of them by version, or a function that finds one",
  (value) =>
    isDriftSource(value) ||
    typeof value === "function" ||
    (typeof value === "object" && value !== null && Object.values(value).every(isDriftSource)),
);

const metrics = passed<Metrics>("a Metrics", (value) => hasAll(value, ["counter", "gauge", "histogram"]));

const text = passed<string>("a text of 1 to 128 characters", isText);

export const monitorSchema = z
  .strictObject({
    model: text,
    task: z.enum(["binary", "multiclass", "regression"]),
    store: port<MonitoringStore>("monitoring/1"),
    drift: drift.optional(),
    bucketMs: z.int().min(1000).max(MAX_SPAN_MS).default(60_000),
    labelWindowMs: duration.default(30 * DAY_MS),
    retention: z
      .strictObject({
        predictionsMs: duration.default(90 * DAY_MS),
        maxPredictions: z.int().min(0).default(10_000_000),
        bucketsMs: duration.default(400 * DAY_MS),
        everyMs: z.union([duration, z.literal(Number.POSITIVE_INFINITY)]).default(3_600_000),
      })
      .prefault({}),
    sampling: share.default(1),
    threshold: share.default(0.5),
    labels: z
      .tuple([z.union([z.number(), text]), z.union([z.number(), text])])
      .refine(([negative, positive]) => negative !== positive, { error: "expected two labels, but got one twice" })
      .default([0, 1]),
    buffer: z
      .strictObject({
        maxRecords: z.int().min(1).max(1_000_000).default(10_000),
        maxBuckets: z.int().min(1).max(100_000).default(2000),
        flushEveryMs: duration.default(1000),
        batch: z.int().min(1).max(10_000).default(500),
      })
      .prefault({}),
    sla: z
      .strictObject({
        latencyP99Ms: z.number().positive().optional(),
        latencyP95Ms: z.number().positive().optional(),
        errorRatio: share.optional(),
        throughputPerSecond: z.number().positive().optional(),
        metrics: z.record(z.string(), z.number()).default({}),
      })
      .prefault({}),
    metrics: metrics.default(() => new Metrics()),
  })
  .superRefine(({ task, sla }, context) => {
    for (const name of Object.keys(sla.metrics)) {
      if (isMetricOf(task, name)) continue;
      const message = `expected a metric of a ${task} model: ${metricNames(task).join(", ")}`;
      context.addIssue({ code: "custom", path: ["sla", "metrics", name], message });
    }
  });

/** The options, checked, with their defaults. */
export type MonitorSettings = z.output<typeof monitorSchema>;
