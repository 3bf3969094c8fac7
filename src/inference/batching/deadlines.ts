import type { Clock } from "../../core/clock.ts";
import type { QueuedJob } from "./queued-job.ts";

/** Times closer than this are taken as one, ms: the sum that a timer is set to may be rounded down. */
const TOLERANCE_MS = 0.001;

/**
 * Tells when time limits of jobs pass, with one timer for all. The timer is left to run when its job has ended in time, which costs one
 * vain wake-up for many jobs instead of a timer for each.
 */
export class Deadlines implements Disposable {
  readonly #clock: Clock;
  readonly #onDue: (job: QueuedJob, nowMs: number) => void;
  readonly #jobs = new Set<QueuedJob>();
  #timer: Disposable | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** @param onDue - ends the job, or moves its times on */
  constructor(clock: Clock, onDue: (job: QueuedJob, nowMs: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Watches the `dueMs` and `expiresMs` of a job, which may later only become infinite. */
  add(job: QueuedJob): void {
    this.#jobs.add(job);
    const at = earlierOf(job);
    if (at < this.#timerAt) this.#arm(at, job.arrivedMs);
  }

  /** Watches it no longer. */
  delete(job: QueuedJob): void {
    this.#jobs.delete(job);
  }

  /** Stops the timer. */
  [Symbol.dispose](): void {
    this.#jobs.clear();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #arm(at: number, nowMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timerAt = at;
    this.#timer = this.#clock.schedule(at - nowMs, this.#fire);
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonic();
    let earliest = Number.POSITIVE_INFINITY;
    for (const job of this.#jobs) {
      if (hasCome(earlierOf(job), nowMs)) this.#onDue(job, nowMs);
      if (this.#jobs.has(job)) earliest = Math.min(earliest, earlierOf(job));
    }
    if (earliest < this.#timerAt) this.#arm(earliest, nowMs);
  };
}

/** Whether a time has come. */
export function hasCome(atMs: number, nowMs: number): boolean {
  return atMs - nowMs < TOLERANCE_MS;
}

function earlierOf({ dueMs, expiresMs }: QueuedJob): number {
  return Math.min(dueMs, expiresMs);
}
