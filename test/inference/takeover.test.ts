import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type Tensor, tensor } from "../../src/core/tensor.ts";
import { customProvider, InferenceSession } from "../../src/inference/index.ts";
import type { ExecutionProvider } from "../../src/inference/port.ts";
import { linearModel } from "../../src/onnx-format/index.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { wrappedExecutor } from "./wrapped-executor.ts";

const real = onnx({ placement: "inline" });
/** `prediction` is 2 a. */
const model = linearModel({ columns: ["a"], weights: [2], bias: 0 });
const quiet = { logger: silentLogger };
const inputs = [{ name: "features", type: "float32", dims: ["batch", 1] }] as const;
const outputs = [{ name: "prediction", type: "float32", dims: ["batch", 1] }] as const;
const away = new ModelwrightError("MODEL_UNAVAILABLE", "away", { details: { provider: "server", status: 503 }, retryable: true });
const lost = new ModelwrightError("MODEL_EXECUTOR_LOST", "lost", {
  details: { provider: "gpu", reason: "device lost", replaced: false },
});

const answers = async (session: InferenceSession, ...values: number[]) =>
  (await Promise.all(values.map((a) => session.predict({ a })))).map(({ output }) => output["prediction"]);

/** Rows that shared runs, by the size of the run. */
const sizes = (session: InferenceSession) => session.statistics()[0]!.batchSizes.map(({ rows }) => rows);

/** A real provider whose device is lost while `state` says so. */
const losable = (state: { readonly broken: boolean }): ExecutionProvider => ({
  ...real,
  name: "gpu",
  async load(...given) {
    const executor = await real.load(...given);
    return wrappedExecutor(executor, { run: (...call) => (state.broken ? Promise.reject(lost) : executor.run(...call)) });
  },
});

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !condition(); turn++) await new Promise(setImmediate);
  expect(condition()).toBe(true);
}

describe("a provider that takes over", () => {
  it("from a server is probed, and then gets the rows of several callers together", async () => {
    let up = true;
    const server = customProvider({
      name: "server",
      inputs,
      outputs,
      columns: ["a"],
      run: ({ features }) => {
        if (!up) throw away;
        return { prediction: features! };
      },
    });
    await using session = await InferenceSession.open({ model, providers: [server, real] }, quiet);
    expect(session.batching).toEqual({ enabled: false, reason: expect.stringMatching(/model of its own/) });
    expect(await answers(session, 1, 2, 3)).toEqual([1, 2, 3]);
    up = false;
    expect(await answers(session, 1, 2, 3)).toEqual([2, 4, 6]);
    expect(sizes(session)).toEqual([1]);
    await until(() => session.batching.enabled);
    expect(await answers(session, 1, 2, 3)).toEqual([2, 4, 6]);
    expect(Math.max(...sizes(session))).toBeGreaterThan(1);
  });

  it("with the same file keeps rows together at once", async () => {
    const state = { broken: false };
    const gpu = losable(state);
    await using session = await InferenceSession.open({ model, providers: [gpu, real] }, quiet);
    state.broken = true;
    expect(await answers(session, 1, 2, 3)).toEqual([2, 4, 6]);
    expect(session.batching.enabled).toBe(true);
    expect(sizes(session)).toEqual([3]);
  });

  it("and mixes rows never gets the rows of several callers together, nor a part of those of one", async () => {
    const state = { broken: false };
    const gpu = losable(state);
    const seen: number[] = [];
    // Answers the sum of all rows for each.
    const mixing = customProvider({
      name: "mixing",
      inputs,
      outputs,
      run: ({ features }) => {
        const { dims, data } = features as Tensor<"float32">;
        seen.push(dims[0]!);
        const sum = data.reduce((total, value) => total + value, 0);
        return { prediction: tensor("float32", new Float32Array(data.length).fill(sum), dims) };
      },
    });
    await using session = await InferenceSession.open({ model, providers: [gpu, mixing], batching: { maxRows: 4 } }, quiet);
    state.broken = true;
    const [many, one, two] = await Promise.all([
      session.predictMany(Array.from({ length: 10 }, () => ({ a: 1 }))),
      session.predict({ a: 5 }),
      session.predict({ a: 7 }),
    ]);
    expect(many.map(({ output }) => output["prediction"])).toEqual(Array.from({ length: 10 }, () => 10));
    expect([one!.output, two!.output]).toEqual([{ prediction: 5 }, { prediction: 7 }]);
    await until(() => /depends on the rows beside it/.test(session.batching.reason));
    expect(await answers(session, 1, 2, 3)).toEqual([1, 2, 3]);
  });
});

describe("a provider that is lost with nobody to take over", () => {
  it("makes the session not ready for half a minute, or until a call is answered", async () => {
    const clock = new FakeClock();
    const state = { broken: true };
    const gpu = losable(state);
    await using session = await InferenceSession.open({ model, providers: [gpu], warmUp: false }, { ...quiet, clock });
    expect(session.health()).toMatchObject({ state: "ready", ready: true });
    await expect(session.predict({ a: 1 })).rejects.toBe(lost);
    expect(session.health()).toMatchObject({ state: "failed", ready: false, reason: expect.stringContaining("lost") });
    await clock.advance(30_000);
    expect(session.health().ready).toBe(true);
    await expect(session.predict({ a: 1 })).rejects.toBe(lost);
    expect(session.health().ready).toBe(false);
    state.broken = false;
    await session.predict({ a: 1 });
    expect(session.health().ready).toBe(true);
  });
});
