/**
 * ONNX Runtime on Node. Needs `onnxruntime-node`.
 *
 * @module modelwright/onnx
 */

export type { OrtLibrary, OrtSession, OrtSessionOptions, OrtTensor, OrtValueMetadata } from "../onnxruntime/library.ts";
export { onnx } from "./onnx.ts";
export type { OnnxDevice, OnnxOptions } from "./onnx-options.ts";
