import type { Clock } from "../core/clock.ts";
import { Histogram } from "../core/histogram.ts";

/** How often something took time, and how much in all. */
export interface Duration {
  readonly count: number;
  readonly totalMs: number;
}

/** Quantiles of a time, ms, off by at most 1.6 % of their value; undefined when nothing was counted. */
export interface Latency extends Duration {
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly maxMs: number | undefined;
}

/** Executions of about one number of rows. */
export interface BatchSizeCount {
  /** Most rows of these executions: exactly so many up to 64, otherwise more than half as many. */
  readonly rows: number;
  readonly executions: number;
  /** Time of the engine in all of them. */
  readonly inferMs: number;
}

/** What became of a request that was answered or refused. */
export type RequestOutcome = "succeeded" | "failed" | "cancelled" | "timedOut" | "rejected";

/** The statistics of a model at one time. Counts begin at 0 when the model is loaded. */
export interface InferenceSnapshot {
  /** Requests that ended, however: the sum of the five counts that follow. */
  readonly requests: number;
  readonly succeeded: number;
  /** Requests that failed because the model did, or its engine. */
  readonly failures: number;
  /** Requests whose caller aborted. */
  readonly cancelled: number;
  /** Requests whose time limit passed. */
  readonly timedOut: number;
  /** Requests refused because too many waited, or they for too long. */
  readonly rejected: number;
  /** Rows that the engine answered; Triton calls them inferences. */
  readonly rows: number;
  /** Runs of the engine that answered. */
  readonly executions: number;
  /** Runs that failed. */
  readonly failedExecutions: number;
  /** Jobs, or parts of them, that ran once more alone because a run that they shared had failed. */
  readonly repeatedAlone: number;
  /** From a request's arrival to its first run; counted for requests that succeeded. */
  readonly queue: Latency;
  /** Gathering the inputs of several jobs, for each execution; 0 where one job ran alone. */
  readonly computeInput: Duration;
  /** The engine's own time, for each execution. */
  readonly infer: Latency;
  /** Handing the outputs out, for each execution. */
  readonly computeOutput: Duration;
  /** From a request's arrival to its answer; counted for requests that succeeded. */
  readonly total: Latency;
  /** By rising number of rows, without those that never occurred. */
  readonly batchSizes: readonly BatchSizeCount[];
  /** Requests that the response cache answered, which are not counted as requests above. */
  readonly cacheHits: number;
  /** Requests that it could not answer. */
  readonly cacheMisses: number;
  /** When the last execution ended, ms since the Unix epoch. */
  readonly lastInferenceAt: number | undefined;
}

/** Gets what {@link InferenceStatistics} counts as it happens, to feed metrics. It must not throw. */
export interface StatisticsSink {
  /** An execution has answered. */
  execution?(rows: number, inferMs: number): void;
  /** An execution has failed. */
  executionFailed?(): void;
  /** A request has ended; `queueMs` is the time to its first run, of one that was answered. */
  request?(outcome: RequestOutcome, totalMs: number, queueMs: number | undefined): void;
  /** The response cache has answered a request. */
  cacheHit?(): void;
  /** The response cache could not answer a request. */
  cacheMiss?(): void;
}

/** Batch sizes up to this one are counted each by itself, larger ones by the next power of 2. */
const EXACT_SIZES = 64;

/** About 1 µs to 70 minutes, in ms. */
const bounds = { min: 2 ** -10, max: 2 ** 22 };

/** Counts what happens to the requests of a model, as the statistics of Triton do. Fixed memory; a record costs well below 1 µs. */
export class InferenceStatistics {
  readonly #clock: Clock;
  readonly #sink: StatisticsSink | undefined;
  readonly #queue = new Histogram(bounds);
  readonly #infer = new Histogram(bounds);
  readonly #total = new Histogram(bounds);
  readonly #executionsBySize = new Float64Array(EXACT_SIZES + 32);
  readonly #msBySize = new Float64Array(EXACT_SIZES + 32);
  readonly #ended = { succeeded: 0, failed: 0, cancelled: 0, timedOut: 0, rejected: 0 };
  #rows = 0;
  #executions = 0;
  #failedExecutions = 0;
  #repeatedAlone = 0;
  #inputMs = 0;
  #outputMs = 0;
  #cacheHits = 0;
  #cacheMisses = 0;
  /** On the monotonic clock, which is read anyhow; NaN before the first execution. */
  #lastMs = Number.NaN;

  constructor(clock: Clock, sink?: StatisticsSink) {
    this.#clock = clock;
    this.#sink = sink;
  }

  /**
   * Counts an execution that answered.
   *
   * @param inputMs - spent on gathering its inputs
   * @param inferMs - spent by the engine
   * @param outputMs - spent on handing the outputs out
   * @param endedMs - when the engine had answered, on the monotonic clock
   */
  execution(rows: number, inputMs: number, inferMs: number, outputMs: number, endedMs: number): void {
    this.#rows += rows;
    this.#executions += 1;
    this.#inputMs += inputMs;
    this.#outputMs += outputMs;
    this.#infer.record(inferMs);
    const size = sizeClass(rows);
    this.#executionsBySize[size]! += 1;
    this.#msBySize[size]! += inferMs;
    this.#lastMs = endedMs;
    this.#sink?.execution?.(rows, inferMs);
  }

  /** Counts an execution that failed. */
  executionFailed(): void {
    this.#failedExecutions += 1;
    this.#sink?.executionFailed?.();
  }

  /** Counts jobs that run once more alone. */
  repeatedAlone(jobs: number): void {
    this.#repeatedAlone += jobs;
  }

  /** Counts a request that was answered: the ms from its arrival to its first run, and to its answer. */
  succeeded(queueMs: number, totalMs: number): void {
    this.#ended.succeeded += 1;
    this.#queue.record(queueMs);
    this.#total.record(totalMs);
    this.#sink?.request?.("succeeded", totalMs, queueMs);
  }

  /** Counts a request that was not answered, and the ms from its arrival to its end. */
  unanswered(outcome: Exclude<RequestOutcome, "succeeded">, totalMs: number): void {
    this.#ended[outcome] += 1;
    this.#sink?.request?.(outcome, totalMs, undefined);
  }

  /** Counts a request that the response cache answered. */
  cacheHit(): void {
    this.#cacheHits += 1;
    this.#sink?.cacheHit?.();
  }

  /** Counts a request that the response cache could not answer. */
  cacheMiss(): void {
    this.#cacheMisses += 1;
    this.#sink?.cacheMiss?.();
  }

  /** The counts so far, frozen. */
  snapshot(): InferenceSnapshot {
    const { succeeded, failed, cancelled, timedOut, rejected } = this.#ended;
    return Object.freeze({
      requests: succeeded + failed + cancelled + timedOut + rejected,
      succeeded,
      failures: failed,
      cancelled,
      timedOut,
      rejected,
      rows: this.#rows,
      executions: this.#executions,
      failedExecutions: this.#failedExecutions,
      repeatedAlone: this.#repeatedAlone,
      queue: latency(this.#queue),
      computeInput: Object.freeze({ count: this.#executions, totalMs: this.#inputMs }),
      infer: latency(this.#infer),
      computeOutput: Object.freeze({ count: this.#executions, totalMs: this.#outputMs }),
      total: latency(this.#total),
      batchSizes: this.#batchSizes(),
      cacheHits: this.#cacheHits,
      cacheMisses: this.#cacheMisses,
      lastInferenceAt: Number.isNaN(this.#lastMs) ? undefined : this.#clock.now() - (this.#clock.monotonic() - this.#lastMs),
    });
  }

  #batchSizes(): readonly BatchSizeCount[] {
    const sizes: BatchSizeCount[] = [];
    this.#executionsBySize.forEach((executions, size) => {
      if (executions === 0) return;
      const rows = size <= EXACT_SIZES ? size : EXACT_SIZES * 2 ** (size - EXACT_SIZES);
      sizes.push(Object.freeze({ rows, executions, inferMs: this.#msBySize[size]! }));
    });
    return Object.freeze(sizes);
  }
}

/** Index of a number of rows: itself up to 64, then one for each power of 2. */
function sizeClass(rows: number): number {
  if (rows <= EXACT_SIZES) return rows;
  return EXACT_SIZES + Math.min(31, Math.ceil(Math.log2(rows / EXACT_SIZES)));
}

function latency(histogram: Histogram): Latency {
  return Object.freeze({
    count: histogram.count,
    totalMs: histogram.sum,
    p50Ms: histogram.quantile(0.5),
    p95Ms: histogram.quantile(0.95),
    p99Ms: histogram.quantile(0.99),
    maxMs: histogram.quantile(1),
  });
}
