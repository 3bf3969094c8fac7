import type { Runtime } from "../../core/call.ts";
import { systemClock } from "../../core/clock.ts";
import type { ExecutionProvider } from "../../inference/port.ts";
import { quiet } from "../onnxruntime/library.ts";
import { ortElementTypes } from "../onnxruntime/ort-tensor.ts";
import { browserWorker } from "./browser-worker.ts";
import { isNode } from "./import-library.ts";
import { inlineExecutor } from "./inline-executor.ts";
import { type OnnxWebOptions, type ParsedOptions, parseWebOptions, startOf } from "./onnx-web-options.ts";
import { sharedEngine } from "./shared-engine.ts";
import { WebEngine } from "./web-engine.ts";
import { isIsolated, NOT_ISOLATED } from "./web-environment.ts";
import { WebExecutor } from "./web-executor.ts";

/**
 * ONNX Runtime in a browser, or in Node without a native library, through the peer `onnxruntime-web`.
 *
 * It works in a worker, so that the page goes on while a model loads and runs, and does one thing at a time, whatever the number of
 * models. When the graphics device is lost, another worker takes over and the run is repeated there; a worker that freezes is ended, and
 * the run fails with `MODEL_EXECUTOR_LOST`. When that happens twice without a run that succeeds, the error says that no other one takes
 * over, and a session goes on to its next provider.
 *
 * A model with the operators of tree ensembles or of scikit-learn's pipelines runs with `wasm` only.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`; loading throws `MISSING_PEER` when the library is not installed
 *
 * @example
 * ```ts
 * import { InferenceSession } from "modelwright";
 * import { onnxWeb } from "modelwright/onnx-web";
 *
 * const model = new Uint8Array(await (await fetch("/models/fraud.onnx")).arrayBuffer());
 * const wasmPaths = "/ort/";
 * await using session = await InferenceSession.open({
 *   model,
 *   providers: [onnxWeb({ wasmPaths, device: "webgpu" }), onnxWeb({ wasmPaths })],
 * });
 * console.log(session.provider, session.fallbacks);
 * ```
 */
export function onnxWeb(options: OnnxWebOptions = {}, { clock = systemClock }: Pick<Runtime, "clock"> = {}): ExecutionProvider {
  const parsed = parseWebOptions(options);
  const { lib, device, worker, watchdog, precisions } = parsed;
  const provider = `onnxruntime-web/${device}`;
  const start = startOf(parsed);
  const inline = inlineReason(parsed);
  const own = typeof worker === "function" ? new WebEngine(provider, browserWorker(worker, start), clock) : undefined;
  const note = start.threads < parsed.threads ? `; one thread instead of ${parsed.threads}, because ${NOT_ISOLATED}` : "";
  const sessionOptions = { ...quiet, executionProviders: [device] };
  return {
    spec: "execution/1",
    name: provider,
    capabilities: { elementTypes: ortElementTypes, model: "onnx", ...(precisions === undefined ? {} : { precisions }) },
    async load({ bytes }, call) {
      if (inline !== undefined) {
        const placementReason = `${inline}${note}`;
        return inlineExecutor(bytes, sessionOptions, { provider, placementReason, lib, start }, call);
      }
      const engine = own ?? sharedEngine(provider, start, clock);
      const model = await engine.load(bytes, sessionOptions, watchdog, call);
      const placementReason = `a worker leaves this thread free${note}`;
      return new WebExecutor(engine, model, { provider, placementReason, sharedMemory: isIsolated() });
    },
  };
}

/** Why the engine works on this thread; undefined when it works in a worker. */
function inlineReason({ lib, worker }: ParsedOptions): string | undefined {
  if (worker === false) return "onnxWeb was told to stay on this thread, by worker: false";
  if (typeof worker === "function") return undefined;
  if (lib !== undefined) return "the library was handed in as lib, and cannot cross to a worker";
  const { Worker } = globalThis as { Worker?: unknown };
  return Worker === undefined && !isNode() ? "workers cannot be started from here" : undefined;
}
