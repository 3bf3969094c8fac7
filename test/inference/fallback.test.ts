import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { tensor } from "../../src/core/tensor.ts";
import {
  customProvider,
  InferenceSession,
  modelVariants,
  type ProviderFailure,
  responseCache,
} from "../../src/inference/index.ts";
import type { ExecutionProvider, Executor } from "../../src/inference/port.ts";
import { linearModel } from "../../src/onnx-format/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { gate } from "../core/gate.ts";
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

  it("is told of when another one has taken over, not when none can", async () => {
    let broken = true;
    const breaking = (name: string) =>
      provider(
        name,
        (run) =>
          (...call) =>
            broken ? Promise.reject(lost(name)) : run(...call),
      );
    const heard: [string, string][] = [];
    await using session = await InferenceSession.open({ model, providers: [breaking("gpu"), real], warmUp: false }, quiet);
    session.onFallback((failure) => void heard.push([failure.provider, session.provider]));
    await session.predict({ a: 1 });
    expect(heard).toEqual([["gpu", real.name]]);

    const logged: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void logged.push(message) };
    await using only = await InferenceSession.open({ model, providers: [breaking("only")], warmUp: false }, { logger });
    only.onFallback((failure) => void heard.push([failure.provider, only.provider]));
    await expect(only.predict({ a: 1 })).rejects.toMatchObject({ code: "MODEL_EXECUTOR_LOST" });
    broken = false;
    expect([heard.length, logged]).toEqual([1, []]);
  });

  it("does not keep the bytes of the model for a third one", async () => {
    let loads = 0;
    const source = {
      spec: "model-source/1" as const,
      name: "model",
      load: async () => ({ identity: { version: ++loads }, bytes: model }),
    };
    let broken = 0;
    const breaking = (name: string, level: number) =>
      provider(
        name,
        (run) =>
          (...call) =>
            broken >= level ? Promise.reject(lost(name)) : run(...call),
      );
    const providers = [breaking("one", 1), breaking("two", 2), real];
    await using session = await InferenceSession.open({ model: source, providers, warmUp: false }, quiet);
    for (broken = 0; broken <= 2; broken++) expect((await session.predict({ a: 1 })).model.version).toBe(broken + 1);
  });

  it("leaves nothing behind when the session is closed while another one loads the model", async () => {
    const { promise: loading, resolve } = gate();
    let begun = false;
    let disposals = 0;
    const first = provider("gpu", () => () => Promise.reject(lost("gpu")));
    const second = provider(
      "cpu",
      (run) => run,
      () => disposals++,
    );
    const slow: ExecutionProvider = {
      ...second,
      // As of an engine that does not look at the signal.
      async load(loaded) {
        begun = true;
        await loading;
        return second.load(loaded);
      },
    };
    const session = await InferenceSession.open({ model, providers: [first, slow], warmUp: false }, quiet);
    const controller = new AbortController();
    const answer = session.predict({ a: 1 }, { signal: controller.signal });
    await expect.poll(() => begun).toBe(true);
    controller.abort(new Error("gave up"));
    await expect(answer).rejects.toThrow("gave up");
    const closing = session.close();
    resolve();
    await closing;
    expect([second.loads, disposals]).toEqual([1, 1]);
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

  /** A server with the model, which may be away and may have lost its memory. */
  function flaky(name: string, state: { up: boolean }) {
    return provider(
      name,
      (run) =>
        (...call) =>
          state.up ? run(...call) : Promise.reject(away(name)),
    );
  }

  it("comes back though another one is lost at that time", async () => {
    const clock = new FakeClock();
    const state = { up: false };
    let gpuLost = false;
    const { promise: loading, resolve } = gate();
    let begun = false;
    const gpu = provider(
      "gpu",
      (run) =>
        (...call) =>
          gpuLost ? Promise.reject(lost("gpu")) : run(...call),
    );
    const parallel: ExecutionProvider = {
      ...gpu,
      load: async (...given) => wrappedExecutor(await gpu.load(...given), { concurrency: 2 }),
    };
    const slow: ExecutionProvider = {
      ...real,
      name: "slow",
      async load(...given) {
        begun = true;
        await loading;
        return real.load(...given);
      },
    };
    await using session = await InferenceSession.open(
      { model, providers: [flaky("server", state), parallel, slow], warmUp: false },
      { ...quiet, clock },
    );
    expect((await session.predict({ a: 1 })).provider).toBe("gpu");
    gpuLost = true;
    await clock.advance(29_000);
    const one = session.predict({ a: 1 });
    await expect.poll(() => begun).toBe(true);
    await clock.advance(2_000);
    state.up = true;
    const two = session.run({ features: tensor("float32", Float32Array.of(2), [1, 1]) });
    resolve();
    await Promise.all([one, two]);
    expect((await session.predict({ a: 1 })).provider).toBe("server");
    expect(session.fallbacks).toEqual([]);
  });

  it("when it was to load the model is asked again, too", async () => {
    const clock = new FakeClock();
    let up = false;
    const server: ExecutionProvider = {
      ...real,
      name: "server",
      load: (...given) => (up ? provider("server", (run) => run).load(...given) : Promise.reject(away("server"))),
    };
    await using session = await InferenceSession.open({ model, providers: [server, real] }, { ...quiet, clock });
    const ask = async () => (await session.predict({ a: 1 })).provider;
    expect(await ask()).toBe(real.name);
    await clock.advance(30_000);
    // It is asked in the background, and answers that it is away for half a minute more.
    expect(await ask()).toBe(real.name);
    up = true;
    await new Promise(setImmediate);
    expect(await ask()).toBe(real.name);
    await clock.advance(30_000);
    await ask();
    await expect.poll(ask).toBe("server");
    expect(session.fallbacks).toEqual([]);
  });

  it("when it was to take over is asked again by a later call", async () => {
    const clock = new FakeClock();
    let up = false;
    const gpu = provider("gpu", () => () => Promise.reject(lost("gpu")));
    const server: ExecutionProvider = {
      ...real,
      name: "server",
      load: (...given) => (up ? provider("server", (run) => run).load(...given) : Promise.reject(away("server"))),
    };
    await using session = await InferenceSession.open({ model, providers: [gpu, server], warmUp: false }, { ...quiet, clock });
    await expect(session.predict({ a: 1 })).rejects.toMatchObject({ code: "MODEL_EXECUTOR_LOST" });
    up = true;
    await expect(session.predict({ a: 1 })).rejects.toMatchObject({ code: "MODEL_EXECUTOR_LOST" });
    await clock.advance(30_000);
    expect((await session.predict({ a: 1 })).provider).toBe("server");
  });

  it("is not stood in for by a model of another width", async () => {
    const wide = customProvider({
      name: "wide",
      inputs: [{ name: "features", type: "float32", dims: ["batch", 2] }],
      outputs: [{ name: "prediction", type: "float32", dims: ["batch", 1] }],
      run: ({ features }) => ({ prediction: features! }),
    });
    const state = { up: true };
    await using session = await InferenceSession.open({ model, providers: [flaky("server", state), wide] }, quiet);
    state.up = false;
    await expect(session.predict({ a: 1 })).rejects.toMatchObject({ code: "MODEL_UNAVAILABLE" });
  });

  it("has answers in the response cache that are its own", async () => {
    const state = { up: true };
    const cache = responseCache();
    const third = linearModel({ columns: ["a"], weights: [3], bias: 0 });
    const of = (bytes: Uint8Array) => ({
      spec: "model-source/1" as const,
      name: "model",
      load: async () => ({ identity: {}, bytes }),
    });
    const local: ExecutionProvider = { ...real, capabilities: { ...real.capabilities, precisions: ["int8"] } };
    const clock = new FakeClock();
    await using session = await InferenceSession.open(
      { model: modelVariants({ fp32: of(model), int8: of(third) }), providers: [flaky("server", state), local], cache },
      { ...quiet, clock },
    );
    const ask = async () => {
      const { output, provider } = await session.predict({ a: 1 });
      return [output["prediction"], provider];
    };
    state.up = false;
    expect(await ask()).toEqual([3, real.name]);
    expect(await ask()).toEqual([3, real.name]);
    await clock.advance(30_000);
    state.up = true;
    // Answered by what was asked last, as long as no run is needed.
    await session.predict({ a: 2 });
    expect(await ask()).toEqual([2, "server"]);
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
