import { describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { InferenceSession, type ModelSwap, type ModelSwapFailure } from "../../src/inference/index.ts";
import { linearModel, logisticModel } from "../../src/onnx-format/index.ts";
import { ModelRegistry } from "../../src/registry/index.ts";

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

  it("may be closed while it goes over", async () => {
    await using open = await openRegistry();
    const session = await InferenceSession.open({ model: open.registry.source("fraud@production"), providers });
    await open.promote(answering(2));
    await session.close();
    expect(session.health()).toMatchObject({ state: "closed", ready: false });
    await expect(session.predict({ a: 0 })).rejects.toMatchObject({ code: "CLOSED" });
  });
});
