import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sleep, systemClock } from "../../src/core/clock.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

describe("systemClock", () => {
  it("shows wall time and a time that never goes back", () => {
    const before = Date.now();
    const at = systemClock.now();
    expect(at >= before && at <= Date.now()).toBe(true);
    let last = systemClock.monotonic();
    for (let i = 0; i < 1000; i++) {
      const next = systemClock.monotonic();
      expect(next).toBeGreaterThanOrEqual(last);
      last = next;
    }
  });

  it("runs a task by itself, which a timer of the platform does", async () => {
    const before = systemClock.monotonic();
    // The clock's own timer would not keep the process alive.
    const alive = setInterval(() => {}, 1000);
    await new Promise<void>((resolve) => void systemClock.schedule(5, resolve));
    clearInterval(alive);
    expect(systemClock.monotonic() - before).toBeGreaterThan(3);
  });

  it("does not keep the process alive", () => {
    const spy = vi.spyOn(globalThis, "setTimeout");
    using _ = systemClock.schedule(60_000, () => {});
    expect((spy.mock.results[0]!.value as NodeJS.Timeout).hasRef()).toBe(false);
    spy.mockRestore();
  });
});

describe("systemClock.schedule", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("runs the task once, after the delay and not before", () => {
    const task = vi.fn();
    systemClock.schedule(100, task);
    vi.advanceTimersByTime(99);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(task).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([0, -5])("takes a delay of %d for none", (delayMs) => {
    const task = vi.fn();
    systemClock.schedule(delayMs, task);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledOnce();
  });

  it("does not run a task that was disposed, and disposes any number of times", () => {
    const task = vi.fn();
    const timer = systemClock.schedule(100, task);
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(task).not.toHaveBeenCalled();
  });

  const dayMs = 86_400_000;

  it("waits for longer than a timer of the platform can", () => {
    const task = vi.fn();
    systemClock.schedule(60 * dayMs, task);
    vi.advanceTimersByTime(60 * dayMs - 1);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledOnce();
  });

  it("never runs a task after an infinite delay, and disposes a long one on the way", () => {
    const task = vi.fn();
    const timers = [systemClock.schedule(Number.POSITIVE_INFINITY, task), systemClock.schedule(60 * dayMs, task)];
    vi.advanceTimersByTime(30 * dayMs);
    for (const timer of timers) timer[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(100 * dayMs);
    expect(task).not.toHaveBeenCalled();
  });
});

describe("sleep", () => {
  it("resolves after the delay", async () => {
    const clock = new FakeClock();
    const done = vi.fn();
    const sleeping = sleep(100, clock).then(done);
    await clock.advanceAsync(99);
    expect(done).not.toHaveBeenCalled();
    await clock.advanceAsync(1);
    await sleeping;
    expect(done).toHaveBeenCalledOnce();
  });

  it("rejects with the caller's reason when aborted, and leaves nothing behind", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const reason = { why: "shutdown" };
    const sleeping = sleep(100, clock, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect([clock.pending, getEventListeners(controller.signal, "abort").length]).toEqual([0, 0]);
  });

  it("rejects at once when aborted before", async () => {
    const clock = new FakeClock();
    const reason = new Error("before");
    await expect(sleep(100, clock, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });

  it("removes its listener when it resolves", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const sleeping = sleep(100, clock, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    clock.advance(100);
    await sleeping;
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});
