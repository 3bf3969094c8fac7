/** What is called of ONNX Runtime's JavaScript API, which `onnxruntime-node` and `onnxruntime-web` share. */
export interface OrtLibrary {
  readonly InferenceSession: {
    /** Loads a model from its bytes. */
    create(model: Uint8Array, options: OrtSessionOptions): Promise<OrtSession>;
  };
}

/** The options of a session that are set. */
export interface OrtSessionOptions {
  /** Devices, best first: what one cannot do, the next does. */
  executionProviders?: readonly (string | { readonly name: string; readonly deviceId?: number })[];
  intraOpNumThreads?: number;
  interOpNumThreads?: number;
  /** 4 is fatal. */
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  graphOptimizationLevel?: "disabled" | "basic" | "extended" | "layout" | "all";
  extra?: Record<string, unknown>;
}

/** Options of every session and every run: what the engine would print as an error, it throws as well. */
export const quiet = { logSeverityLevel: 4 } as const;

/** A model that ONNX Runtime has loaded. */
export interface OrtSession {
  readonly inputMetadata: readonly OrtValueMetadata[];
  readonly outputMetadata: readonly OrtValueMetadata[];
  /** Runs the model; answers the outputs named in `fetches`. */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: readonly string[],
    options?: Pick<OrtSessionOptions, "logSeverityLevel">,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  /** Gives the memory back, which nothing else does. Fatal while a run lasts. */
  release(): Promise<void>;
}

/** What ONNX Runtime says of an input or output. */
export interface OrtValueMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  /** Absent unless it is a tensor. */
  readonly type?: string;
}

/** A tensor in the CPU's memory. The engine's own class is one; a plain object does as well. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView | readonly string[];
  readonly location: string;
}
