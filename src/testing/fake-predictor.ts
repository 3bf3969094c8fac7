import type { CallOptions } from "../core/call.ts";
import { type Clock, sleep, systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import type { Prediction, Predictor } from "../core/model.ts";

/** Options of {@link fakePredictor}. */
export interface FakePredictorOptions<Input, Output> {
  /** Shown in errors, traces and route explanations, and the model's name in answers. */
  readonly name: string;
  /** The output for an input. */
  readonly answer: (input: Input) => Output | Promise<Output>;
  /** Time on `clock` before each answer or failure, ms. @defaultValue 0 */
  readonly latencyMs?: number;
  /** @defaultValue the platform's clock */
  readonly clock?: Clock;
  /** The error to reject with in place of an answer; undefined to answer. Asked for at each call, after the latency. @defaultValue answers always */
  readonly failWith?: (input: Input) => unknown;
}

/** One call of a {@link FakePredictor}. */
export interface FakePredictorCall<Input> {
  readonly input: Input;
  /** When it began, milliseconds since the epoch on the predictor's clock. */
  readonly startedAtMs: number;
  /** How it ended; `stopped` by the signal or the time limit of the caller. */
  readonly outcome: "running" | "answered" | "failed" | "stopped";
}

/** A {@link Predictor} that remembers its calls. */
export interface FakePredictor<Input, Output> extends Predictor<Input, Output> {
  /** Every call, in the order of arrival. */
  readonly calls: readonly FakePredictorCall<Input>[];
}

/**
 * A {@link Predictor} that answers with a function: no model, no engine, no time but that of its clock.
 *
 * @example
 * ```ts
 * import { FakeClock, fakePredictor } from "modelwright/testing";
 *
 * const clock = new FakeClock();
 * const edge = fakePredictor({ name: "edge", answer: ({ amount }: { amount: number }) => amount > 100, latencyMs: 20, clock });
 * const answer = edge.predict({ amount: 120 });
 * await clock.advanceAsync(20);
 * const { output } = await answer; // true, and edge.calls has one entry
 * ```
 */
export function fakePredictor<Input, Output>(options: FakePredictorOptions<Input, Output>): FakePredictor<Input, Output> {
  const { name, answer, latencyMs = 0, clock = systemClock, failWith } = options;
  const calls: { input: Input; startedAtMs: number; outcome: FakePredictorCall<Input>["outcome"] }[] = [];

  const work = async (input: Input, signal: AbortSignal | undefined): Promise<Prediction<Output>> => {
    if (latencyMs > 0) await sleep(latencyMs, clock, signal);
    const failure = failWith?.(input);
    if (failure !== undefined) throw failure;
    return { output: await answer(input), model: { name }, provider: "fake" };
  };

  return {
    spec: "predictor/1",
    name,
    calls,
    async predict(input: Input, call?: CallOptions) {
      const record: (typeof calls)[number] = { input, startedAtMs: clock.now(), outcome: "running" };
      calls.push(record);
      let begun: { readonly signal: AbortSignal | undefined } | undefined;
      try {
        const prediction = await withDeadline(
          call,
          (signal) => {
            begun = { signal };
            return work(input, signal);
          },
          clock,
        );
        record.outcome = "answered";
        return prediction;
      } catch (error) {
        record.outcome = begun === undefined || begun.signal?.aborted ? "stopped" : "failed";
        throw error;
      }
    },
  };
}
