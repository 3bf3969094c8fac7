import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { dataLength, type ElementData, type ElementType, elementTypeOf, elementTypes } from "../../src/core/element-type.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import {
  elementCount,
  formatDims,
  reshape,
  sliceRows,
  type Tensor,
  tensor,
  tensorBytes,
  tensorFromBytes,
} from "../../src/core/tensor.ts";

const types = Object.keys(elementTypes) as ElementType[];
const fixed = types.filter((type) => type !== "string") as Exclude<ElementType, "string">[];

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (ModelwrightError.is(error)) return error.code;
    throw error;
  }
  return "success";
}

/** A tensor of zeros. */
function zeros(type: ElementType, dims: readonly number[]): Tensor {
  const length = dataLength(type, elementCount(dims));
  const { array } = elementTypes[type];
  return tensor(type, array === undefined ? new Array<string>(length).fill("") : new array(length), dims) as Tensor;
}

describe("elementTypes", () => {
  it("numbers the types of ONNX from 1 without a gap or a repetition", () => {
    const numbers = types.map((type) => elementTypes[type].onnx).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 26 }, (_, i) => i + 1));
  });

  it("finds each type by its number", () => {
    for (const type of types) expect(elementTypeOf(elementTypes[type].onnx)).toBe(type);
    for (const unknown of [0, 27, -1, 1.5, Number.NaN]) expect(elementTypeOf(unknown)).toBeUndefined();
  });

  it.each([
    ["float32", 3, 3],
    ["complex64", 3, 6],
    ["complex128", 3, 6],
    ["int64", 3, 3],
    ["bool", 3, 3],
    ["string", 3, 3],
    ["int4", 0, 0],
    ["int4", 1, 1],
    ["int4", 2, 1],
    ["int4", 3, 2],
    ["float4e2m1", 5, 3],
    ["uint2", 1, 1],
    ["uint2", 4, 1],
    ["uint2", 5, 2],
  ] as const)("keeps %s × %d in %d items", (type, count, items) => {
    expect(dataLength(type, count)).toBe(items);
  });

  it("maps each type to its array in the type system", () => {
    expectTypeOf<ElementData<"float32">>().toEqualTypeOf<Float32Array>();
    expectTypeOf<ElementData<"int64">>().toEqualTypeOf<BigInt64Array>();
    expectTypeOf<ElementData<"uint64">>().toEqualTypeOf<BigUint64Array>();
    expectTypeOf<ElementData<"float16">>().toEqualTypeOf<Uint16Array>();
    expectTypeOf<ElementData<"bool">>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<ElementData<"int4">>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<ElementData<"complex128">>().toEqualTypeOf<Float64Array>();
    expectTypeOf<ElementData<"string">>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<ElementData<"float32" | "string">>().toEqualTypeOf<Float32Array | readonly string[]>();
    expect(types).toHaveLength(26);
  });

  it("takes arrays over any kind of buffer, and of any realm", () => {
    const shared: Float32Array = new Float32Array(new SharedArrayBuffer(8));
    const foreign = runInNewContext("Float32Array.of(1, 2, 3)") as Float32Array;
    expect(foreign).not.toBeInstanceOf(Float32Array);
    expect([tensor("float32", shared).dims, tensor("float32", foreign).dims]).toEqual([[2], [3]]);
  });
});

describe("tensor", () => {
  it("keeps the array and copies the extents", () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const dims = [2, 3];
    const made = tensor("float32", data, dims);
    dims[0] = 9;
    expectTypeOf(made).toEqualTypeOf<Tensor<"float32">>();
    expect(made.data).toBe(data);
    expect(made).toEqual({ type: "float32", dims: [2, 3], data });
  });

  it.each(types)("makes %s scalars, vectors, matrices and empty ones", (type) => {
    for (const dims of [[], [1], [5], [2, 3], [0], [3, 0, 2], [2, 2, 2, 2]]) expect(zeros(type, dims).dims).toEqual(dims);
  });

  it.each(types)("takes all elements of %s as one axis when no extents are given", (type) => {
    const source = zeros(type, [8]);
    expect(tensor(type, source.data as never).dims).toEqual([8]);
  });

  it.each(types)("refuses another array than that of %s", (type) => {
    const own = elementTypes[type].array;
    for (const wrong of [
      [1, 2],
      [undefined],
      "ab",
      null,
      undefined,
      {},
      new DataView(new ArrayBuffer(2)),
      new Uint8ClampedArray(2),
    ]) {
      expect(codeOf(() => tensor(type, wrong as never))).toBe("INPUT_DTYPE");
    }
    for (const other of [Int8Array, Float64Array, BigInt64Array]) {
      if (other !== own) expect(codeOf(() => tensor(type, new other(2) as never))).toBe("INPUT_DTYPE");
    }
  });

  it("takes a Buffer where bytes are kept", () => {
    expect(tensor("uint8", Buffer.from([1, 2, 3])).dims).toEqual([3]);
  });

  it.each(["float", "FLOAT32", "", "constructor", "toString", "__proto__", "hasOwnProperty"])("refuses the type %j", (type) => {
    expect(codeOf(() => tensor(type as "string", ["a"]))).toBe("INPUT_DTYPE");
    expect(codeOf(() => tensorFromBytes(type as "uint8", new Uint8Array(1), [1]))).toBe("INPUT_DTYPE");
  });

  it("says what was given and what was expected", () => {
    expect(() => tensor("int64", Int32Array.of(1) as never)).toThrow(
      "A tensor needs BigInt64Array for int64, but got Int32Array",
    );
    expect(() => tensor("string", [1] as never)).toThrow("A tensor needs string[] for string, but got Array");
    expect(() => tensor("float32", new Float32Array(5), [2, 3])).toThrow("6 elements for dims [2, 3], but got 5 elements");
  });

  it.each([
    [[Number.NaN]],
    [[-1]],
    [[1.5]],
    [[Number.POSITIVE_INFINITY]],
    [[2 ** 53]],
    [[2 ** 53, 0]],
    [[2 ** 27, 2 ** 27]],
    [[2 ** 32, 2 ** 32, 2 ** 32]],
    [new Array<number>(64).fill(2 ** 52)],
    [["2"] as unknown as number[]],
    [[undefined] as unknown as number[]],
    [[2, 2]],
    [[3, 1]],
    [[0]],
    [[]],
  ])("refuses two elements for the extents %j", (dims) => {
    expect(codeOf(() => tensor("float32", new Float32Array(2), dims))).toBe("INPUT_SHAPE");
  });

  it("refuses half a complex number", () => {
    expect(codeOf(() => tensor("complex64", new Float32Array(3)))).toBe("INPUT_SHAPE");
  });

  it("makes the compiler refuse another array", () => {
    // @ts-expect-error: float32 needs a Float32Array
    expect(codeOf(() => tensor("float32", Float64Array.of(1)))).toBe("INPUT_DTYPE");
    // @ts-expect-error: no such type
    expect(codeOf(() => tensor("float8", new Uint8Array(1)))).toBe("INPUT_DTYPE");
  });
});

describe("elementCount", () => {
  it("multiplies the extents", () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([2, 3, 4])).toBe(24);
    expect(elementCount([7, 0, 2 ** 40])).toBe(0);
    expect(elementCount([2 ** 53 - 1])).toBe(2 ** 53 - 1);
  });
});

describe("reshape", () => {
  it("gives the same elements other extents", () => {
    const source = tensor("float32", Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const turned = reshape(source, [3, 2]);
    expect(turned.dims).toEqual([3, 2]);
    expect(turned.data).toBe(source.data);
    expect(codeOf(() => reshape(source, [4, 2]))).toBe("INPUT_SHAPE");
  });
});

describe("sliceRows", () => {
  it("views the rows without a copy", () => {
    const source = tensor("float32", Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
    const rows = sliceRows(source, 1, 3);
    expect(rows).toEqual(tensor("float32", Float32Array.of(3, 4, 5, 6), [2, 2]));
    source.data[2] = 9;
    expect(rows.data[0]).toBe(9);
  });

  it("copies the rows of strings", () => {
    const data = ["a", "b", "c", "d"];
    const rows = sliceRows(tensor("string", data, [2, 2]), 1, 2);
    data[2] = "x";
    expect(rows).toEqual({ type: "string", dims: [1, 2], data: ["c", "d"] });
  });

  it("takes complex elements as pairs", () => {
    const source = tensor("complex64", Float32Array.of(1, 2, 3, 4, 5, 6), [3]);
    expect(sliceRows(source, 1, 2)).toEqual(tensor("complex64", Float32Array.of(3, 4), [1]));
  });

  it("may be empty, at both ends too", () => {
    const source = zeros("int32", [2, 3]);
    for (const at of [0, 1, 2]) expect(sliceRows(source, at, at).dims).toEqual([0, 3]);
    expect(sliceRows(zeros("int32", [0, 3]), 0, 0).dims).toEqual([0, 3]);
    expect(sliceRows(zeros("int32", [4, 0]), 1, 3).dims).toEqual([2, 0]);
  });

  it("slices packed rows of whole bytes, and refuses others", () => {
    const whole = tensor("int4", Uint8Array.of(0x21, 0x43, 0x65), [3, 2]);
    expect(sliceRows(whole, 1, 3)).toEqual(tensor("int4", Uint8Array.of(0x43, 0x65), [2, 2]));
    expect(codeOf(() => sliceRows(zeros("int4", [2, 3]), 0, 1))).toBe("INPUT_SHAPE");
    expect(codeOf(() => sliceRows(zeros("uint2", [4, 2]), 0, 2))).toBe("INPUT_SHAPE");
    expect(sliceRows(zeros("uint2", [1, 3]), 0, 1).dims).toEqual([1, 3]);
  });

  it.each([
    [-1, 1],
    [0, 4],
    [2, 1],
    [0.5, 1.5],
    [0, 1.5],
    [Number.NaN, 1],
    [0, Number.NaN],
    [0, Number.POSITIVE_INFINITY],
  ])("refuses rows %d to %d of three", (start, end) => {
    expect(codeOf(() => sliceRows(zeros("float32", [3, 2]), start, end))).toBe("INPUT_SHAPE");
  });

  it("refuses a scalar", () => {
    expect(codeOf(() => sliceRows(zeros("float32", []), 0, 0))).toBe("INPUT_SHAPE");
  });

  it("cuts a tensor into rows that make it up again", () => {
    fc.assert(
      fc.property(fc.nat(6), fc.nat(4), fc.nat(6), (rows, width, at) => {
        const source = tensor(
          "float64",
          Float64Array.from({ length: rows * width }, (_, i) => i),
          [rows, width],
        );
        const cut = Math.min(at, rows);
        const parts = [sliceRows(source, 0, cut), sliceRows(source, cut, rows)];
        expect(parts.flatMap((part) => [...part.data])).toEqual([...source.data]);
      }),
    );
  });
});

describe("tensorFromBytes", () => {
  it.each(fixed)("reads back the bytes of %s, aligned as a view and unaligned as a copy", (type) => {
    const dims = [3, 5];
    const source = zeros(type, dims);
    const bytes = tensorBytes(source);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 37 + 11) & 0xff;
    const width = elementTypes[type].array.BYTES_PER_ELEMENT;
    const room = new Uint8Array(bytes.length + 2 * width);
    for (const offset of [width, 1]) {
      const given = room.subarray(offset, offset + bytes.length);
      given.set(bytes);
      for (const view of [given, Buffer.from(given.buffer, given.byteOffset, given.byteLength)]) {
        const made = tensorFromBytes(type, view, dims);
        expect(Buffer.compare(tensorBytes(made), bytes)).toBe(0);
        expect(made.dims).toEqual(dims);
        expect(made.data.buffer === room.buffer).toBe(offset % width === 0);
        expect(made.data).toBeInstanceOf(elementTypes[type].array);
      }
    }
  });

  it("reads little-endian numbers", () => {
    expect(tensorFromBytes("uint16", Uint8Array.of(1, 2, 3, 4), [2]).data).toEqual(Uint16Array.of(0x0201, 0x0403));
    expect(tensorFromBytes("int64", Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127), []).data[0]).toBe(2n ** 63n - 1n);
  });

  it("takes odd numbers of packed elements", () => {
    expect(tensorFromBytes("int4", Uint8Array.of(0x21, 0x03), [3]).dims).toEqual([3]);
    expect(tensorFromBytes("uint2", Uint8Array.of(0xff, 0x03), [5]).dims).toEqual([5]);
    expect(codeOf(() => tensorFromBytes("int4", Uint8Array.of(0x21), [3]))).toBe("INPUT_SHAPE");
  });

  it("takes no bytes for no elements", () => {
    expect(tensorFromBytes("float64", new Uint8Array(0), [2, 0]).data).toEqual(new Float64Array(0));
    expect(tensorFromBytes("float64", new Uint8Array(9).subarray(3, 3), [0]).data).toEqual(new Float64Array(0));
  });

  it.each([[[3]], [[5]], [[]], [[-4]], [[Number.NaN]], [[2 ** 53]], [[2 ** 53 - 1]]])(
    "refuses 16 bytes for the float32 extents %j",
    (dims) => {
      expect(codeOf(() => tensorFromBytes("float32", new Uint8Array(16), dims))).toBe("INPUT_SHAPE");
    },
  );

  it("does not keep the caller's extents", () => {
    const dims = [4];
    const made = tensorFromBytes("uint8", new Uint8Array(4), dims);
    dims[0] = 1;
    expect(made.dims).toEqual([4]);
  });

  it("refuses strings, which have no bytes", () => {
    expect(codeOf(() => tensorFromBytes("string", new Uint8Array(0), [0]))).toBe("UNSUPPORTED");
    expect(codeOf(() => tensorBytes(tensor("string", ["a"])))).toBe("UNSUPPORTED");
  });
});

describe("tensorBytes", () => {
  it("views the elements of a slice only", () => {
    const source = tensor("uint16", Uint16Array.of(1, 2, 3, 4), [2, 2]);
    const bytes = tensorBytes(sliceRows(source, 1, 2));
    expect(bytes).toEqual(Uint8Array.of(3, 0, 4, 0));
    bytes[0] = 9;
    expect(source.data[2]).toBe(9);
  });
});

describe("formatDims", () => {
  it("writes extents and symbols", () => {
    expect([formatDims([]), formatDims([2, 3]), formatDims(["N", 4])]).toEqual(["[]", "[2, 3]", "[N, 4]"]);
  });
});
