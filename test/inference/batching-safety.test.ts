import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { tensor } from "../../src/core/tensor.ts";
import { customProvider, InferenceSession } from "../../src/inference/index.ts";
import type { ExecutionProvider, Tensors } from "../../src/inference/port.ts";
import { logisticModel } from "../../src/onnx-format/index.ts";
import { type NodeSpec, writeModel } from "../../src/onnx-format/write-model.ts";
import { fixedBatchModel, twoColumnModel } from "../../src/testing/tiny-models.ts";
import { wrappedExecutor } from "./wrapped-executor.ts";

const providers = [onnx({ placement: "inline" })];
const open = (model: Uint8Array) => InferenceSession.open({ model, providers });

type Dims = readonly (number | string)[];

/** A model of `x`, float32, and `y`. */
function model(x: Dims, y: Dims, nodes: readonly NodeSpec[], type: "float32" | "int64" = "float32"): Uint8Array {
  return writeModel({
    name: "trap",
    inputs: [{ name: "x", type: { tensor: "float32", dims: x } }],
    outputs: [{ name: "y", type: { tensor: type, dims: y } }],
    nodes,
  });
}

const node = (operator: string, inputs: string[], outputs: string[], attributes: NodeSpec["attributes"] = {}): NodeSpec => ({
  operator,
  inputs,
  outputs,
  attributes,
});

/** A function from the elements of `x` to those of `y`, float32 [n]. */
const custom = (run: (inputs: Tensors) => Float32Array) =>
  customProvider({
    name: "own",
    inputs: [{ name: "x", type: "float32", dims: ["n"] }],
    outputs: [{ name: "y", type: "float32", dims: ["n"] }],
    run: (inputs) => ({ y: tensor("float32", run(inputs)) }),
  });

/** Subtracts the mean of all rows. */
const centred = model(
  ["n", 2],
  ["n", 2],
  [node("ReduceMean", ["x"], ["mean"], { axes: { ints: [0] }, keepdims: { int: 1 } }), node("Sub", ["x", "mean"], ["y"])],
);

/** Answers the running sum of the rows. */
const summed = writeModel({
  name: "summed",
  inputs: [{ name: "x", type: { tensor: "float32", dims: ["n", 2] } }],
  outputs: [{ name: "y", type: { tensor: "float32", dims: ["n", 2] } }],
  nodes: [node("CumSum", ["x", "axis"], ["y"])],
  initializers: { axis: tensor("int64", BigInt64Array.of(0n), []) },
});

/** Answers where elements are not zero. */
const nonZero = model(["n", 2], ["two", "found"], [node("NonZero", ["x"], ["y"])], "int64");
const transposed = model(["n", 2], ["n", "m"], [node("Transpose", ["x"], ["y"], { perm: { ints: [1, 0] } })]);
const random = model(["n", 2], ["n", 2], [node("RandomNormalLike", ["x"], ["noise"]), node("Add", ["x", "noise"], ["y"])]);

describe("rows of several callers share a run", () => {
  it("when the model answered the samples alike alone and together", async () => {
    await using session = await open(logisticModel({ columns: ["a", "b"], weights: [1, 2], bias: 0 }));
    expect(session.batching).toEqual({ enabled: true, reason: expect.stringMatching(/alone and together/) });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, a) => session.predict({ a, b: 0 })));
    for (const [a, { output }] of answers.entries()) expect(output["probability"]).toBeCloseTo(1 / (1 + Math.exp(-a)), 6);
    const [{ executions, rows }] = session.statistics() as [ReturnType<typeof session.statistics>[number]];
    expect(rows).toBe(40);
    expect(executions).toBeLessThan(40);
  });

  it("when every input has the same open first extent", async () => {
    await using session = await open(twoColumnModel());
    expect(session.batching.enabled).toBe(true);
    const answers = await Promise.all([1, 2, 3].map((count) => session.predict({ amount: 0.5, count })));
    expect(answers.map(({ output }) => output["total"])).toEqual([1.5, 2.5, 3.5]);
  });
});

describe("rows of several callers are kept apart", () => {
  it.each([
    ["a mean over the rows", centred, /depends on the rows beside it/],
    ["a running sum of the rows", summed, /depends on the rows beside it/],
    ["as many answers as elements are not zero", nonZero, /first extent is n in one place and two in "y"/],
    ["its rows in the second axis", transposed, /"y" is \[2, /],
    ["random numbers", random, /draws random numbers/],
    ["one row at a time", fixedBatchModel(), /first extent of "x" is fixed to 1/],
  ])("by a model with %s, which answers each right", async (_, bytes, reason) => {
    await using session = await open(bytes);
    expect(session.batching).toEqual({ enabled: false, reason: expect.stringMatching(reason) });
  });

  it("by a model that adds the rows up, and is slow, so that few of them are compared", async () => {
    const slow: ExecutionProvider = {
      ...providers[0]!,
      async load(...given) {
        const executor = await providers[0]!.load(...given);
        return wrappedExecutor(executor, {
          run: async (...call) => ({ ...(await executor.run(...call)), inferMs: 60 }),
        });
      },
    };
    await using session = await InferenceSession.open({ model: summed, providers: [slow] });
    expect(session.batching).toEqual({ enabled: false, reason: expect.stringMatching(/depends on the rows beside it/) });
  });

  it("by a model that mixes them when they are many", async () => {
    const own = custom(({ x }) => {
      const values = x!.data as Float32Array;
      return values.length <= 8 ? values : values.map(() => values.length);
    });
    await using session = await InferenceSession.open({ providers: [own], batching: {} });
    expect(session.batching).toEqual({ enabled: false, reason: expect.stringMatching(/depends on the rows beside it/) });
  });

  it("when samples are too much alike to tell", async () => {
    const warmUp = { rows: [{ x: [1, 2] }, { x: [1, 2] }, { x: [1, 2] }] };
    await using session = await InferenceSession.open({ model: centred, providers, warmUp });
    expect(session.batching).toEqual({ enabled: false, reason: expect.stringMatching(/samples are all the same/) });
  });

  it("when a function refuses what was made up", async () => {
    const own = custom(() => tensor("float32", new Float32Array(1), [7]).data as Float32Array);
    await using session = await InferenceSession.open({ providers: [own], batching: {} });
    expect(session.batching).toEqual({ enabled: false, reason: expect.stringMatching(/no sample could be run/) });
  });

  it("where they may end within a byte", async () => {
    const spec = (name: string) => ({ name, type: "int4" as const, dims: ["n", 1] });
    const own = customProvider({ name: "own", inputs: [spec("x")], outputs: [spec("y")], run: ({ x }) => ({ y: x! }) });
    await using session = await InferenceSession.open({ providers: [own], batching: {} });
    expect(session.batching).toEqual({ enabled: false, reason: expect.stringMatching(/end within a byte/) });
  });

  it("so that a mean over the rows of one caller is not that of others", async () => {
    await using session = await open(centred);
    const run = (values: number[]) => session.run({ x: tensor("float32", Float32Array.from(values), [values.length / 2, 2]) });
    const answers = await Promise.all([run([1, 2]), run([5, 6, 7, 8]), run([9, 9])]);
    expect(answers.map(({ y }) => [...(y!.data as Float32Array)])).toEqual([
      [0, 0],
      [-1, -1, 1, 1],
      [0, 0],
    ]);
  });

  it("so that a search for what is not zero answers for one caller alone", async () => {
    await using session = await open(nonZero);
    const run = (...values: number[]) => session.run({ x: tensor("float32", Float32Array.from(values), [1, 2]) });
    const answers = await Promise.all([run(0, 3), run(1, 1), run(0, 0)]);
    expect(answers.map(({ y }) => y!.dims)).toEqual([
      [2, 1],
      [2, 2],
      [2, 0],
    ]);
  });

  it("so that a model that takes one row at a time answers many, one after the other", async () => {
    await using session = await open(fixedBatchModel());
    const answers = await session.predictMany([{ x: [1, 2, 3] }, { x: [4, 5, 6] }]);
    expect(answers.map(({ output }) => output["y"])).toEqual([
      [2, 4, 6],
      [8, 10, 12],
    ]);
  });

  it("when that is asked for, or warm-up is switched off", async () => {
    const bytes = logisticModel({ columns: ["a"], weights: [1], bias: 0 });
    await using off = await InferenceSession.open({ model: bytes, providers, batching: false });
    expect(off.batching).toEqual({ enabled: false, reason: "it was switched off" });
    await using cold = await InferenceSession.open({ model: bytes, providers, warmUp: false });
    expect(cold.batching.reason).toMatch(/warm-up was switched off/);
    expect(off.statistics()[0]).toMatchObject({ executions: 0 });
  });
});

describe("a provider with a model of its own", () => {
  let calls = 0;
  const double = customProvider({
    name: "double",
    inputs: [{ name: "x", type: "float32", dims: ["n"] }],
    outputs: [{ name: "y", type: "float32", dims: ["n"] }],
    run: ({ x }) => {
      calls += 1;
      return {
        y: tensor(
          "float32",
          (x!.data as Float32Array).map((value) => 2 * value),
        ),
      };
    },
  });

  it("is not run to find out, unless that is asked for", async () => {
    await using session = await InferenceSession.open({ providers: [double] });
    expect([calls, session.batching.enabled]).toEqual([0, false]);
    expect(session.batching.reason).toMatch(/model of its own/);
    expect((await session.predict({ x: 4 })).output).toEqual({ y: 8 });
    await using probed = await InferenceSession.open({ providers: [double], batching: {} });
    expect(probed.batching.enabled).toBe(true);
  });
});
