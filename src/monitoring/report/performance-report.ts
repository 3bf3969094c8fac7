import { nextTurn } from "../../core/next-turn.ts";
import type { BucketReader } from "../bucket/bucket-reader.ts";
import { NumberCells } from "../bucket/number-cells.ts";
import { delayScale } from "../bucket/number-scale.ts";
import { fitsTask } from "../checked-answer.ts";
import type { ModelTask } from "../model-task.ts";
import type { LoggedPrediction, MonitoringStore, PredictionLabel, PredictionOutput } from "../port.ts";
import { type TimeRange, windowEnd } from "../time-range.ts";
import { type Measures, measureRows } from "./measure-rows.ts";
import type { BucketFold } from "./scan-buckets.ts";

/** How well predictions of a stretch of time have fitted their labels. */
export interface PerformanceSummary extends Measures {
  /** Records of predictions. */
  readonly predictions: number;
  /** Those with a label. */
  readonly labelled: number;
  readonly unlabelled: number;
  /** Share with a label; null without records. */
  readonly labelCoverage: number | null;
  /** Time from predictions to their labels, 0 where a label seems to be older; off by at most 1.6 %. Null without labels. */
  readonly labelDelay: {
    readonly meanMs: number;
    readonly p50Ms: number;
    readonly p95Ms: number;
    readonly maxMs: number;
  } | null;
}

/** What `ModelMonitor.performance` answers. Plain JSON. Predictions count at the time when they were made. */
export interface PerformanceReport {
  readonly schemaVersion: 1;
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  readonly total: PerformanceSummary;
  /** By version, in the order of their names; the 20 whose predictions are the latest. */
  readonly versions: readonly (PerformanceSummary & { readonly version: string })[];
  /** Also those without a prediction; those behind `readUntil` are missing. */
  readonly windows: readonly (PerformanceSummary & { readonly from: number; readonly to: number })[];
  /** False when there were more records than were to be read: then the report is about those up to `readUntil`. */
  readonly complete: boolean;
  /** When the last record that was read was made, milliseconds since the epoch; null when all were read. */
  readonly readUntil: number | null;
  /** Records that do not fit the task, and are left out. */
  readonly unusable: number;
  /**
   * Answers of the whole time of which there is no record, because the buffer was full, they are not in the sample, or the store has
   * refused it; null for a segment.
   */
  readonly missing: MissingRecords | null;
}

/** Answers without a record. */
export interface MissingRecords {
  readonly dropped: number;
  readonly notSampled: number;
  readonly refused: number;
}

/** Adds up the answers without a record. */
export class MissingFold implements BucketFold {
  #dropped = 0;
  #notSampled = 0;
  #refused = 0;

  add(_at: number, _series: string, { dropped, notSampled, refused }: BucketReader): void {
    this.#dropped += dropped;
    this.#notSampled += notSampled;
    this.#refused += refused;
  }

  report(): MissingRecords {
    return { dropped: this.#dropped, notSampled: this.#notSampled, refused: this.#refused };
  }
}

/** Which records to read. */
export interface PerformanceQuery {
  readonly version: string | undefined;
  readonly segment: string | undefined;
  readonly maxRows: number;
  readonly missing: MissingRecords | null;
}

/** Versions that a report has by themselves. */
const MAX_VERSIONS = 20;

/** Records read at once. */
const PAGE = 10_000;

/** Labelled rows, with counts of all. There may be ten thousand of these, for as many windows. */
class Rows {
  predictions = 0;
  /** When the last prediction was made. */
  last = 0;
  readonly labels: PredictionLabel[] = [];
  readonly outputs: PredictionOutput[] = [];
  /** Times from the predictions to the labels, ms. */
  readonly delays: number[] = [];

  add({ label, labelledAt, output, at }: LoggedPrediction): void {
    this.predictions += 1;
    this.last = at;
    if (label === null) return;
    this.labels.push(label);
    this.outputs.push(output);
    this.delays.push(Math.max(0, (labelledAt ?? at) - at));
  }
}

/** Reads the records of a range and measures them. */
export async function performanceReport(
  store: MonitoringStore,
  model: string,
  { task, threshold }: { readonly task: ModelTask; readonly threshold: number },
  range: TimeRange,
  { version, segment, maxRows, missing }: PerformanceQuery,
  signal: AbortSignal | undefined,
): Promise<PerformanceReport> {
  const { from, to, everyMs } = range;
  const total = new Rows();
  const versions = new Map<string, Rows>();
  const windows: { readonly from: number; readonly to: number; readonly rows: Rows }[] = [];
  for (let at = from; at < to; at = windowEnd(range, at)) windows.push({ from: at, to: windowEnd(range, at), rows: new Rows() });
  let read = 0;
  let unusable = 0;
  let last: number | null = null;
  let cursor: string | undefined;
  do {
    const query = { from, to, version, segment, limit: Math.min(PAGE, maxRows - read), cursor };
    const page = await store.predictions(model, query, { signal });
    for (const prediction of page.predictions) {
      last = prediction.at;
      if (!fitsTask(task, prediction)) {
        unusable += 1;
        continue;
      }
      total.add(prediction);
      windows[Math.floor((prediction.at - from) / everyMs)]?.rows.add(prediction);
      rowsOf(versions, prediction.version).add(prediction);
    }
    read += page.predictions.length;
    cursor = page.next;
    signal?.throwIfAborted();
    await nextTurn();
  } while (cursor !== undefined && read < maxRows);
  const complete = cursor === undefined;
  const measured = windows.filter((window) => complete || (last !== null && window.from <= last));
  const measure = async (rows: Rows) => {
    signal?.throwIfAborted();
    await nextTurn(); // measuring takes a while
    return summary(rows, measureRows(task, rows.labels, rows.outputs, threshold));
  };
  const whole = await measure(total);
  const alone = versions.size === 1;
  const byVersion = [];
  for (const name of latest(versions).sort()) {
    byVersion.push({ version: name, ...(alone ? whole : await measure(versions.get(name)!)) });
  }
  const byWindow = [];
  for (const window of measured) {
    byWindow.push({ from: window.from, to: window.to, ...(windows.length === 1 ? whole : await measure(window.rows)) });
  }
  return {
    schemaVersion: 1,
    from,
    to,
    everyMs,
    total: whole,
    versions: byVersion,
    windows: byWindow,
    complete,
    readUntil: complete ? null : last,
    unusable,
    missing,
  };
}

/** The versions that a report has by themselves. */
function latest(versions: ReadonlyMap<string, Rows>): string[] {
  const sorted = [...versions].sort(([a, { last }], [b, other]) => other.last - last || (a < b ? -1 : 1));
  return sorted.slice(0, MAX_VERSIONS).map(([name]) => name);
}

function rowsOf(versions: Map<string, Rows>, version: string): Rows {
  let rows = versions.get(version);
  if (rows === undefined) {
    rows = new Rows();
    versions.set(version, rows);
  }
  return rows;
}

function summary({ predictions, labels, delays: times }: Rows, measures: Measures): PerformanceSummary {
  const labelled = labels.length;
  const delays = new NumberCells(delayScale);
  for (const time of times) delays.add(time);
  return {
    predictions,
    labelled,
    unlabelled: predictions - labelled,
    labelCoverage: predictions === 0 ? null : labelled / predictions,
    labelDelay:
      labelled === 0
        ? null
        : {
            meanMs: delays.mean!,
            p50Ms: delays.quantile(0.5)!,
            p95Ms: delays.quantile(0.95)!,
            maxMs: delays.high!,
          },
    ...measures,
  };
}
