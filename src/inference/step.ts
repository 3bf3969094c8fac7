import * as z from "zod";
import { ModelwrightError } from "../core/errors.ts";
import type { ModelIdentity } from "../core/model.ts";
import { parseOptions, passed } from "../core/options.ts";
import type { TensorSpec } from "./port.ts";

/** What a step may know of the model that it works for. */
export interface StepContext {
  /** What the model takes. */
  readonly inputs: readonly TensorSpec[];
  /** What the model answers. */
  readonly outputs: readonly TensorSpec[];
  /** Which model answers. */
  readonly model: ModelIdentity;
  /** Where it runs, for example `onnxruntime-node/cpu`. */
  readonly provider: string;
}

/** A function before a model, from what the user gives to a row, or behind it, from a row to what the user gets. Made by {@link step}. */
export interface Step<In, Out> {
  readonly spec: "step/1";
  /** Part of the key under which answers are cached. */
  readonly version: string;
  /** Works on one sample. */
  readonly run: (input: In, context: StepContext) => Out;
}

/** Options of {@link step}. */
export interface StepOptions<In, Out> {
  /**
   * Names what the function does, 1 to 1 Mi characters. Answers are cached under it, so another function, or the same one with another
   * table or threshold, needs another version.
   */
  readonly version: string;
  /** Works on one sample, synchronously. It does not change its input; what it throws reaches the caller as it is. */
  readonly run: (input: In, context: StepContext) => Out extends PromiseLike<unknown> ? never : Out;
}

const optionsSchema = z.strictObject({
  version: z.string().min(1).max(1_048_576),
  run: passed<(input: unknown, context: StepContext) => unknown>("a function", (value) => typeof value === "function"),
});

/**
 * A function that prepares the input of a model or turns its answer into what the user wants. Its types follow from `run`.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`; `run` of the answer throws `UNSUPPORTED` when the function turns out to
 * be asynchronous
 *
 * @example
 * ```ts
 * import { step } from "modelwright/inference";
 *
 * const scale = step({
 *   version: "scale-1",
 *   run: ({ age, income }: { age: number; income: number }) => ({ age: age / 100, income: Math.log1p(income) }),
 * });
 * ```
 */
export function step<In, Out>(options: StepOptions<In, Out>): Step<In, Out> {
  const { version, run } = parseOptions(optionsSchema, options, "step");
  return {
    spec: "step/1",
    version,
    run(input, context) {
      const output = run(input, context);
      // Any thenable, not only this realm's Promise: taken for the output, it would reach the model or the cache.
      if (typeof (output as PromiseLike<unknown> | null | undefined)?.then === "function") {
        Promise.resolve(output).catch(() => {});
        throw new ModelwrightError(
          "UNSUPPORTED",
          `The step ${JSON.stringify(version.slice(0, 200))} is asynchronous; do what it waits for before predict()`,
          {
            details: { feature: "asynchronous step" },
          },
        );
      }
      return output as Out;
    },
  };
}
