import * as ort from "onnxruntime-node";

/** What an output of ONNX Runtime holds. */
export interface Answer {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: readonly unknown[];
}

/** A float32 tensor for ONNX Runtime. */
export function float32(values: readonly number[], dims: readonly number[] = [values.length]): ort.Tensor {
  return new ort.Tensor("float32", Float32Array.from(values), dims);
}

/** Runs a model in ONNX Runtime and answers all its outputs by name. */
export async function runTensors(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, ort.Tensor>>,
): Promise<Readonly<Record<string, Answer>>> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  try {
    const outputs = Object.entries(await session.run(feeds));
    return Object.fromEntries(
      outputs.map(([name, { type, dims, data }]) => [
        name,
        { type, dims: [...dims], data: Array.from(data as Iterable<unknown>) },
      ]),
    );
  } finally {
    await session.release();
  }
}
