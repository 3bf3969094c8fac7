import * as z from "zod";
import type { CallOptions } from "../../core/call.ts";
import { Limiter } from "../../core/limiter.ts";
import { invalidConfig, parseOptions, passed } from "../../core/options.ts";
import { peer } from "../../core/peer.ts";
import type { ExecutionProvider } from "../../inference/port.ts";
import type { OrtLibrary } from "../onnxruntime/library.ts";
import { ortExecutor, quiet, type Schedule } from "../onnxruntime/ort-executor.ts";
import { ortElementTypes } from "../onnxruntime/ort-tensor.ts";

/** Where the engine's `.mjs` and `.wasm` files are: a folder's URL that ends in `/`, or the URL of each. */
export type WasmPaths = string | { readonly mjs?: string | URL; readonly wasm?: string | URL };

/** What is called of `onnxruntime-web`. */
export interface OrtWebLibrary extends OrtLibrary {
  readonly env: { readonly wasm: { wasmPaths?: string | { mjs?: string | URL; wasm?: string | URL }; numThreads?: number } };
}

/** Options of {@link onnxWeb}. */
export interface OnnxWebOptions {
  /**
   * The library, where the host has imported it already, for example the smaller `onnxruntime-web/wasm`.
   *
   * @defaultValue the installed `onnxruntime-web`
   */
  readonly lib?: OrtWebLibrary;
  /**
   * Where the engine's `.mjs` and `.wasm` files are served; nothing is ever fetched from another place. Needed in browsers unless
   * `lib` was configured by the host. Node finds them in the package.
   */
  readonly wasmPaths?: WasmPaths;
  /** What runs the model. `webgpu` needs a browser that has it. @defaultValue "wasm" */
  readonly device?: "wasm" | "webgpu";
  /**
   * Threads that work on one run, at least 1; the first model that a page loads decides for all. More than one need a page that is
   * cross-origin isolated and count as one otherwise.
   *
   * @defaultValue 1
   */
  readonly threads?: number;
}

const url = z.union([z.string(), z.instanceof(URL)]);
const optionsSchema = z.strictObject({
  lib: passed<OrtWebLibrary>("the onnxruntime-web module", isOrtWebLibrary).optional(),
  wasmPaths: z.union([z.string(), z.strictObject({ mjs: url.exactOptional(), wasm: url.exactOptional() })]).optional(),
  device: z.enum(["wasm", "webgpu"]).default("wasm"),
  threads: z.int().min(1).default(1),
});

/**
 * ONNX Runtime in a browser, or in Node without a native library, through the peer `onnxruntime-web`.
 *
 * The engine does one thing at a time for the whole page, whatever the number of models: with WebGPU two at once fail or hang, with
 * WebAssembly a run holds the thread anyway.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`; loading throws `MISSING_PEER` when the library is not installed
 *
 * @example
 * ```ts
 * import { InferenceSession } from "modelwright";
 * import { onnxWeb } from "modelwright/onnx-web";
 *
 * const model = new Uint8Array(await (await fetch("/models/fraud.onnx")).arrayBuffer());
 * const wasmPaths = new URL("/ort/", location.href).href;
 * await using session = await InferenceSession.open({
 *   model,
 *   providers: [onnxWeb({ wasmPaths, device: "webgpu" }), onnxWeb({ wasmPaths })],
 * });
 * console.log(session.provider, session.fallbacks);
 * ```
 */
export function onnxWeb(options: OnnxWebOptions = {}): ExecutionProvider {
  const { lib: given, wasmPaths, device, threads } = parseOptions(optionsSchema, options, "onnxWeb");
  if (given === undefined && wasmPaths === undefined && !isNode()) {
    const message = "expected the URL of the folder that serves onnxruntime-web/dist, for example /ort/";
    throw invalidConfig("onnxWeb", [{ path: ["wasmPaths"], message }]);
  }
  const name = `onnxruntime-web/${device}`;
  return {
    spec: "execution/1",
    name,
    capabilities: { elementTypes: ortElementTypes },
    async load({ bytes }, call?: CallOptions) {
      const lib = await peer<OrtWebLibrary>("onnxruntime-web", given, () => import("onnxruntime-web"));
      if (wasmPaths !== undefined) lib.env.wasm.wasmPaths = wasmPaths;
      lib.env.wasm.numThreads = threads;
      const create = () => lib.InferenceSession.create(bytes, { ...quiet, executionProviders: [device] });
      return ortExecutor(name, oneAtATime(lib), create, call);
    },
  };
}

const queueKey = Symbol.for("modelwright.onnx-web.queue");

/** The queue of an engine. Kept on the engine's own object, so that two copies of this package share it. */
function oneAtATime(lib: OrtWebLibrary): Schedule {
  const env: { [queueKey]?: Limiter } & OrtWebLibrary["env"] = lib.env;
  env[queueKey] ??= new Limiter({ concurrency: 1 });
  const queue = env[queueKey];
  return (work, call) => queue.run(work, call);
}

function isNode(): boolean {
  return (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
}

function isOrtWebLibrary(value: unknown): boolean {
  const lib = value as Partial<OrtWebLibrary> | null | undefined;
  return typeof lib?.InferenceSession?.create === "function" && typeof lib.env?.wasm === "object";
}
