/**
 * ONNX Runtime in the browser: WASM, WebGPU, WebNN, in a worker. Needs `onnxruntime-web`.
 *
 * @module modelwright/onnx-web
 */

export type { OrtLibrary, OrtSession, OrtSessionOptions, OrtTensor, OrtValueMetadata } from "../onnxruntime/library.ts";
export type { WebWorker } from "./browser-worker.ts";
export type { OrtWebLibrary } from "./import-library.ts";
export { onnxWeb } from "./onnx-web.ts";
export type { OnnxWebOptions, WasmPaths } from "./onnx-web-options.ts";
export { type WebEnvironment, type WebGpuReport, webEnvironment } from "./web-environment.ts";
export type { WebDevice } from "./worker-start.ts";
