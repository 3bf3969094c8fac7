import * as ort from "onnxruntime-node";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type OnnxOptions, onnx } from "../../src/adapters/onnx/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { executionProviderConformance } from "../../src/testing/conformance/execution-provider.ts";
import { addModel, identityModel } from "../../src/testing/tiny-models.ts";

executionProviderConformance({ describe, it, expect }, () => onnx());
describe("with the library handed in", () => {
  executionProviderConformance({ describe, it, expect }, () => onnx({ lib: ort, threads: 2 }));
});

describe("onnx", () => {
  it("names the engine and the device", async () => {
    await using executor = await onnx().load({ identity: {}, bytes: addModel() });
    expect([onnx().name, executor.provider]).toEqual(["onnxruntime-node/cpu", "onnxruntime-node/cpu"]);
  });

  it("takes the real library for its structural type", () => {
    expectTypeOf<typeof ort>().toExtend<NonNullable<OnnxOptions["lib"]>>();
    // @ts-expect-error not the library
    expect(() => onnx({ lib: {} })).toThrow(/lib: expected the onnxruntime-node module/);
  });

  it("lists every wrong option", () => {
    // @ts-expect-error no such option
    const make = () => onnx({ threads: 0, device: "cuda" });
    expect(make).toThrow(/threads.*device|device.*threads/);
    expect(make).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("gives float16 as 16-bit words whatever the platform has", async () => {
    await using executor = await onnx().load({ identity: {}, bytes: identityModel("float16", ["n"]) });
    const { y } = await executor.run({ x: { type: "float16", dims: [2], data: Uint16Array.of(0x3c00, 0xc000) } }, ["y"]);
    expect(y?.data).toBeInstanceOf(Uint16Array);
    expect(y?.data).toEqual(Uint16Array.of(0x3c00, 0xc000));
  });

  it("says that a type came with a later release as MODEL_UNSUPPORTED, with the engine's own error as cause", async () => {
    const failure = onnx().load({ identity: {}, bytes: identityModel("bfloat16") });
    await expect(failure).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED", cause: expect.any(Error) });
  });

  it("releases the engine's session once, and only after its runs", async () => {
    const events: string[] = [];
    const lib: NonNullable<OnnxOptions["lib"]> = {
      InferenceSession: {
        async create(bytes, options) {
          const session = await ort.InferenceSession.create(bytes, options);
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
    expect((await run)["y"]?.data).toEqual(Float32Array.of(1));
  });

  it("wraps nothing twice", async () => {
    const failure = await onnx()
      .load({ identity: {}, bytes: Uint8Array.of(1) })
      .catch((error: unknown) => error);
    expect(ModelwrightError.is(failure, "MODEL_INVALID") && ModelwrightError.is(failure.cause)).toBe(false);
  });
});
