import type { CallOptions } from "../core/call.ts";
import type { ElementType } from "../core/element-type.ts";
import type { LoadedModel } from "../core/model.ts";
import type { Tensor } from "../core/tensor.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** One input or output of a loaded model. */
export interface TensorSpec {
  readonly name: string;
  readonly type: ElementType;
  /** Extents: a number, a name for a symbolic one, or `?` for an unknown one; null when the rank is unknown. */
  readonly dims: readonly (number | string)[] | null;
}

/** A model loaded by an engine. Disposal waits for runs that have begun; afterwards `run` answers `CLOSED`. */
export interface Executor extends AsyncDisposable {
  /** Engine and device that run it, for example `onnxruntime-node/cpu`. */
  readonly provider: string;
  /**
   * Runs the model. The inputs were checked and are not changed by the caller until the answer; they may be transferred to a worker.
   * Answers the outputs named, or all tensor outputs when none is named.
   *
   * @throws a `ModelwrightError` with code `MODEL_RUN_FAILED` when the engine fails
   */
  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<Tensors>;
}

/** Port: an engine that loads and runs models. */
export interface ExecutionProvider {
  readonly spec: "execution/1";
  /** For example `onnxruntime-node`. */
  readonly name: string;
  readonly capabilities: {
    /** Element types that the engine takes and gives. */
    readonly elementTypes: readonly ElementType[];
  };
  /**
   * Loads a model whose bytes were verified and read as ONNX.
   *
   * @throws a `ModelwrightError` with code `MODEL_INVALID`, `MODEL_UNSUPPORTED` or `MISSING_PEER`; the next provider is tried
   */
  load(model: LoadedModel, call?: CallOptions): Promise<Executor>;
}
