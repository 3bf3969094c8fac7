import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { tensor } from "../../../src/core/tensor.ts";
import { batchingSchema } from "../../../src/inference/batching/batching-options.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { job, type ScriptedTarget, setup, turn } from "./scripted-target.ts";

const runFailed = () => new ModelwrightError("MODEL_RUN_FAILED", "bad row", { details: { provider: "test" } });

/** Values of `x` by run. */
const ran = (target: ScriptedTarget) => target.runs.map(({ values }) => values);

describe("a batcher", () => {
  it("lets jobs of one turn share a run, and answers each its own rows without a copy", async () => {
    const { batcher, target } = setup();
    const answers = Promise.all([batcher.submit(job(1)), batcher.submit(job(5, { rows: 2 })), batcher.submit(job(9))]);
    expect(target.runs).toHaveLength(0);
    await turn();
    expect(ran(target)).toEqual([[1, 5, 6, 9]]);
    expect(target.runs[0]!.inputs["x"]!.dims).toEqual([4, 1]);
    await target.runs[0]!.answer();
    const [a, b, c] = await answers;
    expect([a, b, c].map(({ offset, rows, totalRows }) => [offset, rows, totalRows])).toEqual([
      [0, 1, 4],
      [1, 2, 4],
      [3, 1, 4],
    ]);
    expect(a.outputs).toBe(b.outputs);
    expect([...(b.outputs["y"]!.data as Float32Array)]).toEqual([2, 10, 12, 18]);
  });

  it("passes a job that is alone through without a copy, both ways", async () => {
    const { batcher, target } = setup();
    const lone = job(1, { rows: 3 });
    const answer = batcher.submit(lone);
    await turn();
    expect(target.runs[0]!.inputs).toBe(lone.inputs);
    expect(target.runs[0]!.signal).toBeUndefined();
    const outputs = { y: tensor("float32", Float32Array.of(1, 2, 3), [3, 1]) };
    await target.runs[0]!.answerWith({ outputs, inferMs: 1 });
    expect(await answer).toEqual({ outputs, offset: 0, rows: 3, totalRows: 3 });
    expect((await answer).outputs).toBe(outputs);
  });

  it("forms a run when the target is free, from what waits then", async () => {
    const { submit, target, batcher } = setup();
    submit(job(1));
    await turn();
    submit(job(2));
    await turn();
    submit(job(3));
    await turn();
    expect(ran(target)).toEqual([[1]]);
    expect([batcher.running, batcher.waiting]).toEqual([1, 2]);
    await target.runs[0]!.answer();
    expect(ran(target)).toEqual([[1], [2, 3]]);
    await target.runs[1]!.answer();
    expect([batcher.running, batcher.waiting]).toEqual([0, 0]);
  });

  it("lets what other turns bring join while callers are concurrent", async () => {
    const { submit, target } = setup();
    submit(job(1));
    submit(job(2));
    await turn();
    await target.runs[0]!.answer();
    submit(job(3));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    submit(job(4)); // another promise job, as of another socket that was read in the same turn
    await turn();
    expect(ran(target)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it("runs each job by itself where the model mixes rows", async () => {
    const { submit, target } = setup({ batchable: false });
    target.concurrency = 2;
    const outcomes = [1, 2, 3].map((first) => submit(job(first, { rows: 100 })));
    await turn();
    expect(target.runs.map(({ rows }) => rows)).toEqual([100, 100]);
    await target.runs[1]!.answer();
    await target.runs[0]!.answer();
    await target.runs[2]!.answer();
    expect(outcomes.map(({ values }) => values?.[0])).toEqual([2, 4, 6]);
  });

  it("lets a model that mixes rows answer outputs of any extent", async () => {
    const { batcher, target } = setup({ batchable: false });
    const answer = batcher.submit(job(1, { rows: 5 }));
    await turn();
    const outputs = { y: tensor("float32", Float32Array.of(7), []) };
    await target.runs[0]!.answerWith({ outputs, inferMs: 1 });
    expect((await answer).outputs).toBe(outputs);
  });

  it("fills the runs that could begin now evenly once rows are what takes time", async () => {
    const timings = [1, 2, 4, 8, 16].map((rows) => ({ rows, inferMs: rows, roundTripMs: 1 + rows }));
    const { submit, target } = setup({ timings });
    target.concurrency = 3;
    for (let i = 0; i < 30; i++) submit(job(i));
    await turn();
    expect(target.runs.map(({ rows }) => rows)).toEqual([10, 10, 10]);
  });

  it("keeps rows together on one run where the run itself is what takes time", async () => {
    const timings = [1, 8, 64].map((rows) => ({ rows, inferMs: 1, roundTripMs: 1 + rows / 1_000 }));
    const { submit, target } = setup({ timings });
    target.concurrency = 3;
    for (let i = 0; i < 30; i++) submit(job(i));
    await turn();
    expect(target.runs.map(({ rows }) => rows)).toEqual([30]);
  });
});

describe("jobs of a batcher", () => {
  it("wait for the next run when they do not fit, without being overtaken", async () => {
    const { submit, target } = setup({ options: { maxRows: 4 } });
    submit(job(1, { rows: 3 }));
    submit(job(4, { rows: 2 }));
    submit(job(6));
    await turn();
    expect(ran(target)).toEqual([[1, 2, 3]]);
    await target.runs[0]!.answer();
    expect(ran(target)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it("are split when they are larger than a run, and answered as one", async () => {
    const { batcher, target } = setup({ options: { maxRows: 4 } });
    const answer = batcher.submit(job(1, { rows: 10, width: 2 }));
    for (let i = 0; i < 3; i++) {
      await turn();
      await target.runs[i]!.answer();
    }
    expect(target.runs.map(({ rows }) => rows)).toEqual([4, 3, 3]);
    const { outputs, offset, rows, totalRows } = await answer;
    expect([offset, rows, totalRows]).toEqual([0, 10, 10]);
    expect(outputs["y"]!.dims).toEqual([10, 2]);
    expect([...(outputs["y"]!.data as Float32Array)]).toEqual(Array.from({ length: 20 }, (_, i) => 2 * (i + 1)));
  });

  it("take turns with the rest of a job that was split", async () => {
    const { submit, target } = setup({ options: { maxRows: 2 } });
    const large = submit(job(1, { rows: 5 }));
    const small = submit(job(6));
    for (let i = 0; i < 3; i++) {
      await turn();
      await target.runs[i]!.answer();
    }
    expect(ran(target)).toEqual([[1, 2], [6], [3, 4], [5]]);
    expect(small.values).toEqual([12]);
    await target.runs[3]!.answer();
    expect(large.values).toEqual([2, 4, 6, 8, 10]);
  });

  it("share a run only with those of the same extents, element types and outputs, the oldest first", async () => {
    const { submit, target } = setup({ fixedShape: false });
    const words = { inputs: { x: tensor("float64", Float64Array.of(9), [1, 1]) }, rows: 1, outputs: ["y"] };
    submit(job(1));
    submit(job(10, { width: 2 }));
    submit(job(2));
    submit(job(3, { outputs: ["y", "z"] }));
    submit(words);
    submit(job(20, { width: 2 }));
    for (let i = 0; i < 4; i++) {
      await turn();
      await target.runs[i]!.answer();
    }
    expect(ran(target)).toEqual([[1, 2], [10, 11, 20, 21], [3], [9]]);
  });

  it("of another kind do not starve those that came before", async () => {
    const { submit, target } = setup({ fixedShape: false, options: { maxRows: 1 } });
    submit(job(1));
    submit(job(10, { width: 2 }));
    submit(job(2));
    submit(job(20, { width: 2 }));
    for (let i = 0; i < 3; i++) {
      await turn();
      await target.runs[i]!.answer();
    }
    expect(ran(target)).toEqual([[1], [10, 11], [2], [20, 21]]);
  });

  it("of no rows run alone", async () => {
    const { submit, target } = setup();
    submit(job(1, { rows: 0 }));
    submit(job(2));
    await turn();
    await target.runs[0]!.answer();
    expect(ran(target)).toEqual([[], [2]]);
  });

  it("of types that share bytes run alone", async () => {
    const { batcher, target } = setup();
    const nibbles = { inputs: { x: tensor("int4", Uint8Array.of(0x21), [1, 2]) }, rows: 1, outputs: ["y"] };
    void batcher.submit(nibbles);
    void batcher.submit(nibbles);
    await turn();
    await target.runs[0]!.answer();
    expect(target.runs.map(({ rows }) => rows)).toEqual([1, 1]);
  });

  it("make up a preferred number of rows where they can", async () => {
    const { submit, target } = setup({ options: { maxRows: 16, preferredRows: [8, 4] } });
    for (let i = 0; i < 15; i++) submit(job(i));
    for (let i = 0; i < 3; i++) {
      await turn();
      await target.runs[i]!.answer();
    }
    expect(target.runs.map(({ rows }) => rows)).toEqual([8, 4, 3]);
  });
});

describe("priorities of a batcher", () => {
  const options = { maxRows: 2, priorities: { levels: 3 } } as const;

  it("are served highest first, in order within a level, and fill a run up from the next level", async () => {
    const { submit, target } = setup({ options });
    submit(job(9), { priority: 3 });
    submit(job(5));
    submit(job(6), { priority: 2 });
    submit(job(1), { priority: 1 });
    for (let i = 0; i < 2; i++) {
      await turn();
      await target.runs[i]!.answer();
    }
    expect(ran(target)).toEqual([
      [1, 5],
      [6, 9],
    ]);
  });

  it("outside the levels are misuse", async () => {
    const { batcher } = setup({ options });
    for (const priority of [0, 4, 1.5, Number.NaN]) await expect(batcher.submit(job(1), { priority })).rejects.toThrow(TypeError);
  });
});

describe("the queue of a batcher", () => {
  it("refuses a job beyond its limit before it is queued, and says when to come again", async () => {
    const timings = [1, 2, 4].map((rows) => ({ rows, inferMs: 10, roundTripMs: 10 }));
    const { submit, batcher, target, statistics } = setup({ timings, options: { maxRows: 2, queue: { maxRequests: 4 } } });
    submit(job(0));
    await turn();
    for (let i = 1; i <= 4; i++) submit(job(i));
    const refused = submit(job(5));
    await turn();
    expect(refused.error).toMatchObject({ code: "MODEL_OVERLOADED", retryable: true });
    expect(refused.error).toMatchObject({ details: { waiting: 4, limit: 4, retryAfterMs: 20 } });
    expect(batcher.waiting).toBe(4);
    await target.runs[0]!.answer();
    const again = submit(job(6));
    await target.runs[1]!.answer();
    await target.runs[2]!.answer();
    await target.runs[3]!.answer();
    expect(again.values).toEqual([12]);
    expect(statistics.snapshot()).toMatchObject({ rejected: 1, succeeded: 6 });
  });

  it("has a limit for each priority level", async () => {
    const { submit } = setup({
      options: { maxRows: 2, queue: { maxRequests: 1 }, priorities: { levels: 2, queues: { 1: { maxRequests: 2 } } } },
    });
    const outcomes = [1, 1, 1, 2, 2].map((priority) => submit(job(priority), { priority }));
    await turn();
    expect(outcomes.map(({ error }) => ModelwrightError.is(error, "MODEL_OVERLOADED"))).toEqual([
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  it("refuses a job that has waited for too long, at that time", async () => {
    const { submit, target, clock, statistics } = setup({ options: { queue: { timeoutMs: 50, maxRequests: 7 } } });
    submit(job(1));
    await turn();
    const late = submit(job(2));
    clock.advance(49);
    await turn();
    expect(late.error).toBeUndefined();
    clock.advance(1);
    await turn();
    expect(late.error).toMatchObject({ code: "MODEL_OVERLOADED", details: { limit: 7 } });
    await target.runs[0]!.answer();
    expect(ran(target)).toEqual([[1]]);
    expect(statistics.snapshot().rejected).toBe(1);
  });

  it("does not count the time of a job that runs", async () => {
    const { submit, target, clock } = setup({ options: { queue: { timeoutMs: 50 } } });
    const slow = submit(job(1));
    await turn();
    clock.advance(1_000);
    await target.runs[0]!.answer();
    expect(slow.values).toEqual([2]);
  });

  it("does not refuse the rest of a job that was split, once it has begun", async () => {
    const { submit, target, clock } = setup({ options: { maxRows: 2, queue: { timeoutMs: 50 } } });
    const large = submit(job(1, { rows: 4 }));
    await turn();
    clock.advance(1_000);
    await target.runs[0]!.answer();
    await target.runs[1]!.answer();
    expect(large.values).toEqual([2, 4, 6, 8]);
  });

  it("puts a job that has waited for too long behind the others where it is told to", async () => {
    const { submit, target, clock } = setup({ options: { maxRows: 1, queue: { timeoutMs: 50, timeoutAction: "delay" } } });
    submit(job(1));
    await turn();
    const late = submit(job(2));
    clock.advance(50);
    submit(job(3));
    submit(job(4));
    for (let i = 0; i < 4; i++) await target.runs[i]!.answer();
    expect(ran(target)).toEqual([[1], [3], [4], [2]]);
    expect(late.values).toEqual([4]);
  });

  it("lets callers shorten its timeout where it allows that, never lengthen it", async () => {
    const allowed = setup({ options: { queue: { timeoutMs: 50, allowTimeoutOverride: true } } });
    const fixed = setup({ options: { queue: { timeoutMs: 50 } } });
    const outcomes = [allowed, fixed].map(({ submit }) => {
      submit(job(1));
      return [10, 90].map((queueTimeoutMs) => ({ queueTimeoutMs, submit }));
    });
    await turn();
    const waiting = outcomes.flat().map(({ submit, queueTimeoutMs }) => submit(job(2), { queueTimeoutMs }));
    const ended = async (ms: number) => {
      allowed.clock.advance(ms);
      fixed.clock.advance(ms);
      await turn();
      return waiting.map(({ error }) => error !== undefined);
    };
    expect(await ended(10)).toEqual([true, false, false, false]);
    expect(await ended(40)).toEqual([true, true, true, true]);
  });
});

describe("a caller of a batcher", () => {
  it("that aborts leaves the queue at once, with its own reason, and is never run", async () => {
    const { submit, target, batcher, statistics } = setup();
    submit(job(1));
    await turn();
    const controller = new AbortController();
    const reason = new Error("gone");
    const gone = submit(job(2), { signal: controller.signal });
    submit(job(3));
    controller.abort(reason);
    await Promise.resolve();
    await Promise.resolve();
    expect(gone.error).toBe(reason);
    expect(batcher.waiting).toBe(1);
    await target.runs[0]!.answer();
    expect(ran(target)).toEqual([[1], [3]]);
    expect(statistics.snapshot().cancelled).toBe(1);
  });

  it("that has aborted already is refused", async () => {
    const { submit, target } = setup();
    const reason = new Error("before");
    const gone = submit(job(1), { signal: AbortSignal.abort(reason) });
    await turn();
    expect(gone.error).toBe(reason);
    expect(target.runs).toHaveLength(0);
  });

  it("that aborts while its rows run ends only its own waiting", async () => {
    const { submit, target } = setup();
    const controller = new AbortController();
    const gone = submit(job(1), { signal: controller.signal });
    const stays = submit(job(2));
    await turn();
    expect(target.runs[0]!.signal).toBeUndefined();
    controller.abort();
    await target.runs[0]!.answer();
    expect(gone.error).toBe(controller.signal.reason);
    expect(stays.values).toEqual([4]);
  });

  it("ends a run that nobody else waits for", async () => {
    const { submit, target, statistics } = setup();
    const controllers = [new AbortController(), new AbortController()];
    const outcomes = controllers.map(({ signal }, i) => submit(job(i), { signal }));
    await turn();
    const { signal } = target.runs[0]!;
    controllers[1]!.abort("second");
    expect(signal!.aborted).toBe(false);
    controllers[0]!.abort("first");
    expect(signal!.reason).toBe("first");
    await target.runs[0]!.fail(signal!.reason);
    expect(outcomes.map(({ error }) => error)).toEqual(["first", "second"]);
    expect(statistics.snapshot()).toMatchObject({ cancelled: 2, failures: 0, failedExecutions: 0 });
  });

  it("that is alone with a signal has it handed to the target as it is", async () => {
    const { submit, target } = setup();
    const { signal } = new AbortController();
    submit(job(1), { signal });
    await turn();
    expect(target.runs[0]!.signal).toBe(signal);
  });

  it("leaves no listener behind", async () => {
    const { submit, target } = setup();
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) submit(job(i), { signal });
    await turn();
    await target.runs[0]!.answer();
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  it("whose limit passes in the queue is told so at once, and is never run", async () => {
    const { submit, target, clock, statistics } = setup();
    submit(job(1));
    await turn();
    const late = submit(job(2), { timeoutMs: 20 });
    const later = submit(job(3), { timeoutMs: 30 });
    clock.advance(20);
    await turn();
    expect(late.error).toMatchObject({ code: "DEADLINE_EXCEEDED", details: { timeoutMs: 20 } });
    expect(later.error).toBeUndefined();
    await target.runs[0]!.answer();
    expect(ran(target)).toEqual([[1], [3]]);
    expect(statistics.snapshot().timedOut).toBe(1);
  });

  it("whose limit has passed is not run though its timer is late", async () => {
    const clock = new FakeClock();
    const late = Object.assign(Object.create(clock), {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: () => ({ [Symbol.dispose]() {} }),
    });
    const { submit, target } = setup({ clock: late });
    submit(job(1));
    await turn();
    const outcome = submit(job(2), { timeoutMs: 20 });
    clock.advance(21);
    await target.runs[0]!.answer();
    expect(outcome.error).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(ran(target)).toEqual([[1]]);
  });

  it("whose limit passes while its rows run ends the run when it is alone", async () => {
    const { submit, target, clock } = setup();
    const late = submit(job(1), { timeoutMs: 20 });
    await turn();
    clock.advance(20);
    await turn();
    expect(late.error).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(target.runs[0]!.signal!.aborted).toBe(true);
  });

  it("gets no run when its limit is none", async () => {
    const { submit, target } = setup();
    const outcomes = [0, -1, Number.NaN].map((timeoutMs) => submit(job(1), { timeoutMs }));
    await turn();
    for (const { error } of outcomes) expect(error).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(target.runs).toHaveLength(0);
  });

  it("has its rows run with no more others than its limit leaves time for", async () => {
    const timings = [1, 2, 4, 8].map((rows) => ({ rows, inferMs: 10 * rows, roundTripMs: 10 * rows }));
    const { submit, target } = setup({ timings });
    submit(job(1), { timeoutMs: 45 });
    for (let i = 2; i <= 10; i++) submit(job(i));
    await turn();
    expect(target.runs[0]!.rows).toBe(4);
  });

  it("whose limit no run can meet does not hold the others back", async () => {
    const timings = [1, 2, 4, 8].map((rows) => ({ rows, inferMs: 10 * rows, roundTripMs: 10 * rows }));
    const { submit, target } = setup({ timings });
    submit(job(1), { timeoutMs: 5 });
    for (let i = 2; i <= 10; i++) submit(job(i));
    await turn();
    expect(target.runs[0]!.rows).toBe(10);
  });
});

describe("a run that fails", () => {
  it("fails its job when that was alone", async () => {
    const { submit, target, statistics } = setup();
    const outcome = submit(job(1));
    await turn();
    const error = runFailed();
    await target.runs[0]!.fail(error);
    expect(outcome.error).toBe(error);
    expect(statistics.snapshot()).toMatchObject({ failures: 1, failedExecutions: 1, repeatedAlone: 0, executions: 0 });
  });

  it("is repeated for each of its jobs alone, so that only the one with the bad row fails", async () => {
    const { submit, target, statistics } = setup();
    const outcomes = [1, 2, 3].map((first) => submit(job(first)));
    await turn();
    await target.runs[0]!.fail(runFailed());
    const error = runFailed();
    await target.runs[1]!.answer();
    await target.runs[2]!.fail(error);
    await target.runs[3]!.answer();
    expect(ran(target)).toEqual([[1, 2, 3], [1], [2], [3]]);
    expect(outcomes.map(({ values }) => values)).toEqual([[2], undefined, [6]]);
    expect(outcomes[1]!.error).toBe(error);
    expect(statistics.snapshot()).toMatchObject({ failures: 1, succeeded: 2, failedExecutions: 2, repeatedAlone: 3 });
  });

  it("is not repeated for a job that has left", async () => {
    const { submit, target, batcher } = setup();
    const controller = new AbortController();
    submit(job(1));
    submit(job(2), { signal: controller.signal });
    submit(job(3));
    await turn();
    await target.runs[0]!.fail(runFailed());
    controller.abort();
    await target.runs[1]!.answer();
    await target.runs[2]!.answer();
    expect(ran(target)).toEqual([[1, 2, 3], [1], [3]]);
    await batcher.close();
  });

  it("is not repeated when its executor was lost, nor for another reason", async () => {
    const lost = new ModelwrightError("MODEL_EXECUTOR_LOST", "gone", {
      details: { provider: "test", reason: "killed", replaced: true },
      retryable: true,
    });
    for (const error of [lost, new TypeError("misuse")]) {
      const { submit, target } = setup();
      const outcomes = [1, 2].map((first) => submit(job(first)));
      await turn();
      await target.runs[0]!.fail(error);
      expect(target.runs).toHaveLength(1);
      expect(outcomes.map((outcome) => outcome.error)).toEqual([error, error]);
    }
  });

  it("fails a job that was split as a whole, and runs the rest of it no more", async () => {
    const { submit, target, batcher } = setup({ options: { maxRows: 2 } });
    const large = submit(job(1, { rows: 6 }));
    const other = submit(job(9));
    await turn();
    const error = runFailed();
    await target.runs[0]!.fail(error);
    expect(large.error).toBe(error);
    await target.runs[1]!.answer();
    expect(ran(target)).toEqual([[1, 2], [9]]);
    expect(other.values).toEqual([18]);
    expect(batcher.waiting).toBe(0);
  });

  it("by an exception that is thrown at once fails as one that rejects", async () => {
    const { batcher, target } = setup();
    target.run = () => {
      throw new RangeError("at once");
    };
    await expect(batcher.submit(job(1))).rejects.toThrow(RangeError);
    expect(batcher.running).toBe(0);
  });

  it("with an answer that is none fails its jobs and no others", async () => {
    const { batcher, target, submit } = setup();
    const outcome = submit(job(1));
    await turn();
    await target.runs[0]!.answerWith(undefined as never);
    expect(outcome.error).toBeInstanceOf(TypeError);
    expect(batcher.running).toBe(0);
  });

  it.each([
    ["has another first extent", tensor("float32", new Float32Array(1), [1, 1])],
    ["is a scalar", tensor("float32", new Float32Array(1), [])],
    ["packs rows into shared bytes", tensor("uint4", new Uint8Array(1), [2, 1])],
  ])("because an output %s tells that the model does not keep rows apart", async (_, y) => {
    const { submit, target } = setup();
    const outcomes = [1, 2].map((first) => submit(job(first)));
    await turn();
    await target.runs[0]!.answerWith({ outputs: { y }, inferMs: 1 });
    for (const { error } of outcomes) {
      expect(error).toMatchObject({ code: "MODEL_UNSUPPORTED" });
      expect((error as Error).message).toContain('"y"');
    }
  });

  it.each([[[1, 2]], [[1, 3, 2]]])("because parts of a job differ in shape tells so as well: %j", async (dims) => {
    const { submit, target } = setup({ options: { maxRows: 1 } });
    const outcome = submit(job(1, { rows: 2 }));
    await turn();
    await target.runs[0]!.answerWith({ outputs: { y: tensor("float32", new Float32Array(6), [1, 2, 3]) }, inferMs: 1 });
    const y = tensor("float32", new Float32Array(dims.reduce((a, b) => a * b)), dims);
    await target.runs[1]!.answerWith({ outputs: { y }, inferMs: 1 });
    expect(outcome.error).toMatchObject({ code: "MODEL_UNSUPPORTED" });
  });
});

describe("a batcher that waits for company", () => {
  const slowRuns = [1, 2, 4].map((rows) => ({ rows, inferMs: 10, roundTripMs: 10 }));
  const options = { maxRows: 4, maxDelayMs: 5 };

  /** Jobs that come 1 ms apart, and fill their runs, so that the next one is to be expected in 1 ms. */
  const busy = async ({ target, submit, clock }: ReturnType<typeof setup>, rows = 4) => {
    target.placement = "inline"; // so that the engine's time counts, and not the clock's, which stands still
    for (let i = 0; i < 3; i++) {
      clock.advance(1);
      submit(job(1, { rows }));
      await turn();
      await target.runs.at(-1)!.answer(10);
    }
  };

  it("begins as soon as there is enough of it", async () => {
    const made = setup({ timings: slowRuns, options });
    const { submit, target, clock } = made;
    await busy(made);
    const before = target.runs.length;
    for (let i = 0; i < 4; i++) {
      clock.advance(0.5);
      submit(job(10 + i));
      await turn();
      await turn();
      expect(target.runs.length - before).toBe(i < 3 ? 0 : 1);
    }
    expect(target.runs[before]!.rows).toBe(4);
  });

  it("begins when the delay of the oldest job is over, though others go on coming", async () => {
    const made = setup({ timings: slowRuns, options: { ...options, maxRows: 64 } });
    const { submit, target, clock } = made;
    await busy(made, 64);
    const before = target.runs.length;
    for (let i = 0; i < 5; i++) {
      submit(job(10 + i));
      await turn();
      await turn();
      expect(target.runs).toHaveLength(before);
      await clock.advanceAsync(1);
    }
    await turn();
    expect(target.runs[before]!.rows).toBe(5);
  });

  it("does not wait when no other job is to be expected in time, and gives up when none comes", async () => {
    const made = setup({ timings: slowRuns, options });
    const { submit, target, clock } = made;
    submit(job(1));
    await turn();
    expect(target.runs).toHaveLength(1);
    await target.runs[0]!.answer(10);
    await busy(made);
    const before = target.runs.length;
    clock.advance(0.5);
    submit(job(10));
    await turn();
    expect(target.runs).toHaveLength(before);
    await clock.advanceAsync(4.4);
    await turn();
    expect(target.runs).toHaveLength(before + 1);
  });

  it("does not wait when rows are what takes time", async () => {
    const timings = [1, 2, 4].map((rows) => ({ rows, inferMs: 2.5 * rows, roundTripMs: 2.5 * rows }));
    const made = setup({ timings, options });
    await busy(made);
    const before = made.target.runs.length;
    made.clock.advance(0.5);
    made.submit(job(10));
    await turn();
    await turn();
    expect(made.target.runs).toHaveLength(before + 1);
  });

  it("does not wait longer than the limit of a job leaves time for", async () => {
    const made = setup({ timings: slowRuns, options });
    await busy(made);
    const before = made.target.runs.length;
    made.clock.advance(0.5);
    made.submit(job(10), { timeoutMs: 10.4 });
    await turn();
    await turn();
    expect(made.target.runs).toHaveLength(before + 1);
  });

  it("keeps the process alive while only its timer is between a job and its run, and not longer", async () => {
    const ports = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
    const made = setup({ timings: slowRuns, options });
    await busy(made);
    const before = ports();
    const controller = new AbortController();
    made.clock.advance(0.5);
    made.submit(job(10), { signal: controller.signal });
    await turn();
    await turn();
    expect(ports()).toBeGreaterThan(before);
    controller.abort();
    await turn();
    await turn();
    expect(ports()).toBe(before);
    expect(made.clock.pending).toBe(0);
  });

  it("waits no more once it is closing", async () => {
    const made = setup({ timings: slowRuns, options });
    await busy(made);
    made.clock.advance(0.5);
    const outcome = made.submit(job(10));
    await turn();
    await turn();
    const closed = made.batcher.close();
    await turn();
    await made.target.runs.at(-1)!.answer();
    await closed;
    expect(outcome.values).toEqual([20]);
  });
});

describe("closing a batcher", () => {
  it("refuses new jobs, and lets those that wait and run end", async () => {
    const { submit, batcher, target, clock } = setup({ options: { queue: { timeoutMs: 1_000 } } });
    const first = submit(job(1), { timeoutMs: 500 });
    await turn();
    const second = submit(job(2));
    let closed = false;
    const closing = batcher.close().then(() => (closed = true));
    await expect(batcher.submit(job(3))).rejects.toMatchObject({ code: "CLOSED" });
    await target.runs[0]!.answer();
    expect(closed).toBe(false);
    await target.runs[1]!.answer();
    await closing;
    expect([first.values, second.values]).toEqual([[2], [4]]);
    expect(clock.pending).toBe(0);
    await batcher.close();
  });

  it("waits for a run that its callers have left, and not for jobs that left the queue", async () => {
    const { submit, batcher, target } = setup();
    const controller = new AbortController();
    submit(job(1), { signal: controller.signal });
    await turn();
    submit(job(2), { signal: controller.signal });
    let closed = false;
    const closing = batcher.close().then(() => (closed = true));
    controller.abort();
    await turn();
    expect(closed).toBe(false);
    await target.runs[0]!.answer();
    await closing;
    expect(target.runs).toHaveLength(1);
  });

  it("ends though the jobs that were to be repeated have left", async () => {
    const { submit, batcher, target } = setup();
    const controller = new AbortController();
    submit(job(1), { signal: controller.signal });
    submit(job(2), { signal: controller.signal });
    await turn();
    const failed = target.runs[0]!.fail(runFailed());
    const closing = batcher.close();
    await failed;
    controller.abort();
    await target.runs[1]!.answer();
    await closing;
    expect(batcher.waiting).toBe(0);
  });

  it("of an idle one is immediate", async () => {
    const { batcher } = setup();
    await batcher.close();
    await expect(batcher.submit(job(1))).rejects.toMatchObject({ code: "CLOSED", details: { subject: "The batcher of fraud" } });
  });
});

describe("the options of a batcher", () => {
  const issuesOf = (options: unknown): string[] => {
    const parsed = batchingSchema.safeParse(options);
    return parsed.success ? [] : parsed.error.issues.map(({ path, code }) => [...path, code].join("."));
  };

  it("are refused with every issue", () => {
    const surplus = { maxDelayMs: -1, queue: { maxRequests: 0, timeoutAction: "drop" }, surplus: true };
    expect(issuesOf(surplus)).toEqual([
      "maxDelayMs.too_small",
      "queue.maxRequests.too_small",
      "queue.timeoutAction.invalid_value",
      "unrecognized_keys",
    ]);
    const make = () => setup({ options: surplus as never });
    expect(make).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("must agree with each other", () => {
    expect(issuesOf({ maxRows: 4, preferredRows: [2, 8] })).toEqual(["preferredRows.1.custom"]);
    expect(issuesOf({ priorities: { levels: 2, default: 3, queues: { 3: {}, 2: {} } } })).toEqual([
      "priorities.default.custom",
      "priorities.queues.3.custom",
    ]);
  });

  it("stay the same when they are parsed twice", () => {
    const once = batchingSchema.parse({ priorities: { levels: 2, queues: { 1: { timeoutMs: 5 } } } });
    expect(batchingSchema.parse(once)).toEqual(once);
  });

  it("put a call without a priority into the middle", async () => {
    const { submit, target } = setup({ options: { maxRows: 1, priorities: { levels: 3 } } });
    for (const priority of [3, undefined, 1]) submit(job(priority ?? 2), { priority });
    for (let i = 0; i < 3; i++) {
      await turn();
      await target.runs[i]!.answer();
    }
    expect(ran(target)).toEqual([[1], [2], [3]]);
  });
});
