import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sleep } from "../../src/core/clock.ts";
import { withDeadline } from "../../src/core/deadline.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

describe("FakeClock", () => {
  it("stands still until it is moved", () => {
    const clock = new FakeClock({ startMs: 1_000 });
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  it("starts with the year 2025", () => {
    expect(new Date(new FakeClock().now()).toISOString()).toBe("2025-01-01T00:00:00.000Z");
  });

  it("runs tasks in the order of time, then of scheduling, with the clock at their time", () => {
    const clock = new FakeClock();
    const log: (readonly [string, number])[] = [];
    const task = (name: string, delayMs: number) => clock.schedule(delayMs, () => log.push([name, clock.monotonic()]));
    task("c", 30);
    task("a", 10);
    task("b1", 20);
    task("b2", 20);
    task("late", 31);
    clock.advance(30);
    expect(log).toEqual([
      ["a", 10],
      ["b1", 20],
      ["b2", 20],
      ["c", 30],
    ]);
    expect(clock.pending).toBe(1);
  });

  it("runs what tasks schedule when it is due", () => {
    const clock = new FakeClock();
    const log: number[] = [];
    const tick = () => {
      log.push(clock.monotonic());
      clock.schedule(10, tick);
    };
    clock.schedule(10, tick);
    clock.advance(35);
    expect([log, clock.monotonic(), clock.pending]).toEqual([[10, 20, 30], 35, 1]);
  });

  it("runs a task without a delay at the next move, not at once", () => {
    const clock = new FakeClock();
    let ran = 0;
    for (const delayMs of [0, -5, Number.NaN]) clock.schedule(delayMs, () => ran++);
    expect(ran).toBe(0);
    clock.advance(0);
    expect(ran).toBe(3);
  });

  it("never runs a disposed task, also when a task of the same time disposes it", () => {
    const clock = new FakeClock();
    const log: string[] = [];
    clock.schedule(10, () => later[Symbol.dispose]());
    const later = clock.schedule(10, () => log.push("later"));
    const early = clock.schedule(5, () => log.push("early"));
    early[Symbol.dispose]();
    early[Symbol.dispose]();
    clock.advance(10);
    expect([log, clock.pending]).toEqual([[], 0]);
  });

  it("stops at a task that throws and goes on from there", () => {
    const clock = new FakeClock();
    const log: number[] = [];
    clock.schedule(10, () => {
      throw new Error("task");
    });
    clock.schedule(20, () => log.push(clock.monotonic()));
    expect(() => clock.advance(30)).toThrow("task");
    expect([clock.monotonic(), clock.pending]).toEqual([10, 1]);
    clock.advance(10);
    expect(log).toEqual([20]);
  });

  it("reports a task that reschedules itself without a delay, in place of running for ever", () => {
    const clock = new FakeClock();
    const again = () => void clock.schedule(0, again);
    again();
    expect(() => clock.advance(1)).toThrow("reschedules itself without a delay");
  });

  it("never goes back when a task moves it further", () => {
    const clock = new FakeClock();
    const log: number[] = [];
    clock.schedule(10, () => clock.advance(100));
    clock.schedule(20, () => log.push(clock.monotonic()));
    clock.advance(30);
    expect([log, clock.monotonic()]).toEqual([[20], 110]);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("does not move by %d", async (ms) => {
    const clock = new FakeClock();
    expect(() => clock.advance(ms)).toThrow(TypeError);
    await expect(clock.advanceAsync(ms)).rejects.toThrow(TypeError);
    expect(clock.monotonic()).toBe(0);
  });

  it("does not start at a time that is no number", () => {
    expect(() => new FakeClock({ startMs: Number.NaN })).toThrow(TypeError);
  });

  it("lets promise jobs run between tasks, so that loops of sleep run in one move", async () => {
    const clock = new FakeClock();
    const log: number[] = [];
    const loop = async () => {
      for (let i = 0; i < 5; i++) {
        await sleep(10, clock);
        for (let job = 0; job < 50; job++) await undefined;
        log.push(clock.monotonic());
      }
    };
    const looping = loop();
    await clock.advanceAsync(45);
    expect(log).toEqual([10, 20, 30, 40]);
    await clock.advanceAsync(5);
    await looping;
    expect(log.at(-1)).toBe(50);
  });

  it("sees the timer of a call that was begun and not awaited", async () => {
    const clock = new FakeClock();
    const begin = async () => {
      for (let job = 0; job < 20; job++) await undefined;
      await sleep(5, clock);
      return clock.monotonic();
    };
    const answer = begin();
    await clock.advanceAsync(5);
    expect(await answer).toBe(5);
  });

  it("drives deadlines", async () => {
    const clock = new FakeClock();
    const call = withDeadline({ timeoutMs: 100 }, () => new Promise<never>(() => {}), clock);
    const rejected = expect(call).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await clock.advanceAsync(100);
    await rejected;
    expect(clock.pending).toBe(0);
  });

  it("runs any set of tasks in the same order, moved at once or step by step", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 20 }), fc.array(fc.nat(10), { maxLength: 10 }), (delays, steps) => {
        const run = (moves: readonly number[]) => {
          const clock = new FakeClock();
          const log: number[] = [];
          for (const [i, delayMs] of delays.entries()) clock.schedule(delayMs, () => log.push(i, clock.monotonic()));
          for (const ms of moves) clock.advance(ms);
          return { log, pending: clock.pending };
        };
        const total = steps.reduce((sum, ms) => sum + ms, 0);
        const once = run([total]);
        expect(once.pending).toBe(delays.filter((delayMs) => delayMs > total).length);
        if (steps.length > 0) expect(run(steps)).toEqual(once);
      }),
      { seed: 42 },
    );
  });
});
