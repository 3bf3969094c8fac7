import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { InferenceSession, tensor } from "../../src/index.ts";
import { linearModel, readOnnxModel } from "../../src/onnx-format/index.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";
import { externalDataModel } from "../../src/testing/tiny-models.ts";

type Dims = readonly (number | string)[];

/** A model that answers its input as its output, whatever it declares of them. */
function echo(input: string, output: string, dims: Dims, declared: Dims = dims, type: "float32" | "int32" = "float32") {
  return writeModel({
    name: "echo",
    inputs: [{ name: input, type: { tensor: type, dims } }],
    outputs: [{ name: output, type: { tensor: type, dims: declared } }],
    nodes: [{ operator: "Identity", inputs: [input], outputs: [output] }],
  });
}

const open = (model: Uint8Array, columns?: readonly string[]) =>
  InferenceSession.open({ model, providers: [onnx()], ...(columns && { columns }) });

describe("a hostile model", () => {
  it("is refused when the engine would read it in another format than the reader", async () => {
    // ONNX Runtime takes bytes with this mark for its own format, and what follows need not be the model that was read.
    const model = linearModel({ columns: ["a"], weights: [2], bias: 1 });
    const prefix = Uint8Array.of(0x4a, 6, 0, 0, ...new TextEncoder().encode("ORTM"));
    const bytes = new Uint8Array([...prefix, ...model]);
    expect(() => readOnnxModel(bytes)).toThrow(expect.objectContaining({ code: "MODEL_INVALID" }));
    await expect(open(bytes)).rejects.toMatchObject({ code: "MODEL_INVALID" });
  });

  it.each([echo("__proto__", "y", ["rows", 2]), echo("x", "__proto__", ["rows", 2])])(
    "cannot name a tensor __proto__",
    async (model) => {
      await expect(open(model)).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
    },
  );

  it.each(["constructor", "toString", "hasOwnProperty"])(
    "may name a tensor %s, which is not taken from every object",
    async (name) => {
      await using session = await open(echo(name, "y", ["rows", 2]));
      await expect(session.run({})).rejects.toMatchObject({ code: "INPUT_MISSING", details: { input: name } });
      const { y } = await session.run({ [name]: tensor("float32", Float32Array.of(1, 2), [1, 2]) });
      expect(y?.data).toEqual(Float32Array.of(1, 2));
    },
  );

  it("cannot make predict reserve memory for a size that the row does not have", async () => {
    for (const extents of [[2 ** 20, 2 ** 20, 2 ** 13], [2 ** 31]]) {
      await using session = await open(echo("x", "y", ["rows", ...extents]));
      const before = process.memoryUsage().arrayBuffers;
      await expect(session.predict({ x: [1] })).rejects.toMatchObject({ code: "INPUT_SHAPE" });
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 28);
    }
  });

  it("cannot mix up rows by answering more than the scalar that it declares", async () => {
    await using session = await open(echo("x", "y", ["rows", "columns"], ["rows", 1]), ["a", "b"]);
    const rows = [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ];
    await expect(session.predictMany(rows)).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
    await expect(session.predict({ a: 1, b: 2 })).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
  });

  it("cannot fill a message with its names", async () => {
    const error = await open(externalDataModel("a".repeat(1_000_000))).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "MODEL_UNSUPPORTED" });
    expect((error as Error).message.length).toBeLessThan(10_000);
  });
});

describe("hostile tensors", () => {
  it("are read once: extents that change between two reads do not reach the engine", async () => {
    await using session = await open(echo("x", "y", ["rows", "columns"]));
    for (let honest = 0; honest < 12; honest++) {
      let reads = 0;
      const x = {
        type: "float32" as const,
        data: Float32Array.of(1, 2),
        get dims() {
          return reads++ < honest ? [1, 2] : [1000, 1000];
        },
      };
      const outcome = await session.run({ x }).then(
        ({ y }) => y?.dims,
        (error: { code?: unknown }) => error.code,
      );
      expect(outcome).toEqual(honest === 0 ? "INPUT_SHAPE" : [1, 2]);
    }
  });

  it.each([null, 5, "text", {}, { type: "float32", data: Float32Array.of(1, 2) }, { type: "float32", dims: [1, 2] }])(
    "are refused by name when they are no tensors (%j)",
    async (x) => {
      await using session = await open(echo("x", "y", ["rows", "columns"]));
      await expect(session.run({ x } as never)).rejects.toMatchObject({
        code: expect.stringMatching(/^INPUT_(DTYPE|SHAPE|MISSING)$/),
      });
    },
  );

  it("are refused when they only look like the array that they need", () => {
    const lookalike = { [Symbol.toStringTag]: "Float32Array", length: 2 };
    expect(() => tensor("float32", lookalike as never, [2])).toThrow(expect.objectContaining({ code: "INPUT_DTYPE" }));
  });

  it("may lie over shared and detached memory", async () => {
    await using session = await open(echo("x", "y", ["rows", 2]));
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([1, 2]);
    const { y } = await session.run({ x: { type: "float32", dims: [1, 2], data: shared } as never });
    expect(y?.data).toEqual(Float32Array.of(1, 2));
    const detached = Float32Array.of(1, 2);
    structuredClone(detached, { transfer: [detached.buffer] });
    const x = { type: "float32" as const, dims: [1, 2], data: detached };
    await expect(session.run({ x })).rejects.toMatchObject({ code: "INPUT_SHAPE" });
  });
});

describe("errors of a session", () => {
  it("do not repeat the values of a row", async () => {
    await using session = await open(echo("x", "y", ["rows", 1], ["rows", 1], "int32"));
    for (const x of [1234.5, 98_765_432_109, 98_765_432_109n, "secret"]) {
      const error = await session.predict({ x }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "INPUT_INVALID" });
      expect(JSON.stringify(error)).not.toMatch(/1234|9876|secret/);
    }
  });
});
