import type { Clock } from "../core/clock.ts";
import { nextTurn } from "../core/next-turn.ts";

/** Options of {@link FakeClock}. */
export interface FakeClockOptions {
  /** Wall time at the start, milliseconds since the Unix epoch. @defaultValue 1735689600000, which is 2025-01-01T00:00:00Z */
  readonly startMs?: number;
}

interface Task {
  readonly dueMs: number;
  readonly run: () => void;
}

/** More tasks than this at one instant are taken for a task that schedules itself without a delay: time would stand still. */
const MAX_TASKS_AT_ONCE = 100_000;

/**
 * A {@link Clock} that stands still until the test moves it.
 *
 * Tasks run in the order of their time, those of one time in the order of scheduling, each with the clock at its time. Tasks that
 * are scheduled meanwhile run, too, when they are due.
 *
 * @example
 * ```ts
 * import { FakeClock } from "modelwright/testing";
 *
 * const clock = new FakeClock();
 * let rings = 0;
 * clock.schedule(1_000, () => rings++);
 * clock.advance(1_000); // rings === 1
 * ```
 */
export class FakeClock implements Clock {
  readonly #startMs: number;
  /** Sorted by time, then by age. */
  readonly #tasks: Task[] = [];
  #elapsedMs = 0;

  /** @throws a `TypeError` when `startMs` is not finite */
  constructor({ startMs = 1_735_689_600_000 }: FakeClockOptions = {}) {
    if (!Number.isFinite(startMs)) throw new TypeError(`A FakeClock starts at a finite time, but got ${startMs}`);
    this.#startMs = startMs;
  }

  /** Wall time, milliseconds since the Unix epoch. */
  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  /** Milliseconds by which the clock was moved. */
  monotonic(): number {
    return this.#elapsedMs;
  }

  /** Runs `task` when the clock is moved past `delayMs` from now; never within this call. NaN and negative delays count as 0. */
  schedule(delayMs: number, task: () => void): Disposable {
    const entry: Task = { dueMs: this.#elapsedMs + (delayMs > 0 ? delayMs : 0), run: task };
    const at = this.#tasks.findLastIndex(({ dueMs }) => dueMs <= entry.dueMs) + 1;
    this.#tasks.splice(at, 0, entry);
    return {
      [Symbol.dispose]: () => {
        const index = this.#tasks.indexOf(entry);
        if (index >= 0) this.#tasks.splice(index, 1);
      },
    };
  }

  /** Tasks that wait. A test that ends with 0 has left no timer behind. */
  get pending(): number {
    return this.#tasks.length;
  }

  /**
   * Moves the clock and runs what falls due, all within this call. When a task throws, so does `advance`; the clock stays at the
   * time of that task, and the later ones wait.
   *
   * @throws a `TypeError` unless `ms` is finite and at least 0
   */
  advance(ms: number): void {
    for (const task of this.#due(ms)) task();
  }

  /**
   * Like {@link FakeClock.advance}, but promise jobs run before each task and after the last one, so that what awaits a task can
   * schedule the next. I/O is not waited for.
   *
   * @throws a `TypeError` unless `ms` is finite and at least 0
   */
  async advanceAsync(ms: number): Promise<void> {
    const due = this.#due(ms);
    for (;;) {
      await nextTurn();
      const { value: task, done } = due.next();
      if (done) return;
      task();
    }
  }

  *#due(ms: number): Generator<() => void, void> {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY))
      throw new TypeError(`A clock moves by a finite time of at least 0 ms, but got ${ms}`);
    const targetMs = this.#elapsedMs + ms;
    let ranHere = 0;
    for (let next = this.#tasks[0]; next !== undefined && next.dueMs <= targetMs; next = this.#tasks[0]) {
      this.#tasks.shift();
      ranHere = next.dueMs > this.#elapsedMs ? 1 : ranHere + 1;
      if (ranHere > MAX_TASKS_AT_ONCE)
        throw new Error(`More than ${MAX_TASKS_AT_ONCE} tasks ran at one time; a task reschedules itself without a delay`);
      // A task may have moved the clock itself, past the time of this one.
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      yield next.run;
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, targetMs);
  }
}
