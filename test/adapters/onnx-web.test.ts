import * as ort from "onnxruntime-web";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { type OnnxWebOptions, onnxWeb, webEnvironment } from "../../src/adapters/onnx-web/index.ts";
import { tensor } from "../../src/core/tensor.ts";
import { writeModel } from "../../src/onnx-format/write-model.ts";
import { executionProviderConformance } from "../../src/testing/conformance/execution-provider.ts";
import { addModel } from "../../src/testing/tiny-models.ts";

executionProviderConformance({ describe, it, expect }, () => onnxWeb());

describe("onnxWeb", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("takes the real library for its structural type", () => {
    expectTypeOf<typeof ort>().toExtend<NonNullable<OnnxWebOptions["lib"]>>();
    // @ts-expect-error the library for Node has another way of being configured
    expect(() => onnxWeb({ lib: { InferenceSession: ort.InferenceSession } })).toThrow(/expected the onnxruntime-web module/);
  });

  it("names the engine and the device", async () => {
    await using executor = await onnxWeb().load({ identity: {}, bytes: addModel() });
    expect([executor.provider, onnxWeb({ device: "webgpu" }).name]).toEqual(["onnxruntime-web/wasm", "onnxruntime-web/webgpu"]);
  });

  it("asks for wasmPaths in a browser, instead of guessing where the files are", () => {
    vi.stubGlobal("process", undefined);
    expect(() => onnxWeb()).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("wasmPaths") }),
    );
    expect(onnxWeb({ wasmPaths: "/ort/" }).name).toBe("onnxruntime-web/wasm");
  });

  it("fails with MODEL_UNSUPPORTED where there is no WebGPU", async () => {
    const failure = onnxWeb({ device: "webgpu" }).load({ identity: {}, bytes: addModel() });
    await expect(failure).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED", cause: expect.any(Error) });
  });

  it("lets the engine do one thing at a time, over all models and providers", async () => {
    let busy = 0;
    let most = 0;
    const counted = async <T>(work: () => Promise<T>): Promise<T> => {
      most = Math.max(most, ++busy);
      try {
        return await work();
      } finally {
        busy--;
      }
    };
    const lib: NonNullable<OnnxWebOptions["lib"]> = {
      env: { wasm: {} },
      InferenceSession: {
        create: (bytes, options) =>
          counted(async () => {
            const session = await ort.InferenceSession.create(bytes, options);
            return {
              inputMetadata: session.inputMetadata,
              outputMetadata: session.outputMetadata,
              run: (feeds, fetches) => counted(() => session.run(feeds as never, fetches)),
              release: () => counted(() => session.release()),
            };
          }),
      },
    };
    const models = await Promise.all([1, 2, 3].map(() => onnxWeb({ lib }).load({ identity: {}, bytes: addModel() })));
    const row = { type: "float32", dims: [1, 2], data: Float32Array.of(1, 2) } as const;
    const answers = await Promise.all([...models, ...models].map((model) => model.run({ a: row, b: row }, ["sum"])));
    await Promise.all(models.map((model) => model[Symbol.asyncDispose]()));
    expect(most).toBe(1);
    expect(answers.map(({ outputs }) => outputs["sum"]?.data)).toEqual(answers.map(() => Float32Array.of(2, 4)));
  });

  it("answers as onnxruntime-node does", async () => {
    const row = (a: number, b: number) => ({ type: "float32", dims: [1, 2], data: Float32Array.of(a, b) }) as const;
    await using web = await onnxWeb().load({ identity: {}, bytes: addModel() });
    await using node = await onnx().load({ identity: {}, bytes: addModel() });
    const inputs = { a: row(0.1, 1e30), b: row(0.2, -1e-30) };
    const [ours, theirs] = await Promise.all([web.run(inputs, ["sum"]), node.run(inputs, ["sum"])]);
    expect(ours.outputs).toEqual(theirs.outputs);
  });

  it("works in a thread of its own, so that timers go on while a model runs", async () => {
    const dims = ["n", "n"];
    const bytes = writeModel({
      name: "slow",
      inputs: [{ name: "x", type: { tensor: "float32", dims } }],
      outputs: [{ name: "y", type: { tensor: "float32", dims } }],
      nodes: [{ operator: "MatMul", inputs: ["x", "x"], outputs: ["y"] }],
    });
    const x = tensor("float32", new Float32Array(768 * 768), [768, 768]);
    const turnsWhile = async (worker: "auto" | false) => {
      await using executor = await onnxWeb({ worker }).load({ identity: {}, bytes });
      let turns = 0;
      let open = true;
      const count = () => {
        turns += 1;
        if (open) setImmediate(count);
      };
      const running = executor.run({ x }, []);
      count();
      await running;
      open = false;
      return { turns, placement: executor.placement, reason: executor.placementReason };
    };
    const inThread = await turnsWhile("auto");
    const inline = await turnsWhile(false);
    expect(inThread).toMatchObject({ placement: "worker", reason: "a worker leaves this thread free" });
    expect(inline).toMatchObject({ placement: "inline", reason: expect.stringContaining("worker: false") });
    expect(inline.turns).toBeLessThan(10);
    expect(inThread.turns).toBeGreaterThan(10 * inline.turns);
  });

  it("passes on which variants of a model run well, for a session to choose", () => {
    expect(onnxWeb().capabilities.precisions).toBeUndefined();
    expect(onnxWeb({ device: "webgpu", precisions: ["fp16", "fp32"] }).capabilities.precisions).toEqual(["fp16", "fp32"]);
  });

  it("stays on this thread with a library that was handed in, and says why", async () => {
    await using executor = await onnxWeb({ lib: ort }).load({ identity: {}, bytes: addModel() });
    expect(executor).toMatchObject({ placement: "inline", placementReason: expect.stringContaining("lib") });
  });

  it("runs on several threads in Node, over shared memory", async () => {
    await using executor = await onnxWeb({ threads: 2 }).load({ identity: {}, bytes: addModel() });
    const a = tensor("float32", new Float32Array(new SharedArrayBuffer(8)).fill(2), [1, 2]);
    expect(executor.sharedMemory).toBe(true);
    expect((await executor.run({ a, b: a }, [])).outputs["sum"]?.data).toEqual(Float32Array.of(4, 4));
  });

  it("reports what Node can run models on", async () => {
    const { webgpu, ...rest } = await webEnvironment();
    expect(webgpu).toEqual({ available: false, reason: "this platform has no WebGPU" });
    expect(rest).toMatchObject({ crossOriginIsolated: true, sharedMemory: true, webnn: false });
    expect(rest.threads).toBeGreaterThanOrEqual(1);
  });
});
