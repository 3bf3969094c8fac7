import { getEventListeners } from "node:events";
import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { type ScoreChunk, scoreStream } from "../../src/inference/score-stream.ts";
import { FakeClock } from "../../src/testing/index.ts";
import { type Gate, gate } from "../core/gate.ts";

/** Numbers from 0, that says how many were read and whether it was told to stop. */
class Numbers {
  read = 0;
  returned = 0;
  readonly #count: number;
  readonly #failsAt: number;

  constructor(count: number, failsAt = Number.POSITIVE_INFINITY) {
    this.#count = count;
    this.#failsAt = failsAt;
  }

  *[Symbol.iterator](): Generator<number, void> {
    try {
      while (this.read < this.#count) {
        if (this.read === this.#failsAt) throw new Error(`source at ${this.read}`);
        yield this.read++;
      }
    } finally {
      this.returned += 1;
    }
  }
}

async function* later<T>(items: Iterable<T>): AsyncGenerator<T, void> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

const squares: ScoreChunk<number, number> = async (items) => items.map((item) => item * item);

/** A model whose runs the test ends by hand. */
function held() {
  const runs: {
    readonly items: readonly number[];
    readonly signal: AbortSignal | undefined;
    readonly gate: Gate<readonly number[]>;
  }[] = [];
  const score: ScoreChunk<number, number> = (items, { signal }) => {
    const run = { items, signal, gate: gate<readonly number[]>() };
    runs.push(run);
    return run.gate.promise;
  };
  return { runs, score, answer: (at: number) => runs[at]!.gate.resolve(runs[at]!.items) };
}

async function collect<T>(stream: AsyncIterable<T>): Promise<{ readonly items: readonly T[]; readonly error?: unknown }> {
  const items: T[] = [];
  try {
    for await (const item of stream) items.push(item);
    return { items };
  } catch (error) {
    return { items, error };
  }
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const broken = (retryable: boolean) =>
  new ModelwrightError("MODEL_RUN_FAILED", "broken", { details: { provider: "test" }, retryable });

describe("scoreStream", () => {
  it.each<[string, Iterable<number> | AsyncIterable<number>]>([
    ["an array", range(10)],
    ["a generator", new Numbers(10)],
    ["an asynchronous generator", later(range(10))],
    ["a stream of the platform", Readable.from(range(10))],
  ])("answers the items of %s in their order", async (_, items) => {
    const { items: answers } = await collect(scoreStream(squares, items, { chunk: 3, concurrency: 2 }));
    expect(answers).toEqual(range(10).map((item) => item * item));
  });

  it("takes its types from the model", () => {
    const named = scoreStream(async (rows: readonly { a: number }[]) => rows.map(({ a }) => String(a)), [{ a: 1 }]);
    expectTypeOf(named).toEqualTypeOf<AsyncGenerator<string, void, undefined>>();
    // @ts-expect-error: another kind of row
    const refused = scoreStream(squares, ["a"]);
    expect(refused[Symbol.asyncIterator]).toBeTypeOf("function");
  });

  it("does nothing before it is read, and nothing with nothing", async () => {
    const numbers = new Numbers(5);
    const stream = scoreStream(squares, numbers);
    await turn();
    expect(numbers.read).toBe(0);
    await stream.return();
    expect([numbers.read, numbers.returned]).toEqual([0, 0]);
    expect(await collect(scoreStream(() => Promise.reject(new Error("called")), []))).toEqual({ items: [] });
  });

  it("scores as many chunks at once as it is told to, full ones, and answers in order", async () => {
    const { runs, score, answer } = held();
    const numbers = new Numbers(7);
    const answers = collect(scoreStream(score, numbers, { chunk: 2, concurrency: 3 }));
    await turn();
    expect(runs.map(({ items }) => items)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    answer(2);
    answer(1);
    await turn();
    expect(runs).toHaveLength(3);
    answer(0);
    await turn();
    expect(runs[3]!.items).toEqual([6]);
    answer(3);
    expect(await answers).toEqual({ items: range(7) });
    expect(numbers.returned).toBe(1);
  });

  it("answers what is ready while the source keeps the next chunk waiting", async () => {
    const more = gate();
    async function* slow() {
      yield* range(2);
      await more.promise;
      yield 2;
    }
    const stream = scoreStream(squares, slow(), { chunk: 2, concurrency: 2 });
    expect([await stream.next(), await stream.next()].map(({ value }) => value)).toEqual([0, 1]);
    more.resolve();
    expect(await collect(stream)).toEqual({ items: [4] });
  });

  it("scores the next chunk while the consumer works on the last answer of one", async () => {
    const numbers = new Numbers(6);
    const stream = scoreStream(squares, numbers, { chunk: 2, concurrency: 1 });
    await stream.next();
    await turn();
    expect(numbers.read).toBe(2);
    await stream.next();
    await turn();
    expect(numbers.read).toBe(4);
    await stream.return();
    expect([numbers.read, numbers.returned]).toEqual([4, 1]);
  });

  it("never reads further ahead than chunk × concurrency, and loses, repeats and reorders nothing", async () => {
    const size = fc.integer({ min: 1, max: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        size,
        size,
        fc.boolean(),
        fc.array(fc.nat(3), { maxLength: 20 }),
        async (count, chunk, concurrency, sync, delays) => {
          const numbers = new Numbers(count);
          let running = 0;
          let most = 0;
          let calls = 0;
          const score: ScoreChunk<number, number> = async (items) => {
            most = Math.max(most, ++running);
            for (let i = delays[calls++ % (delays.length || 1)] ?? 0; i > 0; i--) await turn();
            running -= 1;
            return squares(items, {});
          };
          const answers: number[] = [];
          for await (const answer of scoreStream(score, sync ? numbers : later(numbers), { chunk, concurrency })) {
            answers.push(answer);
            if (answers.length % 7 === 3) await turn();
            expect(numbers.read - answers.length <= chunk * concurrency).toBe(true);
          }
          expect(answers).toEqual(range(count).map((item) => item * item));
          expect(calls).toBe(Math.ceil(count / chunk));
          expect(most <= concurrency).toBe(true);
          expect([running, numbers.returned]).toEqual([0, 1]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("answers everything before the first failure in order, then fails with it, and stops", async () => {
    const size = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(
        size,
        size,
        fc.uniqueArray(fc.nat(30), { maxLength: 3 }),
        fc.nat(40),
        fc.nat(5),
        async (chunk, concurrency, bad, failsAt, jitter) => {
          const numbers = new Numbers(35, failsAt);
          let running = 0;
          const score: ScoreChunk<number, number> = async (items) => {
            running += 1;
            for (let i = (items[0]! * jitter) % 4; i > 0; i--) await turn();
            running -= 1;
            const wrong = items.find((item) => bad.includes(item));
            if (wrong !== undefined) throw new Error(`chunk with ${wrong}`);
            return items;
          };
          const { items, error } = await collect(scoreStream(score, numbers, { chunk, concurrency, retries: 0 }));
          const first = Math.min(...bad, failsAt);
          const ofSource = first === failsAt;
          const end = Math.min(35, ofSource ? failsAt : first - (first % chunk));
          expect(items).toEqual(range(end));
          const message = first >= 35 ? undefined : ofSource ? `source at ${first}` : `chunk with ${first}`;
          expect((error as Error | undefined)?.message).toBe(message);
          expect([running, numbers.returned]).toEqual([0, 1]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("scores and answers what was read before the source failed", async () => {
    const { items, error } = await collect(scoreStream(squares, new Numbers(9, 5), { chunk: 4 }));
    expect([items, error]).toEqual([[0, 1, 4, 9, 16], new Error("source at 5")]);
  });

  it("tries a chunk again while its errors are retryable", async () => {
    const clock = new FakeClock();
    let calls = 0;
    const flaky: ScoreChunk<number, number> = async (items) => {
      if (++calls % 3 !== 0) throw broken(true);
      return items;
    };
    const answers = collect(scoreStream(flaky, range(4), { chunk: 2 }, { clock }));
    await clock.advanceAsync(10_000);
    expect(await answers).toEqual({ items: range(4) });
    expect(calls).toBe(6);
    calls = 0;
    const failing = collect(scoreStream(flaky, range(4), { chunk: 2, retries: 1 }, { clock }));
    await clock.advanceAsync(10_000);
    expect(await failing).toMatchObject({ items: [], error: { code: "MODEL_RUN_FAILED" } });
    expect([calls, clock.pending]).toEqual([2, 0]);
  });

  it("does not try again what is not retryable, nor with no retries", async () => {
    for (const [retryable, retries] of [
      [false, 5],
      [true, 0],
    ] as const) {
      let calls = 0;
      const score = () => {
        calls += 1;
        return Promise.reject(broken(retryable));
      };
      expect(await collect(scoreStream(score, range(4), { retries }))).toMatchObject({ error: { code: "MODEL_RUN_FAILED" } });
      expect(calls).toBe(1);
    }
  });

  it("ends when the consumer breaks: aborts and awaits what runs, and stops the source", async () => {
    const { runs, score, answer } = held();
    const numbers = new Numbers(100);
    const stream = scoreStream(score, numbers, { chunk: 2, concurrency: 3 });
    const first = stream.next();
    await turn();
    answer(0);
    await first;
    let ended = false;
    const ending = stream.return().then(() => {
      ended = true;
    });
    await turn();
    expect([ended, numbers.returned, numbers.read]).toEqual([false, 1, 6]);
    expect(runs.map(({ signal }) => signal?.aborted)).toEqual([true, true, true]);
    runs[1]!.gate.reject(new Error("aborted"));
    runs[2]!.gate.resolve([0, 0]);
    await ending;
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("lets chunks before a failed one end, and aborts those behind it", async () => {
    const { runs, score, answer } = held();
    const answers = collect(scoreStream(score, new Numbers(100), { chunk: 1, concurrency: 3 }));
    await turn();
    runs[1]!.gate.reject(new Error("second"));
    await turn();
    expect(runs.map(({ signal }) => signal?.aborted)).toEqual([false, false, false]);
    answer(0);
    await turn();
    expect(runs[2]!.signal?.aborted).toBe(true);
    runs[2]!.gate.reject(runs[2]!.signal?.reason);
    expect(await answers).toEqual({ items: [0], error: new Error("second") });
    expect(runs).toHaveLength(3);
  });

  it("rejects with the signal's reason at once, and leaves no listener", async () => {
    const reason = new RangeError("enough");
    const before = AbortSignal.abort(reason);
    const untouched = new Numbers(3);
    expect(await collect(scoreStream(squares, untouched, { signal: before }))).toEqual({ items: [], error: reason });
    expect(untouched.read).toBe(0);

    const { runs, score } = held();
    const controller = new AbortController();
    const waiting = collect(scoreStream(score, new Numbers(5), { chunk: 1, signal: controller.signal }));
    await turn();
    controller.abort(reason);
    await turn();
    runs[0]!.gate.reject(runs[0]!.signal?.reason);
    expect(await waiting).toEqual({ items: [], error: reason });
    expect(runs[0]!.signal?.reason).toBe(reason);

    const between = new AbortController();
    const stream = scoreStream(squares, new Numbers(5), { chunk: 5, signal: between.signal });
    await stream.next();
    between.abort(reason);
    await expect(stream.next()).rejects.toBe(reason);

    const unused = new AbortController();
    await collect(scoreStream(squares, new Numbers(5), { signal: unused.signal }));
    for (const { signal } of [controller, between, unused]) expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("does not wait for a source that is stuck, and does for one that is stopping", async () => {
    let stopped = false;
    const source = (stuck: boolean): AsyncIterable<number> => {
      let read = 0;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => (read++ === 0 || !stuck ? Promise.resolve({ done: false, value: 1 }) : new Promise(() => {})),
          async return() {
            // As a generator does: it stops when it is not busy any more.
            if (stuck) await new Promise(() => {});
            await turn();
            stopped = true;
            return { done: true, value: undefined };
          },
        }),
      };
    };
    const idle = scoreStream(squares, source(false), { chunk: 1 });
    await idle.next();
    await turn();
    await idle.return();
    expect(stopped).toBe(true);
    const stuck = scoreStream(squares, source(true), { chunk: 1, concurrency: 2 });
    await stuck.next();
    await turn();
    await stuck.return();
    const controller = new AbortController();
    const waiting = scoreStream(squares, source(true), { chunk: 1, signal: controller.signal });
    await waiting.next();
    const next = waiting.next();
    controller.abort(new Error("enough"));
    await expect(next).rejects.toBe(controller.signal.reason);
  });

  it("fails as the source does when it cannot stop, but not in place of an earlier failure", async () => {
    const source = (): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: () => Promise.reject(new Error("cannot stop")),
      }),
    });
    const stream = scoreStream(squares, source(), { chunk: 1 });
    await stream.next();
    await turn();
    await expect(stream.return()).rejects.toThrow("cannot stop");
    const failing = scoreStream(() => Promise.reject(new Error("first")), source(), { chunk: 1 });
    expect(await collect(failing)).toEqual({ items: [], error: new Error("first") });
  });

  it("refuses another number of answers than of items", async () => {
    const { error } = await collect(scoreStream(async () => [1], range(2)));
    expect(error).toEqual(new TypeError("A chunk of 2 items was answered with 1"));
  });

  it.each<[string, object, string]>([
    ["no items at once", { chunk: 0 }, "chunk"],
    ["no chunks at once", { concurrency: 0.5 }, "concurrency"],
    ["negative retries", { retries: -1 }, "retries"],
    ["a signal that is none", { signal: {} }, "signal"],
  ])("refuses %s before it reads", async (_, options, path) => {
    const numbers = new Numbers(1);
    const { error } = await collect(scoreStream(squares, numbers, options));
    expect(error).toMatchObject({ code: "CONFIG_INVALID", details: { issues: [{ path: [path] }] } });
    expect(numbers.read).toBe(0);
  });

  it("scores a hundred thousand items in the memory of a few", async () => {
    let sum = 0;
    for await (const answer of scoreStream(async (items: readonly number[]) => items, new Numbers(100_000), {
      chunk: 128,
      concurrency: 4,
    }))
      sum += answer;
    expect(sum).toBe(4_999_950_000);
  });
});
