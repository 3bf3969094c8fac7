import * as ort from "onnxruntime-node";

/** Runs a model with one float32 input and one float32 output in ONNX Runtime; answers the rows of the output. */
export async function runOnnx(bytes: Uint8Array, rows: readonly (readonly number[])[]): Promise<number[][]> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  try {
    const features = new ort.Tensor("float32", Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
    const outputs = await session.run({ [session.inputNames[0]!]: features });
    const { data, dims } = outputs[session.outputNames[0]!]!;
    const width = dims[1]!;
    return rows.map((_, i) => Array.from(data as Float32Array).slice(i * width, (i + 1) * width));
  } finally {
    await session.release();
  }
}
