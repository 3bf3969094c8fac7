import type { CallOptions } from "../core/call.ts";
import type { ElementType } from "../core/element-type.ts";
import type { LoadedModel, ModelIdentity, Precision } from "../core/model.ts";
import type { Tensor } from "../core/tensor.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** One input or output of a loaded model. */
export interface TensorSpec {
  readonly name: string;
  readonly type: ElementType;
  /** Extents: a number, a name for a symbolic one, or `?` for an unknown one; null when the rank is unknown. */
  readonly dims: readonly (number | string)[] | null;
  /** Names of the classes along the last axis, where the model records them, as scikit-learn's ZipMap does. */
  readonly classes?: readonly (string | number)[] | undefined;
}

/** What a model takes and gives, in the order of the model. */
export interface ModelInterface {
  readonly inputs: readonly TensorSpec[];
  /** The outputs that are tensors. */
  readonly outputs: readonly TensorSpec[];
  /** The names of the feature columns, where the model records them. */
  readonly columns?: readonly string[] | undefined;
}

/** Where runs take place: on the thread that calls, in worker threads, in child processes, or on another machine. */
export type Placement = "inline" | "worker" | "process" | "remote";

/** What a run of a model answered. */
export interface ExecutionRun {
  /** The outputs that were asked for. Their memory belongs to the caller. */
  readonly outputs: Tensors;
  /** How long the engine itself worked, ms: without waiting for it, and without crossing to another thread or machine and back. */
  readonly inferMs: number;
}

/** How long runs of so many rows took, as seen by the caller. */
export interface RunTiming {
  readonly rows: number;
  /** As in {@link ExecutionRun.inferMs}. */
  readonly inferMs: number;
  /** From the call to its answer, ms. */
  readonly roundTripMs: number;
}

/** A model loaded by an engine. Disposal waits for runs that have begun; afterwards `run` answers `CLOSED`. */
export interface Executor extends AsyncDisposable {
  /** Engine and device that run it, for example `onnxruntime-node/cpu`. */
  readonly provider: string;
  /** May change once, in {@link Executor.settle}. */
  readonly placement: Placement;
  /** Runs that it works on at the same time, at least 1; further ones wait inside. May change as workers come and go. */
  readonly concurrency: number;
  /** How often it has loaded the model. @defaultValue {@link Executor.concurrency} */
  readonly instances?: number | undefined;
  /** Whether inputs over a `SharedArrayBuffer` reach the engine without a copy. */
  readonly sharedMemory: boolean;
  /** What the model takes and gives. Absent for a provider that takes ONNX files: the session has read the file. */
  readonly interface?: ModelInterface | undefined;
  /** Which model answers, where the provider has its own. */
  readonly model?: ModelIdentity | undefined;
  /**
   * Runs the model. The inputs were checked; they are neither changed nor transferred here, and the caller does not change them before
   * the answer. Answers the outputs named, or all tensor outputs when none is named.
   *
   * @throws a `ModelwrightError` with code `MODEL_RUN_FAILED` when the engine fails; `MODEL_EXECUTOR_LOST` when the worker, process
   * or device ended under the run; `MODEL_UNAVAILABLE` when another machine could not be asked
   */
  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<ExecutionRun>;
  /**
   * Told once, when the model is about to be used, how long runs take: an executor that may choose where it works, and how often it loads
   * the model, does so now. Runs go on meanwhile.
   *
   * @param timings - by rising number of rows; none where nothing was measured
   * @param bounded - whether the time of a run follows from its number of rows alone, because no other extent is open
   */
  settle?(timings: readonly RunTiming[], bounded: boolean): Promise<void>;
  /** Why it works where it does, for a human; says what was measured. */
  readonly placementReason?: string | undefined;
}

/** Port: an engine that loads and runs models. */
export interface ExecutionProvider {
  readonly spec: "execution/1";
  /** Engine and device, for example `onnxruntime-node/cpu`. */
  readonly name: string;
  readonly capabilities: {
    /** Element types that the engine takes and gives. */
    readonly elementTypes: readonly ElementType[];
    /** `onnx`: loads the bytes of an ONNX file. `own`: has its model already, as a server or a function does. */
    readonly model: "onnx" | "own";
    /** Variants of a model that run well here, best first. @defaultValue `["fp32"]` */
    readonly precisions?: readonly Precision[] | undefined;
  };
  /**
   * Loads a model whose bytes were verified and read as ONNX. A provider with its own model ignores the bytes.
   *
   * @throws a `ModelwrightError` with code `MODEL_INVALID`, `MODEL_UNSUPPORTED`, `MODEL_UNAVAILABLE` or `MISSING_PEER`; the next
   * provider is tried
   */
  load(model: LoadedModel, call?: CallOptions): Promise<Executor>;
}
