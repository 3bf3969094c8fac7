import { describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { Emitter } from "../../src/core/events.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ModelIdentity, ModelSource } from "../../src/core/model.ts";
import { tensor } from "../../src/core/tensor.ts";
import { InferenceSession, type ModelSwap, type ModelSwapFailure, modelVariants } from "../../src/inference/index.ts";
import type { ExecutionProvider } from "../../src/inference/port.ts";
import { linearModel, logisticModel } from "../../src/onnx-format/index.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";
import { ModelRegistry } from "../../src/registry/index.ts";
import { gate } from "../core/gate.ts";
import { wrappedExecutor } from "./wrapped-executor.ts";

const providers = [onnx({ placement: "inline" })];
/** A model that answers the number of its version. */
const answering = (version: number, columns = ["a"]) =>
  linearModel({ columns, weights: columns.map(() => 0), bias: version, output: "prediction" });

async function openRegistry() {
  const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() }, { logger: silentLogger });
  const promote = async (bytes: Uint8Array) => {
    const { version } = await registry.register({ name: "fraud", files: { "model.onnx": bytes } });
    await registry.transition(`fraud@${version}`, "staging");
    await registry.transition(`fraud@${version}`, "production");
    return version;
  };
  await promote(answering(1));
  return { registry, promote, [Symbol.asyncDispose]: () => registry.close() };
}

/** The next payload of an event. */
function next<T>(event: (listener: (payload: T) => void) => Disposable): Promise<T> {
  return new Promise((resolve) => {
    const subscription = event((payload) => {
      subscription[Symbol.dispose]();
      resolve(payload);
    });
  });
}

describe("a session that follows a stage", () => {
  it("goes over to the version that is promoted, and says so", async () => {
    await using open = await openRegistry();
    await using session = await InferenceSession.open({ model: open.registry.source("fraud@production"), providers });
    const swapped = next<ModelSwap>(session.onSwapped);
    await open.promote(answering(2));
    expect(await swapped).toMatchObject({ from: { version: 1 }, to: { name: "fraud", version: 2 } });
    expect(session.model.version).toBe(2);
    expect(await session.predict({ a: 0 })).toMatchObject({ output: { prediction: 2 }, model: { version: 2 } });
  });

  it("answers every call that is under way while versions change, each by the version that it names", async () => {
    await using open = await openRegistry();
    await using session = await InferenceSession.open({ model: open.registry.source("fraud@production"), providers });
    let going = true;
    const seen = new Set<number>();
    let answers = 0;
    const caller = async () => {
      while (going) {
        const { output, model } = await session.predict({ a: 1 });
        expect(output["prediction"]).toBe(model.version);
        seen.add(model.version!);
        answers += 1;
      }
    };
    const callers = Array.from({ length: 16 }, caller);
    for (const version of [2, 3, 4]) {
      const swapped = next<ModelSwap>(session.onSwapped);
      await open.promote(answering(version));
      await swapped;
    }
    await session.predict({ a: 1 });
    await new Promise(setImmediate);
    going = false;
    await Promise.all(callers);
    expect(Math.max(...seen)).toBe(4);
    expect(seen.size).toBeGreaterThan(1);
    const versions = session.statistics();
    expect(versions.map(({ model }) => model.version)).toEqual([4, 3, 2, 1]);
    // The samples of the warm-up are no requests.
    expect(versions.reduce((sum, { rows }) => sum + rows, 0)).toBe(answers + 1);
  });

  it("stays with its version when the new one cannot take over, and says why", async () => {
    await using open = await openRegistry();
    const session = await InferenceSession.open(
      { model: open.registry.source("fraud@production"), providers },
      { logger: silentLogger },
    );
    await using _session = session;
    const failed = next<ModelSwapFailure>(session.onSwapFailed);
    await open.promote(answering(2, ["a", "another"]));
    const { from, error } = await failed;
    expect(from.version).toBe(1);
    expect(ModelwrightError.is(error, "MODEL_UNSUPPORTED") && error.details.reason).toMatch(/needs the column "another"/);
    expect(await session.predict({ a: 0 })).toMatchObject({ output: { prediction: 1 }, model: { version: 1 } });

    const other = next<ModelSwapFailure>(session.onSwapFailed);
    await open.promote(logisticModel({ columns: ["a"], weights: [0], bias: 0 }));
    expect(String((await other).error)).toMatch(/no output "prediction"/);

    const swapped = next<ModelSwap>(session.onSwapped);
    await open.promote(answering(4));
    expect((await swapped).to.version).toBe(4);
  });

  it("stays with its version when it is told not to follow, until it is asked to look", async () => {
    await using open = await openRegistry();
    await using session = await InferenceSession.open({
      model: open.registry.source("fraud@production"),
      providers,
      follow: false,
    });
    await open.promote(answering(2));
    await open.registry.close();
    expect((await session.predict({ a: 0 })).model.version).toBe(1);
  });

  it("looks where the reference points when it is asked to, as after a promotion by another process", async () => {
    await using open = await openRegistry();
    const source = open.registry.source("fraud@production");
    const quiet = { spec: source.spec, name: source.name, load: source.load };
    await using session = await InferenceSession.open({ model: quiet, providers });
    expect((await session.refresh()).version).toBe(1);
    await open.promote(answering(2));
    expect(session.model.version).toBe(1);
    expect((await session.refresh()).version).toBe(2);
    expect((await session.predict({ a: 0 })).output).toEqual({ prediction: 2 });
  });

  it("looks again when it is asked to while it is looking", async () => {
    let version = 2;
    let loads = 0;
    const gates = [gate(), gate(), gate()];
    const source: ModelSource = {
      spec: "model-source/1",
      name: "model",
      async load() {
        const loaded = { identity: { name: "model", version }, bytes: answering(version) };
        await gates[loads++]!.promise;
        return loaded;
      },
    };
    gates[0]!.resolve();
    await using session = await InferenceSession.open({ model: source, providers });
    version = 3;
    const first = session.refresh();
    await expect.poll(() => loads).toBe(2);
    version = 4;
    const second = session.refresh();
    gates[1]!.resolve();
    gates[2]!.resolve();
    expect((await first).version).toBe(3);
    expect((await second).version).toBe(4);
  });

  it("counts what a replaced version still answers", async () => {
    const { promise, resolve } = gate();
    let version = 1;
    const slow: ExecutionProvider = {
      ...providers[0]!,
      async load(...given) {
        const executor = await providers[0]!.load(...given);
        return wrappedExecutor(executor, {
          async run(...call) {
            await promise;
            return executor.run(...call);
          },
        });
      },
    };
    const source: ModelSource = {
      spec: "model-source/1",
      name: "model",
      load: async () => ({ identity: { name: "model", version }, bytes: answering(version) }),
    };
    await using session = await InferenceSession.open({ model: source, providers: [slow], warmUp: false });
    const answer = session.predict({ a: 0 });
    version = 2;
    await session.refresh();
    const versions = () => session.statistics().map(({ model, rows }) => [model.version, rows]);
    expect(versions()).toEqual([
      [2, 0],
      [1, 0],
    ]);
    resolve();
    expect((await answer).model.version).toBe(1);
    expect(versions()).toEqual([
      [2, 0],
      [1, 1],
    ]);
  });

  it("watches every variant, as a method of its source", async () => {
    class Watched implements ModelSource {
      readonly spec = "model-source/1";
      readonly name: string;
      readonly #changed = new Emitter<ModelIdentity>(silentLogger);
      #bytes: Uint8Array;

      constructor(name: string, bytes: Uint8Array) {
        this.name = name;
        this.#bytes = bytes;
      }

      async load() {
        return { identity: { name: this.name }, bytes: this.#bytes };
      }

      onChanged(listener: (identity: ModelIdentity) => void) {
        return this.#changed.event(listener);
      }

      change(bytes: Uint8Array) {
        this.#bytes = bytes;
        this.#changed.emit({ name: this.name });
      }
    }
    const int8 = new Watched("int8", answering(1));
    const real = providers[0]!;
    const wantsInt8: ExecutionProvider = { ...real, capabilities: { ...real.capabilities, precisions: ["int8"] } };
    const model = modelVariants({ fp32: new Watched("fp32", answering(1)), int8 });
    await using session = await InferenceSession.open({ model, providers: [wantsInt8] });
    const swapped = next<ModelSwap>(session.onSwapped);
    int8.change(answering(2));
    await swapped;
    expect((await session.predict({ a: 0 })).output).toEqual({ prediction: 2 });
  });

  it("releases the model of a source that cannot be left", async () => {
    let disposals = 0;
    const real = providers[0]!;
    const counting: ExecutionProvider = {
      ...real,
      load: async (...given) =>
        wrappedExecutor(await real.load(...given), {
          async [Symbol.asyncDispose]() {
            disposals += 1;
          },
        }),
    };
    const source: ModelSource = {
      spec: "model-source/1",
      name: "model",
      load: async () => ({ identity: {}, bytes: answering(1) }),
      onChanged: (listener) => {
        listener(undefined as never);
        return {
          [Symbol.dispose]() {
            throw new Error("no");
          },
        };
      },
    };
    const session = await InferenceSession.open({ model: source, providers: [counting] }, { logger: silentLogger });
    await session.refresh();
    await session.close();
    await expect(session.refresh()).rejects.toMatchObject({ code: "CLOSED" });
    // The change that was told while it was opened, the refresh that was asked for, and the model in use.
    expect(disposals).toBe(3);
  });

  it("does not go over to a version that takes or answers a row in another way", async () => {
    const shaped = (input: number, output: number) =>
      writeModel({
        name: "shaped",
        inputs: [{ name: "x", type: { tensor: "float32", dims: ["n", input] } }],
        outputs: [{ name: "y", type: { tensor: "float32", dims: ["n", output] } }],
        nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
        initializers: { w: tensor("float32", new Float32Array(input * output).fill(1), [input, output]) },
      });
    let bytes = shaped(2, 1);
    const source: ModelSource = { spec: "model-source/1", name: "model", load: async () => ({ identity: {}, bytes }) };
    await using session = await InferenceSession.open({ model: source, providers });
    bytes = shaped(3, 1);
    await expect(session.refresh()).rejects.toThrow(/its input "x" is \[n, 3\], not \[n, 2\]/);
    bytes = shaped(2, 2);
    await expect(session.refresh()).rejects.toThrow(/its output "y" is \[n, 2\], not \[n, 1\]/);
    expect((await session.predict({ x: [1, 2] })).output).toEqual({ y: 3 });
  });

  it("may be closed while it goes over", async () => {
    await using open = await openRegistry();
    const session = await InferenceSession.open({ model: open.registry.source("fraud@production"), providers });
    await open.promote(answering(2));
    await session.close();
    expect(session.health()).toMatchObject({ state: "closed", ready: false });
    await expect(session.predict({ a: 0 })).rejects.toMatchObject({ code: "CLOSED" });
  });
});
