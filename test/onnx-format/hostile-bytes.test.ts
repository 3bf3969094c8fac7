import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensor } from "../../src/core/tensor.ts";
import { linearModel, mlpModel, readOnnxModel, treeEnsembleModel } from "../../src/onnx-format/index.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";
import { externalDataModel, identityModel, twoColumnModel, zipMapModel } from "../../src/testing/tiny-models.ts";
import { external, fieldsRead, modelOf, nested, proto, refusal, repeated } from "./proto.ts";

const subgraph = proto([1, proto([4, "If"], [5, proto([6, proto([5, external("w", { location: "w.bin" })])])])]);
const models = [
  linearModel({ columns: ["a", "b"], weights: [1, 2], bias: 3 }),
  mlpModel({ columns: ["a"], layers: [{ weights: [[1], [2]], bias: [0, 1], activation: "softmax" }] }),
  treeEnsembleModel({
    columns: ["a"],
    kind: "classifier",
    trees: [{ feature: 0, threshold: 1, left: { value: 1 }, right: { value: 2 } }],
  }),
  externalDataModel("weights/w.bin"),
  identityModel("string", [1, "n"]),
  twoColumnModel(),
  zipMapModel(),
  modelOf(
    [[1, proto([4, "Loop"], [5, proto([6, subgraph])])]],
    [25, proto([7, proto([4, "F"])])],
    [14, proto([1, "k"], [2, "v"])],
  ),
];

const model = fc.constantFrom(...models);
const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (bytes: Uint8Array, ratio: number) => Math.floor(ratio * bytes.length);

/** One change to bytes: a byte set, a part cut, random bytes or a part of another model put in. */
const change: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(
    ([where, value]) =>
      (bytes: Uint8Array) =>
        bytes.with(Math.min(at(bytes, where), bytes.length - 1), value),
  ),
  place.map((end) => (bytes: Uint8Array) => bytes.subarray(0, at(bytes, end))),
  fc.tuple(place, place).map(
    ([a, b]) =>
      (bytes: Uint8Array) =>
        joined(bytes.subarray(0, at(bytes, a)), bytes.subarray(at(bytes, b))),
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 20 })).map(
    ([where, insert]) =>
      (bytes: Uint8Array) =>
        joined(bytes.subarray(0, at(bytes, where)), insert, bytes.subarray(at(bytes, where))),
  ),
  fc.tuple(place, place, place, model).map(
    ([where, a, b, other]) =>
      (bytes: Uint8Array) =>
        joined(bytes.subarray(0, at(bytes, where)), other.subarray(at(other, a), at(other, b)), bytes.subarray(at(bytes, where))),
  ),
);

/** Reads the bytes, which may fail with `MODEL_INVALID` only, and looks at no more fields than there are bytes. */
function expectHarmless(bytes: Uint8Array) {
  const count = fieldsRead(() => void refusal(bytes));
  expect(count).toBeLessThanOrEqual(bytes.length);
}

describe("readOnnxModel on bytes that nobody vouches for", { timeout: 60_000 }, () => {
  it("reads or refuses every beginning of a model", () => {
    for (const bytes of models) {
      for (let end = 0; end <= bytes.length; end++) expectHarmless(bytes.subarray(0, end));
    }
  });

  it("reads or refuses every model with one byte changed", () => {
    for (const bytes of models.slice(0, 4)) {
      for (let i = 0; i < bytes.length; i++) {
        for (const value of [0, 0x7f, 0x80, 0xff, bytes[i]! ^ 1, bytes[i]! ^ 7]) expectHarmless(bytes.with(i, value));
      }
    }
  });

  it("reads or refuses models that are cut, changed and spliced", () => {
    fc.assert(
      fc.property(model, fc.array(change, { minLength: 1, maxLength: 5 }), (bytes, changes) => {
        expectHarmless(changes.reduce<Uint8Array>((sofar, apply) => (sofar.length === 0 ? sofar : apply(sofar)), bytes));
      }),
      { numRuns: 4000 },
    );
  });

  it("refuses random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expectHarmless(bytes);
        expect(refusal(bytes)).toBeTypeOf("string");
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses lengths that reach beyond the bytes, up to 2^32 and over", () => {
    for (const length of [1, 127, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      for (const field of [2, 7, 8, 14, 25, 99]) {
        const bytes = new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
        expect(refusal(bytes)).toBeTypeOf("string");
      }
    }
    expect(refusal(Uint8Array.of(0x3a, ...Array.from({ length: 9 }, () => 0xff), 1))).toBeTypeOf("string");
    expect(refusal(repeated(Uint8Array.of(0xff), 1e6))).toContain("varint");
  });

  it("refuses 100 000 graphs, functions and groups inside one another, and passes over as many types", () => {
    const levels = 100_000;
    expect(refusal(proto([7, nested([1, 5, 6], levels)]))).toContain("more than 100 messages");
    expect(refusal(proto([25, proto([7, nested([5, 11, 1], levels)])]))).toContain("more than 100 messages");
    expect(refusal(repeated(new BinaryWriter().tag(50, WireType.StartGroup).finish(), levels))).toContain("group");
    const info = readOnnxModel(modelOf([[11, proto([1, "x"], [2, nested([4, 1], levels)])]]));
    expect(info.inputs).toEqual([{ name: "x", kind: "sequence", type: undefined, dims: null }]);
  });

  it("looks once at each of 900 000 empty fields, of a kind that it knows or not", () => {
    const count = 900_000;
    for (const field of [8, 14, 25, 99]) {
      const filler = repeated(proto([field, new Uint8Array()]), count);
      const bytes = joined(modelOf([]), filler);
      const base = fieldsRead(() => void readOnnxModel(modelOf([])));
      expect(fieldsRead(() => void readOnnxModel(bytes))).toBe(base + count);
    }
    const elements = repeated(proto([4, new Uint8Array(4)]), count);
    expect(readOnnxModel(modelOf([[5, elements]])).inputs).toEqual([]);
  });

  it("refuses more than a million messages, and more text than any model has, before what it keeps fills the heap", () => {
    const entries = (count: number, value: string) => {
      const writer = new BinaryWriter();
      for (let i = 0; i < count; i++) writer.tag(14, WireType.LengthDelimited).bytes(proto([1, `key ${i}`], [2, value]));
      return writer.finish();
    };
    expect(refusal(repeated(entries(1000, ""), 1001))).toContain("more than 1000000 messages");
    const long = "x".repeat(1024 * 1024);
    expect(refusal(entries(65, long))).toContain("more than 67108864 characters");
    expect(Object.keys(readOnnxModel(joined(modelOf([]), entries(60, long))).metadata)).toHaveLength(60);
  });

  it("lists a hundred thousand external tensors", () => {
    const count = 100_000;
    const one = proto([5, external("w", { location: "w.bin", offset: "8", length: "8" })]);
    const graph = joined(proto([1, proto([4, "Identity"])], [12, proto([1, "y"])]), repeated(one, count));
    const info = readOnnxModel(proto([1, 8], [8, proto([2, 17])], [7, graph]));
    expect(info.externalData).toHaveLength(count);
    expect(info.externalData.at(-1)).toEqual({ tensor: "w", location: "w.bin", offset: 8, length: 8 });
  });

  it("does not copy weights", () => {
    const value = { name: "x", type: { tensor: "float32", dims: [13e6] } } as const;
    const bytes = writeModel({
      name: "heavy",
      inputs: [value],
      outputs: [{ ...value, name: "y" }],
      nodes: [{ operator: "Add", inputs: ["x", "weights"], outputs: ["y"] }],
      initializers: { weights: tensor("float32", new Float32Array(13e6)) },
    });
    expect(bytes.length).toBeGreaterThan(50e6);
    readOnnxModel(models[0]!);
    const before = process.memoryUsage();
    const info = readOnnxModel(bytes);
    const after = process.memoryUsage();
    expect(info.inputs).toEqual([{ name: "x", kind: "tensor", type: "float32", dims: [13e6] }]);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1e6);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(1e6);
  });
});

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const part of parts) writer.raw(part);
  return writer.finish() as Uint8Array<ArrayBuffer>;
}
