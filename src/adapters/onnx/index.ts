export type { OrtLibrary, OrtSession, OrtSessionOptions, OrtTensor, OrtValueMetadata } from "../onnxruntime/library.ts";
export { type OnnxOptions, onnx } from "./onnx.ts";
