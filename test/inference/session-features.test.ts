import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { fromBfloat16Bits, toBfloat16Bits } from "../../src/core/bfloat16.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { prometheusText } from "../../src/core/prometheus.ts";
import { tensor } from "../../src/core/tensor.ts";
import {
  customProvider,
  InferenceSession,
  ModelCache,
  modelVariants,
  type Row,
  responseCache,
  step,
} from "../../src/inference/index.ts";
import type { ExecutionProvider } from "../../src/inference/port.ts";
import { linearModel, logisticModel } from "../../src/onnx-format/index.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";
import { externalDataModel, identityModel, zipMapModel } from "../../src/testing/tiny-models.ts";
import { wrappedExecutor } from "./wrapped-executor.ts";

const real = onnx({ placement: "inline" });
const providers = [real];
const linear = linearModel({ columns: ["a"], weights: [2], bias: 0 });
const source = (name: string, bytes: Uint8Array) => ({
  spec: "model-source/1" as const,
  name,
  load: async () => ({ identity: { name }, bytes }),
});

/** A provider that counts the runs of real ones, and what it released. */
function counting() {
  const counts = { loads: 0, runs: 0, released: 0 };
  const provider: ExecutionProvider = {
    ...real,
    async load(...given) {
      counts.loads += 1;
      const executor = await real.load(...given);
      return wrappedExecutor(executor, {
        run: (...call) => {
          counts.runs += 1;
          return executor.run(...call);
        },
        async [Symbol.asyncDispose]() {
          counts.released += 1;
          await executor[Symbol.asyncDispose]();
        },
      });
    },
  };
  return { provider, counts };
}

describe("processing steps", () => {
  const preprocess = step({ version: "age-1", run: ({ born }: { born: number }) => ({ a: 2026 - born }) });
  const postprocess = step({ version: "round-1", run: (row: Row) => ({ score: Math.round(Number(row["prediction"])) }) });

  it("stand between the caller and the model, and give their types to predict", async () => {
    await using session = await InferenceSession.open({ model: linear, providers, preprocess, postprocess });
    const { output } = await session.predict({ born: 1986 });
    expectTypeOf(session.predict).parameter(0).toEqualTypeOf<{ born: number }>();
    expectTypeOf(output).toEqualTypeOf<{ score: number }>();
    expect(output).toEqual({ score: 80 });
    // @ts-expect-error the step takes another member
    expect((await session.predict({ age: 40 })).output).toEqual({ score: Number.NaN });
  });

  it("get what the schema yields, and their answer is checked", async () => {
    const input = z.object({ born: z.coerce.number() });
    const output = z.object({ score: z.number().max(100) });
    await using session = await InferenceSession.open({ model: linear, providers, input, output, preprocess, postprocess });
    expect((await session.predict({ born: "1986" as never })).output).toEqual({ score: 80 });
    await expect(session.predict({ born: 1900 })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      details: { subject: "The output" },
    });
  });

  it("are applied to the rows that warm the model up", async () => {
    const { provider, counts } = counting();
    const warmUp = { rows: [{ born: 1 }, { born: 2 }, { born: 3 }] as never };
    await using session = await InferenceSession.open({ model: linear, providers: [provider], preprocess, warmUp });
    expect(session.batching.enabled).toBe(true);
    expect(counts.runs).toBeGreaterThan(3);
  });
});

describe("a response cache", () => {
  it("answers what was asked before without a run, for the same steps only", async () => {
    const cache = responseCache();
    const { provider, counts } = counting();
    const open = (version: string) =>
      InferenceSession.open({
        model: linear,
        providers: [provider],
        cache,
        warmUp: false,
        postprocess: step({ version, run: (row: Row) => `${version}: ${row["prediction"]}` }),
      });
    await using session = await open("1");
    expect((await session.predict({ a: 3 })).output).toBe("1: 6");
    expect(await session.predict({ a: 3 })).toMatchObject({ output: "1: 6", provider: session.provider, model: session.model });
    expect(counts.runs).toBe(1);
    expect(session.statistics()[0]).toMatchObject({ cacheHits: 1, cacheMisses: 1, executions: 1 });
    await session.predict({ a: -0 });
    await session.predict({ a: 0 });
    expect(counts.runs).toBe(3);
    await using other = await open("2");
    expect((await other.predict({ a: 3 })).output).toBe("2: 6");
    expect(counts.runs).toBe(4);
  });

  it("is not used for a model that draws random numbers", async () => {
    const model = writeModel({
      name: "noise",
      inputs: [{ name: "x", type: { tensor: "float32", dims: ["n"] } }],
      outputs: [{ name: "y", type: { tensor: "float32", dims: ["n"] } }],
      nodes: [{ operator: "RandomNormalLike", inputs: ["x"], outputs: ["y"] }],
    });
    const cache = responseCache();
    await using session = await InferenceSession.open({ model, providers, cache }, { logger: silentLogger });
    const one = await session.predict({ x: 1 });
    const two = await session.predict({ x: 1 });
    expect(one.output["y"]).not.toBe(two.output["y"]);
    expect(cache.statistics.entries).toBe(0);
  });

  it("that cannot work is told of in the log, once", async () => {
    const warnings: [string, unknown][] = [];
    const logger = { ...silentLogger, warn: (...given: [string, unknown?]) => void warnings.push([given[0], given[1]]) };
    const y = { name: "y", type: "float32", dims: ["n"] } as const;
    const unknown = customProvider({ name: "rules", inputs: [{ ...y, name: "x" }], outputs: [y], run: ({ x }) => ({ y: x! }) });
    await using session = await InferenceSession.open({ providers: [unknown], cache: responseCache() }, { logger });
    await session.predict({ x: 1 });
    await session.refresh();
    expect(warnings).toEqual([
      ["The response cache is not used", { model: "rules", reason: expect.stringContaining("rules does not say by a digest") }],
    ]);
    await using _known = await InferenceSession.open({ model: linear, providers, cache: responseCache() }, { logger });
    expect(warnings.length).toBe(1);
  });
});

describe("run", () => {
  it("writes answers into the tensors that it is given", async () => {
    await using session = await InferenceSession.open({ model: linear, providers });
    const into = { prediction: tensor("float32", new Float32Array(2), [2, 1]) };
    const answer = await session.run({ features: tensor("float32", Float32Array.of(1, 2), [2, 1]) }, { into });
    expect(answer["prediction"]).toBe(into.prediction);
    expect([...into.prediction.data]).toEqual([2, 4]);
  });

  it("writes nothing when one of them does not fit", async () => {
    await using session = await InferenceSession.open({ model: zipMapModel(), providers });
    const scores = tensor("float32", Float32Array.of(1, 3), [1, 2]);
    const label = tensor("int64", BigInt64Array.of(7n));
    const run = (into: Record<string, ReturnType<typeof tensor>>) => session.run({ scores }, { into: { label, ...into } });
    await expect(run({ probabilities: tensor("float32", new Float32Array(3), [1, 3]) })).rejects.toMatchObject({
      code: "INPUT_SHAPE",
      details: { input: "probabilities", expected: "[1, 2]", given: "[1, 3]" },
    });
    await expect(run({ probabilities: tensor("float64", new Float64Array(2), [1, 2]) })).rejects.toMatchObject({
      code: "INPUT_DTYPE",
    });
    await expect(run({ nothing: label })).rejects.toMatchObject({ code: "INPUT_UNKNOWN" });
    expect(label.data[0]).toBe(7n);
    await run({});
    expect(label.data[0]).toBe(1n);
  });

  it("refuses what cannot hold an answer before the model runs", async () => {
    const { provider, counts } = counting();
    await using session = await InferenceSession.open({ model: linear, providers: [provider], warmUp: false });
    const features = tensor("float32", Float32Array.of(1), [1, 1]);
    const run = (into: unknown) => session.run({ features }, { into: into as never });
    await expect(run({ prediction: null })).rejects.toMatchObject({
      code: "INPUT_DTYPE",
      message: 'The tensor for "prediction" needs to be float32, but is null',
    });
    await expect(run({ prediction: 7 })).rejects.toMatchObject({ code: "INPUT_DTYPE", details: { given: "number" } });
    await expect(run({ prediction: { type: "float32", dims: [1, 1], data: null } })).rejects.toMatchObject({
      code: "INPUT_DTYPE",
      message: 'The tensor for "prediction" needs to be float32 in Float32Array, but is float32 in Null',
    });
    await expect(run({ nothing: features })).rejects.toMatchObject({ code: "INPUT_UNKNOWN" });
    for (const into of [null, 7, [features]])
      await expect(run(into)).rejects.toThrow(new TypeError("run() takes as into an object of tensors by the names of outputs"));
    expect(counts.runs).toBe(0);
    await expect(run({ prediction: { ...features, dims: null } })).rejects.toMatchObject({ code: "INPUT_SHAPE" });
    expect(counts.runs).toBe(1);
  });

  it("refuses tensors that are none", async () => {
    await using session = await InferenceSession.open({ model: linear, providers });
    for (const given of [null, undefined, 7, "features"])
      await expect(session.run(given as never)).rejects.toMatchObject({
        code: "INPUT_INVALID",
        message: `The argument of run() is not valid: expected an object of tensors by the names of inputs, but got ${given === null ? "null" : typeof given}`,
      });
    await expect(session.run({ features: null as never })).rejects.toMatchObject({ code: "INPUT_MISSING" });
    await expect(session.run({ features: 7 as never })).rejects.toMatchObject({ code: "INPUT_DTYPE" });
    await expect(session.predictMany(null as never)).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("refuses options that it does not know", async () => {
    await using session = await InferenceSession.open({ model: linear, providers });
    const run = (options: unknown) => session.run({ features: tensor("float32", Float32Array.of(1), [1, 1]) }, options as never);
    await expect(run({ output: ["prediction"] })).rejects.toThrow(
      new TypeError(
        'run() has no option "output"; it takes outputs and into, and a signal or a time limit as its third argument',
      ),
    );
    await expect(run({ signal: new AbortController().signal })).rejects.toThrow('run() has no option "signal"');
    for (const options of [null, 7, ["prediction"]])
      await expect(run(options)).rejects.toThrow(new TypeError("run() takes its options as an object"));
    for (const outputs of ["prediction", null, 7, [7]])
      await expect(run({ outputs })).rejects.toThrow(new TypeError("run() takes as outputs an array of names"));
    expect(Object.keys(await run({ outputs: undefined, into: undefined }))).toEqual(["prediction"]);
  });

  it("gives each caller memory of its own, though they shared a run", async () => {
    await using session = await InferenceSession.open({ model: identityModel("float32"), providers });
    const x = (value: number) => ({ x: tensor("float32", Float32Array.of(value, value), [1, 2]) });
    const [one, two] = await Promise.all([session.run(x(1)), session.run(x(2))]);
    structuredClone(one!["y"], { transfer: [(one!["y"]!.data as Float32Array<ArrayBuffer>).buffer] });
    expect([...(two!["y"]!.data as Float32Array)]).toEqual([2, 2]);
  });

  it("carries bfloat16 across an engine that has none", async () => {
    await using session = await InferenceSession.open({ model: identityModel("bfloat16"), providers });
    expect(session.inputs[0]?.type).toBe("bfloat16");
    const data = Uint16Array.from([1, -2.5, 3e38, Number.NEGATIVE_INFINITY], toBfloat16Bits);
    const { y } = await session.run({ x: tensor("bfloat16", data, [2, 2]) });
    expect([y?.type, y?.data]).toEqual(["bfloat16", data]);
    expect(fromBfloat16Bits(data[1]!)).toBe(-2.5);
  });
});

describe("a session", () => {
  it("refuses NaN and infinities when it is told to", async () => {
    await using session = await InferenceSession.open({ model: linear, providers, nonFinite: "reject" });
    await expect(session.predict({ a: Number.NaN })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const features = tensor("float32", Float32Array.of(1, Number.POSITIVE_INFINITY), [2, 1]);
    await expect(session.run({ features })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringContaining("element 1 is not"),
    });
    await using half = await InferenceSession.open({ model: identityModel("float16", ["n"]), providers, nonFinite: "reject" });
    await expect(half.predict({ x: Number.POSITIVE_INFINITY })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect((await half.predict({ x: 1 })).output).toEqual({ y: 1 });
  });

  it("answers the outputs that were chosen, and knows the names of classes", async () => {
    await using session = await InferenceSession.open({ model: zipMapModel(), providers, outputs: ["probability_by_class"] });
    expect((await session.predict({ scores: [0, 0] })).output).toEqual({ probability_by_class: [0.5, 0.5] });
    expect(session.outputs.find(({ name }) => name === "probability_by_class")).toMatchObject({
      type: "float32",
      classes: [0, 1],
    });
    const open = InferenceSession.open({ model: zipMapModel(), providers, outputs: ["nothing"] });
    await expect(open).rejects.toMatchObject({ code: "INPUT_UNKNOWN", details: { input: "nothing" } });
  });

  it("reads weights that the model keeps in another file", async () => {
    const weights = new Uint8Array(Float32Array.of(2, 10).buffer);
    const bytes = externalDataModel("weights.bin");
    const model = { ...source("external", bytes), load: async () => ({ identity: {}, bytes, companion: async () => weights }) };
    await using session = await InferenceSession.open({ model, providers });
    expect((await session.predict({ x: [1, 1] })).output).toEqual({ y: [2, 10] });
    await expect(InferenceSession.open({ model, providers, maxModelBytes: bytes.byteLength + 7 })).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringContaining("maxModelBytes"),
    });
  });

  it("loads a model from a URL", async () => {
    const server = createServer((_, response) => void response.end(linear)).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/linear.onnx`);
      await using session = await InferenceSession.open({ model: url, providers });
      expect((await session.predict({ a: 4 })).output).toEqual({ prediction: 8 });
      expect(session.name).toContain("linear.onnx");
    } finally {
      server.close();
    }
  });

  it("takes the variant that its provider runs best", async () => {
    const variants = modelVariants({
      fp32: source("fp32", linear),
      int8: source("int8", linearModel({ columns: ["a"], weights: [3], bias: 0 })),
    });
    const wants = (precisions: readonly ("fp32" | "int8")[]): ExecutionProvider => ({
      ...real,
      capabilities: { ...real.capabilities, precisions },
    });
    for (const [precisions, answer] of [
      [["int8", "fp32"], 3],
      [["fp32"], 2],
    ] as const) {
      await using session = await InferenceSession.open({ model: variants, providers: [wants(precisions)] });
      expect((await session.predict({ a: 1 })).output).toEqual({ prediction: answer });
      expect(session.model.name).toBe(precisions[0]);
    }
  });

  it("shares a loaded model with others that have the same cache", async () => {
    const { provider, counts } = counting();
    await using models = new ModelCache();
    const open = () => InferenceSession.open({ model: linear, providers: [provider], models, warmUp: false });
    const [one, two] = await Promise.all([open(), open()]);
    expect(counts.loads).toBe(1);
    await one.close();
    expect((await two.predict({ a: 1 })).output).toEqual({ prediction: 2 });
    await two.close();
    expect(counts).toMatchObject({ loads: 1, released: 0 });
    await (await open()).close();
    expect(counts.loads).toBe(1);
  });

  it("says how it is, and what it did", async () => {
    const session = await InferenceSession.open({ model: logisticModel({ columns: ["a"], weights: [1], bias: 0 }), providers });
    expect(session.health()).toMatchObject({ state: "ready", ready: true, placement: "inline", instances: 1, waiting: 0 });
    expect(session.placement).toMatchObject({ where: "inline", instances: 1 });
    expect(session.omittedOutputs).toEqual([]);
    await Promise.all(Array.from({ length: 10 }, (_, a) => session.predict({ a })));
    await session.predict({ a: "x" }).catch(() => {});
    const [statistics] = session.statistics();
    expect(statistics).toMatchObject({ model: session.model, provider: session.provider, rows: 10, succeeded: 10, failures: 0 });
    expect(statistics!.modelBytes).toBeGreaterThan(100);
    expect(statistics!.batchSizes.reduce((sum, { rows, executions }) => sum + rows * executions, 0)).toBe(10);
    expect(statistics!.total.count).toBe(10);
    const closing = session.close();
    expect(session.health()).toMatchObject({ state: "draining", ready: false });
    await closing;
    expect(session.health().state).toBe("closed");
  });

  it("says that it failed, and why, until the model works again", async () => {
    let broken = false;
    const provider: ExecutionProvider = {
      ...real,
      async load(...given) {
        const executor = await real.load(...given);
        const details = { provider: "gpu", reason: "device lost", replaced: false };
        const error = new ModelwrightError("MODEL_EXECUTOR_LOST", "The device is lost", { details });
        return wrappedExecutor(executor, { run: (...call) => (broken ? Promise.reject(error) : executor.run(...call)) });
      },
    };
    const session = await InferenceSession.open({ model: linear, providers: [provider] });
    expect(session.health()).toMatchObject({ state: "ready", ready: true, reason: undefined });
    broken = true;
    await session.predict({ a: 1 }).catch(() => {});
    expect(session.health()).toMatchObject({ state: "failed", ready: false, reason: "The device is lost" });
    broken = false;
    await session.predict({ a: 1 });
    expect(session.health()).toMatchObject({ state: "ready", ready: true, reason: undefined });
    broken = true;
    await session.predict({ a: 1 }).catch(() => {});
    await session.close();
    expect(session.health()).toMatchObject({ state: "closed", ready: false });
  });

  it("counts into metrics that it shares with others", async () => {
    const metrics = new Metrics();
    await using one = await InferenceSession.open({ model: source("one", linear), providers, metrics });
    await using two = await InferenceSession.open({ model: source("two", linear), providers, metrics });
    await one.predictMany([{ a: 1 }, { a: 2 }]);
    await two.predict({ a: 1 });
    await two
      .run({ features: tensor("float32", new Float32Array(1), [1, 1]) }, {}, { timeoutMs: 0.001, signal: AbortSignal.abort() })
      .catch(() => {});
    const text = prometheusText(metrics);
    expect(text).toContain('modelwright_inference_rows_total{model="one"} 2');
    expect(text).toContain('modelwright_inference_requests_total{model="two",outcome="ok"} 1');
    expect(text).toContain('modelwright_inference_requests_total{model="two",outcome="cancelled"} 1');
    expect(text).toContain('modelwright_inference_seconds_count{model="one"} 1');
  });

  it("counts calls that it refuses, too", async () => {
    const metrics = new Metrics();
    await using session = await InferenceSession.open({ model: source("one", linear), providers, metrics });
    await expect(session.predict({})).rejects.toMatchObject({ code: "INPUT_MISSING" });
    await expect(session.predictMany([{ a: 1 }, {}])).rejects.toMatchObject({ code: "INPUT_MISSING" });
    await expect(session.run({})).rejects.toMatchObject({ code: "INPUT_MISSING" });
    const text = prometheusText(metrics);
    expect(text).toContain('modelwright_inference_requests_total{model="one",outcome="invalid_input"} 3');
    expect(text).toContain('modelwright_inference_seconds_count{model="one"} 3');
    expect(text).toContain('modelwright_inference_rows_total{model="one"} 0');
  });

  it("that cannot be opened leaves no model behind", async () => {
    const metrics = new Metrics();
    metrics.counter({ name: "modelwright_inference_requests_total", help: "Another one.", labels: {} });
    const { provider, counts } = counting();
    const open = InferenceSession.open({ model: linear, providers: [provider], metrics });
    await expect(open).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(counts).toMatchObject({ loads: 1, released: 1 });
  });

  it("is warmed up with rows as its schema makes them", async () => {
    const { provider, counts } = counting();
    const input = z.object({ a: z.coerce.number() });
    const rows = [{ a: "1" }, { a: "2" }];
    await using session = await InferenceSession.open({ model: linear, providers: [provider], input, warmUp: { rows } });
    expect([session.batching.enabled, counts.runs > 2]).toEqual([true, true]);
    const open = InferenceSession.open({ model: linear, providers, input, warmUp: { rows: [{ a: "one" }] } });
    await expect(open).rejects.toMatchObject({ code: "INPUT_INVALID", details: { subject: "Sample 0" } });
  });

  it("scores a stream in its order", async () => {
    await using session = await InferenceSession.open({ model: linear, providers });
    async function* rows() {
      for (let a = 0; a < 100; a++) yield { a };
    }
    const answers: unknown[] = [];
    for await (const { output } of session.score(rows(), { chunk: 7, concurrency: 3 })) answers.push(output["prediction"]);
    expect(answers).toEqual(Array.from({ length: 100 }, (_, a) => 2 * a));
  });

  it("that is lost without being closed is released", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const { provider, counts } = counting();
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const lose = async () => {
      const session = await InferenceSession.open({ model: linear, providers: [provider] }, { logger });
      session.onFallback(() => void session.provider);
      session.onSwapped(() => void session.provider);
      await session.predict({ a: 1 });
    };
    await lose();
    for (let turn = 0; turn < 100 && counts.released === 0; turn++) {
      gc();
      await new Promise(setImmediate);
    }
    expect([counts.released, warnings]).toEqual([1, ["A session was lost without being closed; its model is released"]]);
  });
});

describe("the events of a session", () => {
  it("are told after a garbage collection as before", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    let current = linear;
    const changing = { spec: "model-source/1" as const, name: "changing", load: async () => ({ identity: {}, bytes: current }) };
    await using session = await InferenceSession.open({ model: changing, providers });
    const heard: unknown[] = [];
    session.onSwapped(({ to }) => void heard.push(to.digest));
    for (let turn = 0; turn < 2; turn++) {
      gc();
      await new Promise(setImmediate);
    }
    current = linearModel({ columns: ["a"], weights: [3], bias: 0 });
    await session.refresh();
    expect(heard).toEqual([session.model.digest]);
  });
});
