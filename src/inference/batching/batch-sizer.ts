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

/** Runs of a size class before it is judged; their median stands for it first. */
const ENOUGH = 6;

/** Size classes: 1, 2, 3 to 4, 5 to 8 and so on. */
const CLASSES = 32;

const UNKNOWN_DRAIN_MS = 1_000;

/** Runs before another size is tried for the first time, and the most runs between two tries. */
const TRY_AFTER = 8;
const MAX_TRY_AFTER = 32;

/**
 * Decides how many rows a run gets, from the times of the runs before.
 *
 * Sizes are counted in units: rows, where all rows take the same work; otherwise a row counts as many units as its work is larger than
 * that of the first row seen. The size that `auto` takes is the knee of n / (a + b·n), kept within a factor of two of the knee of the
 * throughputs that were measured by size class, which a bad line cannot move; bounded by twice the largest size known, by the size from
 * which rows were seen to take longer again (they leave a cache), and on the thread that calls by 1 ms. Now and then another size is
 * tried, so that neither a wrong line nor an old measurement lasts.
 */
export class BatchSizer {
  readonly #maxRows: number | "auto";
  readonly #preferred: readonly number[];
  readonly #fit = new RunTimeFit();
  readonly #runs = new Uint32Array(CLASSES);
  readonly #perUnitMs = new Float64Array(CLASSES);
  /** Times of a unit in the first runs of each class. */
  readonly #first = new Float64Array(CLASSES * ENOUGH);
  /** Largest class that had a run. */
  #top = 0;
  /** Largest size of a class that had enough runs. */
  #known = 0;
  /** Fewest units that give nearly the throughput of the best size measured. */
  #floor = 0;
  /** Most units before rows take longer again. */
  #cap = Number.POSITIVE_INFINITY;
  /** Most units that were measured to take no longer than a run on the thread that calls may. */
  #inlineUnits = 0;
  #tryAfter = TRY_AFTER;
  #untried = 0;
  #tryLarger = false;

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
    for (const { rows, inferMs, roundTripMs } of timings) {
      this.observe(rows, occupiedMs(placement, inferMs, roundTripMs));
      // Measured for this purpose: it stands for several.
      this.#runs[classOf(rows)] = ENOUGH;
    }
    this.#judge();
  }

  /** Learns from a run of so many units. */
  observe(units: number, ms: number): void {
    this.#fit.observe(units, ms);
    if (!(units > 0 && ms > 0)) return;
    const at = classOf(units);
    if (at > this.#top) this.#top = at;
    const runs = ++this.#runs[at]!;
    const perUnit = ms / units;
    if (runs <= ENOUGH) {
      const first = this.#first.subarray(at * ENOUGH, at * ENOUGH + runs);
      first[runs - 1] = perUnit;
      this.#perUnitMs[at] = first.toSorted()[(runs - 1) >> 1]!;
    } else {
      // One pause must not make a class look bad. Nothing makes a run fast by chance.
      const old = this.#perUnitMs[at]!;
      this.#perUnitMs[at] = old + (Math.min(1.5 * old, perUnit) - old) / 8;
    }
    if (this.#maxRows === "auto") this.#judge();
  }

  /**
   * The most rows of the next run.
   *
   * @param waiting - rows that could share it
   * @param weight - units of one row
   * @param free - runs that could begin now
   * @param first - rows of the job whose turn it is, which is not split for the sake of a try
   */
  limit(waiting: number, weight: number, placement: Placement, free: number, first = 1): number {
    const most = this.#maxRows === "auto" ? this.#tried(this.#best(waiting, weight, placement), waiting, first) : this.#maxRows;
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

  #best(waiting: number, weight: number, placement: Placement): number {
    const { fixedMs, perRowMs } = this.#fit;
    let bound = Math.min(MAX_AUTO_ROWS * weight, Math.max(2 * this.#known, weight), this.#cap);
    if (placement === "inline" && perRowMs > 0)
      bound = Math.min(bound, Math.max(this.#inlineUnits, (MAX_INLINE_MS - fixedMs) / perRowMs));
    // Infinite without a slope; before the first run NaN, for which every comparison is false.
    const line = (KNEE / (1 - KNEE)) * (fixedMs / perRowMs);
    // What was measured on both sides of the knee has the say; the line then tells the place between two classes.
    const knee = Math.max(this.#known > this.#floor && this.#floor > 0 ? Math.min(line, 2 * this.#floor) : line, this.#floor);
    const all = waiting * weight;
    // What two runs would do, one does for less, and no later than the second of the two.
    const units = knee < bound ? (all <= 2 * knee ? Math.min(all, bound) : knee) : bound;
    return Math.max(1, Math.floor(units / weight));
  }

  /** The rows, or now and then twice or half as many. */
  #tried(rows: number, waiting: number, first: number): number {
    const larger = rows < waiting && rows < MAX_AUTO_ROWS;
    const taken = Math.min(rows, waiting);
    const smaller = taken > 1 && first < taken;
    if (!(larger || smaller)) return rows;
    this.#untried += 1;
    if (this.#untried < this.#tryAfter) return rows;
    this.#untried = 0;
    this.#tryAfter = Math.min(MAX_TRY_AFTER, 2 * this.#tryAfter);
    this.#tryLarger = !this.#tryLarger;
    if (this.#tryLarger) return larger ? Math.min(2 * rows, MAX_AUTO_ROWS) : rows;
    return smaller ? Math.max(first, Math.ceil(taken / 2)) : rows;
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

  /** Sets what follows from the size classes that were measured. */
  #judge(): void {
    let best = Number.POSITIVE_INFINITY;
    let last = Number.POSITIVE_INFINITY;
    let better = false;
    this.#cap = Number.POSITIVE_INFINITY;
    this.#inlineUnits = 0;
    for (let at = 0; at <= this.#top; at++) {
      if (this.#runs[at]! < ENOUGH) continue;
      const perUnit = this.#perUnitMs[at]!;
      this.#known = 2 ** at;
      if (perUnit > WORSE * best) {
        this.#cap = 2 ** (at - 1);
        better = false;
        break;
      }
      better = perUnit < KNEE * last;
      last = perUnit;
      if (perUnit < best) best = perUnit;
      const inTime = MAX_INLINE_MS / perUnit;
      // Of sizes below the class its time says nothing; of the next class it tells the longest that is to be expected.
      if (inTime > 2 ** (at - 1)) this.#inlineUnits = Math.min(2 ** (at + 1), inTime);
    }
    // While each size proves better than the one before, the next one is measured, whatever the line foretells.
    const floor = better ? 2 * this.#known : this.#firstWithin(best / KNEE);
    if (floor > this.#floor) this.#tryAfter = TRY_AFTER;
    this.#floor = floor;
  }

  /** Size of the first class whose units take at most so long; 0 when there is none. */
  #firstWithin(perUnitMs: number): number {
    for (let at = 0; at <= this.#top; at++) if (this.#runs[at]! >= ENOUGH && this.#perUnitMs[at]! <= perUnitMs) return 2 ** at;
    return 0;
  }
}

/** How long a run keeps its place: on the thread that calls only while the engine works, elsewhere from the call to the answer. */
export function occupiedMs(placement: Placement, inferMs: number, roundTripMs: number): number {
  return placement === "inline" && inferMs > 0 ? inferMs : roundTripMs;
}

function classOf(units: number): number {
  return Math.min(CLASSES - 1, Math.max(0, Math.ceil(Math.log2(units))));
}
