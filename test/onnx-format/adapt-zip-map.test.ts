import { describe, expect, it } from "vitest";
import { adaptModel } from "../../src/onnx-format/adapt-model.ts";
import { readOnnxModel } from "../../src/onnx-format/index.ts";
import { type AttributeSpec, type NodeSpec, type ValueSpec, writeModel } from "../../src/onnx-format/write-model.ts";
import { zipMapModel } from "../../src/testing/tiny-models.ts";
import { type Field, modelOf, proto } from "./proto.ts";
import { float32, runTensors } from "./run-tensors.ts";

const adapt = (bytes: Uint8Array) => adaptModel(bytes, readOnnxModel(bytes));

const maps = (key: "int64" | "string") =>
  ({ sequence: { map: { key, value: { tensor: "float32", dims: [] } } } }) as const satisfies ValueSpec["type"];

const weights = [
  [1, -1],
  [0.5, 2],
  [-2, 0.25],
];
const bias = [0.1, 0, -0.3];
const rows = [
  [1, 2],
  [-1, 0.5],
];

/** As skl2onnx writes a LogisticRegression by default: the probabilities are no output but through the ZipMap. */
function classifier(labels: AttributeSpec, more: readonly NodeSpec[] = []): Uint8Array<ArrayBuffer> {
  const key = "strings" in labels ? "string" : "int64";
  const name = key === "string" ? "strings" : "int64s";
  const count = "strings" in labels ? labels.strings.length : "ints" in labels ? labels.ints.length : 0;
  return writeModel({
    name: "classifier",
    inputs: [{ name: "float_input", type: { tensor: "float32", dims: ["?", 2] } }],
    outputs: [
      { name: "output_label", type: { tensor: key, dims: ["?"] } },
      { name: "output_probability", type: maps(key) },
    ],
    nodes: [
      {
        operator: "LinearClassifier",
        domain: "ai.onnx.ml",
        inputs: ["float_input"],
        outputs: ["output_label", "probability_tensor"],
        attributes: {
          coefficients: { floats: weights.slice(0, count).flat() },
          intercepts: { floats: bias.slice(0, count) },
          [`classlabels_${key === "string" ? "strings" : "ints"}`]: labels,
          post_transform: { string: "SOFTMAX" },
        },
      },
      {
        operator: "Normalizer",
        domain: "ai.onnx.ml",
        inputs: ["probability_tensor"],
        outputs: ["probabilities"],
        attributes: { norm: { string: "L1" } },
      },
      {
        operator: "ZipMap",
        domain: "ai.onnx.ml",
        inputs: ["probabilities"],
        outputs: ["output_probability"],
        attributes: { [`classlabels_${name}`]: labels },
      },
      ...more,
    ],
  });
}

/** A model around one ZipMap from `scores` to `y`, an output; `fields` are further fields of the graph. */
function zipMapOf(attributes: readonly Field[], ...fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const node = proto([1, "scores"], [2, "y"], [4, "ZipMap"], [7, "ai.onnx.ml"], ...attributes);
  const sequence = proto([4, proto([1, proto([5, proto([1, 7])])])]);
  return proto(
    [1, 8],
    [8, proto([1, "ai.onnx.ml"], [2, 1])],
    [7, proto([1, node], [12, proto([1, "y"], [2, sequence])], ...fields)],
  );
}

const softmax = (row: readonly number[]) => {
  const powers = weights.map((weight, i) => Math.exp(weight[0]! * row[0]! + weight[1]! * row[1]! + bias[i]!));
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
};
const expected = rows.map(softmax);
const best = expected.map((row) => row.indexOf(Math.max(...row)));

describe("adaptModel on a ZipMap", () => {
  it("answers probabilities and class names of scikit-learn's default layout, with integer and with text labels", async () => {
    const cases = [
      { labels: { ints: [10, -20, 30] }, classes: [10, -20, 30], encoded: [10n, -20n, 30n] },
      { labels: { strings: ["cat", "größe", ""] }, classes: ["cat", "größe", ""], encoded: ["cat", "größe", ""] },
    ];
    for (const { labels, classes, encoded } of cases) {
      const bytes = classifier(labels);
      await expect(runTensors(bytes, { float_input: float32(rows.flat(), [2, 2]) })).rejects.toThrow("Non tensor type");
      const adapted = adapt(bytes);
      expect({ ...adapted.classes }).toEqual({ output_probability: classes });
      expect(adapted.info.outputs).toEqual([
        { name: "output_label", kind: "tensor", type: "strings" in labels ? "string" : "int64", dims: ["?"] },
        { name: "output_probability", kind: "tensor", type: "float32", dims: ["?", 3] },
      ]);
      expect(adapted.info).toEqual(readOnnxModel(adapted.bytes));
      const answers = await runTensors(adapted.bytes, { float_input: float32(rows.flat(), [2, 2]) });
      expect(answers["output_label"]!.data).toEqual(best.map((i) => encoded[i]));
      const { dims, data } = answers["output_probability"]!;
      expect(dims).toEqual([2, 3]);
      for (const [i, value] of expected.flat().entries()) expect(data[i]).toBeCloseTo(value, 5);
    }
  });

  it("takes the symbolic rows of the probabilities where the model declares them", () => {
    const adapted = adapt(zipMapModel());
    expect(adapted.info.outputs[2]).toEqual({
      name: "probability_by_class",
      kind: "tensor",
      type: "float32",
      dims: ["batch", 2],
    });
    expect({ ...adapted.classes }).toEqual({ probability_by_class: [0, 1] });
  });

  it("answers one row of probabilities for a vector", async () => {
    const labels: Field = [5, proto([1, "classlabels_strings"], [9, "a"], [9, "b"], [20, 8])];
    const vector = proto([1, proto([1, 1], [2, proto([1, proto([1, 2])])])]);
    const adapted = adapt(zipMapOf([labels], [2, "g"], [11, proto([1, "scores"], [2, vector])]));
    expect(adapted.info.outputs).toEqual([{ name: "y", kind: "tensor", type: "float32", dims: [2] }]);
    // The file had no operators of the default domain.
    expect(adapted.info.opsets["ai.onnx"]).toBe(13);
    expect((await runTensors(adapted.bytes, { scores: float32([0.25, 0.75]) }))["y"]!.data).toEqual([0.25, 0.75]);
  });

  it("gives a label that a number does not hold exactly as text, from packed and from single integers", () => {
    const big = [2 ** 53 - 1, Number.MIN_SAFE_INTEGER];
    const single: Field[] = big.map((value) => [8, value]);
    const beyond = Uint8Array.of(
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0x7f,
      0x80,
      0x80,
      0x80,
      0x80,
      0x80,
      0x80,
      0x80,
      0x10,
    );
    const adapted = adapt(zipMapOf([[5, proto([1, "classlabels_int64s"], ...single, [8, beyond], [20, 7])]]));
    expect(adapted.classes["y"]).toEqual([...big, "9223372036854775807", "9007199254740992"]);
  });

  it("leaves the node alone when another node uses its maps, in a subgraph too", () => {
    const use: NodeSpec = { operator: "DictVectorizer", inputs: ["output_probability"], outputs: ["z"] };
    const inside: NodeSpec = {
      operator: "If",
      inputs: ["c"],
      outputs: ["z"],
      attributes: { then_branch: { graph: { name: "t", inputs: [], outputs: [], nodes: [use] } } },
    };
    for (const node of [use, inside]) {
      const bytes = classifier({ ints: [1, 2, 3] }, [node]);
      const adapted = adapt(bytes);
      expect(adapted.bytes).toBe(bytes);
      expect(Object.keys(adapted.classes)).toEqual([]);
    }
  });

  it("leaves a node inside a subgraph alone", () => {
    const attribute: Field = [5, proto([1, "classlabels_int64s"], [8, 1])];
    const inside = proto([1, proto([1, "s"], [2, "y"], [4, "ZipMap"], [7, "ai.onnx.ml"], attribute)], [12, proto([1, "y"])]);
    const bytes = modelOf([[1, proto([2, "y"], [4, "If"], [5, proto([6, inside])])]]);
    expect(adapt(bytes).bytes).toBe(bytes);
    expect(Object.keys(adapt(bytes).classes)).toEqual([]);
  });

  it("does not take the name of a function's own value for a use", () => {
    const bytes = zipMapOf([[5, proto([1, "classlabels_int64s"], [8, 1])]]);
    const withFunction = Uint8Array.from([...bytes, ...proto([25, proto([7, proto([1, "y"], [4, "Neg"])])])]);
    expect(adapt(withFunction).classes["y"]).toEqual([1]);
  });

  it.each<[string, readonly Field[]]>([
    ["no labels", []],
    ["no labels of a known name", [[5, proto([1, "later"], [8, 1])]]],
    [
      "labels of both kinds",
      [
        [5, proto([1, "classlabels_int64s"], [8, 1])],
        [5, proto([1, "classlabels_strings"], [9, "a"])],
      ],
    ],
    [
      "two inputs",
      [
        [1, "more"],
        [5, proto([1, "classlabels_int64s"], [8, 1])],
      ],
    ],
    [
      "two outputs",
      [
        [2, "more"],
        [5, proto([1, "classlabels_int64s"], [8, 1])],
      ],
    ],
  ])("leaves a node with %s alone", (_, attributes) => {
    const bytes = zipMapOf(attributes);
    expect(adapt(bytes).bytes).toBe(bytes);
  });

  it("leaves maps that no ZipMap explains", () => {
    const bytes = writeModel({
      name: "sequence",
      inputs: [],
      outputs: [{ name: "y", type: maps("int64") }],
      nodes: [{ operator: "ZipMap", inputs: ["x"], outputs: ["y"], attributes: { classlabels_int64s: { ints: [1] } } }],
    });
    expect(adapt(bytes).bytes).toBe(bytes);
  });

  it("keeps everything else byte for byte, unknown fields included", () => {
    const labels: Field = [5, proto([1, "classlabels_int64s"], [8, 1], [20, 7])];
    const unknown: Field = [90, "of a later version"];
    // The same file, written with the Identity in the place of the ZipMap.
    const names: Field[] = [[1, "scores"], [2, "y"], [3, "name"], [6, "documentation"], unknown];
    const sequence = proto([4, proto([1, proto([5, proto([1, 7])])])]);
    const tensorType = proto([1, proto([1, 1], [2, proto([1, proto()], [1, proto([1, 1])])])]);
    const graph = (node: Uint8Array, output: Uint8Array) =>
      proto([1, proto([4, "Before"])], [1, node], unknown, [12, output], [1, proto([4, "After"])], unknown);
    const model = (graph: Uint8Array) =>
      proto([8, proto([2, 17])], unknown, [7, graph], unknown, [1, 8], [8, proto([1, "ai.onnx.ml"])]);
    const output: Field[] = [[1, "y"], [3, "documentation"], unknown];
    const before = model(graph(proto(...names, [4, "ZipMap"], labels, [7, "ai.onnx.ml"]), proto(...output, [2, sequence])));
    const after = model(graph(proto(...names, [4, "Identity"]), proto(...output, [2, tensorType])));
    expect(Buffer.from(adapt(before).bytes)).toEqual(Buffer.from(after));
  });

  it("keeps class names apart from what objects inherit", () => {
    const attribute: Field = [5, proto([1, "classlabels_int64s"], [8, 1])];
    const node = proto([1, "s"], [2, "__proto__"], [4, "ZipMap"], [7, "ai.onnx.ml"], attribute);
    const bytes = modelOf([
      [1, node],
      [12, proto([1, "__proto__"])],
    ]);
    const { classes } = adapt(bytes);
    expect(Object.getPrototypeOf(classes)).toBeNull();
    expect(Object.entries(classes)).toEqual([["__proto__", [1]]]);
  });

  it("refuses a million and one labels, of one node or of several", () => {
    const labels = (count: number): Field => [5, proto([1, "classlabels_int64s"], [8, new Uint8Array(count)])];
    const again = proto([1, "scores"], [2, "y"], [4, "ZipMap"], [7, "ai.onnx.ml"], labels(1));
    for (const bytes of [zipMapOf([labels(1_000_001)]), zipMapOf([labels(1_000_000)], [1, again])]) {
      expect(() => adapt(bytes)).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));
    }
    expect(adapt(zipMapOf([labels(1_000_000)])).classes["y"]).toHaveLength(1_000_000);
  });
});
