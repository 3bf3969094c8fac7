import { describe, expect, it } from "vitest";
import type { ModelSource, Precision } from "../../src/core/model.ts";
import { isModelVariants, modelVariants, pickVariant } from "../../src/inference/model-variants.ts";
import type { ExecutionProvider } from "../../src/inference/port.ts";

const source = (name: string): ModelSource => ({
  spec: "model-source/1",
  name,
  load: async () => ({ identity: { name }, bytes: new Uint8Array() }),
});

function provider(precisions?: readonly Precision[]): ExecutionProvider {
  return {
    spec: "execution/1",
    name: "engine/device",
    capabilities: { elementTypes: ["float32"], model: "onnx", precisions },
    load: () => Promise.reject(new Error("not loaded here")),
  };
}

const fp32 = source("full");
const fp16 = source("half");
const int8 = source("quantised");

describe("model variants", () => {
  it.each<[string, Parameters<typeof modelVariants>[0], readonly Precision[] | undefined, Precision, string]>([
    [
      "the best of the provider",
      { fp32, fp16, int8 },
      ["fp16", "fp32"],
      "fp16",
      "fp16 of fp32, fp16, int8: engine/device runs it best",
    ],
    [
      "the next best where the model has not the best",
      { fp32, int8 },
      ["fp16", "fp32"],
      "fp32",
      "fp32 of fp32, int8: engine/device prefers fp16, which the model has not",
    ],
    ["fp32 where the provider says nothing", { int8, fp32 }, undefined, "fp32", "fp32 of fp32, int8: engine/device runs it best"],
    ["the only one", { int8 }, ["int8"], "int8", "int8 of int8: engine/device runs it best"],
  ])("are picked by provider: %s", (_, sources, precisions, precision, reason) => {
    const picked = pickVariant(modelVariants(sources), provider(precisions));
    expect(picked).toEqual({ precision, reason, source: sources[precision] });
    expect(picked.source).toBe(sources[precision]);
  });

  it.each([undefined, ["fp32"], []] as const)(
    "are refused by a provider of %j that fits none, so that the next one is tried",
    (precisions) => {
      const variants = modelVariants({ fp16, int8 });
      expect(() => pickVariant(variants, provider(precisions))).toThrow(
        expect.objectContaining({
          code: "MODEL_UNSUPPORTED",
          details: { reason: expect.stringContaining("the model has fp16, int8") },
        }),
      );
    },
  );

  it.each([
    ["no variant", {}, []],
    ["an unknown one", { fp32, fp8: fp16 }, []],
    ["something that is no source", { fp32: new Uint8Array() }, ["fp32"]],
  ])("are refused with %s", (_, sources, path) => {
    expect(() => modelVariants(sources as never)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        details: expect.objectContaining({ issues: [expect.objectContaining({ path })] }),
      }),
    );
  });

  it("are told from sources and bytes", () => {
    expect([modelVariants({ fp32 }), fp32, new Uint8Array(), undefined, null].map(isModelVariants)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
