import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../../src/core/errors.ts";
import { job, own, setup, turn } from "./scripted-target.ts";

/** What one caller does. */
const caller = fc.record({
  rows: fc.integer({ min: 0, max: 9 }),
  width: fc.integer({ min: 1, max: 2 }),
  outputs: fc.constantFrom(["y"], ["y", "z"]),
  priority: fc.integer({ min: 1, max: 3 }),
  timeoutMs: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
  abortable: fc.boolean(),
});

type Caller = typeof caller extends fc.Arbitrary<infer T> ? T : never;

/** What happens next: somebody calls, aborts, time passes, the event loop turns, or a run ends. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("submit" as const), caller }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("turn" as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("end" as const), at: fc.nat(), fails: fc.boolean() }) },
);

const options = fc.record({
  maxRows: fc.constantFrom(1, 2, 4, 7, "auto" as const),
  preferredRows: fc.constantFrom([], [1]),
  maxDelayMs: fc.constantFrom(0, 5),
  queue: fc.record({
    maxRequests: fc.constantFrom(3, 1_000),
    timeoutMs: fc.constantFrom(undefined, 7),
    timeoutAction: fc.constantFrom("reject" as const, "delay" as const),
  }),
});

describe("whatever the interleaving", () => {
  it("every job is answered exactly once, with its own rows, or told why not, and nothing is left behind", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        options,
        fc.record({
          concurrency: fc.integer({ min: 1, max: 3 }),
          batchable: fc.boolean(),
          inline: fc.boolean(),
          shared: fc.boolean(),
        }),
        async (steps, { maxRows, ...rest }, { concurrency, batchable, inline, shared }) => {
          const { clock, target, batcher, statistics } = setup({
            batchable,
            fixedShape: false,
            options: { maxRows, ...rest, priorities: { levels: 3 } },
          });
          target.concurrency = concurrency;
          target.placement = inline ? "inline" : "worker";
          target.sharedMemory = shared;
          const callers: { settled: number; error: unknown; controller: AbortController; wrong: unknown }[] = [];
          let first = 1;
          let ended = 0;
          const submit = ({ rows, width, outputs, priority, timeoutMs, abortable }: Caller) => {
            const controller = new AbortController();
            const entry = { settled: 0, error: undefined as unknown, controller, wrong: undefined as unknown };
            callers.push(entry);
            const given = job(first, { rows, width, outputs });
            const expected = Array.from({ length: rows * width }, (_, i) => 2 * (first + i));
            first += rows * width;
            const call = { priority, timeoutMs, signal: abortable ? controller.signal : undefined };
            batcher.submit(given, call).then(
              (answer) => {
                entry.settled += 1;
                if (JSON.stringify(own(answer, "y")) !== JSON.stringify(expected)) entry.wrong = [own(answer, "y"), expected];
              },
              (error: unknown) => {
                entry.settled += 1;
                entry.error = error;
              },
            );
          };
          const live = () => target.runs.slice(ended);
          const end = async (at: number, fails: boolean) => {
            const running = live();
            if (running.length === 0) return;
            expect(running.length).toBeLessThanOrEqual(concurrency);
            const index = ended + (at % running.length);
            const run = target.runs[index]!;
            // The runs that have ended stand before those that go on.
            target.runs.splice(index, 1);
            target.runs.splice(ended, 0, run);
            ended += 1;
            if (maxRows !== "auto" && batchable) expect(run.rows).toBeLessThanOrEqual(maxRows);
            // An engine that reads its inputs late must still find them.
            expect([...(run.inputs["x"]!.data as Float32Array)]).toEqual(run.values);
            if (run.signal?.aborted) await run.fail(run.signal.reason);
            else if (fails) await run.fail(new ModelwrightError("MODEL_RUN_FAILED", "x", { details: { provider: "test" } }));
            else await run.answer(1);
          };
          for (const action of steps) {
            if (action.kind === "submit") submit(action.caller);
            else if (action.kind === "abort") callers[action.at % Math.max(1, callers.length)]?.controller.abort("aborted");
            else if (action.kind === "time") clock.advance(action.ms);
            else if (action.kind === "turn") await turn();
            else await end(action.at, action.fails);
          }
          const closed = batcher.close();
          await turn();
          await turn();
          while (live().length > 0) await end(0, false);
          await closed;
          await turn();
          expect(callers.map(({ settled }) => settled)).toEqual(callers.map(() => 1));
          expect(callers.filter(({ wrong }) => wrong !== undefined)).toEqual([]);
          expect([batcher.waiting, batcher.running, clock.pending]).toEqual([0, 0, 0]);
          for (const { error } of callers) {
            if (error === undefined || error === "aborted") continue;
            expect(["DEADLINE_EXCEEDED", "MODEL_OVERLOADED", "MODEL_RUN_FAILED"]).toContain((error as ModelwrightError).code);
          }
          const { requests, succeeded, failures, cancelled, timedOut, rejected } = statistics.snapshot();
          expect(requests).toBe(callers.length);
          expect(succeeded + failures + cancelled + timedOut + rejected).toBe(requests);
          expect(succeeded).toBe(callers.filter(({ error }) => error === undefined).length);
          expect(cancelled).toBe(callers.filter(({ error }) => error === "aborted").length);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("priorities, whatever the jobs", () => {
  it("are kept: a job begins before all of its own level that came later, and of lower levels that waited when it came", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ rows: fc.integer({ min: 1, max: 3 }), priority: fc.integer({ min: 1, max: 3 }) }), {
          maxLength: 20,
        }),
        async (jobs) => {
          const { submit, target } = setup({ options: { maxRows: 3, priorities: { levels: 3 } } });
          submit(job(-1));
          await turn();
          let first = 0;
          const starts = jobs.map(({ rows, priority }) => {
            submit(job(first, { rows }), { priority });
            first += rows;
            return { at: first - rows, priority };
          });
          for (let i = 0; i < target.runs.length; i++) await target.runs[i]!.answer();
          const order = target.runs.flatMap(({ values }) => values).slice(1);
          const expected = [1, 2, 3].flatMap((level) => starts.filter(({ priority }) => priority === level).map(({ at }) => at));
          expect(order.filter((value) => expected.includes(value as number))).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });
});
