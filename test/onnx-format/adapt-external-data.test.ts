import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type ElementType, elementTypes } from "../../src/core/element-type.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { tensor } from "../../src/core/tensor.ts";
import { adaptModel, externalFiles } from "../../src/onnx-format/adapt-model.ts";
import { readOnnxModel } from "../../src/onnx-format/index.ts";
import { type GraphSpec, writeModel } from "../../src/onnx-format/write-model.ts";
import { addModel, externalDataModel } from "../../src/testing/tiny-models.ts";
import { external, type Field, modelOf, proto } from "./proto.ts";
import { float32, runTensors } from "./run-tensors.ts";

const inline = (bytes: Uint8Array, files: Readonly<Record<string, Uint8Array>>, maxBytes?: number) =>
  adaptModel(bytes, readOnnxModel(bytes), { files: new Map(Object.entries(files)), maxBytes });

/** Code and reason of the refusal. */
function refusal(bytes: Uint8Array, files: Readonly<Record<string, Uint8Array>>, maxBytes?: number): readonly [string, string] {
  try {
    inline(bytes, files, maxBytes);
  } catch (error) {
    if (ModelwrightError.is(error, "MODEL_INVALID") || ModelwrightError.is(error, "MODEL_UNSUPPORTED"))
      return [error.code, error.details.reason];
    throw error;
  }
  throw new Error("it was taken");
}

const floats = (...values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
const value = (name: string) => ({ name, type: { tensor: "float32", dims: [2] } }) as const;
const flag = { name: "flag", type: { tensor: "bool", dims: [] } } as const;
const weight = (location: string, more: Readonly<Record<string, string>> = {}) =>
  ({ type: "float32", dims: [2], external: { location, ...more } }) as const;

/** A model whose one tensor is external, with these fields and entries. */
const one = (fields: readonly Field[], entries: Readonly<Record<string, string>> = {}) =>
  modelOf([[5, Uint8Array.from([...proto(...fields), ...external("w", { location: "w.bin", ...entries })])]]);

describe("externalFiles", () => {
  it("lists each file once, whatever the spelling of its path", () => {
    const paths = ["b/w.bin", "./a.bin", "b/./w.bin", "a.bin", "b//w.bin", "./b/w.bin"];
    const info = readOnnxModel(modelOf(paths.map((location) => [5, external("w", { location })] as const)));
    expect(externalFiles(info)).toEqual(["b/w.bin", "a.bin"]);
    expect(externalFiles(readOnnxModel(addModel()))).toEqual([]);
  });

  it("refuses a path of the folder itself", () => {
    const info = readOnnxModel(modelOf([[5, external("w", { location: "./." })]]));
    expect(() => externalFiles(info)).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));
  });
});

describe("adaptModel on external data", () => {
  it("puts the elements inside, which the engine then has without the file", async () => {
    const bytes = externalDataModel("./weights.bin");
    await expect(runTensors(bytes, { x: float32([1, 2], [1, 2]) })).rejects.toThrow();
    const adapted = inline(bytes, { "weights.bin": floats(3, 4) });
    expect(adapted.info).toEqual(readOnnxModel(adapted.bytes));
    expect(adapted.info.externalData).toEqual([]);
    const { y } = await runTensors(adapted.bytes, { x: float32([1, 2], [1, 2]) });
    expect(y!.data).toEqual([3, 8]);
    const whole = { weights: tensor("float32", Float32Array.of(3, 4), [2]) };
    const { inputs, outputs, graphName: name } = readOnnxModel(bytes);
    const spec = ({ name, dims }: (typeof inputs)[0]) => ({ name, type: { tensor: "float32", dims: dims! } }) as const;
    const nodes = [{ operator: "Mul", inputs: ["x", "weights"], outputs: ["y"] }];
    const expected = writeModel({ name, inputs: inputs.map(spec), outputs: outputs.map(spec), nodes, initializers: whole });
    // Only the tensor's name comes before its elements here, so the files are the same.
    expect(Buffer.from(adapted.bytes)).toEqual(Buffer.from(expected));
  });

  it("does so in subgraphs", async () => {
    const branch = (name: string, location: string, offset: string): GraphSpec => ({
      name,
      inputs: [],
      outputs: [value(`${name}.y`)],
      nodes: [{ operator: "Mul", inputs: ["x", `${name}.w`], outputs: [`${name}.y`] }],
      initializers: { [`${name}.w`]: weight(location, { offset }) },
    });
    const bytes = writeModel({
      name: "m",
      inputs: [value("x"), flag],
      outputs: [value("y")],
      nodes: [
        {
          operator: "If",
          inputs: ["flag"],
          outputs: ["product"],
          attributes: {
            then_branch: { graph: branch("then", "a/w.bin", "8") },
            else_branch: { graph: branch("else", "./a//w.bin", "0") },
          },
        },
        { operator: "Add", inputs: ["product", "bias"], outputs: ["y"] },
      ],
      initializers: { bias: weight("b.bin", { offset: "4", length: "8", checksum: "later" }) },
    });
    expect(externalFiles(readOnnxModel(bytes))).toEqual(["a/w.bin", "b.bin"]);
    const adapted = inline(bytes, { "a/w.bin": floats(1, 2, 3, 4), "b.bin": floats(9, 0.5, 0.25, 9) });
    for (const [taken, expected] of [
      [true, [30.5, 400.25]],
      [false, [10.5, 200.25]],
    ] as const) {
      const feeds = { x: float32([10, 100]), flag: new ort.Tensor("bool", [taken], []) };
      expect((await runTensors(adapted.bytes, feeds))["y"]!.data).toEqual(expected);
    }
  });

  it("does so in functions and attributes", async () => {
    const constant = (name: string, offset: string) =>
      Uint8Array.from([...proto([1, 2], [2, 1]), ...external(name, { location: "w.bin", offset })]);
    const node = (output: string, offset: string): Uint8Array =>
      proto([2, output], [4, "Constant"], [5, proto([1, "value"], [5, constant("", offset)], [20, 4])]);
    const binary = (operator: string, a: string, b: string, output: string): Uint8Array =>
      proto([1, a], [1, b], [2, output], [4, operator]);
    const scale: Field = [
      25,
      proto(
        [1, "Scale"],
        [4, "x"],
        [5, "y"],
        [7, node("w", "0")],
        [7, binary("Mul", "x", "w", "y")],
        [9, proto([1, ""], [2, 17])],
        [10, "own"],
      ),
    ];
    const type = proto([1, proto([1, 1], [2, proto([1, proto([1, 2])])])]);
    const graph = proto(
      [1, proto([1, "x"], [2, "s"], [4, "Scale"], [7, "own"])],
      [1, node("w", "8")],
      [1, binary("Add", "s", "w", "y")],
      [2, "g"],
      [11, proto([1, "x"], [2, type])],
      [12, proto([1, "y"], [2, type])],
    );
    const bytes = proto([1, 8], [8, proto([2, 17])], [8, proto([1, "own"], [2, 1])], [7, graph], scale);
    const adapted = inline(bytes, { "w.bin": floats(2, 3, 0.5, 0.25) });
    expect((await runTensors(adapted.bytes, { x: float32([1, 10]) }))["y"]!.data).toEqual([2.5, 30.25]);
  });

  it("finds tensors wherever readOnnxModel does", () => {
    const w = (name: string) => external(name, { location: "w.bin" });
    // Without a type there is no length to be had, so each place is tried alone.
    const places: readonly ((tensor: Uint8Array) => Uint8Array)[] = [
      (t) => modelOf([[5, t]]),
      (t) => modelOf([[15, proto([1, t])]]),
      (t) => modelOf([[15, proto([2, t])]]),
      ...[5, 10].map((field) => (t: Uint8Array) => modelOf([[1, proto([4, "C"], [5, proto([field, t])])]])),
      ...[22, 23].map((field) => (t: Uint8Array) => modelOf([[1, proto([4, "C"], [5, proto([field, proto([1, t])])])]])),
      ...[6, 11].map((field) => (t: Uint8Array) => modelOf([[1, proto([4, "C"], [5, proto([field, proto([5, t])])])]])),
      (t) => modelOf([], [25, proto([7, proto([4, "C"], [5, proto([5, t])])])]),
      (t) => modelOf([], [25, proto([11, proto([5, t])])]),
    ];
    for (const place of places) {
      const typed = Uint8Array.from([...proto([1, 2], [2, 2]), ...w("w")]);
      expect(readOnnxModel(place(typed)).externalData).toHaveLength(1);
      const adapted = inline(place(typed), { "w.bin": Uint8Array.of(1, 2) });
      expect(Buffer.from(adapted.bytes)).toEqual(
        Buffer.from(place(Uint8Array.from([...proto([1, 2], [2, 2], [8, "w"]), ...proto([9, Uint8Array.of(1, 2)])]))),
      );
    }
  });

  it("leaves external data where it is when no files are given", () => {
    const bytes = externalDataModel("w.bin");
    expect(adaptModel(bytes, readOnnxModel(bytes)).bytes).toBe(bytes);
  });

  it("takes away elements that such a tensor has besides, so that there is one answer", () => {
    const raw = Uint8Array.of(9, 9);
    const both = one([
      [1, 2],
      [2, 2],
      [9, raw],
      [5, 7],
      [3, proto([1, 1])],
      [90, "later"],
    ]);
    const expected = modelOf([[5, proto([1, 2], [2, 2], [3, proto([1, 1])], [90, "later"], [8, "w"], [9, Uint8Array.of(1, 2)])]]);
    expect(Buffer.from(inline(both, { "w.bin": Uint8Array.of(1, 2) }).bytes)).toEqual(Buffer.from(expected));
  });

  it("takes as many bytes as each type needs", () => {
    for (const [type, { onnx, bits }] of Object.entries(elementTypes) as [ElementType, { onnx: number; bits: number }][]) {
      if (type === "string") continue;
      const bytes = one([
        [1, proto([1, 3]).subarray(1)],
        [1, 5],
        [2, onnx],
      ]);
      const size = Math.ceil((15 * bits) / 8);
      const file = Uint8Array.from({ length: size + 3 }, (_, i) => i + 1);
      const { bytes: adapted } = inline(bytes, { "w.bin": file });
      expect(Buffer.from(adapted).includes(Buffer.from(proto([9, file.subarray(0, size)])))).toBe(true);
      expect(refusal(bytes, { "w.bin": file.subarray(0, size - 1) })[1]).toContain("needs bytes 0 to");
    }
  });

  it.each<[string, readonly Field[], Readonly<Record<string, string>>, string, string]>([
    ["text", [[2, 8]], {}, "MODEL_INVALID", "has text"],
    ["an unknown type", [[2, 99]], {}, "MODEL_UNSUPPORTED", "unknown element type 99"],
    ["no type", [], {}, "MODEL_UNSUPPORTED", "unknown element type 0"],
    [
      "a negative extent",
      [
        [1, -1],
        [2, 2],
      ],
      {},
      "MODEL_INVALID",
      "negative extent",
    ],
    [
      "another length than it needs",
      [
        [1, 3],
        [2, 1],
      ],
      { length: "8" },
      "MODEL_INVALID",
      "need 12",
    ],
    [
      "an offset beyond the file",
      [
        [1, 1],
        [2, 1],
      ],
      { offset: "9" },
      "MODEL_INVALID",
      "needs bytes 9 to 13",
    ],
    [
      "an offset near 2^53",
      [
        [1, 1],
        [2, 1],
      ],
      { offset: "9007199254740991" },
      "MODEL_INVALID",
      "needs bytes",
    ],
    [
      "more elements than fit",
      [
        [1, 2 ** 40],
        [1, 2 ** 40],
        [1, 2 ** 40],
        [2, 1],
      ],
      {},
      "MODEL_INVALID",
      "needs bytes",
    ],
    [
      "more extents than a number holds",
      [...Array.from({ length: 30 }, () => [1, 2 ** 52] as const), [2, 1]],
      {},
      "MODEL_INVALID",
      "needs bytes",
    ],
    [
      "1001 extents",
      [
        [1, new Uint8Array(1001)],
        [2, 1],
      ],
      {},
      "MODEL_INVALID",
      "more than 1000 extents",
    ],
  ])("refuses a tensor with %s", (_, fields, entries, code, reason) => {
    const [actual, text] = refusal(one(fields, entries), { "w.bin": new Uint8Array(8) });
    expect(text).toContain(reason);
    expect(actual).toBe(code);
  });

  it("takes an empty tensor at the end of the file", () => {
    const bytes = one(
      [
        [1, 2 ** 52],
        [1, 0],
        [1, 2 ** 52],
        [2, 1],
      ],
      { offset: "8" },
    );
    expect(inline(bytes, { "w.bin": new Uint8Array(8) }).info.externalData).toEqual([]);
    expect(refusal(bytes, { "w.bin": new Uint8Array(7) })[0]).toBe("MODEL_INVALID");
  });

  it("refuses a model whose file was not given", () => {
    expect(refusal(externalDataModel("a/w.bin"), { "w.bin": floats(1, 2) })).toEqual([
      "MODEL_UNSUPPORTED",
      "weights are in another file, a/w.bin, which was not given",
    ]);
  });

  it("refuses a result beyond the limit, before it takes memory", () => {
    const file = new Uint8Array(1024 * 1024);
    const tensors = (count: number) =>
      Array.from({ length: count }, (_, i) => {
        const tensor = [...proto([1, file.length], [2, 2]), ...external(`w${i}`, { location: "w.bin" })];
        return [5, Uint8Array.from(tensor)] as const;
      });
    // All of them are one file of one MiB.
    const before = process.memoryUsage().arrayBuffers;
    const [code, reason] = refusal(modelOf(tensors(2048)), { "w.bin": file });
    expect(code).toBe("MODEL_UNSUPPORTED");
    expect(reason).toContain(`more than ${2 ** 31 - 2 ** 16} bytes`);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6);
    expect(refusal(modelOf(tensors(3)), { "w.bin": file }, 3e6)[0]).toBe("MODEL_UNSUPPORTED");
    expect(inline(modelOf(tensors(3)), { "w.bin": file }, 4e6).bytes.length).toBeGreaterThan(3 * file.length);
  });

  it("gives the engine exactly the bytes of the file, of a part of a buffer too", () => {
    const file = Buffer.concat([Buffer.from("before"), Buffer.from(floats(1.5, -2)), Buffer.from("after")]).subarray(6);
    const { bytes } = inline(externalDataModel("w.bin"), { "w.bin": file });
    expect(Buffer.from(bytes).includes(Buffer.from(floats(1.5, -2)))).toBe(true);
    expect(Buffer.from(bytes).includes("after")).toBe(false);
  });
});
