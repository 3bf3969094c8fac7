import { setImmediate as turn } from "node:timers/promises";
import type { CallOptions } from "../../../src/core/call.ts";
import { dataLength, type ElementData, elementTypes } from "../../../src/core/element-type.ts";
import { elementCount, type Tensor, tensor } from "../../../src/core/tensor.ts";
import type { BatchCall } from "../../../src/inference/batching/batch-call.ts";
import { Batcher, type BatcherOptions, type JobAnswer } from "../../../src/inference/batching/batcher.ts";
import { type Job, ownOutputs, type RunTarget } from "../../../src/inference/batching/job.ts";
import type { ExecutionRun, Placement, Tensors } from "../../../src/inference/port.ts";
import { InferenceStatistics } from "../../../src/inference/statistics.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

/** A run that a {@link ScriptedTarget} was asked for, and that the test ends. */
export interface ScriptedRun {
  readonly inputs: Tensors;
  readonly outputs: readonly string[];
  readonly signal: AbortSignal | undefined;
  /** First extent of the first input. */
  readonly rows: number;
  /** Elements of the first input, copied when the run began. */
  readonly values: readonly unknown[];
  /** Answers the inputs as outputs, copied now: an engine that reads them late. Numbers of `x` are doubled. */
  answer(inferMs?: number): Promise<void>;
  answerWith(run: ExecutionRun): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A target that answers when the test says so. */
export class ScriptedTarget implements RunTarget {
  placement: Placement = "worker";
  concurrency = 1;
  sharedMemory = false;
  readonly runs: ScriptedRun[] = [];

  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<ExecutionRun> {
    return new Promise((resolve, reject) => {
      const first = Object.values(inputs)[0]!;
      const settle = async (settled: () => void) => {
        settled();
        await turn();
        await turn();
      };
      this.runs.push({
        inputs,
        outputs,
        signal: call?.signal,
        rows: first.dims[0] ?? 1,
        values: [...(first.data as Iterable<unknown>)],
        answer: (inferMs = 1) => settle(() => resolve({ outputs: doubled(inputs, outputs), inferMs })),
        answerWith: (run) => settle(() => resolve(run)),
        fail: (error) => settle(() => reject(error)),
      });
    });
  }
}

/** Copies of the inputs under the names of the outputs, in turn; floats doubled. */
function doubled(inputs: Tensors, outputs: readonly string[]): Tensors {
  const given = Object.values(inputs);
  return Object.fromEntries(outputs.map((name, i) => [name, double(given[i % given.length]!)]));
}

function double({ type, dims, data }: Tensor): Tensor {
  const { array } = elementTypes[type];
  if (array === undefined) return { type, dims, data: [...(data as readonly string[])] };
  const copy = new array(data as never);
  if (type === "float32") for (let i = 0; i < copy.length; i++) (copy as Float32Array)[i]! *= 2;
  return { type, dims, data: copy as ElementData };
}

/** A job of one float input `x` [rows, width] whose elements are `first`, `first` + 1 and so on. */
export function job(first: number, { rows = 1, width = 1, outputs = ["y"] as readonly string[] } = {}): Job {
  return {
    inputs: {
      x: tensor(
        "float32",
        Float32Array.from({ length: rows * width }, (_, i) => first + i),
        [rows, width],
      ),
    },
    rows,
    outputs,
  };
}

/** The elements of the job's own rows of output `y`. */
export function own(answer: JobAnswer, output = "y"): unknown[] {
  const { dims, data, type } = ownOutputs(answer)[output]!;
  if (data.length !== dataLength(type, elementCount(dims)) || dims[0] !== answer.rows) throw new Error("wrong shape");
  return [...(data as Iterable<unknown>)];
}

/** What became of a submitted job. */
export interface Outcome {
  values: unknown[] | undefined;
  error: unknown;
}

/** A batcher over a scripted target, under a clock that stands still. */
export function setup(options: Omit<Partial<BatcherOptions>, "target"> = {}) {
  const clock = new FakeClock();
  const target = new ScriptedTarget();
  const statistics = new InferenceStatistics(clock);
  const batcher = new Batcher({
    target,
    batchable: true,
    fixedShape: true,
    model: "fraud",
    statistics,
    clock,
    ...options,
    options: { maxRows: 64, ...options.options },
  });
  const submit = (given: Job, call?: BatchCall): Outcome => {
    const outcome: Outcome = { values: undefined, error: undefined };
    batcher.submit(given, call).then(
      (answer) => (outcome.values = own(answer, given.outputs[0])),
      (error: unknown) => (outcome.error = error),
    );
    return outcome;
  };
  return { clock, target, statistics, batcher, submit };
}

export { turn };
