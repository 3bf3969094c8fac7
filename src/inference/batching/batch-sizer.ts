import type { Placement, RunTiming } from "../port.ts";
import { RunTimeFit } from "./run-time-fit.ts";

/** Throughput at the knee, as a share of what ever larger runs would reach. */
const KNEE = 0.9;

/** Most rows of a run where none are set. */
const MAX_AUTO_ROWS = 128;

/** Longest run on the thread that calls where no rows are set, ms. */
const MAX_INLINE_MS = 1;

/** A size class is worse than a smaller one when its rows take longer by this factor. */
const WORSE = 1.15;

/** Runs of a size class before it is judged. */
const ENOUGH = 8;

/** Size classes: 1, 2, 3 to 4, 5 to 8 and so on. */
const CLASSES = 32;

const UNKNOWN_DRAIN_MS = 1_000;

/** The most runs between two tries of a larger size. */
const MAX_TRY_AFTER = 64;

/**
 * Decides how many rows a run gets, from the times of the runs before.
 *
 * Sizes are counted in units: rows, where all rows take the same work; otherwise a row counts as many units as its work is larger than
 * that of the first row seen. The size that `auto` takes is the knee of n / (a + b·n), bounded by twice the largest size tried, by the
 * size from which rows were seen to take longer again (they leave a cache), and on the thread that calls by 1 ms. Now and then twice the
 * size is tried, so that neither a wrong line nor an old measurement lasts.
 */
export class BatchSizer {
  readonly #maxRows: number | "auto";
  readonly #preferred: readonly number[];
  readonly #fit = new RunTimeFit();
  readonly #runs = new Uint32Array(CLASSES);
  readonly #perUnitMs = new Float64Array(CLASSES);
  #cap = Number.POSITIVE_INFINITY;
  #tryAfter = 8;
  #untried = 0;

  constructor(maxRows: number | "auto", preferredRows: readonly number[]) {
    this.#maxRows = maxRows;
    this.#preferred = [...preferredRows].sort((a, b) => a - b);
  }

  /** What is learned of the time of a run; rows are units. */
  get fit(): RunTimeFit {
    return this.#fit;
  }

  /** Learns from runs before the first job, of rows of one unit. */
  learn(timings: readonly RunTiming[], placement: Placement): void {
    for (const { rows, inferMs, roundTripMs } of timings) this.observe(rows, occupiedMs(placement, inferMs, roundTripMs));
  }

  /** Learns from a run of so many units. */
  observe(units: number, ms: number): void {
    this.#fit.observe(units, ms);
    if (!(units > 0 && ms > 0)) return;
    const at = classOf(units);
    const runs = ++this.#runs[at]!;
    const perUnit = ms / units;
    const old = this.#perUnitMs[at]!;
    // One pause must not make a class look bad: at most twice the mean is believed.
    this.#perUnitMs[at] = runs === 1 ? perUnit : old + (Math.min(perUnit, 2 * old) - old) / Math.min(8, runs);
    if (this.#maxRows === "auto") this.#judge();
  }

  /**
   * The most rows of the next run.
   *
   * @param waiting - rows that could share it
   * @param weight - units of one row
   * @param free - runs that could begin now
   */
  limit(waiting: number, weight: number, placement: Placement, free: number): number {
    const most = this.#most(waiting, weight, placement);
    const shared = free > 1 ? Math.min(most, this.#share(waiting, weight, free)) : most;
    return this.#preferred.length === 0 ? shared : this.#preferredUpTo(shared);
  }

  /** Largest preferred number of rows that is at most `rows`; undefined when there is none. */
  preferred(rows: number): number | undefined {
    return this.#preferred.findLast((preferred) => preferred <= rows);
  }

  /** Whether a run of so many units takes more time for being a run than for its rows. True while nothing is known. */
  fixedCostDominates(units: number): boolean {
    return this.#fit.samples === 0 || this.#fit.fixedMs > this.#fit.perRowMs * units;
  }

  /** How long what waits may take to be run, ms, at least 1; a second while nothing is known. */
  drainMs(rows: number, limit: number, concurrency: number): number {
    if (this.#fit.samples === 0) return UNKNOWN_DRAIN_MS;
    const runs = Math.ceil(rows / limit / concurrency);
    return Math.max(1, Math.ceil(runs * this.#fit.predict(Math.min(rows, limit))));
  }

  #most(waiting: number, weight: number, placement: Placement): number {
    if (this.#maxRows !== "auto") return this.#maxRows;
    const { fixedMs, perRowMs, largest } = this.#fit;
    let bound = Math.min(MAX_AUTO_ROWS * weight, Math.max(2 * largest, weight));
    if (placement === "inline" && perRowMs > 0) bound = Math.min(bound, (MAX_INLINE_MS - fixedMs) / perRowMs);
    const knee = (KNEE / (1 - KNEE)) * (fixedMs / perRowMs); // Infinity without a slope; NaN before the first run
    const capped = Math.min(bound, this.#cap);
    // A rest of less than half a run would cost a run of its own: take it along.
    const units = knee < capped ? (waiting * weight <= 1.5 * knee ? Math.min(waiting * weight, capped) : knee) : capped;
    const rows = Math.max(1, Math.floor(units / weight));
    if (rows >= waiting || rows >= MAX_AUTO_ROWS) return rows;
    this.#untried += 1;
    if (this.#untried < this.#tryAfter) return rows;
    this.#untried = 0;
    this.#tryAfter = Math.min(MAX_TRY_AFTER, 2 * this.#tryAfter);
    return Math.min(2 * rows, MAX_AUTO_ROWS);
  }

  /** An equal share of what waits for each run that could begin now, unless its rows would take less time than the run itself. */
  #share(waiting: number, weight: number, free: number): number {
    const { fixedMs, perRowMs } = this.#fit;
    const worthwhile = perRowMs > 0 ? fixedMs / perRowMs / weight : Number.POSITIVE_INFINITY;
    return Math.ceil(Math.max(waiting / free, Math.min(worthwhile, waiting), 1));
  }

  #preferredUpTo(rows: number): number {
    return this.preferred(rows) ?? this.#preferred[0]!;
  }

  /** Sets the cap below the first class whose rows take longer than those of a smaller one. */
  #judge(): void {
    let best = Number.POSITIVE_INFINITY;
    for (let at = 0; at < CLASSES; at++) {
      if (this.#runs[at]! < ENOUGH) continue;
      const perUnit = this.#perUnitMs[at]!;
      if (perUnit > WORSE * best) {
        this.#cap = 2 ** (at - 1);
        return;
      }
      if (perUnit < best) best = perUnit;
    }
    this.#cap = Number.POSITIVE_INFINITY;
  }
}

/** How long a run keeps its place: on the thread that calls only while the engine works, elsewhere from the call to the answer. */
export function occupiedMs(placement: Placement, inferMs: number, roundTripMs: number): number {
  return placement === "inline" && inferMs > 0 ? inferMs : roundTripMs;
}

function classOf(units: number): number {
  return Math.min(CLASSES - 1, Math.max(0, Math.ceil(Math.log2(units))));
}
