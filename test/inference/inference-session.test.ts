import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { onnxWeb } from "../../src/adapters/onnx-web/index.ts";
import { sha256 } from "../../src/core/digest.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { LoadedModel, ModelSource } from "../../src/core/model.ts";
import { tensor } from "../../src/core/tensor.ts";
import { InferenceSession } from "../../src/inference/index.ts";
import type { ExecutionProvider, Tensors } from "../../src/inference/port.ts";
import { logisticModel } from "../../src/onnx-format/index.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { addModel, externalDataModel, identityModel, int4OutputModel, zipMapModel } from "../../src/testing/tiny-models.ts";
import { gate } from "../core/gate.ts";
import { wrappedExecutor } from "./wrapped-executor.ts";

const inline = () => onnx({ placement: "inline" });
const model = logisticModel({ columns: ["age", "income"], weights: [0.5, -2], bias: 1 });
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const add = (a: readonly number[], b: readonly number[]) => ({
  a: tensor("float32", Float32Array.from(a), [a.length / 2, 2]),
  b: tensor("float32", Float32Array.from(b), [b.length / 2, 2]),
});

/** A model of one input and one output that have these names. */
const named = (input: string, output: string) =>
  writeModel({
    name: "named",
    inputs: [{ name: input, type: { tensor: "float32", dims: ["n"] } }],
    outputs: [{ name: output, type: { tensor: "float32", dims: ["n"] } }],
    nodes: [{ operator: "Identity", inputs: [input], outputs: [output] }],
  });

/** A provider that cannot load anything. */
const failing = (error: unknown): ExecutionProvider => ({
  ...inline(),
  name: "failing",
  load: () => Promise.reject(error),
});

/** A real provider whose runs wait for the gate. */
function gated(): { readonly provider: ExecutionProvider; readonly open: () => void; disposed: number } {
  const { promise, resolve } = gate();
  const state = { disposed: 0 };
  const provider: ExecutionProvider = {
    ...inline(),
    async load(loaded, call) {
      const executor = await inline().load(loaded, call);
      const running = new Set<Promise<unknown>>();
      return wrappedExecutor(executor, {
        run(inputs, outputs) {
          const answer = promise.then(() => executor.run(inputs, outputs));
          running.add(answer);
          return answer;
        },
        async [Symbol.asyncDispose]() {
          await Promise.allSettled(running);
          state.disposed += 1;
          await executor[Symbol.asyncDispose]();
        },
      });
    },
  };
  return Object.assign(state, { provider, open: () => resolve() });
}

describe("opening a session", () => {
  it("takes bytes and answers as the model does", async () => {
    await using session = await InferenceSession.open({ model, providers: [inline()] });
    const { output, model: identity, provider } = await session.predict({ age: 2, income: 0.25 });
    expect(output["probability"]).toBeCloseTo(sigmoid(0.5 * 2 - 2 * 0.25 + 1), 6);
    expect(identity).toEqual({ digest: await sha256(model) });
    expect(provider).toBe("onnxruntime-node/cpu");
  });

  it("says what the model takes and gives", async () => {
    await using session = await InferenceSession.open({ model, providers: [inline()] });
    expect(session.inputs).toEqual([{ name: "features", type: "float32", dims: ["batch", 2] }]);
    expect(session.outputs).toEqual([{ name: "probability", type: "float32", dims: ["batch", 1] }]);
    expect(session.columns).toEqual(["age", "income"]);
    expect([session.spec, session.provider, session.fallbacks]).toEqual(["predictor/1", "onnxruntime-node/cpu", []]);
    expect(session.name).toBe((await sha256(model)).slice(0, 19));
  });

  it("takes a source, whose name and identity it keeps, and works out the digest that the source has not said", async () => {
    const source: ModelSource = {
      spec: "model-source/1",
      name: "fraud@production",
      load: async () => ({ identity: { name: "fraud", version: 3 }, bytes: model }),
    };
    await using session = await InferenceSession.open({ model: source, providers: [inline()] });
    expect(session.name).toBe("fraud@production");
    expect(session.model).toEqual({ name: "fraud", version: 3, digest: await sha256(model) });
  });

  it("rejects with what the source throws", async () => {
    const gone = new ModelwrightError("REGISTRY_MODEL_NOT_FOUND", "gone", { details: { name: "fraud" } });
    const source: ModelSource = { spec: "model-source/1", name: "fraud@1", load: () => Promise.reject(gone) };
    await expect(InferenceSession.open({ model: source, providers: [inline()] })).rejects.toBe(gone);
  });

  it("goes on to the next provider, keeps why, and warns", async () => {
    const warnings: unknown[] = [];
    const logger = { ...silentLogger, warn: (message: string, fields?: unknown) => void warnings.push([message, fields]) };
    const providers = [failing(new Error("no GPU")), onnxWeb({ device: "webgpu" }), onnxWeb(), inline()];
    await using session = await InferenceSession.open({ model, providers }, { logger });
    expect(session.provider).toBe("onnxruntime-web/wasm");
    expect(session.fallbacks).toEqual([
      { provider: "failing", reason: "no GPU" },
      { provider: "onnxruntime-web/webgpu", reason: expect.stringMatching(/^no available backend.*webgpu/) },
    ]);
    expect(warnings).toHaveLength(2);
    expect((await session.predict({ age: 0, income: 0 })).output["probability"]).toBeCloseTo(sigmoid(1), 6);
  });

  it("rejects with the error of the only provider, which says most", async () => {
    const missing = new ModelwrightError("MISSING_PEER", "not there", { details: { peer: "x", install: "npm install x" } });
    await expect(InferenceSession.open({ model, providers: [failing(missing)] })).rejects.toBe(missing);
  });

  it("lists every provider's reason when all fail", async () => {
    const errors = [new Error("first"), new Error("second")];
    const failure = InferenceSession.open({ model, providers: errors.map(failing) });
    await expect(failure).rejects.toMatchObject({
      code: "MODEL_LOAD_FAILED",
      details: {
        attempts: [
          { provider: "failing", reason: "first" },
          { provider: "failing", reason: "second" },
        ],
      },
      cause: expect.objectContaining({ errors }),
    });
  });

  it("refuses what no engine could take before any engine sees it", async () => {
    const providers = [failing(new Error("must not be reached")), inline()];
    const open = (bytes: Uint8Array) => InferenceSession.open({ model: bytes, providers: providers.slice(1) });
    await expect(open(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: "MODEL_INVALID" });
    await expect(open(externalDataModel("weights.bin"))).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringMatching(/weights\.bin; open it with fileModel, .*or save the model as one file/),
    });
    await expect(open(named("__proto__", "y"))).rejects.toThrow(/named __proto__/);
    await expect(open(named("x", "__proto__"))).rejects.toThrow(/named __proto__/);
    for (const bytes of [int4OutputModel(), identityModel("complex64"), identityModel("float8e4m3fn")]) {
      await expect(open(bytes)).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED", message: expect.stringContaining("Cast") });
    }
  });

  it("lists every wrong option", async () => {
    const options = { model: "model.onnx", providers: [], columns: ["a", "a"], validate: "sometimes", input: {}, extra: 1 };
    // @ts-expect-error nothing of it is right
    const failure = InferenceSession.open(options);
    await expect(failure).rejects.toMatchObject({ code: "CONFIG_INVALID", details: { subject: "InferenceSession" } });
    for (const part of ["model", "providers", "columns", "validate", "input", "extra"]) {
      await expect(failure).rejects.toThrow(part);
    }
  });

  it("disposes a model that came after the caller had given up", async () => {
    const { promise, resolve } = gate();
    const slow = gated();
    const provider = {
      ...slow.provider,
      // As of an engine that does not look at the signal.
      load: (loaded: LoadedModel) => promise.then(() => slow.provider.load(loaded)),
    };
    const controller = new AbortController();
    const reason = new Error("gave up");
    const opening = InferenceSession.open({ model, providers: [provider] }, { signal: controller.signal });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    resolve();
    await expect.poll(() => slow.disposed).toBe(1);
  });

  it("disposes a model whose warm-up ended after the caller had given up", async () => {
    const controller = new AbortController();
    const reason = new Error("gave up");
    let disposed = 0;
    const provider: ExecutionProvider = {
      ...inline(),
      load: async (loaded, call) =>
        wrappedExecutor(await inline().load(loaded, call), {
          async settle() {
            controller.abort(reason);
          },
          async [Symbol.asyncDispose]() {
            disposed += 1;
          },
        }),
    };
    const opening = InferenceSession.open({ model, providers: [provider] }, { signal: controller.signal });
    await expect(opening).rejects.toBe(reason);
    await expect.poll(() => disposed).toBe(1);
  });

  it("gives up after timeoutMs", async () => {
    const clock = new FakeClock();
    const never: ModelSource = { spec: "model-source/1", name: "slow", load: () => new Promise(() => {}) };
    const opening = InferenceSession.open({ model: never, providers: [inline()] }, { clock, timeoutMs: 100 });
    const failure = expect(opening).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED", details: { timeoutMs: 100 } });
    await clock.advance(100);
    await failure;
  });
});

describe("running on tensors", () => {
  it("answers the outputs asked for, by default all that are tensors", async () => {
    await using session = await InferenceSession.open({ model: zipMapModel(), providers: [inline()] });
    const scores = tensor("float32", Float32Array.of(1, 3), [1, 2]);
    const names = ["label", "probabilities", "probability_by_class"];
    expect(session.outputs.map(({ name }) => name)).toEqual(names);
    expect(Object.keys(await session.run({ scores })).sort()).toEqual(names);
    expect(await session.run({ scores }, { outputs: ["label"] })).toEqual({ label: tensor("int64", BigInt64Array.of(1n)) });
    await expect(session.run({ scores }, { outputs: ["scores"] })).rejects.toMatchObject({ code: "INPUT_UNKNOWN" });
  });

  it("copies its inputs at once, so that the caller may change them", async () => {
    await using session = await InferenceSession.open({ model: addModel(), providers: [inline()] });
    const inputs = add([1, 2], [10, 20]);
    const answer = session.run(inputs);
    inputs.a.data.fill(99);
    (inputs.b.dims as number[])[0] = 7;
    expect((await answer)["sum"]?.data).toEqual(Float32Array.of(11, 22));
  });

  it("copies a view of a Node Buffer too", async () => {
    await using session = await InferenceSession.open({ model: identityModel("uint8", ["n"]), providers: [inline()] });
    const data = Buffer.from([1, 2, 3]);
    const answer = session.run({ x: { type: "uint8", dims: [3], data } });
    data.fill(0);
    expect((await answer)["y"]?.data).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("takes arrays of another realm, as jest's tests make them", async () => {
    await using session = await InferenceSession.open({ model: identityModel("float32", ["n"]), providers: [inline()] });
    const data = runInNewContext("Float32Array.of(1, 2)");
    expect((await session.run({ x: { type: "float32", dims: [2], data } }))["y"]?.data).toEqual(Float32Array.of(1, 2));
  });

  it.each<[string, Tensors, object]>([
    [
      "an unknown input",
      { ...add([1, 2], [3, 4]), c: tensor("float32", Float32Array.of(1)) },
      { code: "INPUT_UNKNOWN", details: { input: "c", known: ["a", "b"] } },
    ],
    ["a missing input", { a: add([1, 2], []).a }, { code: "INPUT_MISSING", details: { input: "b", known: ["a", "b"] } }],
    ["null for a tensor", { a: add([1, 2], []).a, b: null as never }, { code: "INPUT_MISSING", details: { input: "b" } }],
    [
      "a tensor without dims",
      { ...add([1, 2], []), b: { type: "float32", data: Float32Array.of(3, 4) } as never },
      { code: "INPUT_SHAPE", details: { input: "b", given: "undefined" } },
    ],
    [
      "a negative extent",
      { a: add([1, 2], []).a, b: { type: "float32", dims: [-1, 2], data: Float32Array.of(3, 4) } },
      { code: "INPUT_SHAPE", details: { input: "b", given: "[-1, 2]" } },
    ],
    [
      "another element type",
      { ...add([1, 2], []), b: tensor("float64", Float64Array.of(3, 4), [1, 2]) },
      { code: "INPUT_DTYPE", details: { input: "b", expected: "float32", given: "float64" } },
    ],
    [
      "an array of another kind than the type says",
      { ...add([1, 2], []), b: { type: "float32", dims: [1, 2], data: Float64Array.of(3, 4) } as never },
      { code: "INPUT_DTYPE", details: { input: "b", expected: "float32 in Float32Array", given: "Float64Array" } },
    ],
    [
      "another rank",
      { ...add([1, 2], []), b: tensor("float32", Float32Array.of(3, 4)) },
      { code: "INPUT_SHAPE", details: { input: "b", expected: "[batch, 2]", given: "[2]" } },
    ],
    [
      "another fixed extent",
      { ...add([1, 2], []), b: tensor("float32", Float32Array.of(1, 2, 3), [1, 3]) },
      { code: "INPUT_SHAPE", details: { input: "b", expected: "[batch, 2]", given: "[1, 3]" } },
    ],
    [
      "a symbolic extent that differs between inputs",
      add([1, 2], [1, 2, 3, 4]),
      { code: "INPUT_SHAPE", details: { input: "b", expected: 'batch = 1, as in "a"', given: "[2, 2]" } },
    ],
    [
      "fewer elements than the shape says",
      { ...add([1, 2], []), b: { type: "float32", dims: [1, 2], data: Float32Array.of(1) } },
      { code: "INPUT_SHAPE", details: { input: "b", expected: "2 elements for [1, 2]", given: "1" } },
    ],
  ])("refuses %s", async (_, inputs, expected) => {
    await using session = await InferenceSession.open({ model: addModel(), providers: [inline()] });
    await expect(session.run(inputs)).rejects.toMatchObject(expected);
  });

  it("names the input whose shape has more elements than there can be", async () => {
    await using session = await InferenceSession.open({ model: identityModel("float32", ["n", "m"]), providers: [inline()] });
    const run = (dims: readonly number[]) => session.run({ x: { type: "float32", dims, data: new Float32Array() } });
    await expect(run([2 ** 52, 2 ** 52])).rejects.toMatchObject({ code: "INPUT_SHAPE", details: { input: "x" } });
    // They would be a run each, and be worth nothing.
    await expect(run([2 ** 40, 0])).rejects.toMatchObject({ code: "INPUT_SHAPE", details: { input: "x" } });
    expect((await run([3, 0]))["y"]?.dims).toEqual([3, 0]);
  });

  it("takes arrays for what they are, not for what they say", async () => {
    await using texts = await InferenceSession.open({ model: identityModel("string", ["n"]), providers: [inline()] });
    await expect(texts.run({ x: { type: "string", dims: [2], data: new Array<string>(2) } })).rejects.toMatchObject({
      code: "INPUT_DTYPE",
      details: { input: "x" },
    });
    await using floats = await InferenceSession.open({ model: identityModel("float32", ["n"]), providers: [inline()] });
    const run = (data: Float32Array, extent: number) => floats.run({ x: { type: "float32", dims: [extent], data } });
    const longer = Object.defineProperty(new Float32Array(2), "length", { value: 4 });
    await expect(run(longer, 4)).rejects.toMatchObject({ code: "INPUT_SHAPE" });
    const transferred = new Float32Array(2);
    structuredClone(transferred, { transfer: [transferred.buffer] });
    await expect(run(transferred, 2)).rejects.toMatchObject({ code: "INPUT_SHAPE" });
    expect((await run(transferred, 0))["y"]?.dims).toEqual([0]);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    const answer = run(shared, 2);
    shared.fill(9);
    expect([...((await answer)["y"]!.data as Float32Array)]).toEqual([0, 0]);
  });

  it("copies the names of outputs as well", async () => {
    const slow = gated();
    await using session = await InferenceSession.open({ model, providers: [slow.provider], warmUp: false });
    const outputs = ["probability"];
    const answer = session.run({ features: tensor("float32", new Float32Array(2), [1, 2]) }, { outputs });
    outputs[0] = "nothing";
    slow.open();
    expect(Object.keys(await answer)).toEqual(["probability"]);
  });

  it("answers an empty batch", async () => {
    await using session = await InferenceSession.open({ model: addModel(), providers: [inline()] });
    expect(await session.run(add([], []))).toEqual({ sum: tensor("float32", new Float32Array(), [0, 2]) });
  });
});

describe("schemas", () => {
  const input = z.object({ income: z.coerce.number(), age: z.number().default(40) });
  const output = z.object({ probability: z.number() }).transform(({ probability }) => ({ fraud: probability > 0.5 }));

  it("are applied to rows and to answers", async () => {
    await using session = await InferenceSession.open({ model, providers: [inline()], input, output });
    expect((await session.predict({ income: "3" })).output).toEqual({ fraud: true });
    expect((await session.predictMany([{ income: 30 }, { income: "0" }])).map((each) => each.output)).toEqual([
      { fraud: false },
      { fraud: true },
    ]);
  });

  it("refuse a row with INPUT_INVALID", async () => {
    await using session = await InferenceSession.open({ model, providers: [inline()], input, output });
    await expect(session.predict({ income: 1, age: "old" as never })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      details: { issues: [{ path: ["age"] }] },
    });
  });

  it("refuse an answer that is not what was promised", async () => {
    await using session = await InferenceSession.open({ model, providers: [inline()], output: z.object({ score: z.number() }) });
    await expect(session.predict({ age: 1, income: 1 })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      details: { subject: "The output" },
    });
  });

  it("only give types with validate: never", async () => {
    await using session = await InferenceSession.open({ model, providers: [inline()], input, output, validate: "never" });
    expect((await session.predict({ age: 2, income: 0.25 })).output).toEqual({ probability: expect.closeTo(sigmoid(1.5), 6) });
    await expect(session.predict({ income: 1 })).rejects.toMatchObject({ code: "INPUT_MISSING", details: { input: "age" } });
  });
});

describe("closing, waiting and watching", () => {
  it("lets running predictions end, then refuses everything", async () => {
    const slow = gated();
    const session = await InferenceSession.open({ model, providers: [slow.provider], warmUp: false });
    const running = session.predict({ age: 0, income: 0 });
    const closing = session.close();
    await expect(session.predict({ age: 0, income: 0 })).rejects.toMatchObject({ code: "CLOSED" });
    await expect(session.predictMany([])).rejects.toMatchObject({ code: "CLOSED" });
    await expect(session.run({})).rejects.toMatchObject({ code: "CLOSED" });
    await expect(session.refresh()).rejects.toMatchObject({ code: "CLOSED" });
    expect(slow.disposed).toBe(0);
    slow.open();
    await Promise.all([closing, session.close(), session[Symbol.asyncDispose]()]);
    expect(slow.disposed).toBe(1);
    expect((await running).output["probability"]).toBeCloseTo(sigmoid(1), 6);
  });

  it("ends the waiting on abort and on time, and still answers others", async () => {
    const clock = new FakeClock();
    const slow = gated();
    await using session = await InferenceSession.open({ model, providers: [slow.provider], warmUp: false }, { clock });
    const row = { age: 0, income: 0 };
    const controller = new AbortController();
    const reason = new Error("stop");
    const aborted = session.predict(row, { signal: controller.signal });
    const late = session.predict({ age: 9, income: 9 }, { timeoutMs: 50 });
    const patient = session.predict(row);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    const failure = expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await clock.advance(50);
    await failure;
    slow.open();
    expect((await patient).output["probability"]).toBeCloseTo(sigmoid(1), 6);
  });

  it("rejects at once with the reason of a signal that has fired", async () => {
    await using session = await InferenceSession.open({ model, providers: [inline()] });
    const signal = AbortSignal.abort(new Error("before"));
    await expect(session.predict({ age: 1, income: 1 }, { signal })).rejects.toBe(signal.reason);
    await expect(InferenceSession.open({ model, providers: [inline()] }, { signal })).rejects.toBe(signal.reason);
  });

  it("keeps concurrent predictions apart", async () => {
    await using session = await InferenceSession.open({ model, providers: [inline()] });
    const ages = Array.from({ length: 50 }, (_, i) => i / 10 - 2);
    const answers = await Promise.all(ages.map((age) => session.predict({ age, income: 0 })));
    const expected = ages.map((age) => expect.closeTo(sigmoid(0.5 * age + 1), 5));
    expect(answers.map(({ output }) => output["probability"])).toEqual(expected);
  });

  it("publishes traces that say which model ran where, and no values", async () => {
    const seen: unknown[] = [];
    const listener = (message: unknown) => void seen.push(message);
    subscribe("tracing:modelwright.inference.predict:start", listener);
    try {
      await using session = await InferenceSession.open({ model, providers: [inline()] });
      await session.predictMany([
        { age: 1, income: 1 },
        { age: 2, income: 2 },
      ]);
      expect(seen).toMatchObject([
        { operation: "inference.predict", attributes: { model: session.name, provider: "onnxruntime-node/cpu", rows: 2 } },
      ]);
    } finally {
      unsubscribe("tracing:modelwright.inference.predict:start", listener);
    }
  });

  it("passes on that the engine failed", async () => {
    const broken: ExecutionProvider = {
      ...inline(),
      load: async (loaded, call) =>
        wrappedExecutor(await inline().load(loaded, call), {
          provider: "broken/cpu",
          run: () =>
            Promise.reject(
              new ModelwrightError("MODEL_RUN_FAILED", "broken/cpu failed", { details: { provider: "broken/cpu" } }),
            ),
        }),
    };
    await using session = await InferenceSession.open({ model, providers: [broken] });
    await expect(session.predict({ age: 1, income: 1 })).rejects.toMatchObject({ code: "MODEL_RUN_FAILED" });
  });
});
