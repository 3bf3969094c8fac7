import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelwrightError } from "../../src/core/errors.ts";
import { tensor } from "../../src/core/tensor.ts";
import { type AdaptedModel, adaptModel } from "../../src/onnx-format/adapt-model.ts";
import { linearModel, type OnnxModelInfo, readOnnxModel, treeEnsembleModel } from "../../src/onnx-format/index.ts";
import { type GraphSpec, writeModel } from "../../src/onnx-format/write-model.ts";
import { addModel, externalDataModel, identityModel, twoColumnModel, zipMapModel } from "../../src/testing/tiny-models.ts";
import { external, type Field, fieldsRead, modelOf, nested, proto, repeated } from "./proto.ts";

const files: ReadonlyMap<string, Uint8Array> = new Map([["w.bin", Uint8Array.from({ length: 64 }, (_, i) => i)]]);
const bf16 = (name: string) => ({ name, type: { tensor: "bfloat16", dims: ["n"] } }) as const;

/** A model of all that is adapted: a ZipMap, bfloat16 inputs and outputs that a subgraph uses, external data inside it, a function. */
function everything(): Uint8Array {
  const branch: GraphSpec = {
    name: "branch",
    inputs: [],
    outputs: [bf16("r")],
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["r"] }],
    initializers: { w: { type: "bfloat16", dims: [2], external: { location: "w.bin", offset: "4", length: "4" } } },
  };
  const maps = { sequence: { map: { key: "string", value: { tensor: "float32", dims: [] } } } } as const;
  const bytes = writeModel({
    name: "everything",
    inputs: [bf16("x"), { name: "flag", type: { tensor: "bool", dims: [] } }, bf16("d")],
    outputs: [bf16("y"), bf16("x"), { name: "z", type: maps }],
    nodes: [
      {
        operator: "If",
        inputs: ["flag"],
        outputs: ["y"],
        attributes: { then_branch: { graph: branch }, else_branch: { graph: branch } },
      },
      {
        operator: "ZipMap",
        domain: "ai.onnx.ml",
        inputs: ["s"],
        outputs: ["z"],
        attributes: { classlabels_strings: { strings: ["a", "b"] } },
      },
    ],
    initializers: {
      s: { type: "float32", dims: [1, 2], external: { location: "./w.bin" } },
      d: tensor("bfloat16", new Uint16Array(2)),
    },
  });
  return Uint8Array.from([...bytes, ...proto([25, proto([1, "F"], [7, proto([1, "x"], [4, "Neg"])])])]);
}

const models = [everything(), zipMapModel(), identityModel("bfloat16"), externalDataModel("w.bin")];
const unchanged = [
  addModel(),
  twoColumnModel(),
  identityModel("string"),
  linearModel({ columns: ["a"], weights: [1], bias: 3 }),
  treeEnsembleModel({ columns: ["a"], kind: "regressor", trees: [{ value: 1 }] }),
];

const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (bytes: Uint8Array, ratio: number) => Math.floor(ratio * bytes.length);
const joined = (...parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

/** One change to bytes: a byte set, a part cut, random bytes or a part of another model put in. */
const change: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(
    ([where, value]) =>
      (bytes: Uint8Array) =>
        bytes.with(Math.min(at(bytes, where), bytes.length - 1), value),
  ),
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
  fc.tuple(place, place, place, fc.constantFrom(...models)).map(
    ([where, a, b, other]) =>
      (bytes: Uint8Array) =>
        joined(bytes.subarray(0, at(bytes, where)), other.subarray(at(other, a), at(other, b)), bytes.subarray(at(bytes, where))),
  ),
);

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (ModelwrightError.is(error, "MODEL_INVALID") || ModelwrightError.is(error, "MODEL_UNSUPPORTED")) return undefined;
    throw error;
  }
}

const adapt = (bytes: Uint8Array, info: OnnxModelInfo) => adaptModel(bytes, info, { castBfloat16: true, files });

/** Adapts the bytes, which may fail with two codes only; what comes out says of itself what was answered, and needs nothing more. */
function expectHarmless(bytes: Uint8Array): AdaptedModel | undefined {
  const info = attempt(() => readOnnxModel(bytes));
  if (info === undefined) return undefined;
  let adapted: AdaptedModel | undefined;
  const count = fieldsRead(() => {
    adapted = attempt(() => adapt(bytes, info));
  });
  expect(count).toBeLessThanOrEqual(20 * bytes.length);
  if (adapted === undefined) return undefined;
  expect(adapted.info).toEqual(readOnnxModel(adapted.bytes));
  for (const name of Object.keys(adapted.classes)) {
    expect(adapted.info.outputs.find((output) => output.name === name)).toMatchObject({ kind: "tensor", type: "float32" });
  }
  const ends = [...adapted.info.inputs, ...adapted.info.outputs];
  for (const name of adapted.cast) expect(ends.find((value) => value.name === name)?.type).toBe("float32");
  const names = ({ inputs, outputs }: OnnxModelInfo) => [inputs, outputs].map((values) => values.map(({ name }) => name));
  expect(names(adapted.info)).toEqual(names(info));
  expect(adapt(adapted.bytes, adapted.info).bytes).toBe(adapted.bytes);
  return adapted;
}

describe("adaptModel on bytes that nobody vouches for", { timeout: 60_000 }, () => {
  it("adapts each of the models that need it, and gives the others back", () => {
    for (const bytes of models) expect(expectHarmless(bytes)!.bytes).not.toBe(bytes);
    const { classes, cast, info } = expectHarmless(models[0]!)!;
    expect([{ ...classes }, cast, info.externalData]).toEqual([{ z: ["a", "b"] }, ["x", "y"], []]);
    for (const bytes of unchanged) expect(adapt(bytes, readOnnxModel(bytes)).bytes).toBe(bytes);
  });

  it("adapts or refuses every model with one byte changed or the end cut off", () => {
    for (const bytes of models.slice(0, 2)) {
      for (let i = 0; i < bytes.length; i++) {
        for (const value of [0, 0xff, bytes[i]! ^ 7]) expectHarmless(bytes.with(i, value));
        expectHarmless(bytes.subarray(0, i));
      }
    }
  });

  it("adapts or refuses models that are cut, changed and spliced", () => {
    let adapted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...models), fc.array(change, { minLength: 1, maxLength: 4 }), (bytes, changes) => {
        const changed = changes.reduce<Uint8Array>((sofar, apply) => (sofar.length === 0 ? sofar : apply(sofar)), bytes);
        if (expectHarmless(changed) !== undefined) adapted += 1;
      }),
      { numRuns: 1000 },
    );
    expect(adapted).toBeGreaterThan(50);
  });

  it("refuses damaged bytes with the facts of others, and graphs inside one another without end", () => {
    for (const bytes of models) {
      const info = readOnnxModel(bytes);
      for (const other of [proto([7, nested([1, 5, 6], 10_000)]), Uint8Array.of(0x3a, 0xff), models[1]!.subarray(0, 300)]) {
        expect(() => adapt(other, info)).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));
      }
    }
  });

  it("looks a fixed number of times at each field, however many names, subgraphs and tensors there are", () => {
    const type = proto([1, proto([1, 16])]);
    const graph = (count: number) => {
      const fields: Field[] = [];
      for (let i = 0; i < count; i++) {
        const inner = proto([1, proto([1, `x${i}`], [2, `x${i + 1}`], [4, "Neg"])]);
        fields.push([11, proto([1, `x${i}`], [2, type])]);
        fields.push([1, proto([1, `x${i}`], [2, "r"], [4, "If"], [5, proto([6, inner])])]);
        fields.push([5, Uint8Array.from([...proto([1, 4], [2, 2]), ...external("w", { location: "w.bin" })])]);
      }
      return modelOf(fields);
    };
    const looks = (count: number) => {
      const bytes = graph(count);
      const info = readOnnxModel(bytes);
      return fieldsRead(() => {
        const { cast, info: after } = adapt(bytes, info);
        expect([cast.length, after.externalData.length]).toEqual([count, 0]);
      });
    };
    const [one, ten] = [looks(300), looks(3000)];
    expect(ten).toBeLessThan(10.1 * one);
  });

  it("refuses more changes than any model needs, before what it keeps fills the heap", () => {
    const type = proto([1, proto([1, 16])]);
    const use = (count: number, name = "x"): Field => [1, joined(proto([4, "Sum"]), repeated(proto([1, name]), count))];
    const model = (...nodes: readonly Field[]) => modelOf([...nodes, [11, proto([1, "x"], [2, type])]]);
    for (const bytes of [model(use(1_000_001, "")), model(use(600_000), use(600_000))]) {
      expect(() => adapt(bytes, readOnnxModel(bytes))).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));
    }
    const bytes = model(use(900_000));
    expect(adapt(bytes, readOnnxModel(bytes)).cast).toEqual(["x"]);
  });

  it("counts text once that it looks at twice", () => {
    const type = proto([1, proto([1, 16])]);
    const inner = proto([1, proto([1, "x"], [2, "long".repeat(10 * 1024 * 1024)], [4, "Neg"])]);
    const bytes = modelOf([
      [1, proto([4, "If"], [5, proto([6, inner])])],
      [11, proto([1, "x"], [2, type])],
    ]);
    expect(adapt(bytes, readOnnxModel(bytes)).cast).toEqual(["x"]);
  });

  it("keeps away from 100 000 names that it might have chosen, and refuses more", () => {
    const type = proto([1, proto([1, 16])]);
    const model = (count: number) => {
      const names = Array.from({ length: count }, (_, i) => [2, i === 0 ? "x.bfloat16" : `x.bfloat16_${i + 1}`] as const);
      return modelOf([
        [1, proto([4, "Split"], [1, "x"], ...names)],
        [11, proto([1, "x"], [2, type])],
      ]);
    };
    const bytes = model(100_000);
    expect(Buffer.from(adapt(bytes, readOnnxModel(bytes)).bytes).includes("x.bfloat16_100001")).toBe(true);
    const more = model(100_001);
    expect(() => adapt(more, readOnnxModel(more))).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));
  });
});
