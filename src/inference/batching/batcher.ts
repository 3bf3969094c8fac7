import { afterTurn, type Clock, systemClock } from "../../core/clock.ts";
import { deadlineExceeded } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { keepAlive } from "../../core/keep-alive.ts";
import { parseOptions } from "../../core/options.ts";
import type { RunTiming } from "../port.ts";
import type { InferenceStatistics, RequestOutcome } from "../statistics.ts";
import { BatchBuffers } from "./batch-buffers.ts";
import type { BatchCall } from "./batch-call.ts";
import { BatchFormer } from "./batch-former.ts";
import type { BatchRun } from "./batch-run.ts";
import { BatchSizer, occupiedMs } from "./batch-sizer.ts";
import { type BatchingOptions, batchingSchema, type ParsedQueueOptions } from "./batching-options.ts";
import { Deadlines, hasCome } from "./deadlines.ts";
import type { Job, JobAnswer, RunTarget, TargetRun } from "./job.ts";
import { JobQueue } from "./job-queue.ts";
import { assertRowsApart, JoinedOutputs } from "./joined-outputs.ts";
import { QueuedJob } from "./queued-job.ts";
import type { RunCost } from "./run-time-fit.ts";

export type { Job, JobAnswer, RunTarget } from "./job.ts";

/** What a {@link Batcher} is made from. */
export interface BatcherOptions {
  readonly target: RunTarget;
  /** Whether the model keeps rows apart, so that jobs may share a run. */
  readonly batchable: boolean;
  /** Whether the model fixes all extents of its inputs but the first. @defaultValue false */
  readonly fixedShape?: boolean | undefined;
  /** Name of the model, for errors. */
  readonly model: string;
  /** @defaultValue those of {@link BatchingOptions} */
  readonly options?: BatchingOptions | undefined;
  readonly statistics: InferenceStatistics;
  /** How long runs took before the first job; used where the shape is fixed. @defaultValue nothing is known */
  readonly timings?: readonly RunTiming[] | undefined;
  /** @defaultValue the platform's clock */
  readonly clock?: Clock | undefined;
}

/** On the thread that calls, runs that follow each other let the event loop turn at least this often, ms. */
const MAX_BUSY_MS = 4;

const resolved = Promise.resolve();

/**
 * Runs jobs on a model so that those that wait at the same time share a run.
 *
 * A run is formed when the target is free, from what waits then; nothing is held back for a better batch unless `maxDelayMs` allows it.
 * Jobs share one when their inputs agree in all extents but the first and they ask for the same outputs, highest priority and oldest
 * first. What was submitted in one turn of the event loop shares a run; while callers are concurrent, so does what arrives on other
 * sockets in the same turn.
 */
export class Batcher {
  readonly #target: RunTarget;
  readonly #model: string;
  readonly #clock: Clock;
  readonly #statistics: InferenceStatistics;
  readonly #queues: readonly ParsedQueueOptions[];
  readonly #defaultLevel: number;
  readonly #queue: JobQueue;
  readonly #sizer: BatchSizer;
  readonly #former: BatchFormer;
  readonly #buffers = new BatchBuffers();
  readonly #deadlines: Deadlines;
  #running = 0;
  #scheduled = false;
  /** Whether the last run had several jobs, so that more of them are to be expected in the same turn. */
  #company = false;
  #turnedMs = 0;
  #delay: Disposable | undefined;
  #held: Disposable | undefined;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  /** @throws a {@link ModelwrightError} with code `CONFIG_INVALID` that lists every issue of the options */
  constructor({ target, batchable, fixedShape = false, model, options, statistics, timings = [], clock }: BatcherOptions) {
    const { maxRows, preferredRows, maxDelayMs, queue, priorities } = parseOptions(batchingSchema, options ?? {}, "Batcher");
    this.#target = target;
    this.#model = model;
    this.#clock = clock ?? systemClock;
    this.#statistics = statistics;
    const { levels, queues = {} } = priorities;
    this.#queues = Array.from({ length: levels }, (_, i) => queues[String(i + 1)] ?? queue);
    this.#defaultLevel = priorities.default ?? Math.floor(levels / 2) + 1;
    this.#queue = new JobQueue(levels, fixedShape);
    this.#sizer = new BatchSizer(maxRows, preferredRows);
    if (fixedShape) this.#sizer.learn(timings, target.placement);
    this.#deadlines = new Deadlines(this.#clock, (job, nowMs) => void this.#expire(job, nowMs));
    this.#former = new BatchFormer({
      queue: this.#queue,
      sizer: this.#sizer,
      target,
      batchable,
      fixedShape,
      bounded: maxRows === "auto",
      maxDelayMs,
      expire: (job, nowMs) => this.#expire(job, nowMs),
    });
  }

  /** Jobs that wait for a run. */
  get waiting(): number {
    return this.#queue.jobs + this.#former.repeating;
  }

  /** Runs that have begun and not ended. */
  get running(): number {
    return this.#running;
  }

  /** What is known of the time of a run. Where extents are open, of rows as large as the first one seen. */
  get cost(): RunCost {
    const { fixedMs, perRowMs, samples } = this.#sizer.fit;
    return { fixedMs, perRowMs, samples };
  }

  /**
   * Answers a job. An abort or a time limit takes a job that waits out of the queue and is never run; of one that runs it ends the
   * waiting, and the run itself when no other job waits for it.
   *
   * @throws a {@link ModelwrightError} with code `MODEL_OVERLOADED`, retryable, when too many jobs wait, or this one for too long;
   * `DEADLINE_EXCEEDED`; `CLOSED`; `MODEL_UNSUPPORTED` when an output has not the rows of the run; and what the target throws
   * @throws `call.signal.reason`, untouched, when the caller aborts
   */
  submit(job: Job, call?: BatchCall): Promise<JobAnswer> {
    if (this.#closing !== undefined) return Promise.reject(this.#closed());
    const level = call?.priority ?? this.#defaultLevel;
    const policy = this.#queues[level - 1];
    if (policy === undefined) return Promise.reject(this.#noLevel(level));
    if (call?.signal?.aborted) return Promise.reject(this.#refused("cancelled", call.signal.reason));
    if (call?.timeoutMs !== undefined && !(call.timeoutMs > 0))
      return Promise.reject(this.#refused("timedOut", deadlineExceeded(call.timeoutMs)));
    if (this.#queue.waitingAt(level) >= policy.maxRequests)
      return Promise.reject(this.#refused("rejected", this.#overloaded(level)));
    const entry = new QueuedJob(job, level, this.#clock.monotonic());
    if (call !== undefined || policy.timeoutMs !== undefined) this.#watch(entry, policy, call);
    this.#former.arrived(entry.arrivedMs);
    this.#queue.add(entry);
    if (this.#running < this.#target.concurrency) this.#schedule();
    return entry.answer;
  }

  /** Refuses new jobs, lets those that wait and run end, then stops. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    this.#former.closing = true;
    if (this.#delay !== undefined) this.#dispatch();
    this.#settleClose();
    return this.#closing;
  }

  /** Sets the limits of a job, and listens to its signal. */
  #watch(entry: QueuedJob, policy: ParsedQueueOptions, call: BatchCall | undefined): void {
    const timeoutMs = call?.timeoutMs;
    if (timeoutMs !== undefined) {
      entry.timeoutMs = timeoutMs;
      entry.dueMs = entry.arrivedMs + timeoutMs;
    }
    const own = policy.timeoutMs ?? Number.POSITIVE_INFINITY;
    const asked = policy.allowTimeoutOverride ? call?.queueTimeoutMs : undefined;
    entry.expiresMs = entry.arrivedMs + (asked !== undefined && asked < own ? asked : own);
    entry.watched = Math.min(entry.dueMs, entry.expiresMs) < Number.POSITIVE_INFINITY;
    if (entry.watched) this.#deadlines.add(entry);
    const signal = call?.signal;
    if (signal === undefined) return;
    entry.signal = signal;
    entry.onAbort = () => this.#leave(entry, "cancelled", signal.reason);
    signal.addEventListener("abort", entry.onAbort, { once: true });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#company) afterTurn(this.#turned);
    else void resolved.then(this.#due);
  }

  readonly #turned = (): void => {
    this.#turnedMs = this.#clock.monotonic();
    this.#due();
  };

  readonly #due = (): void => {
    this.#scheduled = false;
    this.#dispatch();
  };

  /** Starts as many runs as the target takes, from what waits. */
  #dispatch(): void {
    this.#delay?.[Symbol.dispose]();
    this.#delay = undefined;
    for (;;) {
      const free = this.#target.concurrency - this.#running;
      const next = free > 0 ? this.#former.next(this.#clock.monotonic(), free) : undefined;
      if (next === undefined) break;
      if (typeof next === "number") {
        // Only a timer is between the jobs and their run, and the clock's timers let the process end.
        this.#held ??= keepAlive();
        this.#delay = this.#clock.schedule(next, this.#turned);
        return;
      }
      this.#start(next);
    }
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
    if (this.#drained !== undefined) this.#settleClose();
  }

  #start(run: BatchRun): void {
    this.#running += 1;
    this.#company = run.parts.length > 1;
    void this.#execute(run);
  }

  async #execute(run: BatchRun): Promise<void> {
    let answer: TargetRun;
    try {
      const { sharedMemory } = this.#target;
      const inputs = run.gather(this.#buffers, sharedMemory);
      run.inputMs = run.lone ? 0 : this.#clock.monotonic() - run.startedMs;
      answer = await this.#target.run(inputs, run.parts[0]!.job.job.outputs, run.call(), !run.whole);
    } catch (error) {
      this.#running -= 1;
      this.#failed(run, error);
      this.#continue();
      return;
    }
    const endedMs = this.#clock.monotonic();
    this.#running -= 1;
    try {
      this.#answered(run, answer, endedMs);
    } catch (error) {
      this.#reject(run, error);
    }
    this.#continue();
  }

  /** Starts what waits for the place that a run has left, or lets the jobs join in that its answers bring about. */
  #continue(): void {
    if (this.#drained !== undefined) this.#settleClose();
    if (this.waiting === 0 || this.#scheduled) return;
    const full = this.#queue.rows >= this.#former.lastLimit;
    const busy = this.#target.placement === "inline" && this.#clock.monotonic() - this.#turnedMs > MAX_BUSY_MS;
    if (full && !busy) {
      this.#dispatch();
      return;
    }
    this.#company ||= busy;
    this.#schedule();
  }

  #answered(run: BatchRun, answer: TargetRun, endedMs: number): void {
    const { outputs, inferMs, by } = answer;
    this.#sizer.observe(run.units, occupiedMs(this.#target.placement, inferMs, endedMs - run.startedMs - run.inputMs));
    const [{ job, rows }] = run.parts as readonly [BatchRun["parts"][0]];
    if (run.lone && rows === job.job.rows) {
      this.#statistics.execution(rows, 0, inferMs, 0, endedMs);
      this.#resolve(job, { outputs, offset: 0, rows, totalRows: rows, by }, endedMs);
      return;
    }
    run.release(this.#buffers, outputs);
    assertRowsApart(outputs, run.rows);
    let offset = 0;
    for (const part of run.parts) {
      this.#answerPart(part, run, answer, offset, endedMs);
      offset += part.rows;
    }
    this.#statistics.execution(run.rows, run.inputMs, inferMs, this.#clock.monotonic() - endedMs, endedMs);
  }

  #answerPart(
    { job, start, rows }: BatchRun["parts"][0],
    run: BatchRun,
    { outputs, by }: TargetRun,
    offset: number,
    endedMs: number,
  ): void {
    if (job.ended) return;
    const all = job.job.rows;
    if (rows === all) {
      this.#resolve(job, { outputs, offset, rows, totalRows: run.rows, by }, endedMs);
      return;
    }
    job.joined ??= new JoinedOutputs(all);
    job.joined.add(outputs, offset, start, rows);
    job.mixed ||= this.#target.mayMerge === false || (job.answered > 0 && by !== job.by);
    job.by = by;
    job.answered += rows;
    if (job.answered === all) {
      this.#resolve(job, { outputs: job.joined.outputs, offset: 0, rows: all, totalRows: all, by, mixed: job.mixed }, endedMs);
    }
  }

  #failed(run: BatchRun, error: unknown): void {
    if (run.live === 0) return;
    this.#statistics.executionFailed();
    const unmerged = this.#target.mayMerge === false;
    if (run.lone && !run.whole && unmerged) {
      this.#askAgain(run.parts[0]!.job);
      return;
    }
    if (run.lone || !(unmerged || ModelwrightError.is(error, "MODEL_RUN_FAILED"))) {
      this.#reject(run, error);
      return;
    }
    // One bad row must not fail its neighbours, nor a provider that must not have them together: each part runs once more alone.
    this.#statistics.repeatedAlone(this.#former.repeat(run));
  }

  /** A part of a job is not asked of a provider that may need all of it. */
  #askAgain(entry: QueuedJob): void {
    if (entry.ended) return;
    this.#queue.remove(entry);
    this.#end(entry);
    const { rows } = entry.job;
    entry.resolve({ outputs: {}, offset: 0, rows, totalRows: rows, mixed: true });
  }

  #reject(run: BatchRun, error: unknown): void {
    for (const { job } of run.parts) this.#leave(job, "failed", error);
  }

  #resolve(entry: QueuedJob, answer: JobAnswer, nowMs: number): void {
    if (entry.ended) return;
    this.#end(entry);
    this.#statistics.succeeded(entry.startedMs - entry.arrivedMs, nowMs - entry.arrivedMs);
    entry.resolve(answer);
  }

  /** Ends a job without an answer, whether it waits or runs. */
  #leave(entry: QueuedJob, outcome: Exclude<RequestOutcome, "succeeded">, error: unknown): void {
    if (entry.ended) return;
    this.#queue.remove(entry);
    this.#end(entry);
    this.#statistics.unanswered(outcome, this.#clock.monotonic() - entry.arrivedMs);
    entry.reject(error);
    for (const run of entry.runs ?? []) run.leave(error);
    // Nobody is left to wait for company, or to be waited for.
    if (this.#delay !== undefined && this.#queue.jobs === 0) this.#dispatch();
    else if (this.#drained !== undefined) this.#settleClose();
  }

  #end(entry: QueuedJob): void {
    entry.ended = true;
    if (entry.onAbort !== undefined) entry.signal?.removeEventListener("abort", entry.onAbort);
    if (entry.watched) this.#deadlines.delete(entry);
  }

  /** Ends a job whose limit has passed, or puts it behind the others. Answers whether it did either. */
  #expire(entry: QueuedJob, nowMs: number): boolean {
    if (hasCome(entry.dueMs, nowMs)) {
      this.#leave(entry, "timedOut", deadlineExceeded(entry.timeoutMs));
      return true;
    }
    if (!hasCome(entry.expiresMs, nowMs)) return false;
    entry.expiresMs = Number.POSITIVE_INFINITY;
    if (this.#queues[entry.level - 1]!.timeoutAction === "reject") this.#leave(entry, "rejected", this.#overloaded(entry.level));
    else {
      this.#queue.remove(entry);
      this.#queue.add(entry, true);
    }
    return true;
  }

  #settleClose(): void {
    if (this.#running > 0 || this.waiting > 0) return;
    this.#deadlines[Symbol.dispose]();
    this.#drained?.();
  }

  #refused<E>(outcome: Exclude<RequestOutcome, "succeeded">, error: E): E {
    this.#statistics.unanswered(outcome, 0);
    return error;
  }

  #overloaded(level: number): ModelwrightError<"MODEL_OVERLOADED"> {
    const waiting = this.#queue.waitingAt(level);
    const limit = this.#queues[level - 1]!.maxRequests;
    const retryAfterMs = this.#sizer.drainMs(this.#queue.rows, this.#former.lastLimit, this.#target.concurrency);
    return new ModelwrightError(
      "MODEL_OVERLOADED",
      `${waiting} requests wait for ${this.#model} already, too many or for too long; try again in ${retryAfterMs} ms`,
      { details: { waiting, limit, retryAfterMs }, retryable: true },
    );
  }

  #noLevel(level: number): TypeError {
    return new TypeError(`A priority is a whole number from 1 to ${this.#queues.length}, but got ${level}`);
  }

  #closed(): ModelwrightError<"CLOSED"> {
    const subject = `The batcher of ${this.#model}`;
    return new ModelwrightError("CLOSED", `${subject} is closed; open a new one`, { details: { subject } });
  }
}
