import type { Generated } from "kysely";

/**
 * The tables of the tracking port, as kysely sees them. Times are milliseconds since the epoch.
 *
 * A metric's value is two columns, since no database keeps every double in one: `special` is 0 for a finite value and says which one it
 * is otherwise: -1 and 1 for the infinities, 2 for NaN. Ordered by `special` and then by `value`, values stand in the order of the port,
 * NaN last. The sign of -0 is lost.
 */
export interface TrackingTables {
  readonly modelwright_experiments: ExperimentRow;
  readonly modelwright_experiment_tags: ExperimentTagRow;
  readonly modelwright_runs: RunRow;
  readonly modelwright_run_facts: RunFactRow;
  readonly modelwright_run_metrics: RunMetricRow;
  readonly modelwright_metric_points: MetricPointRow;
  readonly modelwright_run_datasets: RunDatasetRow;
  readonly modelwright_run_artifacts: RunArtifactRow;
}

/** An experiment. Primary key: id; unique: name. */
export interface ExperimentRow {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly deleted_at: number | null;
}

/** A tag of an experiment. Primary key: experiment_id, key. */
interface ExperimentTagRow {
  readonly experiment_id: string;
  readonly key: string;
  readonly text: string;
}

/** A run. Primary key: id; indexes: (experiment_id, started_at desc, id), (started_at desc, id), parent_id. */
export interface RunRow {
  readonly id: string;
  readonly experiment_id: string;
  readonly name: string;
  readonly parent_id: string | null;
  readonly status: string;
  readonly created_by: string | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly deleted_at: number | null;
}

/** A tag or a param of a run. Primary key: run_id, kind, key. */
interface RunFactRow {
  readonly run_id: string;
  readonly kind: "tag" | "param";
  readonly key: string;
  readonly text: string;
}

/** A metric of a run with its latest point. Primary key: series; unique: run_id, key. */
interface RunMetricRow {
  /** Given by the database; stands for the metric in {@link MetricPointRow}, so that a point is a few small numbers. */
  readonly series: Generated<number>;
  readonly run_id: string;
  readonly key: string;
  /** As searches compare it: null for NaN, the greatest and the least finite double for the infinities. */
  readonly value: number | null;
  readonly special: number;
  /** 1, but 0 for NaN, which searches take for a metric that is not there. */
  readonly comparable: number;
  readonly step: number;
  readonly at: number;
}

/** A point of a metric. All columns are the primary key, in this order: a point that comes again changes nothing. */
export interface MetricPointRow {
  readonly series: number;
  readonly step: number;
  readonly at: number;
  readonly special: number;
  /** 0 unless the value is finite. */
  readonly value: number;
}

/** A data set of a run. Primary key: run_id, name, digest, context. */
interface RunDatasetRow {
  readonly run_id: string;
  readonly name: string;
  readonly digest: string;
  readonly context: string;
  /** JSON text. */
  readonly source: string;
}

/** An artifact of a run. Primary key: run_id, path. */
interface RunArtifactRow {
  readonly run_id: string;
  readonly path: string;
  readonly digest: string;
  readonly size_bytes: number;
}
