import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { type Tensor, tensor } from "../../src/core/tensor.ts";
import { compareSessions, type RowRunner, type TensorRunner } from "../../src/inference/compare-sessions.ts";
import { InferenceSession } from "../../src/inference/index.ts";
import type { Tensors } from "../../src/inference/port.ts";
import type { Row } from "../../src/inference/row.ts";
import { linearModel, logisticModel } from "../../src/onnx-format/index.ts";

const floats = (values: readonly number[], ...dims: readonly number[]): Tensor =>
  tensor("float64", Float64Array.from(values), dims.length === 0 ? [values.length] : dims);

/** A model that answers the same outputs to everything. */
const constant = (outputs: Tensors): TensorRunner => ({ run: async () => outputs });
const x = (rows: number): Tensors => ({ x: floats(new Array(rows).fill(0)) });

function compare(reference: Tensors, candidate: Tensors, rows: number, options: object = {}) {
  return compareSessions(constant(reference), constant(candidate), { tensors: [x(rows)], ...options });
}

const byRow = (answers: readonly Row[]): RowRunner<number> => ({
  predictMany: async (rows) => rows.map((row) => ({ output: answers[row]! })),
});

function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "nothing",
    (error: unknown) => error,
  );
}

describe("compareSessions", () => {
  it("measures the errors of numbers", async () => {
    const { rows, outputs, worst } = await compare({ y: floats([1, 2, 4, 0]) }, { y: floats([1, 2.5, 3, 0.25]) }, 4);
    expect(rows).toBe(4);
    expect(outputs).toEqual([
      {
        name: "y",
        count: 4,
        nonFinite: 0,
        maxAbsoluteError: 1,
        meanAbsoluteError: 1.75 / 4,
        maxRelativeError: 0.25 / 1e-6,
        labelAgreement: null,
      },
    ]);
    expect(worst).toEqual([
      { row: 2, absoluteError: 1 },
      { row: 1, absoluteError: 0.5 },
      { row: 3, absoluteError: 0.25 },
    ]);
    const [y] = (await compare({ y: floats([4, 0]) }, { y: floats([3, 0.25]) }, 2, { relativeFloor: 1 })).outputs;
    expect(y!.maxRelativeError).toBe(0.25);
  });

  it("counts how often the greatest of several numbers is the same one", async () => {
    const reference = floats([0.1, 0.9, 0.8, 0.2, 0.5, 0.5, 0.3, 0.7], 4, 2);
    const candidate = floats([0.2, 0.8, 0.4, 0.6, 0.6, 0.4, 0.3, 0.7], 4, 2);
    const { outputs } = await compare({ p: reference }, { p: candidate }, 4);
    expect(outputs[0]).toMatchObject({ count: 8, labelAgreement: 0.75 });
  });

  it("compares labels as equal or not, and lists rows where they differ first", async () => {
    const reference = {
      label: tensor("int64", BigInt64Array.of(1n, 2n, 3n)),
      s: tensor("string", ["a", "b", "c"]),
      y: floats([0, 0, 5]),
    };
    const candidate = {
      y: floats([0, 100, 5]),
      s: tensor("string", ["a", "b", "c"]),
      label: tensor("int64", BigInt64Array.of(7n, 2n, 3n)),
    };
    const { outputs, worst } = await compare(reference, candidate, 3);
    expect(
      outputs.map(({ name, count, maxAbsoluteError, labelAgreement }) => [name, count, maxAbsoluteError, labelAgreement]),
    ).toEqual([
      ["label", 0, null, 2 / 3],
      ["s", 0, null, 1],
      ["y", 3, 100, null],
    ]);
    expect(worst).toEqual([
      { row: 0, absoluteError: Number.POSITIVE_INFINITY },
      { row: 1, absoluteError: 100 },
    ]);
    const asNumbers = await compare(reference, candidate, 3, { labels: ["s"] });
    expect(asNumbers.outputs[0]).toMatchObject({ name: "label", count: 3, maxAbsoluteError: 6, labelAgreement: null });
  });

  it("counts NaN and infinities apart, unless both have them", async () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const { outputs, worst } = await compare(
      { y: floats([nan, inf, -inf, nan, 1, inf]) },
      { y: floats([nan, inf, inf, 1, nan, 2]) },
      6,
    );
    expect(outputs[0]).toMatchObject({ count: 6, nonFinite: 4, maxAbsoluteError: 0, meanAbsoluteError: 0, maxRelativeError: 0 });
    expect(worst.map(({ row }) => row)).toEqual([2, 3, 4, 5]);
    const none = await compare({ y: floats([nan]) }, { y: floats([1]) }, 1);
    expect(none.outputs[0]).toMatchObject({ count: 1, nonFinite: 1, maxAbsoluteError: null, meanAbsoluteError: null });
  });

  it("reads half precision and bfloat16 as the numbers that they are", async () => {
    const half = tensor("float16", Uint16Array.of(0x3c00, 0xc000));
    const brain = tensor("bfloat16", Uint16Array.of(0x3f80, 0xc000));
    const { outputs } = await compare({ a: half, b: brain }, { a: floats([1, -2]), b: floats([1, -1.5]) }, 2);
    expect(outputs.map(({ maxAbsoluteError }) => maxAbsoluteError)).toEqual([0, 0.5]);
  });

  it("lists the rows that differ most, through all batches, with values only when asked to", async () => {
    const errors = [3, 0, 7, 1, 7, 2];
    const reference = constant({ y: floats([10]), p: floats([0, 0], 1, 2) });
    let at = 0;
    const candidate: TensorRunner = { run: async () => ({ y: floats([10 + errors[at++]!]), p: floats([0, 0], 1, 2) }) };
    const tensors = errors.map(() => x(1));
    const { worst } = await compareSessions(reference, candidate, { tensors, worst: 3 });
    expect(worst).toEqual([
      { row: 2, absoluteError: 7 },
      { row: 4, absoluteError: 7 },
      { row: 0, absoluteError: 3 },
    ]);
    at = 0;
    const shown = await compareSessions(reference, candidate, { tensors, worst: 1, values: true });
    expect(shown.worst).toEqual([{ row: 2, absoluteError: 7, reference: { y: 10, p: [0, 0] }, candidate: { y: 17, p: [0, 0] } }]);
    at = 0;
    expect((await compareSessions(reference, candidate, { tensors, worst: 0 })).worst).toEqual([]);
  });

  it("takes an output that has no entry for each row as one row", async () => {
    const { rows, outputs, worst } = await compare(
      { y: floats([1, 2]), mean: floats([5], 1), scalar: tensor("float64", Float64Array.of(1), []) },
      { y: floats([1, 2]), mean: floats([6], 1), scalar: tensor("float64", Float64Array.of(3), []) },
      2,
    );
    expect([rows, outputs.map(({ count }) => count), worst]).toEqual([2, [2, 1, 1], [{ row: 0, absoluteError: 2 }]]);
  });

  it("compares rows, in chunks", async () => {
    const sizes: number[] = [];
    const reference = byRow([0, 1, 2, 3, 4].map((i) => ({ label: i % 2 === 0, p: [i, 2], n: i })));
    const candidate = byRow([0, 1, 2, 3, 4].map((i) => ({ label: i < 4, p: [i, 2.5], n: i })));
    const counting: RowRunner<number> = {
      predictMany(rows) {
        sizes.push(rows.length);
        return reference.predictMany(rows);
      },
    };
    async function* rows() {
      yield* [0, 1, 2, 3, 4];
    }
    const comparison = await compareSessions(counting, candidate, { rows: rows(), chunk: 2 });
    expect(sizes).toEqual([2, 2, 1]);
    expect(comparison.rows).toBe(5);
    expect(comparison.outputs).toMatchObject([
      { name: "label", labelAgreement: 0.4 },
      { name: "p", count: 10, maxAbsoluteError: 0.5, meanAbsoluteError: 0.25, labelAgreement: 0.8 },
      { name: "n", count: 5, maxAbsoluteError: 0, labelAgreement: null },
    ]);
    const chosen = await compareSessions(reference, candidate, { rows: [0, 1], outputs: ["n"] });
    expect(chosen.outputs.map(({ name }) => name)).toEqual(["n"]);
  });

  it("compares nothing with nothing", async () => {
    expect(await compareSessions(byRow([]), byRow([]), { rows: [] })).toEqual({ rows: 0, outputs: [], worst: [] });
    const empty = await compare({ y: floats([], 0, 3) }, { y: floats([], 0, 3) }, 0);
    expect(empty).toMatchObject({ rows: 0, outputs: [{ count: 0, maxAbsoluteError: null, labelAgreement: null }] });
  });

  it("compares sessions, by rows and by tensors", async () => {
    const providers = [onnx({ placement: "inline" })];
    const columns = ["a", "b"];
    await using reference = await InferenceSession.open({ model: linearModel({ columns, weights: [1, 2], bias: 0 }), providers });
    await using candidate = await InferenceSession.open({
      model: linearModel({ columns, weights: [1, 2.5], bias: 0 }),
      providers,
    });
    await using other = await InferenceSession.open({ model: logisticModel({ columns, weights: [1, 2], bias: 0 }), providers });
    const rows = [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ];
    const name = reference.inputs[0]!.name;
    const tensors = [{ [name]: tensor("float32", Float32Array.of(1, 2, 3, 4), [2, 2]) }];
    for (const comparison of [
      await compareSessions(reference, candidate, { rows }),
      await compareSessions(reference, candidate, { tensors }),
    ]) {
      expect(comparison).toMatchObject({ rows: 2, outputs: [{ count: 2, maxAbsoluteError: 2, meanAbsoluteError: 1.5 }] });
      expect(comparison.worst).toEqual([
        { row: 1, absoluteError: 2 },
        { row: 0, absoluteError: 1 },
      ]);
    }
    expect(await failure(compareSessions(reference, other, { rows }))).toMatchObject({ code: "MODEL_UNSUPPORTED" });
    const output = reference.outputs[0]!.name;
    const chosen = await compareSessions(reference, candidate, { tensors, outputs: [output] });
    expect(chosen.outputs.map((each) => each.name)).toEqual([output]);
  });

  it("hands the call's signal on, and stops at it", async () => {
    const controller = new AbortController();
    const signals: unknown[] = [];
    const runner: TensorRunner = {
      async run(_, options, call) {
        signals.push(options, call?.signal);
        controller.abort(new Error("enough"));
        return { y: floats([1]) };
      },
    };
    const tensors = [x(1), x(1)];
    const call = { signal: controller.signal };
    expect(await failure(compareSessions(runner, runner, { tensors }, call))).toBe(controller.signal.reason);
    expect(signals).toEqual([undefined, controller.signal, undefined, controller.signal]);
  });

  it.each<[string, Tensors, string]>([
    ["an output less", {}, "the outputs differ: y and "],
    ["an output more", { y: floats([1]), z: floats([1]) }, "the outputs differ: y and y, z"],
    ["other rows", { y: floats([1, 2], 1, 2) }, "the numbers of elements in y differ: 1 and 2"],
  ])("refuses a candidate that answers %s", async (_, candidate, reason) => {
    expect(await failure(compare({ y: floats([1]) }, candidate, 1))).toMatchObject({
      code: "MODEL_UNSUPPORTED",
      details: { reason: expect.stringContaining(reason) },
    });
  });

  it("refuses an output that rows have not", async () => {
    const runner = byRow([{ y: 1 }]);
    expect(await failure(compareSessions(runner, runner, { rows: [0], outputs: ["constructor"] }))).toMatchObject({
      code: "INPUT_UNKNOWN",
      details: { input: "constructor", known: ["y"] },
    });
  });

  it.each([
    {},
    { rows: [], tensors: [] },
    { rows: 5 },
    { tensors: x(1) },
    { rows: [], worst: -1 },
    { rows: [], relativeFloor: 0 },
  ])("refuses %j", async (options) => {
    const runner = byRow([]);
    expect(await failure(compareSessions(runner, runner, options as never))).toMatchObject({ code: "CONFIG_INVALID" });
  });
});
