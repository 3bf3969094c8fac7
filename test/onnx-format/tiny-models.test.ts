import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type ElementType, elementTypes } from "../../src/core/element-type.ts";
import { readOnnxModel } from "../../src/onnx-format/index.ts";
import {
  addModel,
  externalDataModel,
  fixedBatchModel,
  identityModel,
  int4OutputModel,
  twoColumnModel,
  zipMapModel,
} from "../../src/testing/tiny-models.ts";

const float = (...rows: readonly (readonly number[])[]) =>
  new ort.Tensor("float32", Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);

async function run(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, ort.Tensor>>,
  outputs: readonly string[],
): Promise<unknown[]> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  try {
    const answer = await session.run(feeds, outputs);
    return outputs.map((name) => Array.from(answer[name]!.data as Iterable<unknown>));
  } finally {
    await session.release();
  }
}

describe("tiny models", () => {
  it("are read with the types that they declare", () => {
    for (const type of Object.keys(elementTypes) as ElementType[]) {
      const info = readOnnxModel(identityModel(type, [1, "n", 3]));
      const value = { kind: "tensor", type, dims: [1, "n", 3] };
      expect(info.inputs).toEqual([{ name: "x", ...value }]);
      expect(info.outputs).toEqual([{ name: "y", ...value }]);
    }
    expect(readOnnxModel(int4OutputModel()).outputs).toEqual([{ name: "y", kind: "tensor", type: "int4", dims: ["batch", 2] }]);
    expect(readOnnxModel(zipMapModel())).toMatchObject({
      opsets: { "ai.onnx": 17, "ai.onnx.ml": 3 },
      outputs: [
        { kind: "tensor" },
        { kind: "tensor" },
        { name: "probability_by_class", kind: "sequence", type: undefined, dims: null },
      ],
      operators: ["ai.onnx.ml:ZipMap", "ai.onnx:ArgMax", "ai.onnx:Softmax"],
    });
    expect(readOnnxModel(externalDataModel("w.bin")).externalData).toEqual([
      { tensor: "weights", location: "w.bin", offset: 0, length: 8 },
    ]);
    expect(() => readOnnxModel(externalDataModel("../w.bin"))).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));
  });

  it("answer their inputs unchanged, whatever the type", async () => {
    const tensors = [
      new ort.Tensor("int64", BigInt64Array.of(-1n, 2n ** 62n), [1, 2]),
      new ort.Tensor("uint8", Uint8Array.of(0, 255), [1, 2]),
      new ort.Tensor("float64", Float64Array.of(0.1, -1e300), [1, 2]),
      new ort.Tensor("bool", Uint8Array.of(0, 1), [1, 2]),
      new ort.Tensor("string", ["", "größe"], [1, 2]),
    ];
    for (const x of tensors) {
      expect(await run(identityModel(x.type as ElementType), { x }, ["y"])).toEqual([Array.from(x.data as Iterable<unknown>)]);
    }
  });

  it("load in ONNX Runtime where its binding has the type", async () => {
    const types = [
      "float32",
      "uint8",
      "int8",
      "uint16",
      "int16",
      "int32",
      "int64",
      "string",
      "bool",
      "float16",
      "float64",
      "uint32",
    ];
    for (const type of [...types, "uint64"] as ElementType[]) {
      const session = await ort.InferenceSession.create(identityModel(type), { logSeverityLevel: 3 });
      expect(session.inputNames).toEqual(["x"]);
      await session.release();
    }
    // Running it would abort the process.
    const int4 = await ort.InferenceSession.create(int4OutputModel(), { logSeverityLevel: 3 });
    expect(int4.outputNames).toEqual(["y"]);
    await int4.release();
  });

  it("compute what they say", async () => {
    expect(await run(addModel(), { a: float([1, 2]), b: float([10, 20]) }, ["sum"])).toEqual([[11, 22]]);
    const count = new ort.Tensor("int64", BigInt64Array.of(3n, 4n), [2, 1]);
    expect(await run(twoColumnModel(), { amount: float([0.5], [1.5]), count }, ["total"])).toEqual([[3.5, 5.5]]);
    expect(await run(fixedBatchModel(), { x: float([1, 2, 3]) }, ["y"])).toEqual([[2, 4, 6]]);
    await expect(run(fixedBatchModel(), { x: float([1, 2, 3], [1, 2, 3]) }, ["y"])).rejects.toThrow(/dimension/i);
    const [label, probabilities] = await run(zipMapModel(), { scores: float([0, 0], [0, 5]) }, ["label", "probabilities"]);
    expect(label).toEqual([0n, 1n]);
    expect(probabilities).toEqual([
      0.5,
      0.5,
      expect.closeTo(1 / (1 + Math.exp(5)), 6),
      expect.closeTo(1 / (1 + Math.exp(-5)), 6),
    ]);
  });
});
