import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { elementTypes } from "../../src/core/element-type.ts";
import { modelColumns, readOnnxModel } from "../../src/onnx-format/index.ts";
import { external, type Field, graphFields, modelOf, nested, proto, refusal } from "./proto.ts";

const tensorType = (elements: number, ...dims: readonly Uint8Array[]) =>
  proto([1, proto([1, elements], [2, proto(...dims.map((dim) => [1, dim] as const))])]);

describe("readOnnxModel", () => {
  it("reads what the model says of itself", () => {
    const info = readOnnxModel(
      proto(
        [1, 7],
        [2, "pytorch"],
        [3, "2.9"],
        [4, "com.example"],
        [5, -3],
        [6, "finds fraud"],
        [8, proto([2, 17])],
        [8, proto([1, "ai.onnx"], [2, 15])],
        [8, proto([1, "com.example"], [2, 1])],
        [7, proto(...graphFields, [2, "main"])],
        [14, proto([1, "a"], [2, "old"])],
        [14, proto([1, "a"], [2, "new"])],
        [99, "of a later version"],
      ),
    );
    expect(info).toEqual({
      irVersion: 7,
      producer: { name: "pytorch", version: "2.9" },
      domain: "com.example",
      modelVersion: -3,
      graphName: "main",
      description: "finds fraud",
      opsets: { "ai.onnx": 17, "com.example": 1 },
      inputs: [],
      outputs: [{ name: "y", kind: "unknown", type: undefined, dims: null }],
      metadata: { a: "new" },
      externalData: [],
      operators: ["ai.onnx:Identity"],
    });
  });

  it("reads every element type, and a type of a later version as undefined", () => {
    const layouts = Object.entries(elementTypes);
    const inputs = layouts.map(([name, { onnx }]) => [11, proto([1, name], [2, tensorType(onnx)])] as const);
    const info = readOnnxModel(modelOf([...inputs, [11, proto([1, "later"], [2, tensorType(200)])]]));
    expect(info.inputs.map(({ type }) => type)).toEqual([...layouts.map(([name]) => name), undefined]);
    expect(info.inputs.every(({ dims }) => dims?.length === 0)).toBe(true);
  });

  it("tells numbers, names and unknown extents from an unknown rank", () => {
    const dims = [proto([1, 3]), proto([2, "batch"]), proto(), proto([1, -1]), proto([2, ""]), proto([1, 0])];
    const ranked = proto([1, "ranked"], [2, tensorType(1, ...dims)]);
    const unranked = proto([1, "unranked"], [2, proto([1, proto([1, 1])])]);
    const { inputs } = readOnnxModel(
      modelOf([
        [11, ranked],
        [11, unranked],
      ]),
    );
    expect(inputs.map((input) => input.dims)).toEqual([[3, "batch", "?", "?", "?", 0], null]);
  });

  it("tells tensors from other kinds of values", () => {
    const kinds = { tensor: 1, "sparse-tensor": 8, sequence: 4, map: 5, optional: 9, unknown: 7 };
    const inputs = Object.entries(kinds).map(
      ([kind, field]) => [11, proto([1, kind], [2, proto([field, proto([1, 1])])])] as const,
    );
    expect(readOnnxModel(modelOf(inputs)).inputs.map(({ kind }) => kind)).toEqual(Object.keys(kinds));
  });

  it("leaves out inputs that have an initializer, dense or sparse, in any order", () => {
    const input = (name: string) => [11, proto([1, name])] as const;
    const dense = [5, proto([8, "weights"])] as const;
    const sparse = [15, proto([1, proto([8, "mask"])])] as const;
    const info = readOnnxModel(modelOf([dense, input("x"), input("weights"), input("mask"), sparse]));
    expect(info.inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  it("finds external data and operators at any depth", () => {
    const tensor = (name: string) => external(name, { location: `data/${name}.bin` });
    const attribute = (...fields: readonly Field[]) => [5, proto(...fields)] as const;
    const node = (operator: string, ...fields: readonly Field[]) => [1, proto([4, operator], ...fields)] as const;
    const inner = proto(node("Inner", attribute([5, tensor("constant")])), [5, tensor("inner")]);
    const info = readOnnxModel(
      modelOf(
        [
          [5, external("dense", { location: "./w.bin", offset: "4096", length: "8", checksum: "ab", later: "?" })],
          [15, proto([1, tensor("values")], [2, tensor("indices")])],
          node("If", attribute([6, inner]), attribute([11, proto([5, tensor("listed graph")])])),
          node("Constant", attribute([10, tensor("listed tensor")]), attribute([22, proto([1, tensor("sparse")])])),
          node("Constant", attribute([23, proto([2, tensor("listed sparse")])])),
        ],
        [
          25,
          proto(
            [7, proto([4, "Gelu"], [7, "com.microsoft"], attribute([5, tensor("in function")]))],
            [11, proto([5, tensor("default")])],
          ),
        ],
      ),
    );
    expect(info.externalData[0]).toEqual({ tensor: "dense", location: "./w.bin", offset: 4096, length: 8, checksum: "ab" });
    expect(info.externalData.map((data) => data.tensor)).toEqual([
      ...["dense", "values", "indices", "constant", "inner", "listed graph", "listed tensor", "sparse", "listed sparse"],
      ...["in function", "default"],
    ]);
    expect(info.operators).toEqual(["ai.onnx:Constant", "ai.onnx:Identity", "ai.onnx:If", "ai.onnx:Inner", "com.microsoft:Gelu"]);
  });

  it("passes over entries for external data of a tensor that is not marked external, as engines do", () => {
    const tensor = proto([8, "w"], [13, proto([1, "location"], [2, "w.bin"])], [14, 0]);
    expect(readOnnxModel(modelOf([[5, tensor]])).externalData).toEqual([]);
  });

  it.each([
    "/etc/passwd",
    "../w.bin",
    "a/../../w.bin",
    "a/.. /w.bin",
    "...",
    "C:/w.bin",
    "c:w.bin",
    "a\\w.bin",
    "w\0.bin",
    "*/_ORT_MEM_ADDR_/*",
    "file://w",
    "",
  ])("refuses external data at %j", (location) => {
    expect(refusal(modelOf([[5, external("w", { location })]]))).toContain("no plain relative path");
  });

  it.each(["w.bin", "./w.bin", "a/b..c/w..bin", "onnx__MatMul_1", ".hidden", "größe.bin"])(
    "takes external data at %j",
    (location) => {
      expect(readOnnxModel(modelOf([[5, external("w", { location })]])).externalData).toEqual([{ tensor: "w", location }]);
    },
  );

  it.each(["-1", "1e3", "0x10", " 1", "", "9007199254740992", "99999999999999999999"])("refuses the offset %j", (offset) => {
    expect(refusal(modelOf([[5, external("w", { location: "w", offset })]]))).toContain("no number of bytes");
    expect(refusal(modelOf([[5, external("w", { location: "w", length: offset })]]))).toContain("no number of bytes");
  });

  it("keeps user-keyed records free of prototypes", () => {
    const entry = (key: string) => [14, proto([1, key], [2, '{"polluted":true}'])] as const;
    const info = readOnnxModel(modelOf([], entry("__proto__"), entry("constructor"), [8, proto([1, "__proto__"], [2, 3])]));
    expect(Object.keys(info.metadata)).toEqual(["__proto__", "constructor"]);
    expect(Object.entries(info.opsets)).toEqual([
      ["ai.onnx", 17],
      ["__proto__", 3],
    ]);
    expect(info.metadata["toString"]).toBeUndefined();
    expect(Object.getPrototypeOf(info.metadata)).toBeNull();
    expect("polluted" in {}).toBe(false);
  });

  it("does not keep the bytes", () => {
    const bytes = modelOf([[2, "a graph whose name is longer than what is read byte by byte"]]);
    const info = readOnnxModel(bytes);
    bytes.fill(0);
    expect(info.graphName).toBe("a graph whose name is longer than what is read byte by byte");
  });

  const opset = [8, proto([2, 17])] as const;
  const graph = [7, proto(...graphFields)] as const;
  const node = proto([4, "Identity"]);
  it.each<[string, Uint8Array, string]>([
    ["nothing", proto(), "IR version"],
    ["no graph", proto([1, 8], opset), "no graph"],
    ["two graphs", proto([1, 8], opset, graph, graph), "two of its part graph"],
    ["no IR version", proto(opset, graph), "IR version is 0"],
    ["an IR version out of range", proto([1, 100], opset, graph), "IR version is 100"],
    ["an IR version beyond 2^53", proto([1, Number.MIN_SAFE_INTEGER - 1], opset, graph), "beyond 2^53"],
    ["no operator set", proto([1, 3], graph), "no operator set"],
    ["a negative operator set", proto([1, 8], [8, proto([2, -1])], graph), "version -1"],
    ["no output", proto([1, 8], opset, [7, proto([1, node])]), "no output"],
    ["an output without a name", proto([1, 8], opset, [7, proto([12, proto()])]), "an output has no name"],
    ["an input without a name", modelOf([[11, proto()]]), "an input has no name"],
    [
      "two inputs of one name",
      modelOf([
        [11, proto([1, "x"])],
        [11, proto([1, "x"])],
      ]),
      'two inputs have the name "x"',
    ],
    ["two outputs of one name", modelOf([[12, proto([1, "y"])]]), 'two outputs have the name "y"'],
    ["a node without an operator", modelOf([[1, proto()]]), "names no operator"],
    ["a value of two types", modelOf([[11, proto([1, "x"], [2, proto()], [2, proto()])]]), "two of its part type"],
    ["a type of two kinds", modelOf([[11, proto([1, "x"], [2, proto([1, proto()], [4, proto()])])]]), "two of its part type"],
    ["two shapes", modelOf([[11, proto([1, "x"], [2, proto([1, proto([2, proto()], [2, proto()])])])]]), "two of its part shape"],
    ["an attribute of two tensors", modelOf([[1, proto([4, "C"], [5, proto([5, proto()], [5, proto()])])]]), "part tensor"],
    ["a sparse tensor of two values", modelOf([[15, proto([1, proto()], [1, proto()])]]), "part values"],
    ["an extent beyond 2^53", modelOf([[11, proto([1, "x"], [2, tensorType(1, proto([1, 2 ** 60]))])]]), "beyond 2^53"],
    ["two locations", modelOf([[5, proto([13, proto([1, "location"])], [13, proto([1, "location"])])]]), "two entries"],
    ["external data without a location", modelOf([[5, external("w", {})]]), "no plain relative path"],
    ["an unknown data location", modelOf([[5, proto([14, 2])]]), "unknown data location"],
    ["text that is not UTF-8", modelOf([[2, Uint8Array.of(0xc3, 0x28)]]), "utf-8"],
    ["a wrong wire type", proto([1, "8"], opset, graph), "wire type 2 in place of 0"],
    ["a graph that is a number", proto([1, 8], opset, [7, 1]), "wire type 0 in place of 2"],
    ["a group", new BinaryWriter().raw(modelOf([])).tag(50, WireType.StartGroup).tag(50, WireType.EndGroup).finish(), "group"],
    ["a part that reaches beyond its message", proto([7, Uint8Array.of(0x0a, 5, 0)]), "reaches beyond"],
    ["a value that reaches beyond its message", proto([7, Uint8Array.of(0x12, 5)], [6, "long enough"]), "reaches beyond"],
  ])("refuses %s", (_, bytes, reason) => {
    expect(refusal(bytes)).toContain(reason);
  });

  it("reads a model of IR version 1 or 2 without operator sets", () => {
    expect(readOnnxModel(proto([1, 2], graph)).opsets).toEqual({});
  });

  it("allows 100 messages inside one another", () => {
    const graphs = (levels: number) => {
      let inner = proto();
      for (let i = 0; i < levels; i++) inner = proto([1, proto([4, "If"], [5, proto([6, inner])])]);
      return proto([1, 8], opset, [7, proto(...graphFields, [1, proto([4, "If"], [5, proto([6, inner])])])]);
    };
    expect(readOnnxModel(graphs(32)).operators).toEqual(["ai.onnx:Identity", "ai.onnx:If"]);
    expect(refusal(graphs(33))).toContain("more than 100 messages");
    expect(refusal(modelOf([[1, nested([5, 6, 1], 1000)]]))).toContain("more than 100 messages");
  });

  it("cuts long names in messages", () => {
    const name = "x".repeat(1e6);
    expect(
      refusal(
        modelOf([
          [11, proto([1, name])],
          [11, proto([1, name])],
        ]),
      )?.length,
    ).toBeLessThan(150);
  });
});

describe("modelColumns", () => {
  it("answers nothing for a model that records no columns", () => {
    expect(modelColumns(readOnnxModel(modelOf([])))).toBeUndefined();
  });

  it.each(["", "{", "{}", '"a"', "[1]", '[""]', '["a","a"]', "null", "[".repeat(1e6)])("refuses %.20j", (text) => {
    const info = readOnnxModel(modelOf([], [14, proto([1, "modelwright.columns"], [2, text])]));
    expect(() => modelColumns(info)).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));
  });
});
