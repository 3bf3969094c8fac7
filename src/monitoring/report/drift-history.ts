import type { DriftReport, DriftSource } from "../../drift/port.ts";
import type { BucketReader } from "../bucket/bucket-reader.ts";
import { type TimeRange, windowEnd } from "../time-range.ts";
import type { BucketFold } from "./scan-buckets.ts";

/** Drift against one reference over time. */
export interface DriftComparison {
  /** Names the reference. */
  readonly fingerprint: string;
  /** Versions whose rows were compared. */
  readonly versions: readonly string[];
  readonly rows: number;
  /** Of all rows together. */
  readonly report: DriftReport;
  readonly features: readonly string[];
  /** One for each window. */
  readonly windows: readonly {
    readonly from: number;
    readonly to: number;
    readonly rows: number;
    /** Debiased PSI in the order of `features`; null without rows. A `DriftDetector` answers 0 below 30 rows. */
    readonly psi: readonly number[] | null;
  }[];
}

/** What `ModelMonitor.drift` answers. Plain JSON. */
export interface DriftHistory {
  readonly schemaVersion: 1;
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  /** One for each reference; versions that share it are compared together. */
  readonly comparisons: readonly DriftComparison[];
  /** Rows that were counted against a reference that is not in use any more, as it may change while the report is made; they cannot be compared. */
  readonly otherRows: number;
  readonly damagedBuckets: number;
}

interface Comparison {
  readonly source: DriftSource;
  readonly fingerprint: string;
  readonly versions: Set<string>;
  readonly total: Float64Array;
  readonly window: Float64Array;
  readonly windows: { from: number; to: number; rows: number; psi: readonly number[] | null }[];
  /** Rows by the hour, of the window and of all before it. */
  readonly times: Map<number, number>;
  readonly windowTimes: Map<number, number>;
  from: number;
  rows: number;
  windowRows: number;
  since: number;
  until: number;
}

/** Adds up the cells of buckets to the windows of a range. */
export class DriftFold implements BucketFold {
  readonly #range: TimeRange;
  readonly #sourceOf: (version: string) => DriftSource | undefined;
  /** By version; null for none. */
  readonly #ofVersion = new Map<string, Comparison | null>();
  readonly #comparisons = new Map<string, Comparison>();
  #otherRows = 0;

  constructor(range: TimeRange, sourceOf: (version: string) => DriftSource | undefined) {
    this.#range = range;
    this.#sourceOf = sourceOf;
  }

  add(at: number, series: string, bucket: BucketReader): void {
    if (bucket.rows === 0) return;
    const comparison = this.#comparisonOf(series);
    if (comparison?.fingerprint !== bucket.fingerprint || comparison.total.length !== bucket.cells) {
      this.#otherRows += bucket.rows;
      return;
    }
    while (at >= windowEnd(this.#range, comparison.from)) this.#endWindow(comparison);
    bucket.addCells(comparison.window);
    comparison.versions.add(series);
    comparison.windowRows += bucket.rows;
    addTo(comparison.windowTimes, Math.floor(at / HOUR_MS) * HOUR_MS, bucket.rows);
    if (bucket.since < comparison.since) comparison.since = bucket.since;
    if (bucket.until > comparison.until) comparison.until = bucket.until;
  }

  report(damagedBuckets: number): DriftHistory {
    const { from, to, everyMs } = this.#range;
    const comparisons: Comparison[] = [];
    for (const comparison of this.#comparisons.values()) {
      if (isCurrent(comparison)) comparisons.push(comparison);
      else this.#otherRows += comparison.rows + comparison.windowRows;
    }
    return {
      schemaVersion: 1,
      from,
      to,
      everyMs,
      comparisons: comparisons.filter(({ versions }) => versions.size > 0).map((comparison) => this.#compared(comparison)),
      otherRows: this.#otherRows,
      damagedBuckets,
    };
  }

  #compared(comparison: Comparison): DriftComparison {
    while (comparison.from < this.#range.to) this.#endWindow(comparison);
    const { source, fingerprint, versions, total, rows, windows, since, until, times } = comparison;
    return {
      fingerprint,
      versions: [...versions].sort(),
      rows,
      report: source.compareCells(total, { rows, since, until, times: [...times] }),
      features: source.layout.map(({ feature }) => feature),
      windows,
    };
  }

  #endWindow(comparison: Comparison): void {
    const { source, total, window, windows, windowRows, windowTimes, times, from } = comparison;
    const to = windowEnd(this.#range, from);
    const psi = windowRows === 0 || !isCurrent(comparison) ? null : Array.from(source.debiasedPsi(window, [...windowTimes]));
    windows.push({ from, to, rows: windowRows, psi });
    for (let i = 0; i < total.length; i++) total[i]! += window[i]!;
    window.fill(0);
    for (const [hour, count] of windowTimes) addTo(times, hour, count);
    windowTimes.clear();
    comparison.rows += windowRows;
    comparison.windowRows = 0;
    comparison.from = to;
  }

  #comparisonOf(version: string): Comparison | null {
    const known = this.#ofVersion.get(version);
    if (known !== undefined) return known;
    const comparison = this.#find(version);
    this.#ofVersion.set(version, comparison);
    return comparison;
  }

  #find(version: string): Comparison | null {
    let source: DriftSource | undefined;
    let fingerprint: string;
    try {
      source = this.#sourceOf(version);
      if (source === undefined) return null;
      fingerprint = source.fingerprint;
    } catch {
      return null; // there is no reference yet
    }
    const known = this.#comparisons.get(fingerprint);
    if (known !== undefined) return known;
    const cells = source.layout.reduce((sum, feature) => sum + feature.cells, 0);
    const comparison: Comparison = {
      source,
      fingerprint,
      versions: new Set(),
      total: new Float64Array(cells),
      window: new Float64Array(cells),
      windows: [],
      times: new Map(),
      windowTimes: new Map(),
      from: this.#range.from,
      rows: 0,
      windowRows: 0,
      since: Number.POSITIVE_INFINITY,
      until: Number.NEGATIVE_INFINITY,
    };
    this.#comparisons.set(fingerprint, comparison);
    return comparison;
  }
}

const HOUR_MS = 3_600_000;

function addTo(counts: Map<number, number>, key: number, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

/** Whether the source still has the reference whose cells are added up. */
function isCurrent({ source, fingerprint }: Comparison): boolean {
  try {
    return source.fingerprint === fingerprint;
  } catch {
    return false;
  }
}
