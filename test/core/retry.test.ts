import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { type Random, seeded } from "../../src/core/random.ts";
import { type RetryOptions, retry } from "../../src/core/retry.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";

const failure = (retryable = true) =>
  new ModelwrightError("STORE_FAILED", "disk", { details: { store: "s", operation: "read" }, retryable });

const constant = (value: number): Random => ({ next: () => value, uint32: () => 0 });

/** Runs `retry` on a clock that moves by itself, and answers when each try began. */
async function run(work: (attempt: number) => Promise<unknown>, options: RetryOptions = {}, signal?: AbortSignal) {
  const clock = new FakeClock();
  const startsMs: number[] = [];
  const noted = (attempt: number) => {
    startsMs.push(clock.monotonic());
    return work(attempt);
  };
  const outcome = retry(noted, { clock, random: seeded(1), ...options }, { signal }).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await clock.advanceAsync(10_000_000);
  return { outcome: await outcome, startsMs, waitsMs: startsMs.slice(1).map((at, i) => at - startsMs[i]!), clock };
}

describe("retry", () => {
  it("answers the first success without waiting", async () => {
    const work = vi.fn(async () => 7);
    const { outcome, startsMs, clock } = await run(work);
    expect(outcome).toEqual({ value: 7 });
    expect(work.mock.calls).toEqual([[0]]);
    expect([startsMs, clock.pending]).toEqual([[0], 0]);
  });

  it("keeps a process alive that has nothing else to do, and lets it end then", async () => {
    const fixture = fileURLToPath(new URL("fixtures/retry-alone.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [fixture]);
    expect(stdout).toBe("second try\n");
  });

  it("tries again until it succeeds, telling the work which try it is", async () => {
    const work = vi.fn(async (attempt: number) => {
      if (attempt < 2) throw failure();
      return attempt;
    });
    const { outcome, clock } = await run(work);
    expect(outcome).toEqual({ value: 2 });
    expect(work.mock.calls).toEqual([[0], [1], [2]]);
    expect(clock.pending).toBe(0);
  });

  it.each<[RetryOptions, number]>([
    [{}, 3],
    [{ attempts: 1 }, 1],
    [{ attempts: 5 }, 5],
    [{ attempts: 0 }, 1],
    [{ attempts: Number.NaN }, 1],
  ])("given %j gives up after %d tries, with the last error", async (options, tries) => {
    const errors: ModelwrightError[] = [];
    const { outcome, startsMs } = await run(async () => {
      errors.push(failure());
      throw errors.at(-1);
    }, options);
    expect(startsMs).toHaveLength(tries);
    expect(outcome).toEqual({ error: errors.at(-1) });
  });

  it.each([
    ["an error that is not retryable", failure(false)],
    ["a foreign error", new Error("bug")],
    ["something that is no error", "text"],
  ])("gives up at once on %s", async (_, error) => {
    const work = vi.fn(() => Promise.reject(error));
    expect((await run(work)).outcome).toEqual({ error });
    expect(work).toHaveBeenCalledOnce();
  });

  it("lets the caller decide what is worth another try", async () => {
    const retryable = vi.fn((error: unknown) => error === "again");
    const work = vi.fn((attempt: number) => Promise.reject(attempt === 0 ? "again" : "enough"));
    expect((await run(work, { retryable })).outcome).toEqual({ error: "enough" });
    expect(retryable.mock.calls).toEqual([["again"], ["enough"]]);
  });

  it("doubles the bound of the wait up to the greatest", async () => {
    const justBelowOne = constant(1 - 2 ** -32);
    const always = () => Promise.reject(failure());
    const { waitsMs } = await run(always, { attempts: 9, random: justBelowOne });
    expect(waitsMs.map(Math.round)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000]);
    expect(waitsMs.every((wait, i) => wait < [100, 200, 400, 800, 1600, 3200, 6400, 10_000][i]!)).toBe(true);
    const other = await run(always, { attempts: 5, baseMs: 3, maxMs: 10, random: justBelowOne });
    expect(other.waitsMs.map(Math.round)).toEqual([3, 6, 10, 10]);
    expect((await run(always, { attempts: 4, random: constant(0) })).waitsMs).toEqual([0, 0, 0]);
  });

  it("spreads the waits evenly over the whole interval", async () => {
    const random = seeded(42);
    const shares: number[] = [];
    for (let i = 0; i < 300; i++) {
      const { waitsMs } = await run(() => Promise.reject(failure()), { attempts: 3, baseMs: 1000, random });
      shares.push(waitsMs[0]! / 1000, waitsMs[1]! / 2000);
    }
    expect(shares.every((share) => share >= 0 && share < 1)).toBe(true);
    // Five standard errors of the mean and of the share below a tenth, of 600 uniform numbers.
    expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) / 600 - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / 600));
    expect(Math.abs(shares.filter((share) => share < 0.1).length / 600 - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / 600));
  });

  it("waits the same times for the same seed", async () => {
    const waits = async () => (await run(() => Promise.reject(failure()), { attempts: 6, random: seeded(7) })).waitsMs;
    expect(await waits()).toEqual(await waits());
  });

  it("rejects with the caller's reason when aborted while it waits, and tries no more", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const work = vi.fn(() => Promise.reject(failure()));
    const call = retry(work, { clock, random: constant(0.5) }, { signal: controller.signal });
    const reason = { why: "shutdown" };
    const outcome = expect(call).rejects.toBe(reason);
    await clock.advanceAsync(49);
    expect(clock.pending).toBe(1);
    controller.abort(reason);
    await outcome;
    await clock.advanceAsync(1000);
    expect(work).toHaveBeenCalledOnce();
    expect([clock.pending, getEventListeners(controller.signal, "abort").length]).toEqual([0, 0]);
  });

  it("does not begin when aborted before", async () => {
    const work = vi.fn(async () => 1);
    const { outcome } = await run(work, {}, AbortSignal.abort("before"));
    expect(outcome).toEqual({ error: "before" });
    expect(work).not.toHaveBeenCalled();
  });

  it("does not wait or try again when the work was aborted while it ran", async () => {
    const controller = new AbortController();
    const work = vi.fn(async () => {
      controller.abort("stop");
      throw failure();
    });
    const { outcome, clock } = await run(work, {}, controller.signal);
    expect(outcome).toEqual({ error: "stop" });
    expect(work).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });
});
