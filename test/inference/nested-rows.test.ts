import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import type { ElementType } from "../../src/core/element-type.ts";
import { InferenceSession, type Row, type RowValue } from "../../src/inference/index.ts";
import type { TensorSpec } from "../../src/inference/port.ts";
import { rowPacker } from "../../src/inference/row-packer.ts";
import { identityModel } from "../../src/testing/tiny-models.ts";

const providers = [onnx({ placement: "inline" })];

type Dims = readonly (number | string)[];

/** The input tensor for values of `x`, one per row. */
function packed(type: ElementType, dims: Dims | null, ...values: readonly unknown[]) {
  const inputs: readonly TensorSpec[] = [{ name: "x", type, dims }];
  return rowPacker(inputs, undefined, undefined).pack(values.map((x) => ({ x }) as Row))["x"]!;
}

/** The error of packing values. */
function refused(dims: Dims, values: readonly unknown[], type: ElementType = "float32") {
  return expect(() => packed(type, dims, ...values));
}

/** Elements nested by extents; whole ones for an empty extent. */
function nest(elements: readonly number[], extents: readonly number[]): RowValue {
  const [extent, ...rest] = extents;
  if (extent === undefined || rest.length === 0) return elements;
  const width = elements.length / extent;
  return Array.from({ length: extent }, (_, i) => nest(elements.slice(i * width, (i + 1) * width), rest));
}

const matrix = [
  [1, 2],
  [3, 4],
];

describe("a nested value of a row", () => {
  it("runs as the flat one does, and is answered flat", async () => {
    await using session = await InferenceSession.open({ model: identityModel("float32", ["n", 2, 2]), providers });
    const answers = await session.predictMany([
      { x: matrix },
      { x: [5, 6, 7, 8] },
      { x: matrix.map((row) => Float32Array.from(row)) },
    ]);
    expect(answers.map(({ output }) => output["y"])).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [1, 2, 3, 4],
    ]);
  });

  it("gives the tensor that the flat one gives, for all shapes", () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    const cases = shapes.chain((extents) => {
      const length = extents.reduce((a, b) => a * b);
      const row = fc.array(fc.float(), { minLength: length, maxLength: length });
      const declared = fc.tuple(...extents.map((extent, axis) => fc.constantFrom<number | string>(extent, `d${axis}`)));
      return fc.record({ extents: fc.constant(extents), declared, rows: fc.array(row, { minLength: 1, maxLength: 3 }) });
    });
    fc.assert(
      fc.property(cases, ({ extents, declared, rows }) => {
        const flat = packed("float32", ["n", ...extents], ...rows);
        expect(flat).toEqual({ type: "float32", dims: [rows.length, ...extents], data: Float32Array.from(rows.flat()) });
        const nested = rows.map((row) => nest(row, extents));
        expect(packed("float32", ["n", ...declared], ...nested)).toEqual(flat);
        const typed = rows.map((row) => Float32Array.from(row));
        expect(packed("float32", ["n", ...extents], ...typed)).toEqual(flat);
      }),
      { numRuns: 200 },
    );
  });

  it("gives extents that the model leaves open, several of them too", async () => {
    await using session = await InferenceSession.open({ model: identityModel("float32", ["n", "t", "u"]), providers });
    const wide = [[1, 2, 3]];
    const answers = await Promise.all([
      session.predict({ x: matrix }),
      session.predict({ x: wide }),
      session.predict({ x: [[], []] }),
    ]);
    expect(answers.map(({ output }) => output["y"])).toEqual([[1, 2, 3, 4], [1, 2, 3], []]);
    expect(packed("float32", ["n", "t", "u"], [[], []]).dims).toEqual([1, 2, 0]);
    expect(packed("float32", ["n", "t", 0, 3], [[], []]).dims).toEqual([1, 2, 0, 3]);
    expect(packed("float32", ["n", 0, 3], []).dims).toEqual([1, 0, 3]);
  });

  it("may hold whatever the input's type takes", () => {
    expect(packed("string", ["n", 1, 2], [["a", "b"]]).data).toEqual(["a", "b"]);
    expect(packed("int64", ["n", "t", "u"], [[1, 2n]], [[3, 4]]).data).toEqual(BigInt64Array.of(1n, 2n, 3n, 4n));
    expect(packed("bool", ["n", 1, 2], [[true, false]]).data).toEqual(Uint8Array.of(1, 0));
  });

  it.each<[string, Dims, readonly unknown[], string, string]>([
    [
      "of other extents",
      ["n", 2, 2],
      [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
      "[2, 2] in row 0",
      "[2, 3]",
    ],
    ["of another extent where others are open", ["n", "t", 2], [[[1, 2, 3]]], "[t, 2] in row 0", "[1, 3]"],
    ["of a lower depth", ["n", 2, 2, 1], [matrix], "[2, 2, 1] in row 0", "[2, 2]"],
    ["of a greater depth", ["n", 2, 2], [[matrix, matrix]], "[2, 2] in row 0", "[2, 2, 2]"],
    ["nested for a vector", ["n", 2], [matrix], "[2] in row 0", "[2, 2]"],
    ["nested for an open vector", ["n", "t"], [matrix], "[t] in row 0", "[2, 2]"],
    ["nested for a scalar", ["n", 1], [[[1]]], "[1] in row 0", "[1, 1]"],
    ["nested for a scalar without an axis", ["n"], [[[1]]], "1 elements in row 0", "[1, 1]"],
    ["that is ragged inside", ["n", 2, 2], [[[1, 2], [3]]], "[2, 2] in row 0", "1 elements at [1]"],
    [
      "that is ragged where extents are open",
      ["n", "t", "u"],
      [
        [
          [1, 2],
          [3, 4, 5],
        ],
      ],
      "[2, 2] in row 0",
      "3 elements at [1]",
    ],
    ["that is ragged in an outer level", ["n", 2, 1, 1], [[[[1]], []]], "[2, 1, 1] in row 0", "0 elements at [1]"],
    ["with a scalar in an array's place", ["n", 2, 2], [[[1, 2], 3]], "[2, 2] in row 0", "number at [1]"],
    [
      "with an array in a scalar's place",
      ["n", 2, 2],
      [
        [
          [1, 2],
          [3, [4]],
        ],
      ],
      "[2, 2] in row 0",
      "an array among the elements",
    ],
    [
      "with an array in a scalar's place, flat",
      ["n", 2, 2],
      [[1, 2, 3, matrix]],
      "[2, 2] in row 0",
      "an array among the elements",
    ],
    ["of a shape unlike the first row's", ["n", "t", "u"], [matrix, [[1, 2]]], "[2, 2] in row 1", "[1, 2]"],
    ["flat and of a length unlike the first row's", ["n", "t", 2], [matrix, [1, 2]], "4 elements in row 1", "2"],
    ["with open extents in an empty array", ["n", "t", "u", "v"], [[[], []]], "[t, u, v] in row 0", "[2, 0]"],
  ])("is refused %s", (_name, dims, values, expected, given) => {
    refused(dims, values).toThrow(expect.objectContaining({ code: "INPUT_SHAPE", details: { input: "x", expected, given } }));
  });

  it("is refused with holes, null or another thing than an array or an element", () => {
    const hole = new Array<number[]>(2);
    hole[1] = [3, 4];
    const withHole = [...matrix];
    withHole.length = 3;
    const inner = [[1, 2], new Array<number>(2)];
    for (const value of [
      undefined,
      null,
      [[1, 2], undefined],
      [[1, 2], null],
      inner,
      [
        [1, 2],
        [3, null],
      ],
    ])
      refused(["n", 2, 2], [value]).toThrow(
        expect.objectContaining({ code: "INPUT_MISSING", details: { input: "x", known: ["x"] } }),
      );
    refused(["n", 2, 2], [hole]).toThrow(expect.objectContaining({ code: "INPUT_SHAPE" }));
    refused(["n", "t", 2], [withHole]).toThrow(expect.objectContaining({ code: "INPUT_MISSING" }));
    refused(
      ["n", 2, 2],
      [
        [
          [1, 2],
          [3, "4"],
        ],
      ],
    ).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
    refused(["n", 2, 2], [7]).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
    refused(["n", "t", "u"], [undefined]).toThrow(expect.objectContaining({ code: "INPUT_MISSING" }));
  });

  it("is needed where several extents are open, in each row", () => {
    const unsupported = expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining("nest arrays") });
    for (const values of [[[1, 2]], [[]], [Float32Array.of(1, 2)], [matrix, [1, 2, 3, 4]]])
      refused(["n", "t", "u"], values).toThrow(unsupported);
  });
});

describe("a hostile value of a row", () => {
  it("is refused, however deep it is", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    const circular: unknown[] = [];
    circular.push(circular);
    for (const value of [deep, circular]) {
      for (const dims of [["n"], ["n", 1], ["n", "t"], ["n", 1, 1], ["n", "t", "u"]])
        refused(dims, [value]).toThrow(expect.objectContaining({ code: "INPUT_SHAPE" }));
    }
  });

  it("is walked without recursion for a model of great rank", () => {
    let deep: unknown = [7];
    for (let i = 1; i < 50_000; i++) deep = [deep];
    const dims = ["n", ...Array.from({ length: 50_000 }, () => 1)];
    expect(packed("float32", dims, deep).data).toEqual(Float32Array.of(7));
  });

  it("is refused before memory is taken for its holes", () => {
    const huge = 2 ** 31 - 1;
    const holes = Object.assign([], { length: huge });
    const nested = Object.assign([[1]], { length: huge });
    const before = process.memoryUsage().arrayBuffers;
    const missing = expect.objectContaining({ code: "INPUT_MISSING" });
    refused(["n", "t"], [holes]).toThrow(missing);
    refused(["n", "t", "u"], [nested]).toThrow(missing);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  it("is refused when one array in it many times over makes it too big", () => {
    const line = new Array<number>(50_000).fill(0);
    const sheet = new Array<number[]>(50_000).fill(line);
    const empty = new Array<number[][]>(50_000).fill(new Array<number[]>(50_000).fill([]));
    const tooBig = expect.objectContaining({
      code: "INPUT_SHAPE",
      message: expect.stringContaining("at most 2147483647 elements"),
    });
    refused(["n", "t", "u"], [sheet]).toThrow(tooBig);
    refused(["n", "t", "u", "v"], [empty]).toThrow(tooBig);
  });

  it("is refused before memory is taken for what the model declares", () => {
    refused(["n", 30_000, 30_000], [[[1]]]).toThrow(expect.objectContaining({ code: "INPUT_SHAPE" }));
    refused(["n", 2 ** 60, 2 ** 60], [[1]]).toThrow(expect.objectContaining({ code: "INPUT_SHAPE" }));
  });
});

describe("a typed array in a row", () => {
  it.each<[ElementType, RowValue, ArrayLike<unknown>]>([
    ["float32", Float32Array.of(0.5, Number.NaN), Float32Array.of(0.5, Number.NaN)],
    ["float32", Float64Array.of(0.1, 1e300), Float32Array.of(0.1, Number.POSITIVE_INFINITY)],
    ["float32", Uint8ClampedArray.of(1, 255), Float32Array.of(1, 255)],
    ["float64", Float32Array.of(0.5, -0), Float64Array.of(0.5, -0)],
    ["float16", Float32Array.of(1, 2), Uint16Array.of(0x3c00, 0x4000)],
    ["float16", Uint16Array.of(1, 2), Uint16Array.of(0x3c00, 0x4000)],
    ["int8", Uint8Array.of(0, 127), Int8Array.of(0, 127)],
    ["uint8", Uint8ClampedArray.of(0, 255), Uint8Array.of(0, 255)],
    ["uint8", Buffer.from([1, 2]), Uint8Array.of(1, 2)],
    ["int32", Float64Array.of(-1, 2), Int32Array.of(-1, 2)],
    ["int64", BigInt64Array.of(-1n, 2n), BigInt64Array.of(-1n, 2n)],
    ["int64", Int32Array.of(-1, 2), BigInt64Array.of(-1n, 2n)],
    ["uint64", BigInt64Array.of(1n, 2n), BigUint64Array.of(1n, 2n)],
  ])("holds numbers for %s: %o", (type, value, data) => {
    expect(packed(type, ["n", 2], value)).toEqual({ type, dims: [1, 2], data });
    expect(packed(type, ["n", "t", "u"], [value] as RowValue)).toEqual({ type, dims: [1, 1, 2], data });
  });

  it.each<[ElementType, RowValue]>([
    ["int8", Uint8Array.of(0, 128)],
    ["uint8", Int8Array.of(0, -1)],
    ["int32", Float32Array.of(0, 0.5)],
    ["uint32", BigUint64Array.of(0n, 1n)],
    ["uint64", BigInt64Array.of(0n, -1n)],
    ["float32", BigInt64Array.of(0n, 1n)],
    ["bool", Uint8Array.of(0, 1)],
    ["string", Uint8Array.of(0, 1)],
    ["bfloat16", Uint16Array.of(0, 1)],
  ])("is refused instead of wrapped around or guessed: %s of %o", (type, value) => {
    refused(["n", 2], [value], type).toThrow(
      expect.objectContaining({
        code: "INPUT_INVALID",
        details: expect.objectContaining({ issues: [expect.objectContaining({ path: [0, "x"] })] }),
      }),
    );
  });

  it("is believed to be of its own kind, not of the one that it names", () => {
    const posing = Object.defineProperty(Float64Array.of(1, 2.5), Symbol.toStringTag, { value: "Int32Array" });
    refused(["n", 2], [posing], "int32").toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
    const fake = { length: 2, 0: 1, 1: 2, [Symbol.toStringTag]: "Float32Array" };
    refused(["n", 2], [fake]).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
    refused(["n", 2], [new DataView(new ArrayBuffer(8))]).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  });

  it("is copied, and may be a part of a buffer or shared", () => {
    const source = Float32Array.of(0, 1, 2, 3);
    const { data } = packed("float32", ["n", 2], source.subarray(1, 3));
    source.fill(9);
    expect(data).toEqual(Float32Array.of(1, 2));
    const shared = new Int32Array(new SharedArrayBuffer(8));
    expect(packed("int32", ["n", 2], shared).data).toEqual(new Int32Array(2));
  });

  it("of one element is a scalar, and of another length is refused", () => {
    expect(packed("float32", ["n", 1], Float32Array.of(5), 6, [7])).toEqual({
      type: "float32",
      dims: [3, 1],
      data: Float32Array.of(5, 6, 7),
    });
    const wrong = (expected: string, given: string) =>
      expect.objectContaining({ code: "INPUT_SHAPE", details: { input: "x", expected, given } });
    refused(["n", 1], [Float32Array.of(1, 2)]).toThrow(wrong("1 elements in row 0", "2"));
    refused(["n", 3], [Float32Array.of(1, 2)]).toThrow(wrong("3 elements in row 0", "2"));
    const gone = Float32Array.of(1, 2);
    structuredClone(gone, { transfer: [gone.buffer] });
    refused(["n", 2], [gone]).toThrow(wrong("2 elements in row 0", "0"));
  });
});
