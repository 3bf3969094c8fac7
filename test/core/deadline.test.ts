import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import type { CallOptions } from "../../src/core/call.ts";
import { raceAbort, withDeadline } from "../../src/core/deadline.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { gate } from "./gate.ts";

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("withDeadline without a signal and a limit", () => {
  it.each<[string, CallOptions | undefined]>([
    ["no call", undefined],
    ["an empty call", {}],
    ["undefined members", { signal: undefined, timeoutMs: undefined }],
  ])("calls the work with no signal, given %s", async (_, call) => {
    const clock = new FakeClock();
    const work = vi.fn(async () => 1);
    expect(await withDeadline(call, work, clock)).toBe(1);
    expect(work.mock.calls).toEqual([[undefined]]);
    expect(clock.pending).toBe(0);
  });

  it("rejects when the work throws or rejects", async () => {
    const failure = new Error("work");
    await expect(withDeadline(undefined, () => Promise.reject(failure))).rejects.toBe(failure);
    await expect(
      withDeadline(undefined, () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
  });
});

describe("withDeadline under a limit", () => {
  it("rejects with DEADLINE_EXCEEDED at the limit, and not before", async () => {
    const clock = new FakeClock();
    const settled = vi.fn();
    const call = withDeadline({ timeoutMs: 50 }, () => gate().promise, clock);
    call.catch(settled);
    await clock.advanceAsync(49);
    expect(settled).not.toHaveBeenCalled();
    await clock.advanceAsync(1);
    await expect(call).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED", details: { timeoutMs: 50 }, retryable: true });
    expect(clock.pending).toBe(0);
  });

  it("aborts the signal of the work with the same error", async () => {
    const clock = new FakeClock();
    let seen: AbortSignal | undefined;
    const call = withDeadline(
      { timeoutMs: 50 },
      (signal) => {
        seen = signal;
        return gate().promise;
      },
      clock,
    ).catch((error: unknown) => error);
    expect(seen?.aborted).toBe(false);
    clock.advance(50);
    expect(seen?.aborted).toBe(true);
    expect(await call).toBe(seen?.reason);
  });

  it("answers before the limit, and leaves no timer and the signal unaborted", async () => {
    const clock = new FakeClock();
    let seen: AbortSignal | undefined;
    const work = async (signal: AbortSignal | undefined) => {
      seen = signal;
      return 7;
    };
    expect(await withDeadline({ timeoutMs: 50 }, work, clock)).toBe(7);
    expect(clock.pending).toBe(0);
    clock.advance(1000);
    expect(seen?.aborted).toBe(false);
  });

  it("takes an answer and a plain throw that are not asynchronous", async () => {
    const clock = new FakeClock();
    const failure = new Error("sync");
    expect(await withDeadline({ timeoutMs: 50 }, () => 7, clock)).toBe(7);
    await expect(
      withDeadline(
        { timeoutMs: 50 },
        () => {
          throw failure;
        },
        clock,
      ),
    ).rejects.toBe(failure);
    expect(clock.pending).toBe(0);
  });

  it.each([0, -1, Number.NaN, Number.NEGATIVE_INFINITY])(
    "of %d ms has passed already: the work is not called",
    async (timeoutMs) => {
      const clock = new FakeClock();
      const work = vi.fn();
      const { signal } = new AbortController();
      await expect(withDeadline({ timeoutMs, signal }, work, clock)).rejects.toMatchObject({
        code: "DEADLINE_EXCEEDED",
        details: { timeoutMs },
      });
      expect(work).not.toHaveBeenCalled();
      expect([clock.pending, listeners(signal)]).toEqual([0, 0]);
    },
  );

  it("waits without end when the limit is infinite", async () => {
    const clock = new FakeClock();
    const held = gate<number>();
    const call = withDeadline({ timeoutMs: Number.POSITIVE_INFINITY }, () => held.promise, clock);
    await clock.advanceAsync(1e12);
    held.resolve(1);
    expect(await call).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it("on the platform's clock ends work that hangs", async () => {
    const alive = setInterval(() => {}, 1000);
    await expect(withDeadline({ timeoutMs: 5 }, () => gate().promise)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    clearInterval(alive);
  });
});

describe.each<[string, { timeoutMs?: number }]>([
  ["alone", {}],
  ["and a limit", { timeoutMs: 50 }],
])("withDeadline under a signal %s", (_, limit) => {
  it.each([
    ["an error", new Error("stop")],
    ["a string", "stop"],
    ["an object", { why: 1 }],
    ["null", null],
  ])("rejects with the caller's reason untouched: %s", async (_name, reason) => {
    const clock = new FakeClock();
    const controller = new AbortController();
    let seen: AbortSignal | undefined;
    const call = withDeadline(
      { ...limit, signal: controller.signal },
      (signal) => {
        seen = signal;
        return gate().promise;
      },
      clock,
    );
    controller.abort(reason);
    const caught = await call.then(
      () => "success",
      (error: unknown) => ({ error }),
    );
    expect(caught).toEqual({ error: reason });
    expect((caught as { error: unknown }).error).toBe(reason);
    expect([seen?.aborted, seen?.reason]).toEqual([true, reason]);
    expect([clock.pending, listeners(controller.signal)]).toEqual([0, 0]);
  });

  it("does not call the work when aborted before", async () => {
    const clock = new FakeClock();
    const work = vi.fn();
    const reason = new Error("before");
    const signal = AbortSignal.abort(reason);
    await expect(withDeadline({ ...limit, signal }, work, clock)).rejects.toBe(reason);
    expect(work).not.toHaveBeenCalled();
    expect([clock.pending, listeners(signal)]).toEqual([0, 0]);
  });

  it("rejects when the work itself aborts the signal, even if it then answers", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const reason = new Error("from within");
    const call = withDeadline(
      { ...limit, signal: controller.signal },
      () => {
        controller.abort(reason);
        return 7;
      },
      clock,
    );
    await expect(call).rejects.toBe(reason);
    expect([clock.pending, listeners(controller.signal)]).toEqual([0, 0]);
  });

  it("leaves no listener behind in 1000 calls on one signal, however they end", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const ends = [
      () => Promise.resolve(1),
      () => Promise.reject(new Error("async")),
      () => {
        throw new Error("sync");
      },
      () => 2,
    ];
    for (let i = 0; i < 1000; i++) await withDeadline({ ...limit, signal }, ends[i % ends.length]!, clock).catch(() => {});
    expect([clock.pending, listeners(signal)]).toEqual([0, 0]);
  });
});

describe("withDeadline and what comes late", () => {
  it("leaves no listener and no timer behind in 1000 calls that time out together", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const calls = Array.from({ length: 1000 }, () => withDeadline({ timeoutMs: 50, signal }, () => gate().promise, clock));
    const outcomes = Promise.allSettled(calls);
    expect([clock.pending, listeners(signal)]).toEqual([1000, 1000]);
    clock.advance(50);
    expect((await outcomes).every(({ status }) => status === "rejected")).toBe(true);
    expect([clock.pending, listeners(signal)]).toEqual([0, 0]);
  });

  it("leaves nothing behind in 1000 calls that are aborted together", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const calls = Array.from({ length: 1000 }, (_, i) =>
      withDeadline({ signal: controller.signal, ...(i % 2 === 0 && { timeoutMs: 50 }) }, () => gate().promise, clock),
    );
    const outcomes = Promise.allSettled(calls);
    controller.abort("stop");
    expect((await outcomes).every((outcome) => outcome.status === "rejected" && outcome.reason === "stop")).toBe(true);
    expect([clock.pending, listeners(controller.signal)]).toEqual([0, 0]);
  });

  it("lets work that fails after the limit reject unseen, without an unhandled rejection", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const clock = new FakeClock();
    const held = gate();
    const call = withDeadline({ timeoutMs: 50 }, () => held.promise, clock);
    const outcome = expect(call).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    clock.advance(50);
    await outcome;
    held.reject(new Error("late"));
    await nextTurn();
    await nextTurn();
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it("keeps the first end: a limit after an abort changes nothing", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const call = withDeadline({ timeoutMs: 50, signal: controller.signal }, () => gate().promise, clock);
    controller.abort("first");
    clock.advance(50);
    await expect(call).rejects.toBe("first");
  });
});

describe("raceAbort", () => {
  it("settles as the work does, and removes its listener", async () => {
    const { signal } = new AbortController();
    expect(await raceAbort(signal, () => 1)).toBe(1);
    await expect(raceAbort(signal, () => Promise.reject("failure"))).rejects.toBe("failure");
    expect(listeners(signal)).toBe(0);
  });

  it("rejects as soon as the signal aborts, whether or not the work ends", async () => {
    const controller = new AbortController();
    const race = raceAbort(controller.signal, () => gate().promise);
    controller.abort("stop");
    await expect(race).rejects.toBe("stop");
    expect(listeners(controller.signal)).toBe(0);
  });
});

describe("raceAbort on a signal that is aborted already", () => {
  it("rejects with its reason and does not call the work", async () => {
    const work = vi.fn();
    await expect(raceAbort(AbortSignal.abort("before"), work)).rejects.toBe("before");
    expect(work).not.toHaveBeenCalled();
  });
});
