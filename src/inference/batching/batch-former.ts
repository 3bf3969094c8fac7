import { BatchRun, canMerge, type Part } from "./batch-run.ts";
import type { BatchSizer } from "./batch-sizer.ts";
import type { Job, RunTarget } from "./job.ts";
import type { JobQueue } from "./job-queue.ts";
import type { JobGroup, QueuedJob } from "./queued-job.ts";

/** What a {@link BatchFormer} is made from. */
export interface BatchFormerOptions {
  readonly queue: JobQueue;
  readonly sizer: BatchSizer;
  readonly target: RunTarget;
  readonly batchable: boolean;
  readonly fixedShape: boolean;
  /** Whether the bytes of a run are bounded, because no number of rows was set. */
  readonly bounded: boolean;
  readonly maxDelayMs: number;
  /** Ends a job whose limits have passed, or moves it; answers whether it did. */
  readonly expire: (job: QueuedJob, nowMs: number) => boolean;
}

/** Most bytes that are copied for one run where no number of rows is set. */
const MAX_GATHERED_BYTES = 2 ** 24;

/** With no further job after this many usual gaps between arrivals, none is waited for. */
const PATIENCE = 4;

/** Decides which jobs the next run has. */
export class BatchFormer {
  /** Whether nothing is waited for any more. */
  closing = false;
  readonly #options: BatchFormerOptions;
  /** Parts of a failed run that run once more, each alone. */
  #repeats: Part[] = [];
  #lastLimit = 1;
  /** Elements of a row that count as one unit; 0 before the first. */
  #unitElements = 0;
  #lastArrivalMs = Number.NEGATIVE_INFINITY;
  #gapMs = Number.POSITIVE_INFINITY;

  constructor(options: BatchFormerOptions) {
    this.#options = options;
  }

  /** The most rows that the last run could have had. */
  get lastLimit(): number {
    return this.#lastLimit;
  }

  /** Jobs that wait to run once more alone. */
  get repeating(): number {
    return this.#repeats.length;
  }

  /** Takes note of a job's arrival. */
  arrived(nowMs: number): void {
    if (this.#options.maxDelayMs === 0) return;
    const gapMs = nowMs - this.#lastArrivalMs;
    this.#lastArrivalMs = nowMs;
    // After a long silence the gap says that traffic has begun, not how dense it is.
    if (gapMs > this.#options.maxDelayMs) this.#gapMs = Number.POSITIVE_INFINITY;
    else this.#gapMs = this.#gapMs === Number.POSITIVE_INFINITY ? gapMs : this.#gapMs + (gapMs - this.#gapMs) / 8;
  }

  /** Lets the parts of a failed run that somebody waits for run once more. Answers how many these are. */
  repeat(run: BatchRun): number {
    const parts = run.parts.filter(({ job }) => !job.ended);
    this.#repeats.push(...parts);
    return parts.length;
  }

  /**
   * The next run, its jobs taken from the queue; the ms to wait for company first; or undefined when nothing waits.
   *
   * @param free - runs that could begin now, at least 1
   */
  next(nowMs: number, free: number): BatchRun | number | undefined {
    for (let part = this.#repeats.shift(); part !== undefined; part = this.#repeats.shift())
      if (!part.job.ended) return this.#run([part], part.rows, nowMs);
    const { queue } = this.#options;
    for (let group = queue.next(); group !== undefined; group = queue.next()) {
      if (this.#options.expire(group.head!, nowMs)) continue;
      return this.#of(group, group.head!, nowMs, free);
    }
    return undefined;
  }

  #of(group: JobGroup, head: QueuedJob, nowMs: number, free: number): BatchRun | number {
    const { queue, sizer, target, batchable, bounded } = this.#options;
    if (!batchable || target.mayMerge === false || head.job.rows === 0 || !canMerge(head.job.inputs)) {
      this.#lastLimit = 1;
      return this.#take([head], head.left, nowMs);
    }
    const weight = this.#weight(head.job);
    const waiting = queue.rowsWith(group);
    let limit = sizer.limit(waiting, weight, target.placement, free, head.left);
    if (bounded) limit = Math.min(limit, Math.max(1, Math.floor(MAX_GATHERED_BYTES / bytesPerRow(head.job))));
    this.#lastLimit = limit;
    if (head.left > limit) return this.#take([head], sizer.preferred(limit) ?? evenShare(head.left, limit), nowMs);
    if (group.head === group.tail && waiting === head.left && this.#options.maxDelayMs === 0)
      return this.#take([head], head.left, nowMs);
    const { jobs, rows, tightestMs } = this.#choose(group, limit, weight, nowMs);
    const delayMs = this.#delayMs(rows, limit, weight, jobs[0]!, tightestMs, nowMs);
    return delayMs > 0 ? delayMs : this.#take(jobs, rows, nowMs);
  }

  /** The jobs from the head of the group on that fit in a run, and in the time of all of them. */
  #choose(
    group: JobGroup,
    limit: number,
    weight: number,
    nowMs: number,
  ): { jobs: QueuedJob[]; rows: number; tightestMs: number } {
    const { queue, sizer, expire } = this.#options;
    const jobs: QueuedJob[] = [];
    let rows = 0;
    let tightestMs = Number.POSITIVE_INFINITY;
    let preferredJobs = 0;
    let preferredRows = 0;
    fill: for (let from: JobGroup | undefined = group; from !== undefined; from = queue.after(from)) {
      for (let job = from.head; job !== undefined; ) {
        const following: QueuedJob | undefined = job.next;
        if (!expire(job, nowMs)) {
          const more = rows + job.left;
          if (more > limit) break fill;
          // A limit that even a run of its own would miss does not bound the others.
          const own = job.dueMs < nowMs + sizer.fit.predict(job.left * weight) ? Number.POSITIVE_INFINITY : job.dueMs;
          const tightest = Math.min(tightestMs, own);
          if (rows > 0 && nowMs + sizer.fit.predict(more * weight) > tightest) break fill;
          tightestMs = tightest;
          jobs.push(job);
          rows = more;
          if (sizer.preferred(rows) === rows) {
            preferredJobs = jobs.length;
            preferredRows = rows;
          }
        }
        job = following;
      }
    }
    if (preferredJobs === 0 || preferredJobs === jobs.length) return { jobs, rows, tightestMs };
    return { jobs: jobs.slice(0, preferredJobs), rows: preferredRows, tightestMs };
  }

  /** How long to wait for company, ms; 0 or less to begin at once. */
  #delayMs(rows: number, limit: number, weight: number, oldest: QueuedJob, tightestMs: number, nowMs: number): number {
    const { maxDelayMs, queue, sizer } = this.#options;
    if (maxDelayMs === 0 || this.closing || rows >= limit || rows < queue.rows || sizer.preferred(rows) === rows) return 0;
    if (!sizer.fixedCostDominates(rows * weight)) return 0;
    const spareMs = tightestMs - nowMs - sizer.fit.predict((rows + 1) * weight);
    const leftMs = Math.min(oldest.arrivedMs + maxDelayMs - nowMs, spareMs);
    const silentMs = nowMs - this.#lastArrivalMs;
    if (Math.max(this.#gapMs, silentMs) > leftMs || silentMs > PATIENCE * this.#gapMs) return 0;
    return Math.min(leftMs, PATIENCE * this.#gapMs - silentMs);
  }

  /** Takes the jobs out of the queue, of the last one only as many rows as are needed to make up `rows`. */
  #take(jobs: readonly QueuedJob[], rows: number, nowMs: number): BatchRun {
    const { queue } = this.#options;
    const parts: Part[] = [];
    let left = rows;
    for (const job of jobs) {
      const start = job.taken;
      const taken = Math.min(job.left, left);
      left -= taken;
      queue.remove(job);
      job.taken += taken;
      job.expiresMs = Number.POSITIVE_INFINITY;
      if (start === 0) job.startedMs = nowMs;
      // What is left of a large job takes turns with the jobs that wait behind it.
      if (job.left > 0) queue.add(job);
      parts.push({ job, start, rows: taken });
    }
    return this.#run(parts, rows, nowMs);
  }

  #run(parts: readonly Part[], rows: number, nowMs: number): BatchRun {
    const run = new BatchRun(parts, rows, rows * this.#weight(parts[0]!.job.job), nowMs);
    for (const { job } of parts) {
      if (!job.mayLeave) continue;
      job.runs ??= [];
      job.runs.push(run);
    }
    return run;
  }

  /** Units of work of a row: 1, or by how much its elements are more than those of the first row seen. */
  #weight({ inputs, rows }: Job): number {
    if (this.#options.fixedShape || rows === 0) return 1;
    let elements = 0;
    for (const name in inputs) elements += inputs[name]!.data.length;
    if (elements === 0) return 1;
    if (this.#unitElements === 0) this.#unitElements = elements / rows;
    return elements / rows / this.#unitElements;
  }
}

/** Rows of the next part, so that the parts of a job are about equal. */
function evenShare(rows: number, limit: number): number {
  return Math.ceil(rows / Math.ceil(rows / limit));
}

function bytesPerRow({ inputs, rows }: Job): number {
  let bytes = 1;
  for (const name in inputs) {
    const { data } = inputs[name]!;
    bytes += ArrayBuffer.isView(data) ? data.byteLength : 32 * data.length;
  }
  return bytes / rows;
}
