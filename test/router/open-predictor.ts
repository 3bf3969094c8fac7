import type { CallOptions } from "../../src/core/call.ts";
import type { Prediction, Predictor } from "../../src/core/model.ts";

/** A call that the test answers itself, whenever it likes and whether or not anybody still waits. */
export interface OpenCall {
  readonly input: number;
  readonly call: CallOptions | undefined;
  readonly answer: (output: number) => void;
  readonly fail: (error: unknown) => void;
}

/** A predictor that does nothing by itself: it ignores its signal and its limit. */
export function openPredictor(name: string): Predictor<number, number> & { readonly calls: OpenCall[] } {
  const calls: OpenCall[] = [];
  return {
    spec: "predictor/1",
    name,
    calls,
    predict: (input, call) =>
      new Promise<Prediction<number>>((resolve, reject) => {
        calls.push({ input, call, answer: (output) => resolve({ output, model: { name }, provider: "open" }), fail: reject });
      }),
  };
}
