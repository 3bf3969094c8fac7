import type { EngineRequest } from "../onnxruntime/engine-messages.ts";

/** What runs models. */
export type WebDevice = "wasm" | "webgpu" | "webnn";

/** How the engine in a worker is set up; the first message that it is sent. */
export interface WorkerStart {
  readonly kind: "start";
  readonly device: WebDevice;
  readonly threads: number;
  /** Absolute: a worker's own address is another one than the page's. Undefined where the package knows its files, as in Node. */
  readonly wasmPaths: string | { readonly mjs?: string; readonly wasm?: string } | undefined;
}

/** What is sent to a worker. */
export type WorkerMessage = WorkerStart | EngineRequest;

/** Tells a thread of Node that it was started for the engine, and does not merely import its file. */
export const NODE_WORKER = "modelwright-onnx-web";
