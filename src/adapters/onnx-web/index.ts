/**
 * ONNX Runtime in the browser: WASM, WebGPU. Needs `onnxruntime-web`.
 *
 * @module modelwright/onnx-web
 */

export type { OrtLibrary, OrtSession, OrtSessionOptions, OrtTensor, OrtValueMetadata } from "../onnxruntime/library.ts";
export { type OnnxWebOptions, type OrtWebLibrary, onnxWeb, type WasmPaths } from "./onnx-web.ts";
