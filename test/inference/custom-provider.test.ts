import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { fromOrt, ortElementTypes, toOrt } from "../../src/adapters/onnxruntime/ort-tensor.ts";
import type { ElementType } from "../../src/core/element-type.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { type Tensor, tensor } from "../../src/core/tensor.ts";
import { type CustomProviderOptions, customProvider } from "../../src/inference/custom-provider.ts";
import type { ExecutionProvider, Executor, Tensors } from "../../src/inference/port.ts";
import { type OnnxValue, readOnnxModel } from "../../src/onnx-format/index.ts";
import { executionProviderConformance, FakeClock } from "../../src/testing/index.ts";
import { gate } from "../core/gate.ts";

const types: readonly ElementType[] = ortElementTypes;

/** A raw session of the engine as a plain function. */
function engine(): ExecutionProvider {
  return {
    spec: "execution/1",
    name: "raw",
    capabilities: { elementTypes: ortElementTypes, model: "onnx" },
    async load(model, call) {
      const { inputs, outputs } = readSpecs(model.bytes);
      // Read before, so what the engine refuses is a model.
      const session = await ort.InferenceSession.create(model.bytes, { logSeverityLevel: 4 }).catch((cause: Error) => {
        throw new ModelwrightError("MODEL_UNSUPPORTED", cause.message, { details: { reason: cause.message }, cause });
      });
      const provider = customProvider({
        name: "raw",
        inputs,
        outputs,
        async run(given, { outputs: asked }) {
          const feeds = Object.fromEntries(Object.entries(given).map(([name, each]) => [name, toOrt(each)]));
          const answer = await session.run(feeds as never, [...asked]);
          return Object.fromEntries(asked.map((name) => [name, fromOrt(answer[name] as never)]));
        },
      });
      return provider.load(model, call);
    },
  };
}

function readSpecs(bytes: Uint8Array): Pick<CustomProviderOptions, "inputs" | "outputs"> {
  const { inputs, outputs } = readOnnxModel(bytes);
  const toSpecs = (values: readonly OnnxValue[]) =>
    values.filter(({ kind }) => kind === "tensor").map(({ name, type, dims }) => ({ name, type: type!, dims }));
  const strange = [...inputs, ...outputs].find(({ type }) => type !== undefined && !types.includes(type));
  if (strange === undefined) return { inputs: toSpecs(inputs), outputs: toSpecs(outputs) };
  throw new ModelwrightError("MODEL_UNSUPPORTED", `no ${strange.type}`, { details: { reason: strange.name } });
}

executionProviderConformance({ describe, it, expect }, engine);

const doubling: CustomProviderOptions = {
  name: "double",
  inputs: [{ name: "x", type: "float32", dims: ["batch", 2] }],
  outputs: [
    { name: "y", type: "float32", dims: ["batch", 2] },
    { name: "label", type: "string", dims: ["batch"] },
  ],
  run: ({ x }) => ({
    y: tensor(
      "float32",
      (x!.data as Float32Array).map((value) => value * 2),
      x!.dims,
    ),
    label: tensor(
      "string",
      Array.from({ length: x!.dims[0]! }, (_, i) => `row ${i}`),
    ),
  }),
};

const x = tensor("float32", Float32Array.of(1, 2, 3, 4), [2, 2]);

function load(options: Partial<CustomProviderOptions> = {}, clock = new FakeClock()): Promise<Executor> {
  return customProvider({ ...doubling, ...options }, { clock }).load({ identity: {}, bytes: new Uint8Array() });
}

function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "nothing",
    (error: unknown) => error,
  );
}

describe("customProvider", () => {
  it("runs a plain function as a model", async () => {
    const provider = customProvider({ ...doubling, columns: ["a", "b"], model: { name: "rules", version: 2 } });
    expect([provider.name, provider.capabilities]).toEqual(["double", { elementTypes: ["float32", "string"], model: "own" }]);
    const executor = await provider.load({ identity: {}, bytes: new Uint8Array() });
    expect(executor).toMatchObject({
      provider: "double",
      placement: "inline",
      concurrency: 1,
      sharedMemory: false,
      model: { name: "rules", version: 2 },
      interface: { inputs: doubling.inputs, outputs: doubling.outputs, columns: ["a", "b"] },
    });
    const { outputs } = await executor.run({ x }, []);
    expect(outputs).toEqual({
      y: tensor("float32", Float32Array.of(2, 4, 6, 8), [2, 2]),
      label: tensor("string", ["row 0", "row 1"]),
    });
  });

  it("tells the function which outputs are asked for, and gives no other", async () => {
    const asked: (readonly string[])[] = [];
    const executor = await load({
      run: (inputs, { outputs }) => {
        asked.push(outputs);
        return doubling.run(inputs, { outputs, signal: undefined });
      },
    });
    expect(Object.keys((await executor.run({ x }, ["label"])).outputs)).toEqual(["label"]);
    await executor.run({ x }, []);
    expect(asked).toEqual([["label"], ["y", "label"]]);
  });

  it("copies the answer, so that neither inputs nor what the function keeps reach the caller", async () => {
    const kept = tensor("float32", Float32Array.of(1, 1, 1, 1), [2, 2]);
    const labels = ["a", "b"];
    for (const answer of [kept, undefined]) {
      const executor = await load({ run: (inputs) => ({ y: answer ?? inputs["x"]!, label: tensor("string", labels) }) });
      const { outputs } = await executor.run({ x }, []);
      (outputs["y"]!.data as Float32Array).fill(9);
      (outputs["label"]!.data as string[]).fill("z");
    }
    expect([[...kept.data], [...(x.data as Float32Array)], labels]).toEqual([
      [1, 1, 1, 1],
      [1, 2, 3, 4],
      ["a", "b"],
    ]);
  });

  it("says how long the function worked, without the wait for its place", async () => {
    const clock = new FakeClock();
    const gates = [gate<Tensors>(), gate<Tensors>()];
    const answer = await doubling.run({ x }, { outputs: [], signal: undefined });
    let calls = 0;
    const executor = await load({ run: () => gates[calls++]!.promise }, clock);
    const runs = [executor.run({ x }, []), executor.run({ x }, [])];
    expect(calls).toBe(1);
    clock.advance(5);
    gates[0]!.resolve(answer);
    expect((await runs[0]!).inferMs).toBe(5);
    expect(calls).toBe(2);
    clock.advance(7);
    gates[1]!.resolve(answer);
    expect((await runs[1]!).inferMs).toBe(7);
  });

  it("calls the function as often at once as it is told to", async () => {
    let running = 0;
    let most = 0;
    const executor = await load({
      concurrency: 3,
      async run(inputs, run) {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running -= 1;
        return doubling.run(inputs, run);
      },
    });
    expect(executor.concurrency).toBe(3);
    await Promise.all(Array.from({ length: 10 }, () => executor.run({ x }, [])));
    expect(most).toBe(3);
  });

  const y = tensor("float32", new Float32Array(4), [2, 2]);
  const label = tensor("string", ["a", "b"]);
  const wrong = (part: object) => ({ y: { ...y, ...part }, label }) as Tensors;
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "answered undefined instead of tensors"],
    ["an output less", { y }, 'answered undefined as the output "label"'],
    ["an output that it only inherits", Object.create({ y, label }), 'answered undefined as the output "y"'],
    ["an unknown output", { y, label, z: y }, 'answered "z", which is not among its outputs y, label'],
    ["a number", { y: 1, label }, 'answered a number as the output "y"'],
    ["another type", wrong({ type: "float64" }), 'the output "y" as "float64", not as float32'],
    ["another array", wrong({ data: new Float64Array(4) }), 'the output "y" in Float64Array, not in Float32Array'],
    ["strings that are none", { y, label: { ...label, data: ["a", 1] } }, 'the output "label" in Array, not in string[]'],
    ["no dims", wrong({ dims: undefined }), 'the output "y" with the dims undefined'],
    ["another rank", wrong({ dims: [4] }), 'the output "y" with the dims [4], not [batch = 2, 2]'],
    ["another fixed extent", wrong({ dims: [4, 1] }), "with the dims [4, 1], not [batch = 2, 2]"],
    ["another number of rows than it got", wrong({ dims: [1, 2], data: new Float32Array(2) }), "with the dims [1, 2]"],
    ["a negative extent", wrong({ dims: [-2, -2] }), "with the dims [-2, -2]"],
    ["other elements than the dims say", wrong({ data: new Float32Array(3) }), "with 3 elements, not the 4 that [2, 2] has"],
  ])("fails with MODEL_RUN_FAILED when the function answers %s", async (_, answer, message) => {
    const executor = await load({ run: () => answer as Tensors });
    const error = await failure(executor.run({ x }, []));
    expect(error).toMatchObject({
      code: "MODEL_RUN_FAILED",
      details: { provider: "double" },
      message: expect.stringContaining(message),
    });
  });

  it("holds symbolic extents against each other that no input has, and leaves ? alone", async () => {
    const spec = (name: string, ...dims: readonly string[]) => ({ name, type: "float32" as const, dims });
    const of = (...dims: readonly number[]): Tensor => tensor("float32", new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
    const given = { outputs: [spec("a", "n", "?"), spec("b", "n", "?")] };
    const fits = await load({ ...given, run: () => ({ a: of(3, 1), b: of(3, 2) }) });
    expect(Object.keys((await fits.run({ x }, [])).outputs)).toEqual(["a", "b"]);
    const differs = await load({ ...given, run: () => ({ a: of(3, 1), b: of(2, 1) }) });
    expect(await failure(differs.run({ x }, []))).toMatchObject({
      message: expect.stringContaining("not [n = 3, ?]"),
    });
  });

  it("wraps what the function throws, but for our own errors", async () => {
    const cause = new RangeError("no such row");
    const fault = new ModelwrightError("INPUT_INVALID", "bad", { details: { subject: "x", issues: [] } });
    for (const thrown of [cause, "text", undefined]) {
      const executor = await load({ run: () => Promise.reject(thrown) });
      const error = (await failure(executor.run({ x }, []))) as ModelwrightError;
      expect(error).toMatchObject({ code: "MODEL_RUN_FAILED", details: { provider: "double" } });
      expect(error.cause).toBe(thrown);
    }
    const executor = await load({
      run: () => {
        throw fault;
      },
    });
    expect(await failure(executor.run({ x }, []))).toBe(fault);
  });

  it("ends the waiting at an abort, tells the function, and holds its place until it has ended", async () => {
    const held = gate<Tensors>();
    const signals: (AbortSignal | undefined)[] = [];
    const executor = await load({
      run: (inputs, { outputs, signal }) => {
        signals.push(signal);
        return signals.length === 1 ? held.promise : doubling.run(inputs, { outputs, signal });
      },
    });
    const controller = new AbortController();
    const first = executor.run({ x }, [], { signal: controller.signal });
    const second = executor.run({ x }, ["label"]);
    controller.abort(new Error("enough"));
    expect(await failure(first)).toBe(controller.signal.reason);
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
    held.reject(new Error("late"));
    expect(Object.keys((await second).outputs)).toEqual(["label"]);
  });

  it("ends the waiting when time runs out, also for a place, and disposal waits for the function", async () => {
    const clock = new FakeClock();
    const held = gate<Tensors>();
    const executor = await load({ run: () => held.promise }, clock);
    const runs = [executor.run({ x }, [], { timeoutMs: 10 }), executor.run({ x }, [], { timeoutMs: 20 })].map(failure);
    await clock.advanceAsync(20);
    for (const run of runs) expect(await run).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    let disposed = false;
    const disposal = executor[Symbol.asyncDispose]().then(() => {
      disposed = true;
    });
    await new Promise(setImmediate);
    expect(disposed).toBe(false);
    held.resolve({});
    await disposal;
    expect(clock.pending).toBe(0);
  });

  const named = (name: string) => ({ name, type: "float32", dims: [2] });
  it.each<[string, object, readonly (string | number)[][]]>([
    ["no name", { name: "" }, [["name"]]],
    ["no output", { outputs: [] }, [["outputs"]]],
    ["one output twice", { outputs: [named("y"), named("y")] }, [["outputs"]]],
    ["an output named as the prototype", { outputs: [named("__proto__")] }, [["outputs", 0, "name"]]],
    ["an unknown type", { inputs: [{ ...named("x"), type: "float" }] }, [["inputs", 0, "type"]]],
    [
      "a negative extent and no function",
      { inputs: [{ ...named("x"), dims: [-1] }], run: 1 },
      [["inputs", 0, "dims", 0], ["run"]],
    ],
    ["a digest that is none", { model: { digest: "sha256:1" } }, [["model", "digest"]]],
    ["no place", { concurrency: 0 }, [["concurrency"]]],
    ["a misspelt option", { colums: [] }, [[]]],
  ])("refuses %s", (_, options, paths) => {
    let error: unknown;
    try {
      customProvider({ ...doubling, ...options } as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "CONFIG_INVALID", details: { subject: "customProvider" } });
    expect((error as ModelwrightError<"CONFIG_INVALID">).details.issues.map(({ path }) => path)).toEqual(paths);
  });
});
