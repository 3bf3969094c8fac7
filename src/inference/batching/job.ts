import type { CallOptions } from "../../core/call.ts";
import type { ElementData } from "../../core/element-type.ts";
import { dataLength, elementTypes } from "../../core/element-type.ts";
import { elementCount, type Tensor } from "../../core/tensor.ts";
import type { ExecutionRun, Placement, Tensors } from "../port.ts";

/** A run, and who answered it, which the answers of its jobs repeat. */
export interface TargetRun extends ExecutionRun {
  readonly by?: unknown;
}

/** What a batcher runs jobs on: an `Executor` of the port, or a wrapper of one. */
export interface RunTarget {
  readonly placement: Placement;
  /** Runs that it works on at the same time, at least 1; read anew before each run. */
  readonly concurrency: number;
  /** Whether inputs over a `SharedArrayBuffer` reach the engine without a copy. */
  readonly sharedMemory: boolean;
  /** Whether jobs may share a run, and one job several; read anew before each. @defaultValue true */
  readonly mayMerge?: boolean;
  /**
   * As the `run` of an `Executor`.
   *
   * @param shared - whether these are not just the rows of one job. When it fails and `mayMerge` is false then, the jobs run once more alone.
   */
  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions, shared?: boolean): Promise<TargetRun>;
}

/** Rows that one caller wants answered. The tensors are neither copied nor changed; they must stay as they are until the answer. */
export interface Job {
  /** Checked tensors. Where jobs may be merged, the first extent of each is `rows`. */
  readonly inputs: Tensors;
  /** How many rows these are. */
  readonly rows: number;
  /** Names of the outputs asked for, in order. */
  readonly outputs: readonly string[];
}

/** The answer to a job: `rows` rows from row `offset` of the outputs on. */
export interface JobAnswer {
  /** May hold the rows of others, too, so that rows can be decoded without a copy: do not hand it on; see {@link ownOutputs}. */
  readonly outputs: Tensors;
  /** The first row of the job. */
  readonly offset: number;
  /** As many rows as the job has. */
  readonly rows: number;
  /** All rows of the outputs; equal to `rows` when the outputs hold nothing else. */
  readonly totalRows: number;
  /** What the run said of who answered; of a job that was split, its last run. */
  readonly by?: unknown;
  /** Whether parts of a job that was split were answered by several, or by one whose rows may depend on each other: ask again. */
  readonly mixed?: boolean;
}

/** The outputs of a job and of nobody else: those of the answer when it holds no other rows, or a copy of the job's rows. */
export function ownOutputs({ outputs, offset, rows, totalRows }: JobAnswer): Tensors {
  if (rows === totalRows) return outputs;
  const own: Record<string, Tensor> = {};
  for (const name of Object.keys(outputs)) own[name] = copyRows(outputs[name]!, offset, rows);
  return own;
}

function copyRows({ type, dims, data }: Tensor, offset: number, rows: number): Tensor {
  const shape = [rows, ...dims.slice(1)];
  const length = dataLength(type, elementCount(dims.slice(1)));
  const { array } = elementTypes[type];
  const start = offset * length;
  const end = start + rows * length;
  // Not `slice()` of a typed array: that of a Node Buffer is a view.
  const copy =
    array === undefined
      ? (data as readonly string[]).slice(start, end)
      : new array((data as Uint8Array).subarray(start, end) as never);
  return { type, dims: shape, data: copy as ElementData };
}
