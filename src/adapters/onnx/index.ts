/**
 * ONNX Runtime on Node. Needs `onnxruntime-node`.
 *
 * @module modelwright/onnx
 */

export type { OrtLibrary, OrtSession, OrtSessionOptions, OrtTensor, OrtValueMetadata } from "../onnxruntime/library.ts";
export { type OnnxOptions, onnx } from "./onnx.ts";
