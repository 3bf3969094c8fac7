/** The tables of the monitoring port, as kysely sees them. Times are milliseconds since the epoch. */
export interface MonitoringTables {
  readonly modelwright_predictions: PredictionRow;
  readonly modelwright_monitoring_buckets: BucketRow;
}

/** A logged prediction. Primary key: model, at, id, the order of pages; unique: model, id. */
interface PredictionRow {
  readonly model: string;
  readonly at: number;
  readonly id: string;
  readonly version: string;
  readonly segment: string | null;
  /** JSON text. */
  readonly output: string;
  /** JSON text; absent from inserts, as the time is. */
  readonly label?: string | null;
  readonly labelled_at?: number | null;
}

/** Sums over a span of time. Primary key: model, at, series, writer. */
interface BucketRow {
  readonly model: string;
  readonly at: number;
  readonly series: string;
  readonly writer: string;
  readonly content: Uint8Array;
}
