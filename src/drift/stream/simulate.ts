import * as z from "zod";
import { parseOptions, passed } from "../../core/options.ts";
import { type Random, seeded } from "../../core/random.ts";
import { invalidInput } from "../../core/schema.ts";
import type { StreamDetector } from "./stream-detector.ts";

/** What one run of a detector over a stream with one change showed. */
export interface SimulatedRun {
  /** Updates before the change. */
  readonly updates: number;
  /** Updates before the change at which the detector told drift. */
  readonly falseAlarms: number;
  /** Updates from the change to the first drift, that one included; null without one. */
  readonly delay: number | null;
}

/** How often a detector is wrong and how soon it is right. Counts updates: values of a stream, or windows. Plain JSON. */
export interface SimulationResult {
  readonly runs: number;
  /** Updates before the change, of all runs. */
  readonly updates: number;
  readonly falseAlarms: number;
  /** False alarms in 5000 updates, on average. */
  readonly falseAlarmsPer5000: number;
  /**
   * Updates before the change for each false alarm; null without one, when it is likely above a third of `updates`. It depends on how
   * long the runs are where a detector is rasher when young, as DDM is.
   */
  readonly averageRunLength: number | null;
  /** Share of the runs in which the change was not told, in [0, 1]; 1 where nothing follows the change. */
  readonly missedShare: number;
  /** Updates from the change to the first drift. Missed changes count as later than all others; null where the quantile is one. */
  readonly delay: { readonly median: number | null; readonly p90: number | null };
}

/** The stream that {@link simulateStream} feeds. */
export type SimulatedStream =
  | {
      /** Recorded values in their order, the change among them; they are fed once. */
      readonly stream: ArrayLike<number>;
      /** Index of the first value after the change, from 1 to the length less 1. */
      readonly changeAt: number;
    }
  | {
      /** Makes the value at an index from 0 on; from `changeAt` on `changed` is true. */
      readonly generator: (random: Random, changed: boolean, index: number) => number;
      /** Index of the first value after the change. @defaultValue 5000 */
      readonly changeAt?: number;
      /** Values after the change until it is missed; 0 looks at false alarms only. @defaultValue 5000 */
      readonly after?: number;
      /** @defaultValue 40 */
      readonly runs?: number;
      /** Source of chance, the same for all runs. @defaultValue `seeded(0)` */
      readonly random?: Random;
    };

const count = z.int().min(0).max(1e9);
const isFunction = (value: unknown) => typeof value === "function";
const makeSchema = passed<() => Pick<StreamDetector, "update" | "drift">>("a function that makes a detector", isFunction);
const generated = z.strictObject({
  generator: passed<(random: Random, changed: boolean, index: number) => number>("a function", isFunction),
  changeAt: count.default(5000),
  after: count.default(5000),
  runs: z.int().min(1).max(1e6).default(40),
  random: passed<Random>("a source of random numbers", (value) => isFunction((value as Random | null)?.next)).optional(),
});
const recorded = z.strictObject({
  stream: passed<ArrayLike<number>>("an array of numbers", (value) => (value as ArrayLike<number> | null)?.length !== undefined),
  changeAt: z.int().min(1),
});

/**
 * Runs a detector over streams with one change and says how often it is wrong before the change and how soon it is right after it,
 * to choose a detector and its options by numbers instead of by their names.
 *
 * A fresh detector is made for each run and begins anew after its false alarms, as it does in use.
 *
 * @param makeDetector - makes a detector that has seen nothing
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options, `INPUT_INVALID` for a value that the detector refuses
 */
export function simulateStream(
  makeDetector: () => Pick<StreamDetector, "update" | "drift">,
  options: SimulatedStream,
): SimulationResult {
  parseOptions(makeSchema, makeDetector, "simulateStream");
  if (typeof options === "object" && options !== null && "stream" in options) {
    const { stream, changeAt } = parseOptions(recorded, options, "simulateStream");
    if (changeAt >= stream.length) {
      throw invalidInput("The stream of simulateStream", [{ path: [], message: "expected values after changeAt" }]);
    }
    return summarizeRuns([oneRun(makeDetector(), (index) => stream[index]!, changeAt, stream.length)]);
  }
  const { generator, changeAt, after, runs, random = seeded(0) } = parseOptions(generated, options, "simulateStream");
  const next = (index: number) => generator(random, index >= changeAt, index);
  return summarizeRuns(Array.from({ length: runs }, () => oneRun(makeDetector(), next, changeAt, changeAt + after)));
}

/**
 * Counts over runs; for harnesses of detectors with another kind of update.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` without a run
 */
export function summarizeRuns(runs: readonly SimulatedRun[]): SimulationResult {
  if (runs.length === 0) throw invalidInput("The runs of summarizeRuns", [{ path: [], message: "expected at least one run" }]);
  const updates = runs.reduce((sum, run) => sum + run.updates, 0);
  const falseAlarms = runs.reduce((sum, run) => sum + run.falseAlarms, 0);
  const delays = runs.flatMap(({ delay }) => (delay === null ? [] : [delay])).sort((a, b) => a - b);
  const quantile = (q: number) => delays[Math.ceil(q * runs.length) - 1] ?? null;
  return {
    runs: runs.length,
    updates,
    falseAlarms,
    falseAlarmsPer5000: updates === 0 ? 0 : (falseAlarms / updates) * 5000,
    averageRunLength: falseAlarms === 0 ? null : updates / falseAlarms,
    missedShare: (runs.length - delays.length) / runs.length,
    delay: { median: quantile(0.5), p90: quantile(0.9) },
  };
}

function oneRun(
  detector: Pick<StreamDetector, "update" | "drift">,
  valueAt: (index: number) => number,
  changeAt: number,
  length: number,
): SimulatedRun {
  let falseAlarms = 0;
  for (let index = 0; index < changeAt; index++) {
    detector.update(valueAt(index));
    if (detector.drift) falseAlarms += 1;
  }
  for (let index = changeAt; index < length; index++) {
    detector.update(valueAt(index));
    if (detector.drift) return { updates: changeAt, falseAlarms, delay: index - changeAt + 1 };
  }
  return { updates: changeAt, falseAlarms, delay: null };
}
