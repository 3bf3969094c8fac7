import type { CallOptions } from "../core/call.ts";
import type { Digest } from "../core/digest.ts";
import type { JsonValue } from "../core/json.ts";
import type { Page, SearchQuery } from "../search/port.ts";
import type { BlobReferences } from "../storage/port.ts";

/** A group of runs. */
export interface ExperimentRecord {
  /** Time-ordered unique id. */
  readonly id: string;
  /** Unique among the experiments. */
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When it was deleted; null while it is not. A deleted one can be restored and keeps its name. */
  readonly deletedAt: number | null;
}

/** What a run is at. */
export type RunStatus = "running" | "scheduled" | "finished" | "failed" | "killed";

/** A value of a metric. */
export interface MetricPoint {
  /** Any double; NaN and infinities are data; -0 counts as 0. */
  readonly value: number;
  /** A safe integer, also a negative one; 0 for a metric that has no steps. */
  readonly step: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A value of a metric by its name. */
export interface MetricEntry extends MetricPoint {
  readonly key: string;
}

/** Data that a run has used. */
export interface RunDataset {
  readonly name: string;
  readonly digest: string;
  /** For example `training` or `validation`; empty when not said. */
  readonly context: string;
  /** Where the data came from, its schema, its profile. */
  readonly source: JsonValue;
}

/** A file that a run has made. */
export interface RunArtifact {
  /** Relative path with `/` between its parts. A label, never used as a path of a file system. */
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A run to be made. */
export interface RunDraft {
  /** Time-ordered unique id, made by the caller; a second insert with the same id answers the first one's record. */
  readonly id: string;
  readonly experimentId: string;
  readonly name: string;
  /** A run of the same experiment that this one is a part of; null for none. */
  readonly parentId: string | null;
  readonly status: RunStatus;
  readonly createdBy: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** A run and what it has logged; of each metric the latest value. */
export interface RunRecord extends RunDraft {
  /** Milliseconds since the epoch; null while it runs. */
  readonly endedAt: number | null;
  /** As {@link ExperimentRecord.deletedAt}. */
  readonly deletedAt: number | null;
  /** By name, the value at the greatest step; of those, the latest; of those, the greatest, NaN only where there is no other. */
  readonly metrics: Readonly<Record<string, MetricPoint>>;
  /** In the order of name, digest and context by code units. */
  readonly datasets: readonly RunDataset[];
  /** In the order of their paths' code units. */
  readonly artifacts: readonly RunArtifact[];
}

/** What is logged in one step. */
export interface RunBatch {
  readonly metrics: readonly MetricEntry[];
  /** Write-once: the same value again is accepted. */
  readonly params: Readonly<Record<string, string>>;
  /** Null removes a tag. */
  readonly tags: Readonly<Record<string, string | null>>;
  /** One with the same name, digest and context replaces the earlier one. */
  readonly datasets: readonly RunDataset[];
  /** One with the same path replaces the earlier one. */
  readonly artifacts: readonly RunArtifact[];
}

/** What of a run may be changed; what is undefined stays. */
export interface RunChange {
  readonly name?: string | undefined;
  readonly status?: RunStatus | undefined;
  readonly endedAt?: number | null | undefined;
  readonly deletedAt?: number | null | undefined;
}

/** Which points of a metric to answer. */
export interface MetricHistoryQuery {
  readonly runId: string;
  readonly key: string;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/**
 * Port: experiments, their runs, and what these log. Every verb is one atomic step; two batches of one run may be written at once.
 *
 * Whoever calls it gives names and keys of at most 250 characters, digests and contexts of data sets of at most 128, paths of at most
 * 512, params of at most 6000 and tags of at most 8000, all without NUL characters and lone surrogates. Two that differ in any code unit
 * (case, accents, spaces at the end) are two.
 */
export interface TrackingStore extends AsyncDisposable, BlobReferences {
  readonly spec: "tracking/1";
  /** Shown in errors and traces. */
  readonly name: string;
  readonly capabilities: {
    /** Whether records survive the process. */
    readonly durable: boolean;
    /** Whether several processes may write at once. */
    readonly shared: boolean;
  };
  /**
   * Makes an experiment. A second insert with the same id answers the first one's record.
   *
   * @throws a `ModelwrightError` with code `TRACKING_EXPERIMENT_EXISTS` when another has the name, also a deleted one
   */
  insertExperiment(
    draft: Pick<ExperimentRecord, "id" | "name" | "tags" | "createdAt">,
    call?: CallOptions,
  ): Promise<ExperimentRecord>;
  /** The experiment by id or by name, also a deleted one; undefined when there is none. */
  findExperiment(
    which: { readonly id: string } | { readonly name: string },
    call?: CallOptions,
  ): Promise<ExperimentRecord | undefined>;
  /**
   * Experiments, newest first and then by id upwards unless the query says otherwise. Attributes: `id`, `name`, `created_at`,
   * `updated_at`, `deleted_at`; tags.
   */
  searchExperiments(query: SearchQuery, call?: CallOptions): Promise<Page<ExperimentRecord>>;
  /**
   * Changes what is given. A tag of null is removed.
   *
   * @throws a `ModelwrightError` with code `TRACKING_EXPERIMENT_NOT_FOUND`, or `TRACKING_EXPERIMENT_EXISTS` for a name that is taken
   */
  changeExperiment(
    id: string,
    change: {
      readonly name?: string | undefined;
      readonly tags?: Readonly<Record<string, string | null>> | undefined;
      readonly deletedAt?: number | null | undefined;
    },
    at: number,
    call?: CallOptions,
  ): Promise<ExperimentRecord>;
  /**
   * Makes a run.
   *
   * @throws a `ModelwrightError` with code `TRACKING_EXPERIMENT_NOT_FOUND`, also for a deleted one, and with `TRACKING_RUN_NOT_FOUND`
   * for a parent that is not a run of the experiment
   */
  insertRun(draft: RunDraft, call?: CallOptions): Promise<RunRecord>;
  /** The run, also a deleted one; undefined when there is none. */
  findRun(id: string, call?: CallOptions): Promise<RunRecord | undefined>;
  /**
   * Runs, newest start first and then by id upwards unless the query says otherwise. Attributes: `id`, `experiment_id`, `parent_id`,
   * `name`, `status`, `created_by`, `started_at`, `ended_at`, `deleted_at`; tags; params; metrics (their latest value; one that is NaN is
   * as if it were not there, an infinite one is the greatest or the smallest double); data sets by `name`, `digest`, `context`.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for an attribute, an order or a cursor that is not known
   */
  searchRuns(query: SearchQuery, call?: CallOptions): Promise<Page<RunRecord>>;
  /** @throws a `ModelwrightError` with code `TRACKING_RUN_NOT_FOUND` */
  changeRun(id: string, change: RunChange, call?: CallOptions): Promise<RunRecord>;
  /**
   * Logs a batch: all of it or nothing. A point that was logged before (same key, step, time and value) is kept once, so that a batch
   * may be sent again.
   *
   * @throws a `ModelwrightError` with code `TRACKING_RUN_NOT_FOUND`, also for a deleted run, with `TRACKING_PARAM_IMMUTABLE` when a param
   * has another value already, and with `STORE_BLOB_FENCED`, retryable, when a blob is being collected
   */
  logBatch(runId: string, batch: RunBatch, call?: CallOptions): Promise<void>;
  /** Points by step, then time, then value, NaN last. No points when there is no such run or metric. */
  metricHistory(query: MetricHistoryQuery, call?: CallOptions): Promise<Page<MetricPoint>>;
  /**
   * Points at up to `buckets` equal ranges of steps, of each range the one with the smallest and the one with the greatest value and the
   * last one; NaN counts as neither. In the order of `metricHistory`, each once.
   */
  sampleMetric(
    query: { readonly runId: string; readonly key: string; readonly buckets: number },
    call?: CallOptions,
  ): Promise<readonly MetricPoint[]>;
  /** Deletes a run that was marked as deleted at or before the time, and everything it has logged; answers whether it did. */
  purgeRun(id: string, deletedBefore: number, call?: CallOptions): Promise<boolean>;
}
