import { describe, expect, it } from "vitest";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { InferenceSession } from "../../src/inference/index.ts";
import { linearModel } from "../../src/onnx-format/index.ts";
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
      code: "STORE_NOT_FOUND",
      message: "fraud@1 has no variant m.int8.onnx; register that file with it",
      details: { store: "fraud@1", key: "m.int8.onnx" },
    });
  });

  it("is open to a session by its variants, and gives way to a version with others, both ways", async () => {
    await using open = openRegistry("memory");
    const { registry } = open;
    const times = (weight: number) => linearModel({ columns: ["a"], weights: [weight], bias: 0 });
    await registry.register({ name: "fraud", files: { "m.onnx": times(1), "m.int8.onnx": times(10) } });
    await registry.register({ name: "fraud", files: { "m.onnx": times(2) } });
    await open.promote(1);
    const model = registry.variants("fraud@production");
    await using session = await InferenceSession.open({
      model,
      providers: [onnx({ placement: "inline", precisions: ["int8", "fp32"] })],
    });
    const answer = async () => {
      const { output, model } = await session.predict({ a: 1 });
      return { version: model.version, answered: output["prediction"] };
    };
    const swapped = () => new Promise<void>((resolve) => session.onSwapped(() => resolve()));
    expect(await answer()).toEqual({ version: 1, answered: 10 });
    let next = swapped();
    await open.promote(2);
    await next;
    expect(await answer()).toEqual({ version: 2, answered: 2 });
    next = swapped();
    await registry.rollback("fraud");
    await next;
    expect(await answer()).toEqual({ version: 1, answered: 10 });
  });

  it("is passed by where a provider takes none of its variants, and the next provider is asked", async () => {
    await using open = openRegistry("memory");
    await open.registry.register({ name: "fraud", files: { "m.onnx": addModel() } });
    const model = open.registry.variants("fraud@1");
    const half = onnx({ placement: "inline", precisions: ["fp16"] });
    await expect(InferenceSession.open({ model, providers: [half] })).rejects.toMatchObject({
      code: "STORE_NOT_FOUND",
      details: { store: "fraud@1", key: "m.fp16.onnx" },
    });
    await using session = await InferenceSession.open({ model, providers: [half, onnx({ placement: "inline" })] });
    const row = { type: "float32", dims: [1, 2], data: Float32Array.of(1, 2) } as const;
    expect((await session.run({ a: row, b: row }))["sum"]?.data).toEqual(Float32Array.of(2, 4));
  });

  it("does not do without a variant whose bytes are lost", async () => {
    await using open = openRegistry("memory");
    const { files: registered } = await open.registry.register({ name: "fraud", files });
    const int8 = registered.find(({ path }) => path === "m.int8.onnx")!;
    await open.blobs.delete(int8.digest);
    const providers = [onnx({ placement: "inline", precisions: ["int8", "fp32"] })];
    await expect(InferenceSession.open({ model: open.registry.variants("fraud@1"), providers })).rejects.toMatchObject({
      code: "STORE_NOT_FOUND",
      details: { key: int8.digest },
    });
  });

  it("is followed by a source of one variant also where it has not that variant", async () => {
    await using open = openRegistry("memory");
    await open.registry.register({ name: "fraud", files });
    await open.registry.register({ name: "fraud", files: { "m.onnx": addModel() } });
    await open.promote(1);
    const announced: unknown[] = [];
    const source = open.registry.source("fraud@production", { precision: "int8" });
    await source.load();
    source.onChanged?.((identity) => announced.push(identity));
    await open.promote(2);
    await open.registry.close();
    expect(announced).toEqual([{ name: "fraud", version: 2, digest: undefined }]);
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
