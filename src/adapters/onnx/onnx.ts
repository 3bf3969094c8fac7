import * as z from "zod";
import type { CallOptions } from "../../core/call.ts";
import { parseOptions, passed } from "../../core/options.ts";
import { peer } from "../../core/peer.ts";
import type { ExecutionProvider } from "../../inference/port.ts";
import type { OrtLibrary } from "../onnxruntime/library.ts";
import { ortExecutor, quiet, type Schedule } from "../onnxruntime/ort-executor.ts";
import { ortElementTypes } from "../onnxruntime/ort-tensor.ts";

/** Options of {@link onnx}. */
export interface OnnxOptions {
  /** The library, where the host has imported it already. @defaultValue the installed `onnxruntime-node` */
  readonly lib?: OrtLibrary;
  /**
   * Threads that work on one run, at least 1. More than one make a big model faster and the latency of a busy machine worse.
   *
   * @defaultValue 1
   */
  readonly threads?: number;
}

const optionsSchema = z.strictObject({
  lib: passed<OrtLibrary>("the onnxruntime-node module", isOrtLibrary).optional(),
  threads: z.int().min(1).default(1),
});

const immediately: Schedule = (work, call) => {
  call?.signal?.throwIfAborted();
  return work();
};

/**
 * ONNX Runtime on the CPU of a Node process, through the peer `onnxruntime-node`.
 *
 * Loading and running block the event loop for as long as they take: the library does both on the thread that calls. What is
 * called concurrently runs one after the other. An abort is seen before a run begins, not while it lasts.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`; loading throws `MISSING_PEER` when the library is not installed
 *
 * @example
 * ```ts
 * import { InferenceSession } from "modelwright";
 * import { onnx } from "modelwright/onnx";
 * import { logisticModel } from "modelwright/onnx-format";
 *
 * const model = logisticModel({ columns: ["age", "income"], weights: [0.5, 2], bias: 1 });
 * await using session = await InferenceSession.open({ model, providers: [onnx()] });
 * const { output } = await session.predict({ age: 41, income: 3.2 });
 * ```
 */
export function onnx(options: OnnxOptions = {}): ExecutionProvider {
  const { lib: given, threads } = parseOptions(optionsSchema, options, "onnx");
  const name = "onnxruntime-node/cpu";
  return {
    spec: "execution/1",
    name,
    capabilities: { elementTypes: ortElementTypes },
    async load({ bytes }, call?: CallOptions) {
      const lib = await peer<OrtLibrary>("onnxruntime-node", given, () => import("onnxruntime-node"));
      const create = () =>
        lib.InferenceSession.create(bytes, {
          ...quiet,
          executionProviders: ["cpu"],
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          // Idle threads that spin take the processor from everything else in the host.
          extra: { session: { intra_op: { allow_spinning: "0" } } },
        });
      return ortExecutor(name, immediately, create, call);
    },
  };
}

function isOrtLibrary(value: unknown): boolean {
  return typeof (value as Partial<OrtLibrary> | null)?.InferenceSession?.create === "function";
}
