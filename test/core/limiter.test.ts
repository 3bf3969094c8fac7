import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Limiter, type LimiterOptions } from "../../src/core/limiter.ts";
import { gate } from "./gate.ts";

/** A piece of work that the test ends by hand. */
class Job {
  readonly gate = gate<string>();
  readonly controller = new AbortController();
  started = false;
  outcome: string | undefined;

  constructor(limiter: Limiter) {
    const work = () => {
      this.started = true;
      return this.gate.promise;
    };
    limiter.run(work, { signal: this.controller.signal }).then(
      (value) => (this.outcome = value),
      (error: unknown) => (this.outcome = error instanceof Error ? error.message : String(error)),
    );
  }
}

async function jobs(limiter: Limiter, count: number): Promise<readonly Job[]> {
  const made = Array.from({ length: count }, () => new Job(limiter));
  await turn();
  return made;
}

const started = (all: readonly Job[]) => all.map((job) => job.started);

describe("Limiter", () => {
  it("runs work at once while there is a place, and passes its outcome on", async () => {
    const limiter = new Limiter({ concurrency: 1 });
    const failure = new Error("work");
    const work = vi.fn(() => 1);
    const answer = limiter.run(work);
    expect(work).toHaveBeenCalledOnce();
    expect(await answer).toBe(1);
    await expect(limiter.run(() => Promise.reject(failure))).rejects.toBe(failure);
    await expect(
      limiter.run(() => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect([limiter.running, limiter.waiting]).toEqual([0, 0]);
  });

  it("lets the others wait and starts them in order of arrival", async () => {
    const limiter = new Limiter({ concurrency: 2 });
    const all = await jobs(limiter, 4);
    expect(started(all)).toEqual([true, true, false, false]);
    expect([limiter.running, limiter.waiting]).toEqual([2, 2]);
    all[1]!.gate.resolve("b");
    await turn();
    expect(started(all)).toEqual([true, true, true, false]);
    all[0]!.gate.reject(new Error("a failed"));
    await turn();
    expect(started(all)).toEqual([true, true, true, true]);
    all[2]!.gate.resolve("c");
    all[3]!.gate.resolve("d");
    await turn();
    expect(all.map((job) => job.outcome)).toEqual(["a failed", "b", "c", "d"]);
    expect([limiter.running, limiter.waiting]).toEqual([0, 0]);
  });

  it("lets no newcomer overtake one that waits", async () => {
    const limiter = new Limiter({ concurrency: 1 });
    const order: string[] = [];
    const note = (name: string) => () => void order.push(name);
    const first = limiter.run(note("first")).then(() => limiter.run(note("newcomer")));
    await Promise.all([first, limiter.run(note("second")), limiter.run(note("third"))]);
    expect(order.slice(0, 2)).toEqual(["first", "second"]);
    expect(order).toHaveLength(4);
  });

  it("gives the place in the queue up when the wait is aborted, with the caller's reason", async () => {
    const limiter = new Limiter({ concurrency: 1, maxWaiting: 2 });
    const all = await jobs(limiter, 3);
    all[1]!.controller.abort(new Error("changed my mind"));
    await turn();
    expect(all[1]).toMatchObject({ started: false, outcome: "changed my mind" });
    expect([limiter.running, limiter.waiting]).toEqual([1, 1]);
    const [late] = await jobs(limiter, 1);
    expect(late!.outcome).toBeUndefined();
    all[0]!.gate.resolve("a");
    await turn();
    expect([all[2]!.started, late!.started]).toEqual([true, false]);
  });

  it("does not take work of an aborted caller", async () => {
    const limiter = new Limiter({ concurrency: 1 });
    const reason = new Error("gone");
    const work = vi.fn();
    await expect(limiter.run(work, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(work).not.toHaveBeenCalled();
    expect(limiter.running).toBe(0);
  });

  it("does not interrupt work that runs", async () => {
    const limiter = new Limiter({ concurrency: 1 });
    const [job] = await jobs(limiter, 1);
    job!.controller.abort(new Error("too late"));
    await turn();
    expect([job!.outcome, limiter.running]).toEqual([undefined, 1]);
    job!.gate.resolve("done");
    await turn();
    expect([job!.outcome, limiter.running]).toEqual(["done", 0]);
  });

  it("refuses work when enough is waiting, and says how much", async () => {
    const limiter = new Limiter({ concurrency: 2, maxWaiting: 1 });
    await jobs(limiter, 3);
    await expect(limiter.run(() => 1)).rejects.toMatchObject({
      code: "OVERLOADED",
      retryable: true,
      details: { running: 2, waiting: 1 },
    });
    expect([limiter.running, limiter.waiting]).toEqual([2, 1]);
  });

  it("lets nothing wait when maxWaiting is 0", async () => {
    const limiter = new Limiter({ concurrency: 1, maxWaiting: 0 });
    const [job] = await jobs(limiter, 1);
    await expect(limiter.run(() => 1)).rejects.toMatchObject({ code: "OVERLOADED" });
    job!.gate.resolve("done");
    await turn();
    expect(await limiter.run(() => 2)).toBe(2);
  });

  it("leaves no listener on the caller's signal", async () => {
    const limiter = new Limiter({ concurrency: 1 });
    const { signal } = new AbortController();
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) => limiter.run(() => (i % 2 ? i : Promise.reject(i)), { signal }).catch(() => {})),
    );
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it.each<[LimiterOptions, string[]]>([
    [{ concurrency: 0 }, ["concurrency"]],
    [{ concurrency: Number.NaN }, ["concurrency"]],
    [{ concurrency: undefined as never, maxWaiting: -1 }, ["concurrency", "maxWaiting"]],
    [{ concurrency: 1, maxWaiting: Number.NaN }, ["maxWaiting"]],
  ])("refuses %j, with which it would wait forever", (options, paths) => {
    const issues = paths.map((path) => expect.objectContaining({ path: [path] }));
    expect(() => new Limiter(options)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", details: { subject: "Limiter", issues } }),
    );
  });

  it("behaves as a queue, whatever arrives, ends, fails and is aborted", async () => {
    const step = fc.record({ kind: fc.constantFrom("arrive", "arrive", "end", "fail", "abort"), pick: fc.nat(1000) });
    const plan = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(5), fc.array(step, { maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(plan, async ([concurrency, maxWaiting, steps]) => {
        const limiter = new Limiter({ concurrency, maxWaiting });
        let running: Job[] = [];
        let waiting: Job[] = [];
        for (const { kind, pick } of steps) {
          if (kind === "arrive") {
            const job = new Job(limiter);
            if (running.length < concurrency) running.push(job);
            else if (waiting.length < maxWaiting) waiting.push(job);
            else {
              await turn();
              expect([job.started, job.outcome]).toEqual([false, `${maxWaiting} calls are waiting already; try again later`]);
            }
          } else if (kind === "abort") {
            const job = waiting[pick % waiting.length];
            job?.controller.abort("aborted");
            waiting = waiting.filter((other) => other !== job);
          } else {
            const job = running[pick % running.length];
            if (kind === "end") job?.gate.resolve("ended");
            else job?.gate.reject(new Error("failed"));
            running = running.filter((other) => other !== job);
            if (job !== undefined && waiting.length > 0) running.push(waiting.shift()!);
          }
          await turn();
          expect([limiter.running, limiter.waiting]).toEqual([running.length, waiting.length]);
          expect(running.every((job) => job.started && job.outcome === undefined)).toBe(true);
          expect(waiting.every((job) => !job.started && job.outcome === undefined)).toBe(true);
        }
      }),
    );
  });
});
