import type { ElementType } from "../../core/element-type.ts";
import type { Job, JobAnswer } from "./job.ts";
import type { JoinedOutputs } from "./joined-outputs.ts";

/** Inputs without their data. */
export type Shapes = Readonly<Record<string, { readonly type: ElementType; readonly dims: readonly number[] }>>;

/** The waiting jobs of a lane of the queue that may share a run, in order: a list that any of them can leave at once. */
export interface JobGroup {
  readonly lane: number;
  /** Names of the outputs that its jobs ask for. */
  readonly outputs: readonly string[];
  /** Their inputs, where extents are open; the first extents say nothing. */
  readonly shapes: Shapes | undefined;
  readonly hash: number;
  head: QueuedJob | undefined;
  tail: QueuedJob | undefined;
  /** Rows that wait. */
  rows: number;
}

/** A job from its submission to its answer. The queue links those that wait; runs refer to those that run. */
export class QueuedJob {
  readonly job: Job;
  /** Priority level, from 1. */
  readonly level: number;
  /** On the monotonic clock, ms, as the three that follow. */
  readonly arrivedMs: number;
  /** When the caller's time limit passes; infinite without one. */
  dueMs = Number.POSITIVE_INFINITY;
  /** When the queue's timeout passes; infinite without one, and once the action is taken. */
  expiresMs = Number.POSITIVE_INFINITY;
  /** When its first run began. */
  startedMs = 0;
  /** Whether its limits are watched. */
  watched = false;
  /** The caller's time limit as it was given, ms. */
  timeoutMs = 0;
  signal: AbortSignal | undefined = undefined;
  onAbort: (() => void) | undefined = undefined;
  /** Whether it is answered, or has left. */
  ended = false;
  /** Rows that runs have taken. Less than all while the job waits. */
  taken = 0;
  /** Rows that runs have answered. */
  answered = 0;
  /** Runs that work on it. */
  runs: { leave(reason: unknown): void }[] | undefined = undefined;
  /** Who answered its last part, and whether that was another one than before, once it was split. */
  by: unknown = undefined;
  mixed = false;
  /** The answers of its parts, once it was split. */
  joined: JoinedOutputs | undefined = undefined;

  /** The list that it waits in, its neighbours there, and its place among all jobs of the lane. */
  group: JobGroup | undefined = undefined;
  previous: QueuedJob | undefined = undefined;
  next: QueuedJob | undefined = undefined;
  sequence = 0;

  readonly answer: Promise<JobAnswer>;
  resolve!: (answer: JobAnswer) => void;
  reject!: (error: unknown) => void;

  constructor(job: Job, level: number, arrivedMs: number) {
    this.job = job;
    this.level = level;
    this.arrivedMs = arrivedMs;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Rows that no run has taken. */
  get left(): number {
    return this.job.rows - this.taken;
  }

  /** Whether the caller may leave before the answer. */
  get mayLeave(): boolean {
    return this.signal !== undefined || this.dueMs !== Number.POSITIVE_INFINITY;
  }
}
