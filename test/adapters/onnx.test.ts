import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { type OnnxOptions, type OrtLibrary, onnx } from "../../src/adapters/onnx/index.ts";
import { LINGER_MS } from "../../src/adapters/onnx/worker-pools.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { nextTurn } from "../../src/core/next-turn.ts";
import type { Executor } from "../../src/inference/port.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";
import { executionProviderConformance } from "../../src/testing/conformance/execution-provider.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { addModel, identityModel } from "../../src/testing/tiny-models.ts";
import { Started } from "./fixtures/onnx-started.ts";

executionProviderConformance({ describe, it, expect }, () => onnx());
describe("with the library handed in", () => {
  executionProviderConformance({ describe, it, expect }, () => onnx({ lib: ort, threads: 2 }));
});
describe.each<OnnxOptions>([
  { placement: "worker", workers: 2 },
  { isolation: "process", workers: 2 },
])("with %o", (options) => {
  // Keeps the workers, which each test would start otherwise.
  let held: Executor;
  beforeAll(async () => {
    held = await onnx(options).load({ identity: {}, bytes: addModel() });
  });
  afterAll(() => held[Symbol.asyncDispose]());
  executionProviderConformance({ describe, it, expect }, () => onnx(options));
});

const float16 = { type: "float16", dims: [2], data: Uint16Array.of(0x3c00, 0xc000) } as const;

describe("onnx", () => {
  it("names the engine and the device", async () => {
    await using executor = await onnx().load({ identity: {}, bytes: addModel() });
    expect([onnx().name, executor.provider]).toEqual(["onnxruntime-node/cpu", "onnxruntime-node/cpu"]);
    expect(onnx({ device: "cuda", deviceId: 1 }).name).toBe("onnxruntime-node/cuda");
  });

  it("takes the real library for its structural type, or the URL of its file", () => {
    expectTypeOf<typeof ort>().toExtend<NonNullable<OnnxOptions["lib"]>>();
    // @ts-expect-error not the library
    expect(() => onnx({ lib: {} })).toThrow(/lib: expected the onnxruntime-node module, or its file: URL/);
    expect(() => onnx({ lib: new URL("https://example.com/ort.js") })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });

  it("lists every wrong option", () => {
    // @ts-expect-error no such device
    const make = () => onnx({ threads: 0, device: "abacus", workers: 0, hardTimeoutMs: -1 });
    expect(make).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(make).toThrow(/(?=.*threads)(?=.*device)(?=.*workers)(?=.*hardTimeoutMs)/);
  });

  it.each<[string, OnnxOptions]>([
    ["lib", { lib: ort, placement: "worker" }],
    ["lib", { lib: ort, isolation: "process" }],
    ["placement", { placement: "inline", isolation: "process" }],
    ["hardTimeoutMs", { hardTimeoutMs: 100 }],
    ["deviceId", { deviceId: 1 }],
    ["workers", { device: "webgpu", workers: 2 }],
    ["workers", { device: "webgpu", instances: 2 }],
  ])("refuses %s where it cannot have its meaning: %o", (option, options) => {
    expect(() => onnx(options)).toThrow(
      expect.objectContaining({ details: { subject: "onnx", issues: [expect.objectContaining({ path: [option] })] } }),
    );
  });

  it.each<[string, OnnxOptions]>([
    ["inline", { placement: "inline" }],
    ["inline", { lib: ort }],
    ["worker", { placement: "worker", workers: 1 }],
    ["worker", { placement: "worker", workers: 1, lib: new URL(import.meta.resolve("onnxruntime-node")) }],
    ["process", { isolation: "process", workers: 1 }],
  ])("gives float16 as 16-bit words whatever the platform has: %s, %o", async (placement, options) => {
    await using executor = await onnx(options).load({ identity: {}, bytes: identityModel("float16", ["n"]) });
    const { outputs } = await executor.run({ x: float16 }, ["y"]);
    expect(outputs["y"]).toEqual(float16);
    expect(executor.placement).toBe(placement);
  });

  it.each<OnnxOptions>([{ placement: "inline" }, { placement: "worker", workers: 1 }, { isolation: "process", workers: 1 }])(
    "says that a type came with a later release as MODEL_UNSUPPORTED, with the engine's own error as cause: %o",
    async (options) => {
      const failure = onnx(options).load({ identity: {}, bytes: identityModel("bfloat16") });
      await expect(failure).rejects.toMatchObject({
        code: "MODEL_UNSUPPORTED",
        cause: expect.objectContaining({ message: expect.stringMatching(/Unsupported data type: 16/) }),
      });
    },
  );

  it.each<OnnxOptions>([{ placement: "inline" }, { placement: "worker" }, { isolation: "process" }])(
    "says MISSING_PEER when the library is not there: %o",
    async (options) => {
      const lib = new URL("no-such-library.js", import.meta.url);
      await expect(onnx({ ...options, lib }).load({ identity: {}, bytes: addModel() })).rejects.toMatchObject({
        code: "MISSING_PEER",
        details: { peer: "onnxruntime-node", install: "npm install onnxruntime-node" },
      });
    },
  );

  it("says which device it has no build for", async () => {
    // No build for Linux has Apple's.
    const failure = onnx({ device: "coreml" }).load({ identity: {}, bytes: addModel() });
    await (process.platform === "darwin"
      ? expect(failure).resolves.toMatchObject({ provider: "onnxruntime-node/coreml" })
      : expect(failure).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED", message: expect.stringMatching(/coreml/) }));
  });

  it("releases the engine's session once, and only after its runs", async () => {
    const events: string[] = [];
    const lib: OrtLibrary = {
      InferenceSession: {
        async create(bytes, options) {
          const session = await ort.InferenceSession.create(bytes, options as never);
          return {
            inputMetadata: session.inputMetadata,
            outputMetadata: session.outputMetadata,
            run: async (feeds, fetches) => {
              const answer = await session.run(feeds as never, fetches);
              events.push("ran");
              return answer;
            },
            release: async () => {
              events.push("released");
              await session.release();
            },
          };
        },
      },
    };
    const executor = await onnx({ lib }).load({ identity: {}, bytes: identityModel("float32", ["n"]) });
    const run = executor.run({ x: { type: "float32", dims: [1], data: Float32Array.of(1) } }, ["y"]);
    await Promise.all([executor[Symbol.asyncDispose](), executor[Symbol.asyncDispose]()]);
    expect(events).toEqual(["ran", "released"]);
    expect((await run).outputs["y"]?.data).toEqual(Float32Array.of(1));
  });

  it.each([
    ["disabled", Number.POSITIVE_INFINITY],
    ["basic", 2 ** 100],
  ] as const)("rewrites the model as far as it is told: %s", async (graphOptimization, expected) => {
    // The engine multiplies the two weights before anything is run, if it may: then nothing overflows on the way.
    const type = { tensor: "float32", dims: [1, 1, 1, 1] } as const;
    const weight = (dims: readonly number[], value: number) => ({ type: "float32", dims, data: Float32Array.of(value) }) as const;
    const bytes = writeModel({
      name: "scaled_convolution",
      inputs: [{ name: "x", type }],
      outputs: [{ name: "y", type }],
      initializers: { w: weight([1, 1, 1, 1], 2 ** 100), scale: weight([1, 1, 1], 2 ** -100) },
      nodes: [
        { operator: "Conv", inputs: ["x", "w"], outputs: ["wide"] },
        { operator: "Mul", inputs: ["wide", "scale"], outputs: ["y"] },
      ],
    });
    for (const placement of ["inline", "worker"] as const) {
      await using executor = await onnx({ placement, workers: 1, graphOptimization }).load({ identity: {}, bytes });
      const { outputs } = await executor.run({ x: weight([1, 1, 1, 1], 2 ** 100) }, []);
      expect(outputs["y"]?.data).toEqual(Float32Array.of(expected));
    }
  });

  it("asks the engine for the device that it is told", async () => {
    // No machine of the tests has two devices; what matters here is what the library is given.
    const asked: unknown[] = [];
    const lib: OrtLibrary = {
      InferenceSession: {
        create: async (bytes, { executionProviders, ...options }) => {
          asked.push(executionProviders);
          return ort.InferenceSession.create(bytes, options as never) as never;
        },
      },
    };
    for (const deviceId of [undefined, 0, 1]) {
      const provider = onnx({ lib, device: "cuda", ...(deviceId === undefined ? {} : { deviceId }) });
      await using executor = await provider.load({ identity: {}, bytes: addModel() });
      expect(executor.provider).toBe("onnxruntime-node/cuda");
    }
    expect(asked).toEqual([["cuda"], [{ name: "cuda", deviceId: 0 }], [{ name: "cuda", deviceId: 1 }]]);
  });

  it("wraps nothing twice", async () => {
    const failure = await onnx()
      .load({ identity: {}, bytes: Uint8Array.of(1) })
      .catch((error: unknown) => error);
    expect(ModelwrightError.is(failure, "MODEL_INVALID") && ModelwrightError.is(failure.cause)).toBe(false);
  });

  it("ends the waiting for a load that is aborted, and leaves nothing loaded", async () => {
    using started = new Started();
    const clock = new FakeClock();
    const controller = new AbortController();
    const { signal } = controller;
    const loading = onnx({ placement: "worker" }, { clock }).load({ identity: {}, bytes: addModel() }, { signal });
    const reason = new RangeError("stop");
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
    // The load goes on until the worker can forget it, and so often is it asked whether it has waited long enough.
    while (started.threads === 0 || started.alive > 0) {
      await clock.advance(LINGER_MS);
      await nextTurn();
    }
    expect([started.threads, started.alive]).toEqual([1, 0]);
  });
});

describe("a process", () => {
  const run = promisify(execFile);
  const fixture = (name: string, ...args: string[]) =>
    run(process.execPath, [new URL(`fixtures/${name}`, import.meta.url).pathname, ...args]);

  it.each(["thread", "process"])("ends by itself though a model is loaded, but not while a call lasts: %s", async (isolation) => {
    expect((await fixture("onnx-ends-alone.ts", isolation)).stdout).toBe("loaded\nanswered\n");
  });

  it("does not wait for workers that wait for a model", async () => {
    expect(await fixture("onnx-ends-warm.ts")).toEqual({ stdout: "at once\n", stderr: "" });
    await expect(fixture("onnx-ends-warm.ts", "exit")).rejects.toMatchObject({ code: 3, stdout: "at once\n", stderr: "" });
  });

  it("that exits while an engine works in a thread ends with its own code, not by the engine's abort", async () => {
    await expect(fixture("onnx-exits-busy.ts")).rejects.toMatchObject({ code: 3, stdout: "busy\n", stderr: "" });
  });

  it("may be a program given as text", async () => {
    const program = `
      import { onnx } from ${JSON.stringify(new URL("../../src/adapters/onnx/index.ts", import.meta.url))};
      import { addModel } from ${JSON.stringify(new URL("../../src/testing/tiny-models.ts", import.meta.url))};
      for (const isolation of ["thread", "process"]) {
        await using executor = await onnx({ placement: "worker", isolation, workers: 1 }).load({ identity: {}, bytes: addModel() });
        console.log(executor.placement);
      }`;
    expect((await run(process.execPath, ["--input-type=module", "--eval", program])).stdout).toBe("worker\nprocess\n");
  });

  it("that is a program given as text starts no worker from the working directory", async () => {
    const program = `
      const load = async () => {
        const { onnx } = await import(${JSON.stringify(new URL("../../src/adapters/onnx/index.ts", import.meta.url))});
        const { addModel } = await import(${JSON.stringify(new URL("../../src/testing/tiny-models.ts", import.meta.url))});
        for (const isolation of ["thread", "process"]) {
          await using executor = await onnx({ placement: "worker", isolation, workers: 1 }).load({ identity: {}, bytes: addModel() });
          console.log(executor.placement);
        }
      };
      load();`;
    const cwd = await mkdtemp(join(tmpdir(), "modelwright-onnx-"));
    try {
      for (const extension of ["js", "cjs", "ts", "mjs"]) {
        await writeFile(
          join(cwd, `onnx-worker.${extension}`),
          'require("node:fs").writeSync(1, "the decoy\\n"); process.exit(7);',
        );
      }
      const { stdout } = await run(process.execPath, ["--input-type=commonjs", "--eval", program], { cwd });
      expect(stdout).toBe("worker\nprocess\n");
    } finally {
      await rm(cwd, { recursive: true });
    }
  });

  it.each(["inline", "worker", "process"])("prints nothing when the engine fails to run a model: %s", async (placement) => {
    const { stdout, stderr } = await fixture("onnx-failing-run.ts", placement);
    expect({ stdout, stderr }).toEqual({ stdout: "MODEL_RUN_FAILED\n", stderr: "" });
  });
});
