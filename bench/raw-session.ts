import { InferenceSession, Tensor } from "onnxruntime-node";

/** onnxruntime-node by itself, with the threads that a session of ours gives a model. */
export function rawSession(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
}

/** A tensor of the engine over `data`. */
export function rawTensor(data: Float32Array, dims: readonly number[]): Tensor {
  return new Tensor("float32", data, dims);
}
