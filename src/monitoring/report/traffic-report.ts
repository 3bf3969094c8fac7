import type { BucketReader } from "../bucket/bucket-reader.ts";
import type { NumberCells } from "../bucket/number-cells.ts";
import type { NumberScale } from "../bucket/number-scale.ts";
import { type TimeRange, windowEnd } from "../time-range.ts";
import type { BucketFold } from "./scan-buckets.ts";
import { TrafficSums } from "./traffic-sums.ts";

/** Times in milliseconds. Percentiles are off by at most 1.6 % between 1 µs and 70 minutes. */
export interface LatencySummary {
  /** Calls whose time was told. */
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What a model was asked in a stretch of time. */
export interface TrafficWindow {
  /** First moment, milliseconds since the epoch. */
  readonly from: number;
  /** First moment after. */
  readonly to: number;
  /** Answers and failures. */
  readonly requests: number;
  /** Of the time that has passed; null when none has. */
  readonly requestsPerSecond: number | null;
  readonly errors: number;
  /** Failures as a share of the requests; null without requests. */
  readonly errorRatio: number | null;
  /** Of the answers; null when no time was told. */
  readonly latency: LatencySummary | null;
  /** Share of the answers that are the positive class; null without answers and for other tasks. */
  readonly positiveRatio: number | null;
  /** Mean of the numbers that were answered, of multiclass tasks of the greatest probability; null without one. */
  readonly meanOutput: number | null;
}

/** Name and count. */
export interface NameCount {
  readonly name: string;
  readonly count: number;
}

/** What was answered. */
export interface PredictionDistribution {
  /** Numbers: probabilities, values, or the probability of the class that was answered. Null without one. */
  readonly numbers: {
    readonly count: number;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
    readonly p5: number;
    readonly p25: number;
    readonly p50: number;
    readonly p75: number;
    readonly p95: number;
    /** Counts of `low` to below `high`; empty bars are left out. */
    readonly bars: readonly { readonly low: number; readonly high: number; readonly count: number }[];
  } | null;
  /** Classes of a multiclass task, the most frequent first. */
  readonly classes: readonly NameCount[];
  /** Answers of further classes. */
  readonly otherClasses: number;
}

/** Everything that is counted, of a whole stretch of time. */
export interface TrafficTotals extends TrafficWindow {
  /** Failures by their codes, the most frequent first. */
  readonly errorCodes: readonly NameCount[];
  /** Failures with further codes. */
  readonly otherErrors: number;
  /** Of the failures; null when no time was told. */
  readonly errorLatency: LatencySummary | null;
  readonly outputs: PredictionDistribution;
  /**
   * What became of the records of the answers, which they add up to: kept, or still on their way; dropped because the buffer was full; not
   * in the sample; refused by the store. An id that comes again counts as kept, though the record that was there stays.
   */
  readonly records: {
    readonly logged: number;
    readonly dropped: number;
    readonly notSampled: number;
    readonly refused: number;
  };
}

/** What `ModelMonitor.traffic` answers. Plain JSON. */
export interface TrafficReport {
  readonly schemaVersion: 1;
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  readonly total: TrafficTotals;
  /** By version, in the order of their names; the 100 that were seen first, further ones are in the total only. */
  readonly versions: readonly (TrafficTotals & { readonly version: string })[];
  /** Also those without a request. */
  readonly windows: readonly TrafficWindow[];
  /** Stored buckets that could not be read and are missing here. */
  readonly damagedBuckets: number;
}

/** Versions that a report has by themselves; further ones are in the total only. */
const MAX_VERSIONS = 100;

/** What is summed of one version: each bucket is added once, to the window that goes on. */
interface VersionSums {
  readonly window: TrafficSums;
  readonly total: TrafficSums;
}

/** Adds up buckets to the windows of a range. */
export class TrafficFold implements BucketFold {
  readonly #range: TimeRange;
  readonly #now: number;
  readonly #binary: boolean;
  readonly #scale: NumberScale;
  readonly #versions = new Map<string, VersionSums>();
  /** Of further versions. */
  readonly #others: VersionSums;
  readonly #window: TrafficSums;
  readonly #windows: TrafficWindow[] = [];
  #from: number;

  constructor(
    range: TimeRange,
    { now, scale, binary }: { readonly now: number; readonly scale: NumberScale; readonly binary: boolean },
  ) {
    this.#range = range;
    this.#now = now;
    this.#scale = scale;
    this.#binary = binary;
    this.#others = this.#sums();
    this.#window = new TrafficSums(scale);
    this.#from = range.from;
  }

  add(at: number, series: string, bucket: BucketReader): void {
    while (at >= windowEnd(this.#range, this.#from)) this.#endWindow();
    let version = this.#versions.get(series);
    if (version === undefined) {
      const known = this.#versions.size < MAX_VERSIONS;
      version = known ? this.#sums() : this.#others;
      if (known) this.#versions.set(series, version);
    }
    version.window.addRead(bucket);
  }

  report(damagedBuckets: number): TrafficReport {
    while (this.#from < this.#range.to) this.#endWindow();
    const { from, to, everyMs } = this.#range;
    const total = new TrafficSums(this.#scale);
    for (const version of this.#all()) total.addAll(version.total);
    const names = [...this.#versions.keys()].sort();
    return {
      schemaVersion: 1,
      from,
      to,
      everyMs,
      total: this.#totals(total),
      versions: names.map((version) => ({ version, ...this.#totals(this.#versions.get(version)!.total) })),
      windows: this.#windows,
      damagedBuckets,
    };
  }

  #endWindow(): void {
    for (const { window, total } of this.#all()) {
      if (window.requests === 0) continue;
      this.#window.addAll(window);
      total.addAll(window);
      window.clear();
    }
    const to = windowEnd(this.#range, this.#from);
    this.#windows.push(this.#summary(this.#window, this.#from, to));
    this.#window.clear();
    this.#from = to;
  }

  #all(): readonly VersionSums[] {
    return [...this.#versions.values(), this.#others];
  }

  #sums(): VersionSums {
    return { window: new TrafficSums(this.#scale), total: new TrafficSums(this.#scale) };
  }

  #summary(sums: TrafficSums, from: number, to: number): TrafficWindow {
    const { requests, errors, predictions } = sums;
    const seconds = (Math.min(to, this.#now) - from) / 1000;
    return {
      from,
      to,
      requests,
      requestsPerSecond: seconds > 0 ? requests / seconds : null,
      errors,
      errorRatio: requests === 0 ? null : errors / requests,
      latency: latencySummary(sums.latency),
      positiveRatio: this.#binary && predictions > 0 ? sums.positives / predictions : null,
      meanOutput: sums.outputs.mean,
    };
  }

  #totals(sums: TrafficSums): TrafficTotals {
    return {
      ...this.#summary(sums, this.#range.from, this.#range.to),
      errorCodes: sums.codes.toList(),
      otherErrors: sums.codes.other,
      errorLatency: latencySummary(sums.errorLatency),
      outputs: { numbers: numbersOf(sums.outputs), classes: sums.classes.toList(), otherClasses: sums.classes.other },
      records: {
        logged: sums.logged - sums.refused,
        dropped: sums.dropped,
        notSampled: sums.notSampled,
        refused: sums.refused,
      },
    };
  }
}

function latencySummary(cells: NumberCells): LatencySummary | null {
  if (cells.count === 0) return null;
  return {
    count: cells.count,
    meanMs: cells.mean!,
    p50Ms: cells.quantile(0.5)!,
    p95Ms: cells.quantile(0.95)!,
    p99Ms: cells.quantile(0.99)!,
    maxMs: cells.high!,
  };
}

function numbersOf(cells: NumberCells): PredictionDistribution["numbers"] {
  if (cells.count === 0) return null;
  return {
    count: cells.count,
    mean: cells.mean!,
    low: cells.low!,
    high: cells.high!,
    p5: cells.quantile(0.05)!,
    p25: cells.quantile(0.25)!,
    p50: cells.quantile(0.5)!,
    p75: cells.quantile(0.75)!,
    p95: cells.quantile(0.95)!,
    bars: cells.bars(),
  };
}
