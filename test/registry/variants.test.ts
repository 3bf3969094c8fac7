import { describe, expect, it } from "vitest";
import { addModel, externalDataModel, identityModel, twoColumnModel } from "../../src/testing/tiny-models.ts";
import { openRegistry } from "./open-registry.ts";

describe("a version with variants of its model", () => {
  const files = { "m.onnx": addModel(), "m.fp16.onnx": identityModel("float16"), "m.int8.onnx": twoColumnModel() };

  it("records what the model without a precision in its name takes", async () => {
    await using open = openRegistry("memory");
    const { signature } = await open.registry.register({ name: "fraud", files });
    expect(signature?.inputs.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("answers the model, or the variant that is asked for", async () => {
    await using open = openRegistry("memory");
    await open.registry.register({ name: "fraud", files });
    const load = async (precision?: "fp32" | "fp16" | "int8") =>
      (await open.registry.source("fraud@1", { precision }).load()).bytes;
    expect(await load()).toEqual(files["m.onnx"]);
    expect(await load("fp32")).toEqual(files["m.onnx"]);
    expect(await load("fp16")).toEqual(files["m.fp16.onnx"]);
    expect(await load("int8")).toEqual(files["m.int8.onnx"]);
  });

  it("says so when it has no such variant", async () => {
    await using open = openRegistry("memory");
    await open.registry.register({ name: "fraud", files: { "m.onnx": addModel() } });
    await expect(open.registry.source("fraud@1", { precision: "int8" }).load()).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      details: { reason: "fraud@1 has no variant m.int8.onnx" },
    });
  });

  it("refuses a damaged variant as it refuses a damaged model", async () => {
    await using open = openRegistry("memory");
    const damaged = { ...files, "m.fp16.onnx": Uint8Array.of(1, 2, 3) };
    await expect(open.registry.register({ name: "fraud", files: damaged })).rejects.toMatchObject({ code: "MODEL_INVALID" });
  });

  it("takes two models that are no variants of each other for one too many", async () => {
    await using open = openRegistry("memory");
    const two = { "a.onnx": addModel(), "b.fp16.onnx": addModel() };
    await expect(open.registry.register({ name: "fraud", files: two })).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });
});

describe("a version whose weights are in another file", () => {
  it("answers that file beside the model, and no file that it has not", async () => {
    await using open = openRegistry("memory");
    const weights = new Uint8Array(Float32Array.of(2, 3).buffer);
    const files = {
      "net/m.onnx": externalDataModel("weights.bin"),
      "net/weights.bin": weights,
      "weights.bin": new Uint8Array(8),
    };
    await open.registry.register({ name: "fraud", files });
    const { companion } = await open.registry.source("fraud@1").load();
    expect(await companion?.("weights.bin")).toEqual(weights);
    await expect(companion?.("other.bin")).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    await expect(companion?.("../weights.bin")).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
  });
});
