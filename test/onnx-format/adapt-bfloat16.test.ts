import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { fromBfloat16Bits, toBfloat16Bits } from "../../src/core/bfloat16.ts";
import { tensor } from "../../src/core/tensor.ts";
import { adaptModel } from "../../src/onnx-format/adapt-model.ts";
import { readOnnxModel } from "../../src/onnx-format/index.ts";
import { type GraphSpec, type NodeSpec, type ValueSpec, writeModel } from "../../src/onnx-format/write-model.ts";
import { identityModel } from "../../src/testing/tiny-models.ts";
import { type Field, proto } from "./proto.ts";
import { float32, runTensors } from "./run-tensors.ts";

const adapt = (bytes: Uint8Array) => adaptModel(bytes, readOnnxModel(bytes), { castBfloat16: true });
const refused = (bytes: Uint8Array) => expect(() => adapt(bytes)).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));

const bf16 = (name: string): ValueSpec => ({ name, type: { tensor: "bfloat16", dims: ["n"] } });
const f32 = (name: string): ValueSpec => ({ name, type: { tensor: "float32", dims: ["n"] } });
const flag: ValueSpec = { name: "flag", type: { tensor: "bool", dims: [] } };
const cast = (from: string, to: string, type: "float32" | "bfloat16"): NodeSpec => ({
  operator: "Cast",
  inputs: [from],
  outputs: [to],
  attributes: { to: { int: type === "float32" ? 1 : 16 } },
});
const identity = (from: string, to: string): NodeSpec => ({ operator: "Identity", inputs: [from], outputs: [to] });
const yes = (value: boolean) => new ort.Tensor("bool", [value], []);

/** The numbers that an engine with bfloat16 would see. */
const rounded = (values: readonly number[]) => values.map((value) => fromBfloat16Bits(toBfloat16Bits(value)));
const values = [1.001, -2.345, 3e38, 0.1];

/** Twice `x`, added as float32 because the engine has no bfloat16 arithmetic. */
const doubled = (x: string, result: string): NodeSpec[] => [
  cast(x, `${result}.single`, "float32"),
  { operator: "Mul", inputs: [`${result}.single`, "two"], outputs: [`${result}.doubled`] },
  cast(`${result}.doubled`, result, "bfloat16"),
];
const two = { two: tensor("float32", Float32Array.of(0.5)) };

const branches = (then: GraphSpec, otherwise: GraphSpec, result: string): NodeSpec => ({
  operator: "If",
  inputs: ["flag"],
  outputs: [result],
  attributes: { then_branch: { graph: then }, else_branch: { graph: otherwise } },
});
const branch = (name: string, nodes: readonly NodeSpec[], output: string, inputs: readonly ValueSpec[] = []): GraphSpec => ({
  name,
  inputs,
  outputs: [bf16(output)],
  nodes,
});

describe("adaptModel on bfloat16 inputs and outputs", () => {
  it("declares them as float32 and casts inside", async () => {
    const bytes = writeModel({
      name: "m",
      inputs: [bf16("x")],
      outputs: [bf16("y")],
      nodes: doubled("x", "y"),
      initializers: two,
    });
    await expect(runTensors(bytes, { x: float32(values) })).rejects.toThrow("Unsupported data type: 16");
    const adapted = adapt(bytes);
    expect(adapted.cast).toEqual(["x", "y"]);
    expect(adapted.info.inputs).toEqual([{ name: "x", kind: "tensor", type: "float32", dims: ["n"] }]);
    expect(adapted.info.outputs).toEqual([{ name: "y", kind: "tensor", type: "float32", dims: ["n"] }]);
    expect(adapted.info).toEqual(readOnnxModel(adapted.bytes));
    const { y } = await runTensors(adapted.bytes, { x: float32(values) });
    expect(y).toEqual({ type: "float32", dims: [4], data: rounded(rounded(values).map((value) => value / 2)) });
  });

  it("does nothing unless asked to, and nothing where no input or output is bfloat16", () => {
    const bytes = identityModel("bfloat16");
    expect(adaptModel(bytes, readOnnxModel(bytes)).bytes).toBe(bytes);
    const inner = writeModel({
      name: "m",
      inputs: [f32("x")],
      outputs: [f32("y")],
      nodes: [cast("x", "b", "bfloat16"), cast("b", "y", "float32")],
    });
    expect(adapt(inner).bytes).toBe(inner);
  });

  it("renames the values where subgraphs use them, at any depth", async () => {
    const inner = branches(
      branch("inner then", doubled("x", "it"), "it"),
      branch("inner else", [identity("x", "ie")], "ie"),
      "inner",
    );
    const bytes = writeModel({
      name: "m",
      inputs: [bf16("x"), flag],
      outputs: [bf16("y"), f32("z")],
      nodes: [
        identity("x", "y"),
        branches(branch("then", [inner], "inner"), branch("else", [identity("y", "e")], "e"), "b"),
        cast("b", "z", "float32"),
      ],
      initializers: two,
    });
    const adapted = adapt(bytes);
    expect(adapted.cast).toEqual(["x", "y"]);
    const exact = rounded(values);
    for (const taken of [true, false]) {
      const { y, z } = await runTensors(adapted.bytes, { x: float32(values), flag: yes(taken) });
      expect(y!.data).toEqual(exact);
      expect(z!.data).toEqual(taken ? rounded(exact.map((value) => value / 2)) : exact);
    }
  });

  it("leaves a name alone where a subgraph gives it to a value of its own", () => {
    const graph = branch("own", [identity("outer", "x"), identity("x", "r")], "r");
    const deeper = branch("deeper", [branches(graph, branch("as input", [identity("x", "r")], "r", [bf16("x")]), "s")], "s");
    const bytes = writeModel({
      name: "m",
      inputs: [bf16("x"), flag],
      outputs: [f32("z")],
      nodes: [branches(deeper, branch("outer", [identity("x", "s")], "s"), "b"), cast("b", "z", "float32")],
    });
    const expected = writeModel({
      name: "m",
      inputs: [f32("x"), flag],
      outputs: [f32("z")],
      nodes: [
        cast("x", "x.bfloat16", "bfloat16"),
        branches(deeper, branch("outer", [identity("x.bfloat16", "s")], "s"), "b"),
        cast("b", "z", "float32"),
      ],
    });
    expect(Buffer.from(adapt(bytes).bytes)).toEqual(Buffer.from(expected));
  });

  it("passes an input on that is an output too", async () => {
    const bytes = writeModel({ name: "m", inputs: [bf16("x")], outputs: [bf16("x"), bf16("y")], nodes: [identity("x", "y")] });
    const adapted = adapt(bytes);
    expect(adapted.cast).toEqual(["x", "y"]);
    expect(adapted.info.operators).toEqual(["ai.onnx:Cast", "ai.onnx:Identity"]);
    const exact = rounded(values);
    const { x, y } = await runTensors(adapted.bytes, { x: float32(exact) });
    expect([x!.data, y!.data]).toEqual([exact, exact]);
  });

  it("leaves an input that has a default as it is, unless it is an output", async () => {
    const half = tensor("bfloat16", Uint16Array.of(0x3f00, 0x3f00));
    const bytes = writeModel({
      name: "m",
      inputs: [bf16("x"), bf16("w")],
      outputs: [f32("y"), bf16("w")],
      nodes: [
        cast("w", "single", "float32"),
        cast("x", "other", "float32"),
        { operator: "Add", inputs: ["single", "other"], outputs: ["y"] },
      ],
      initializers: { w: half },
    });
    const adapted = adapt(bytes);
    expect(adapted.cast).toEqual(["x", "w"]);
    expect(adapted.info.inputs.map(({ name }) => name)).toEqual(["x"]);
    const { y, w } = await runTensors(adapted.bytes, { x: float32([1, 2]) });
    expect([y!.data, w!.data]).toEqual([
      [1.5, 2.5],
      [0.5, 0.5],
    ]);

    const unused = writeModel({
      name: "m",
      inputs: [f32("x"), bf16("w")],
      outputs: [f32("y")],
      nodes: [cast("w", "single", "float32"), { operator: "Add", inputs: ["single", "x"], outputs: ["y"] }],
      initializers: { w: half },
    });
    expect(adapt(unused).bytes).toBe(unused);
    expect((await runTensors(unused, { x: float32([1, 2]) }))["y"]!.data).toEqual([1.5, 2.5]);
  });

  it("finds names that nothing has, at any depth", async () => {
    const bytes = writeModel({
      name: "m",
      inputs: [bf16("x"), bf16("x.bfloat16_3"), flag],
      outputs: [bf16("y")],
      nodes: [
        branches(
          branch("then", [identity("x", "x.bfloat16_2"), identity("x.bfloat16_2", "r")], "r"),
          branch("else", [identity("x.bfloat16_3", "s")], "s"),
          "y",
        ),
      ],
      initializers: { "x.bfloat16": tensor("float32", Float32Array.of(1)) },
    });
    const adapted = adapt(bytes);
    const feeds = { x: float32([1, 2]), "x.bfloat16_3": float32([3, 4]) };
    expect((await runTensors(adapted.bytes, { ...feeds, flag: yes(true) }))["y"]!.data).toEqual([1, 2]);
    expect((await runTensors(adapted.bytes, { ...feeds, flag: yes(false) }))["y"]!.data).toEqual([3, 4]);
  });

  it("renames what a function is called with, and leaves its inside alone", async () => {
    const functions: Field = [
      25,
      proto(
        [1, "Twice"],
        [4, "x"],
        [5, "y"],
        [7, proto([1, "x"], [2, "y"], [4, "Identity"])],
        [9, proto([1, ""], [2, 17])],
        [10, "own"],
      ),
    ];
    const tensorType = proto([1, proto([1, 16], [2, proto([1, proto([1, 2])])])]);
    const graph = proto(
      [1, proto([1, "x"], [2, "y"], [4, "Twice"], [7, "own"])],
      [2, "g"],
      [11, proto([1, "x"], [2, tensorType])],
      [12, proto([1, "y"], [2, tensorType])],
    );
    const bytes = proto([1, 8], [8, proto([2, 17])], [8, proto([1, "own"], [2, 1])], [7, graph], functions);
    const adapted = adapt(bytes);
    expect(Buffer.from(adapted.bytes).includes(Buffer.from(proto(functions)))).toBe(true);
    expect((await runTensors(adapted.bytes, { x: float32([1, 2]) }))["y"]!.data).toEqual([1, 2]);
  });

  it("renames what is declared of inner values: types, sparse initializers, quantization, lists of graphs", () => {
    const type = proto([1, proto([1, 16])]);
    const value = (name: string) => proto([1, name], [2, type]);
    const graph = (x: string, y: string, outer: Uint8Array, ...casts: Field[]) =>
      proto(
        ...casts.slice(0, 1),
        [13, value(x)],
        [13, value(y)],
        [15, proto([1, proto([8, y])], [2, proto([8, "x"])])],
        [14, proto([1, x], [2, proto([1, "x"], [2, y])])],
        [1, proto([4, "If"], [5, proto([1, "x"], [11, proto([1, proto([1, x], [2, "r"], [4, "Neg"])], [12, value(y)])])])],
        [11, proto([1, "x"], [2, outer])],
        [12, proto([1, "y"], [2, outer])],
        ...casts.slice(1),
      );
    const model = (graph: Uint8Array) => proto([1, 8], [8, proto([2, 17])], [7, graph]);
    const node = (from: string, to: string, type: number): Field => [
      1,
      proto([1, from], [2, to], [4, "Cast"], [5, proto([1, "to"], [3, type], [20, 2])]),
    ];
    const before = model(graph("x", "y", type));
    const after = model(
      graph("x.bfloat16", "y.bfloat16", proto([1, proto([1, 1])]), node("x", "x.bfloat16", 16), node("y.bfloat16", "y", 1)),
    );
    expect(Buffer.from(adapt(before).bytes)).toEqual(Buffer.from(after));
  });

  it("imports the default operators where the model has none, and leaves models alone that are too old to cast", async () => {
    const type = proto([1, proto([1, 16])]);
    const graph = proto([2, "g"], [11, proto([1, "x"], [2, type])], [12, proto([1, "x"], [2, type])]);
    const adapted = adapt(proto([1, 8], [8, proto([1, "ai.onnx.ml"], [2, 3])], [7, graph]));
    expect(adapted.info.opsets["ai.onnx"]).toBe(13);
    const old = proto([1, 6], [8, proto([2, 12])], [7, graph]);
    expect(adapt(old).bytes).toBe(old);
    expect(adapt(old).cast).toEqual([]);
  });

  it("refuses an output that is an input of another type", () => {
    const nodes = [identity("x", "y")];
    refused(writeModel({ name: "m", inputs: [bf16("x")], outputs: [f32("x")], nodes }));
    refused(writeModel({ name: "m", inputs: [f32("x")], outputs: [bf16("x")], nodes }));
  });
});
