import * as ort from "onnxruntime-web";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { type OnnxWebOptions, onnxWeb } from "../../src/adapters/onnx-web/index.ts";
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
    expect(answers.map(({ sum }) => sum?.data)).toEqual(answers.map(() => Float32Array.of(2, 4)));
  });

  it("answers as onnxruntime-node does", async () => {
    const row = (a: number, b: number) => ({ type: "float32", dims: [1, 2], data: Float32Array.of(a, b) }) as const;
    await using web = await onnxWeb().load({ identity: {}, bytes: addModel() });
    await using node = await onnx().load({ identity: {}, bytes: addModel() });
    const inputs = { a: row(0.1, 1e30), b: row(0.2, -1e-30) };
    expect((await web.run(inputs, ["sum"]))["sum"]?.data).toEqual((await node.run(inputs, ["sum"]))["sum"]?.data);
  });
});
