import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { tensor } from "../../src/core/tensor.ts";
import { customProvider, InferenceSession, type ProviderFailure } from "../../src/inference/index.ts";
import type { ExecutionProvider, Executor } from "../../src/inference/port.ts";
import { linearModel } from "../../src/onnx-format/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { wrappedExecutor } from "./wrapped-executor.ts";

const real = onnx({ placement: "inline" });
/** `prediction` is 2 a. */
const model = linearModel({ columns: ["a"], weights: [2], bias: 0 });
const quiet = { logger: silentLogger };

type Run = Executor["run"];

/** A provider that loads the model as the real one does, under another name, and runs it as it is told to. */
function provider(name: string, run: (real: Run) => Run, disposed = () => {}): ExecutionProvider & { loads: number } {
  const made = {
    ...real,
    name,
    loads: 0,
    async load(...given: Parameters<ExecutionProvider["load"]>) {
      made.loads += 1;
      const executor = await real.load(...given);
      return wrappedExecutor(executor, {
        provider: name,
        run: run((...call) => executor.run(...call)),
        async [Symbol.asyncDispose]() {
          disposed();
          await executor[Symbol.asyncDispose]();
        },
      });
    },
  };
  return made;
}

const lost = (name: string, replaced = false) =>
  new ModelwrightError("MODEL_EXECUTOR_LOST", `${name} is lost`, {
    details: { provider: name, reason: "device lost", replaced },
  });
const away = (name: string) =>
  new ModelwrightError("MODEL_UNAVAILABLE", `${name} is away`, { details: { provider: name, status: 503 }, retryable: true });

describe("a provider that is lost while it runs the model", () => {
  it("is followed by the next one, which repeats the run", async () => {
    let broken = false;
    let disposals = 0;
    const first = provider(
      "gpu",
      (run) =>
        (...call) =>
          broken ? Promise.reject(lost("gpu")) : run(...call),
      () => disposals++,
    );
    const second = provider("cpu", (run) => run);
    await using session = await InferenceSession.open({ model, providers: [first, second] }, quiet);
    const heard: ProviderFailure[] = [];
    session.onFallback((failure) => void heard.push(failure));
    expect(await session.predict({ a: 1 })).toMatchObject({ output: { prediction: 2 }, provider: "gpu" });
    expect([session.provider, session.fallbacks, second.loads]).toEqual(["gpu", [], 0]);
    broken = true;
    const answers = await Promise.all([1, 2, 3].map((a) => session.predict({ a })));
    expect(answers.map(({ output, provider }) => [output["prediction"], provider])).toEqual([
      [2, "cpu"],
      [4, "cpu"],
      [6, "cpu"],
    ]);
    const failure = { provider: "gpu", reason: "gpu is lost" };
    expect([session.provider, session.fallbacks, heard]).toEqual(["cpu", [failure], [failure]]);
    expect([second.loads, disposals]).toEqual([1, 1]);
  });

  it("fails its calls when no other can take over, and is asked again by the next call", async () => {
    let broken = true;
    const only = provider(
      "gpu",
      (run) =>
        (...call) =>
          broken ? Promise.reject(lost("gpu")) : run(...call),
    );
    const other: ExecutionProvider = { ...real, name: "none", load: () => Promise.reject(new Error("no such device")) };
    await using session = await InferenceSession.open({ model, providers: [only, other], warmUp: false }, quiet);
    await expect(session.predict({ a: 1 })).rejects.toMatchObject({ code: "MODEL_EXECUTOR_LOST" });
    broken = false;
    expect((await session.predict({ a: 1 })).output).toEqual({ prediction: 2 });
  });

  it("stays when it has replaced what it lost", async () => {
    let fails = 1;
    const first = provider(
      "gpu",
      (run) =>
        (...call) =>
          fails-- > 0 ? Promise.reject(lost("gpu", true)) : run(...call),
    );
    await using session = await InferenceSession.open({ model, providers: [first, real], warmUp: false }, quiet);
    await expect(session.predict({ a: 1 })).rejects.toMatchObject({ code: "MODEL_EXECUTOR_LOST" });
    expect(await session.predict({ a: 1 })).toMatchObject({ output: { prediction: 2 }, provider: "gpu" });
  });
});

describe("a provider that loads a model and cannot run it", () => {
  const failing = (name: string) =>
    provider(
      name,
      () => () => Promise.reject(new ModelwrightError("MODEL_RUN_FAILED", "no shader-f16", { details: { provider: name } })),
    );

  it("is given up while the model is warmed up", async () => {
    await using session = await InferenceSession.open({ model, providers: [failing("gpu"), real] }, quiet);
    expect(session.fallbacks).toEqual([{ provider: "gpu", reason: "no shader-f16" }]);
    expect(await session.predict({ a: 4 })).toMatchObject({ output: { prediction: 8 }, provider: real.name });
  });

  it("is kept where no other can load the model: a caller's rows may suit it better than samples", async () => {
    const none: ExecutionProvider = { ...real, name: "none", load: () => Promise.reject(new Error("absent")) };
    await using session = await InferenceSession.open({ model, providers: [failing("gpu"), none] }, quiet);
    expect(session.provider).toBe("gpu");
    expect(session.batching).toEqual({ enabled: false, reason: expect.stringMatching(/no sample could be run.*shader-f16/) });
  });
});

describe("a server that cannot be asked", () => {
  it("is stood in for, and asked again half a minute later", async () => {
    const clock = new FakeClock();
    let up = true;
    const server = customProvider({
      name: "server",
      inputs: [{ name: "features", type: "float32", dims: ["batch", 1] }],
      outputs: [{ name: "prediction", type: "float32", dims: ["batch", 1] }],
      columns: ["a"],
      run: ({ features }) => {
        if (!up) throw away("server");
        return { prediction: tensor("float32", Float32Array.of(10 * Number(features!.data[0])), [1, 1]) };
      },
    });
    await using session = await InferenceSession.open({ model, providers: [server, real] }, { ...quiet, clock });
    const ask = async () => {
      const { output, provider } = await session.predict({ a: 1 });
      return [output["prediction"], provider];
    };
    expect(await ask()).toEqual([10, "server"]);
    up = false;
    expect(await ask()).toEqual([2, real.name]);
    expect(session.fallbacks).toEqual([{ provider: "server", reason: "server is away" }]);
    up = true;
    expect(await ask()).toEqual([2, real.name]);
    await clock.advance(30_000);
    expect(await ask()).toEqual([10, "server"]);
    expect(session.fallbacks).toEqual([]);
    up = false;
    expect(await ask()).toEqual([2, real.name]);
  });

  it("is not stood in for by another model", async () => {
    let up = true;
    const server = provider(
      "server",
      (run) =>
        (...call) =>
          up ? run(...call) : Promise.reject(away("server")),
    );
    const own = customProvider({
      name: "own",
      inputs: [{ name: "features", type: "float32", dims: ["batch", 1] }],
      outputs: [{ name: "another", type: "float32", dims: ["batch", 1] }],
      run: ({ features }) => ({ another: features! }),
    });
    await using session = await InferenceSession.open({ model, providers: [server, own] }, quiet);
    up = false;
    await expect(session.predict({ a: 1 })).rejects.toMatchObject({ code: "MODEL_UNAVAILABLE" });
    up = true;
    expect((await session.predict({ a: 1 })).provider).toBe("server");
  });
});
