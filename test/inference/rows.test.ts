import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { onnx } from "../../src/adapters/onnx/index.ts";
import type { ElementType } from "../../src/core/element-type.ts";
import { InferenceSession, type Row, type RowValue } from "../../src/inference/index.ts";
import type { ExecutionProvider, Tensors } from "../../src/inference/port.ts";
import { linearModel, mlpModel } from "../../src/onnx-format/index.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";
import { addModel, fixedBatchModel, identityModel, twoColumnModel, zipMapModel } from "../../src/testing/tiny-models.ts";
import { wrappedExecutor } from "./wrapped-executor.ts";

const providers = [onnx({ placement: "inline" })];
const linear = linearModel({ columns: ["b", "a"], weights: [1, 100], bias: 0 });

/** What a model of `x` answers for values of `x`, one per row. */
async function identity(type: ElementType, dims: readonly (number | string)[], values: readonly RowValue[]): Promise<unknown[]> {
  await using session = await InferenceSession.open({ model: identityModel(type, dims), providers });
  const answers = await session.predictMany(values.map((x) => ({ x })));
  return answers.map(({ output }) => output["y"]);
}

/** A provider that records what it is given. */
function recording(): { readonly provider: ExecutionProvider; readonly inputs: Tensors[] } {
  const inputs: Tensors[] = [];
  const provider: ExecutionProvider = {
    ...onnx({ placement: "inline" }),
    async load(model, call) {
      const executor = await onnx({ placement: "inline" }).load(model, call);
      return wrappedExecutor(executor, {
        run(given, outputs, options) {
          inputs.push(structuredClone(given));
          return executor.run(given, outputs, options);
        },
      });
    },
  };
  return { provider, inputs };
}

describe("columns side by side in one input", () => {
  it("stand in the order that the model records, whatever the order in a row and the schema", async () => {
    const input = z.object({ a: z.number(), b: z.number() });
    await using session = await InferenceSession.open({ model: linear, providers, input });
    expect(session.columns).toEqual(["b", "a"]);
    const answers = await session.predictMany([
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ]);
    expect(answers.map(({ output }) => Object.values(output))).toEqual([[102], [102]]);
  });

  it("stand in the order of the option before all others", async () => {
    await using session = await InferenceSession.open({ model: linear, providers, columns: ["a", "b"] });
    expect(Object.values((await session.predict({ a: 2, b: 1 })).output)).toEqual([102]);
  });

  it("stand in the order of a zod object when the model records none", async () => {
    const input = z.object({ first: z.number(), second: z.number() });
    await using session = await InferenceSession.open({ model: identityModel("float32"), providers, input });
    expect(session.columns).toEqual(["first", "second"]);
    expect((await session.predict({ second: 2, first: 1 })).output).toEqual({ y: [1, 2] });
  });

  it("may come with other members, before, between and behind", async () => {
    await using session = await InferenceSession.open({ model: linear, providers });
    for (const row of [
      { id: "x", b: 2, a: 1 },
      { b: 2, id: "x", a: 1 },
      { b: 2, a: 1, id: "x" },
    ]) {
      expect(Object.values((await session.predict(row)).output)).toEqual([102]);
    }
  });

  it("must be as many as the model has", async () => {
    const columns = ["a", "b", "c"];
    await expect(InferenceSession.open({ model: linear, providers, columns })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/expected 2 columns, as many as features has, but got a, b, c/),
    });
  });

  it.each([
    [{ b: 1 }, "INPUT_MISSING", { input: "a", known: ["b", "a"] }],
    [{ b: 1, a: null }, "INPUT_MISSING", { input: "a" }],
    [{ a: 1, b: undefined }, "INPUT_MISSING", { input: "b" }],
    [{ a: 1, b: "2" }, "INPUT_INVALID", { issues: [{ path: [0, "b"], message: "expected a number, but got string" }] }],
    [{ a: 1n, b: 2 }, "INPUT_INVALID", { issues: [{ path: [0, "a"] }] }],
    [{ a: [1], b: 2 }, "INPUT_INVALID", { issues: [{ path: [0, "a"], message: "expected a number, but got an array" }] }],
    [{ a: 1, b: {} }, "INPUT_INVALID", { issues: [{ path: [0, "b"] }] }],
  ])("are named when they are missing or wrong: %o", async (row, code, details) => {
    await using session = await InferenceSession.open({ model: linear, providers });
    await expect(session.predict(row as unknown as Row)).rejects.toMatchObject({ code, details });
  });

  it.each([undefined, null, 1, "b"])("are refused when the row is %o, no object", async (row) => {
    for (const model of [linear, addModel()]) {
      await using session = await InferenceSession.open({ model, providers });
      await expect(session.predict(row as never)).rejects.toMatchObject({
        code: "INPUT_INVALID",
        details: { issues: [{ path: [0] }] },
      });
    }
  });

  it("are named with the number of the row in predictMany, and nothing is run", async () => {
    const { provider, inputs } = recording();
    await using session = await InferenceSession.open({ model: linear, providers: [provider], warmUp: false });
    const failure = session.predictMany([
      { a: 1, b: 2 },
      { a: 1, b: "x" },
    ]);
    await expect(failure).rejects.toMatchObject({ code: "INPUT_INVALID", message: expect.stringContaining("[1].b") });
    expect(inputs).toEqual([]);
  });

  it("take NaN and infinities as numbers, and booleans as 0 and 1", async () => {
    await using session = await InferenceSession.open({ model: identityModel("float32"), providers, columns: ["p", "q"] });
    const rows = [
      { p: Number.NaN, q: Number.POSITIVE_INFINITY },
      { p: true, q: false },
    ];
    expect((await session.predictMany(rows)).map(({ output }) => output["y"])).toEqual([
      [Number.NaN, Number.POSITIVE_INFINITY],
      [1, 0],
    ]);
  });

  it("are not mixed up between predictions that overlap", async () => {
    await using session = await InferenceSession.open({ model: identityModel("float32"), providers, columns: ["p", "q"] });
    await session.predict({ p: 0, q: 0 });
    const answers = await Promise.all([1, 2, 3].map((p) => session.predict({ p, q: -p })));
    expect(answers.map(({ output }) => output["y"])).toEqual([
      [1, -1],
      [2, -2],
      [3, -3],
    ]);
  });
});

describe("one column per input", () => {
  it("does not pass over rows that are not there", async () => {
    await using session = await InferenceSession.open({ model: twoColumnModel(), providers });
    const rows = new Array<Row>(2);
    rows[1] = { amount: 1, count: 2 };
    await expect(session.predictMany(rows)).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("is a tensor each, of the input's type", async () => {
    const { provider, inputs } = recording();
    await using session = await InferenceSession.open({ model: twoColumnModel(), providers: [provider], warmUp: false });
    expect(session.columns).toEqual(["amount", "count"]);
    const answers = await session.predictMany([
      { amount: 0.5, count: 2 },
      { count: 3n, amount: 1.5 },
    ]);
    expect(answers.map(({ output }) => output)).toEqual([{ total: 2.5 }, { total: 4.5 }]);
    expect(inputs).toEqual([
      {
        amount: { type: "float32", dims: [2, 1], data: Float32Array.of(0.5, 1.5) },
        count: { type: "int64", dims: [2, 1], data: BigInt64Array.of(2n, 3n) },
      },
    ]);
  });

  it("is an array where the input has more than one element per row", async () => {
    await using session = await InferenceSession.open({ model: addModel(), providers });
    expect((await session.predict({ a: [1, 2], b: [10, 20] })).output).toEqual({ sum: [11, 22] });
    await expect(session.predict({ a: [1, 2, 3], b: [1, 2] })).rejects.toMatchObject({
      code: "INPUT_SHAPE",
      details: { input: "a" },
    });
    await expect(session.predict({ a: 1, b: [1, 2] })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    await expect(session.predict({ a: [1, null], b: [1, 2] } as never)).rejects.toMatchObject({ code: "INPUT_MISSING" });
    const hole = new Array<number>(2).fill(1, 0, 1);
    await expect(session.predict({ a: hole, b: [1, 2] })).rejects.toMatchObject({ code: "INPUT_MISSING" });
    await expect(session.predict({ b: [1, 2] })).rejects.toMatchObject({ code: "INPUT_MISSING", details: { input: "a" } });
  });

  it("may leave one extent to the rows, the same for all", async () => {
    expect(
      await identity(
        "float32",
        ["n", "t"],
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ),
    ).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(await identity("float32", ["n", "t", 2], [[1, 2, 3, 4]])).toEqual([[1, 2, 3, 4]]);
    await expect(identity("float32", ["n", "t"], [[1, 2], [3]])).rejects.toMatchObject({ code: "INPUT_SHAPE" });
    await expect(identity("float32", ["n", "t", "u"], [[1, 2]])).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("takes named columns only when they are the names of the inputs", async () => {
    await using session = await InferenceSession.open({ model: twoColumnModel(), providers, columns: ["count", "amount"] });
    expect(session.columns).toEqual(["amount", "count"]);
    const failure = InferenceSession.open({ model: twoColumnModel(), providers, columns: ["count", "price"] });
    await expect(failure).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("amount, count") });
  });

  it("may be fewer than the members of the schema", async () => {
    const input = z.object({ id: z.string(), amount: z.number(), count: z.int() });
    await using session = await InferenceSession.open({ model: twoColumnModel(), providers, input });
    expect((await session.predict({ id: "u1", amount: 1, count: 2 })).output).toEqual({ total: 3 });
  });
});

describe("values and elements", () => {
  it.each<[ElementType, readonly RowValue[]]>([
    ["float64", [0.1, -0, Number.NaN, Number.MAX_VALUE]],
    ["float16", [1, 0.5, -2, 65504, Number.NaN]],
    ["int8", [-128, 127]],
    ["uint8", [0, 255]],
    ["int16", [-32768, 32767]],
    ["uint16", [0, 65535]],
    ["int32", [-(2 ** 31), 2 ** 31 - 1]],
    ["uint32", [0, 2 ** 32 - 1]],
    ["bool", [true, false]],
    ["string", ["", "Grüße 𝄞"]],
  ])("come back as they went in: %s", async (type, values) => {
    expect(await identity(type, ["n"], values)).toEqual(values);
  });

  it("come back from 64-bit integers as numbers where those are exact, as bigints beyond", async () => {
    const values = [1, 2n, -(2 ** 53) + 1, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
    const expected = [1, 2, -(2 ** 53) + 1, 2 ** 53 - 1, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];
    expect(await identity("int64", ["n"], values)).toEqual(expected);
    expect(await identity("uint64", ["n"], [0, 2n ** 64n - 1n])).toEqual([0, 2n ** 64n - 1n]);
  });

  it.each<[ElementType, RowValue]>([
    ["int8", 128],
    ["uint8", -1],
    ["uint16", 1.5],
    ["int32", Number.NaN],
    ["uint32", 2 ** 32],
    ["int64", 2 ** 53],
    ["int64", 2n ** 63n],
    ["uint64", -1n],
    ["int64", "1"],
    ["bool", 1],
    ["string", 1],
    ["float32", "1"],
  ])("are refused instead of wrapped around or guessed: %s of %s", async (type, value) => {
    await expect(identity(type, ["n"], [value])).rejects.toMatchObject({
      code: "INPUT_INVALID",
      details: { issues: [{ path: [0, "x"] }] },
    });
  });

  it("of any float32 batch come back bit by bit, in order", async () => {
    await using session = await InferenceSession.open({ model: identityModel("float32"), providers, columns: ["p", "q"] });
    const value = fc.float({ noNaN: false });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { maxLength: 20 }), async (pairs) => {
        const answers = await session.predictMany(pairs.map(([p, q]) => ({ p, q })));
        expect(answers.map(({ output }) => output["y"])).toEqual(pairs);
      }),
      { numRuns: 50 },
    );
  });
});

describe("answers", () => {
  it("are scalars for one element per row and arrays for more", async () => {
    const layers = [{ weights: [[1], [2], [3]], bias: [0, 0, 0], activation: "softmax" as const }];
    await using session = await InferenceSession.open({ model: mlpModel({ columns: ["a"], layers }), providers });
    const [one, two] = await session.predictMany([{ a: 0 }, { a: 1 }]);
    const third = expect.closeTo(1 / 3, 6);
    expect(Object.values(one!.output)).toEqual([[third, third, third]]);
    expect(Object.values(two!.output)[0]).toHaveLength(3);
  });

  it("hold the tensor outputs of a model that has others", async () => {
    await using session = await InferenceSession.open({ model: zipMapModel(), providers });
    const { output } = await session.predict({ scores: [0, 0] });
    expect(output).toEqual({ label: 0, probabilities: [0.5, 0.5], probability_by_class: [0.5, 0.5] });
  });

  it("to no rows are none", async () => {
    await using session = await InferenceSession.open({ model: linear, providers });
    expect(await session.predictMany([])).toEqual([]);
  });

  it("of a model for one row come one at a time", async () => {
    await using session = await InferenceSession.open({ model: fixedBatchModel(), providers });
    expect((await session.predict({ x: [1, 2, 3] })).output).toEqual({ y: [2, 4, 6] });
    const many = await session.predictMany([{ x: [1, 2, 3] }, { x: [4, 5, 6] }]);
    expect(many.map(({ output }) => output)).toEqual([{ y: [2, 4, 6] }, { y: [8, 10, 12] }]);
  });

  it.each([[["n", 1]], [["n"]]])("that are longer than %j, which the model declares, are refused, not cut", async (dims) => {
    const value = (name: string, extents: readonly (number | string)[]) =>
      ({ name, type: { tensor: "float32", dims: extents } }) as const;
    const misdeclared = writeModel({
      name: "misdeclared",
      inputs: [value("x", ["n", "k"])],
      outputs: [value("y", dims)],
      nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
    });
    await using session = await InferenceSession.open({ model: misdeclared, providers });
    await expect(session.predictMany([{ x: [1, 2] }, { x: [3, 4] }])).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
    expect(await session.predictMany([{ x: [1] }, { x: [2] }])).toMatchObject([{ output: { y: 1 } }, { output: { y: 2 } }]);
  });

  it("that are not one per row are refused", async () => {
    const y = { type: "float32", dims: [3], data: new Float32Array(3) } as const;
    const provider: ExecutionProvider = {
      ...onnx({ placement: "inline" }),
      load: async (model, call) =>
        wrappedExecutor(await onnx({ placement: "inline" }).load(model, call), {
          run: async () => ({ outputs: { y }, inferMs: 0 }),
        }),
    };
    await using odd = await InferenceSession.open({ model: identityModel("float32", ["n"]), providers: [provider] });
    await expect(odd.predict({ x: 1 })).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringContaining("[3] for 1 rows"),
    });
  });
});
