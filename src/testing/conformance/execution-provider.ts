import type { ElementType } from "../../core/element-type.ts";
import { type Tensor, tensor, tensorBytes } from "../../core/tensor.ts";
import type { ExecutionProvider, Executor, Tensors } from "../../inference/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";
import { addModel, identityModel, int4OutputModel, unknownOperatorModel, zipMapModel } from "../tiny-models.ts";

/**
 * Defines the tests that every {@link ExecutionProvider} must pass.
 *
 * @param open - the provider; loading happens in the tests
 * @example
 * ```ts
 * import { describe, it } from "node:test";
 * import { onnx } from "modelwright/onnx";
 * import { executionProviderConformance } from "modelwright/testing";
 *
 * executionProviderConformance({ describe, it }, () => onnx());
 * ```
 */
export function executionProviderConformance(
  kit: TestKit,
  open: () => Promise<ExecutionProvider> | ExecutionProvider,
  options?: SuiteOptions,
): void {
  suite(kit, "ExecutionProvider execution/1", open, options, tests);
}

const floats = [0, -0, 1.5, -1e30, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40];

/** Values of each type at which an engine could go wrong: signs, limits, what a number cannot hold, what is no number. */
const samples: Partial<Record<ElementType, Tensor>> = {
  float32: tensor("float32", Float32Array.from(floats)),
  float64: tensor("float64", Float64Array.from([...floats, 2 ** -1074, Number.MAX_VALUE])),
  // 0, −0, 1, the least, the greatest, both infinities, NaN.
  float16: tensor("float16", Uint16Array.of(0, 0x8000, 0x3c00, 1, 0x7bff, 0x7c00, 0xfc00, 0x7e00)),
  int8: tensor("int8", Int8Array.of(0, -128, 127, -1)),
  int16: tensor("int16", Int16Array.of(0, -32_768, 32_767, -1)),
  int32: tensor("int32", Int32Array.of(0, -(2 ** 31), 2 ** 31 - 1, -1)),
  int64: tensor("int64", BigInt64Array.of(0n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n)),
  uint8: tensor("uint8", Uint8Array.of(0, 1, 128, 255)),
  uint16: tensor("uint16", Uint16Array.of(0, 1, 32_768, 65_535)),
  uint32: tensor("uint32", Uint32Array.of(0, 1, 2 ** 31, 2 ** 32 - 1)),
  uint64: tensor("uint64", BigUint64Array.of(0n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n)),
  bool: tensor("bool", Uint8Array.of(1, 0, 0, 1)),
  string: tensor("string", ["", "plain", "Grüße, 世界 𝄞", "two\nlines"]),
};

const tests: Readonly<Record<string, SuiteTest<ExecutionProvider>>> = {
  "says what it is": async (provider, check) => {
    check.equal(provider.spec, "execution/1");
    check.equal(provider.name.length > 0, true);
    check.equal(provider.capabilities.elementTypes.length > 0, true);
    await using executor = await load(provider, addModel());
    check.equal(executor.provider.length > 0, true);
  },

  "takes and gives every element type that it claims, bit by bit": async (provider, check) => {
    for (const type of provider.capabilities.elementTypes) {
      const x = samples[type];
      if (x === undefined) throw new Error(`The suite has no sample of ${type}`);
      await using executor = await load(provider, identityModel(type, ["batch"]));
      const { y } = await run(executor, { x }, ["y"]);
      check.equal(bits(y), bits(x));
    }
  },

  "answers an empty batch": async (provider, check) => {
    await using executor = await load(provider, identityModel("float32"));
    const { y } = await run(executor, { x: tensor("float32", new Float32Array(), [0, 2]) }, ["y"]);
    check.equal([y?.type, y?.dims, y?.data.length], ["float32", [0, 2], 0]);
  },

  "answers the outputs named, and no other": async (provider, check) => {
    await using executor = await load(provider, zipMapModel());
    const answer = await run(executor, { scores: rows([2, 1], [0, 3]) }, ["label"]);
    check.equal(Object.keys(answer), ["label"]);
    check.equal(bits(answer["label"]), bits(tensor("int64", BigInt64Array.of(0n, 1n))));
  },

  "answers all outputs that are tensors when none is named": async (provider, check) => {
    await using executor = await load(provider, zipMapModel());
    const answer = await run(executor, { scores: rows([2, 1]) }, []);
    check.equal(Object.keys(answer).sort(), ["label", "probabilities"]);
  },

  "gives concurrent runs their own answers": async (provider, check) => {
    await using executor = await load(provider, addModel());
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => sum(executor, i, 100)));
    check.equal(
      answers,
      Array.from({ length: 8 }, (_, i) => [i + 100, i + 100]),
    );
  },

  "keeps two models apart that are loaded and run at once": async (provider, check) => {
    const [adder, same] = await Promise.all([load(provider, addModel()), load(provider, identityModel("float32"))]);
    await using _adder = adder;
    await using _same = same;
    const [total, { y }] = await Promise.all([sum(adder, 1, 2), run(same, { x: rows([5, 6]) }, ["y"])]);
    check.equal(
      [total, numbers(y)],
      [
        [3, 3],
        [5, 6],
      ],
    );
  },

  "leaves its inputs and the model's bytes as they are": async (provider, check) => {
    const bytes = addModel();
    await using executor = await load(provider, bytes);
    const a = rows([1, 2]);
    const b = rows([3, 4]);
    await run(executor, { a, b }, ["sum"]);
    check.equal([a, b], [rows([1, 2]), rows([3, 4])]);
    check.equal(bytes, addModel());
  },

  "answers in memory that a later run does not change": async (provider, check) => {
    await using executor = await load(provider, identityModel("float32"));
    const { y } = await run(executor, { x: rows([1, 2]) }, ["y"]);
    await run(executor, { x: rows([3, 4]) }, ["y"]);
    check.equal(numbers(y), [1, 2]);
  },

  "refuses bytes that are no model with MODEL_INVALID": async (provider, check) => {
    const model = addModel();
    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(1, 2, 3),
      new Uint8Array(500).fill(65),
      model.subarray(0, model.length / 2),
    ]) {
      await check.fails("MODEL_INVALID", () => load(provider, bytes));
    }
  },

  "refuses a model with an operator that it does not know with MODEL_UNSUPPORTED": async (provider, check) => {
    await check.fails("MODEL_UNSUPPORTED", () => load(provider, unknownOperatorModel()));
  },

  "refuses a model with an element type that it does not claim": async (provider, check) => {
    check.equal(provider.capabilities.elementTypes.includes("int4"), false);
    await check.fails("MODEL_UNSUPPORTED", () => load(provider, int4OutputModel()));
  },

  "fails with MODEL_RUN_FAILED when the engine does, and goes on": async (provider, check) => {
    await using executor = await load(provider, addModel());
    const error = await check.fails("MODEL_RUN_FAILED", () =>
      run(executor, { a: rows([1, 2], [3, 4]), b: rows([1, 2], [3, 4], [5, 6]) }, ["sum"]),
    );
    check.equal(error.details.provider, executor.provider);
    check.equal(error.cause instanceof Error, true);
    check.equal(await sum(executor, 1, 2), [3, 3]);
  },

  "rejects with the signal's reason when aborted before": async (provider, check) => {
    const signal = AbortSignal.abort(new RangeError("stop"));
    await using executor = await load(provider, addModel());
    const failures = [
      executor.run({ a: rows([1, 2]), b: rows([1, 2]) }, ["sum"], { signal }),
      provider.load({ identity: {}, bytes: addModel() }, { signal }),
    ];
    for (const failure of await Promise.allSettled(failures)) {
      check.equal(failure.status === "rejected" && failure.reason === signal.reason, true);
    }
  },

  "lets running work end when it is disposed": async (provider, check) => {
    const executor = await load(provider, addModel());
    const running = [sum(executor, 1, 2), sum(executor, 3, 4)];
    await executor[Symbol.asyncDispose]();
    check.equal(await Promise.all(running), [
      [3, 3],
      [7, 7],
    ]);
  },

  "answers CLOSED after it was disposed, and may be disposed twice": async (provider, check) => {
    const executor = await load(provider, addModel());
    await executor[Symbol.asyncDispose]();
    await executor[Symbol.asyncDispose]();
    await check.fails("CLOSED", () => sum(executor, 1, 2));
  },
};

function load(provider: ExecutionProvider, bytes: Uint8Array): Promise<Executor> {
  return provider.load({ identity: {}, bytes });
}

function rows(...values: readonly (readonly [number, number])[]): Tensor<"float32"> {
  return tensor("float32", Float32Array.from(values.flat()), [values.length, 2]);
}

async function run(executor: Executor, inputs: Tensors, outputs: readonly string[]): Promise<Tensors> {
  return (await executor.run(inputs, outputs)).outputs;
}

/** One row of `a + b` by {@link addModel}. */
async function sum(executor: Executor, a: number, b: number): Promise<number[]> {
  const { sum } = await run(executor, { a: rows([a, a]), b: rows([b, b]) }, ["sum"]);
  return numbers(sum);
}

function numbers(value: Tensor | undefined): number[] {
  return Array.from((value?.data ?? []) as Float32Array);
}

/** A tensor for comparison: deep equality of arrays would take −0 for 0. */
function bits(value: Tensor | undefined): unknown {
  if (value === undefined) return undefined;
  const { type, dims, data } = value;
  return { type, dims: [...dims], data: ArrayBuffer.isView(data) ? [...tensorBytes(value)] : [...data] };
}
