import { messageOf } from "../../core/errors.ts";
import { peer } from "../../core/peer.ts";
import type { OrtLibrary } from "../onnxruntime/library.ts";
import type { WebDevice, WorkerStart } from "./worker-start.ts";

/** The package that is imported. */
export const PEER = "onnxruntime-web";

/** What is called of `onnxruntime-web`. */
export interface OrtWebLibrary extends OrtLibrary {
  readonly env: {
    readonly wasm: { wasmPaths?: string | { mjs?: string | URL; wasm?: string | URL }; numThreads?: number };
  };
}

/**
 * Imports the build of the library that fits the device.
 *
 * For WebAssembly the build without WebGPU: half the size, and it has the operators of `ai.onnx.ml` that tree models and scikit-learn's
 * pipelines are made of. For WebGPU and WebNN the build whose kernels are compiled, which has not: such a model fails to load there, so
 * that the session goes on to WebAssembly, where trees are faster anyway. The default build, which has both, is the largest one and
 * computes on WebGPU with an older, slower set of kernels.
 *
 * @throws a `ModelwrightError` with code `MISSING_PEER`
 */
export function importLibrary(device: WebDevice): Promise<OrtWebLibrary> {
  return peer<OrtWebLibrary>(PEER, undefined, (): Promise<OrtWebLibrary> => {
    if (isNode()) return importInNode();
    return device === "wasm" ? import("onnxruntime-web/wasm") : import("onnxruntime-web/webgpu");
  });
}

/**
 * The library, set up before it loads its first model; afterwards it ignores that. Failures to get its files say what to look at, which
 * the browser does not.
 */
export function configure(lib: OrtWebLibrary, { threads, wasmPaths }: Pick<WorkerStart, "threads" | "wasmPaths">): OrtWebLibrary {
  if (wasmPaths !== undefined) lib.env.wasm.wasmPaths = wasmPaths;
  lib.env.wasm.numThreads = threads;
  const create: OrtWebLibrary["InferenceSession"]["create"] = async (bytes, options) => {
    try {
      return await lib.InferenceSession.create(bytes, options);
    } catch (error) {
      const reason = messageOf(error);
      if (!/dynamically imported module|fetching of the wasm failed|importing a module script/i.test(reason)) throw error;
      const hint = "check that wasmPaths serves the engine's files, .mjs as text/javascript and .wasm as application/wasm";
      throw new Error(`${reason}; ${hint}`, { cause: error });
    }
  };
  return { env: lib.env, InferenceSession: { create } };
}

/** Whether this is Node, or acts as if it were, and no page of Electron. */
export function isNode(): boolean {
  const { process, window } = globalThis as { process?: { versions?: { node?: string } }; window?: unknown };
  return process?.versions?.node !== undefined && window === undefined;
}

/**
 * Node has a build of its own, the only one that starts threads there. Its name is put together, so that a bundler for browsers, which
 * would take it for the largest build, does not see it.
 */
function importInNode(): Promise<OrtWebLibrary> {
  const name = ["onnxruntime", "web"].join("-");
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
