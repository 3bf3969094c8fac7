import { afterAll, describe, expect, it } from "vitest";
import { kserve } from "../../src/adapters/kserve/index.ts";
import { dataLength, type ElementData, elementTypes } from "../../src/core/element-type.ts";
import { elementCount, type Tensor, tensor, tensorBytes } from "../../src/core/tensor.ts";
import type { Executor, TensorSpec, Tensors } from "../../src/inference/port.ts";
import { twoColumnModel, zipMapModel } from "../../src/testing/tiny-models.ts";
import { V2Server } from "./fixtures/v2-server.ts";

/** The server's own tests of nothing but the protocol, for the fixture and for any other. */
function serverTests(title: string, open: () => Promise<{ readonly url: string; readonly model: string }>): void {
  describe(title, () => {
    const load = async (tensors: "auto" | "binary" | "json") => {
      const { url, model } = await open();
      return kserve({ url, model, tensors }).load({ identity: {}, bytes: new Uint8Array() });
    };

    it("is live and ready, and says what it is", async () => {
      const { url } = await open();
      expect(await kserve({ url }).health()).toMatchObject({ live: true, ready: true });
    });

    it("tells the inputs and outputs of the model", async () => {
      await using executor = await load("auto");
      expect(executor.interface?.inputs.length).toBeGreaterThan(0);
      expect(executor.interface?.outputs.length).toBeGreaterThan(0);
    });

    it("answers zeros of the model's types and shapes with outputs of the model's types and ranks", async () => {
      await using executor = await load("auto");
      const outputs = await answer(executor);
      expect(Object.keys(outputs)).toEqual(executor.interface!.outputs.map(({ name }) => name));
      for (const { name, type, dims } of executor.interface!.outputs) {
        expect(outputs[name]).toMatchObject({ type, data: expect.anything() });
        if (dims !== null) expect(outputs[name]?.dims.length).toBe(dims.length);
      }
    });

    it("answers the same over JSON as over binary data, where it knows both", async () => {
      const { url } = await open();
      const { server } = await kserve({ url }).health();
      await using auto = await load("auto");
      const specs = [...auto.interface!.inputs, ...auto.interface!.outputs];
      const words = specs.some(({ type }) => type === "float16" || type === "bfloat16");
      if (words || !server?.extensions.includes("binary_tensor_data")) return expect(auto.placement).toBe("remote");
      await using json = await load("json");
      expect(bits(await answer(json))).toEqual(bits(await answer(auto)));
    });

    it("answers MODEL_UNAVAILABLE for a model that it does not have", async () => {
      const { url } = await open();
      const failure = kserve({ url, model: "modelwright-has-no-such-model" }).load({ identity: {}, bytes: new Uint8Array() });
      await expect(failure).rejects.toMatchObject({ code: "MODEL_UNAVAILABLE" });
    });

    it("answers MODEL_RUN_FAILED for inputs that do not fit, and goes on", async () => {
      await using executor = await load("auto");
      const [{ name, type }] = executor.interface!.inputs as [TensorSpec];
      const wrong = zeros({ name, type, dims: [1, 1, 1, 1, 1, 1, 1] });
      await expect(executor.run({ [name]: wrong }, [])).rejects.toMatchObject({ code: "MODEL_RUN_FAILED" });
      expect(Object.keys(await answer(executor)).length).toBeGreaterThan(0);
    });
  });
}

/** One row of zeros, or of empty text. */
function zeros({ type, dims }: TensorSpec): Tensor {
  const shape = (dims ?? [1]).map((extent) => (typeof extent === "number" ? extent : 1));
  const length = dataLength(type, elementCount(shape));
  const { array: Constructor } = elementTypes[type];
  const data = Constructor === undefined ? Array<string>(length).fill("") : new Constructor(length);
  return tensor(type, data as ElementData, shape);
}

async function answer(executor: Executor): Promise<Tensors> {
  const inputs = Object.fromEntries(executor.interface!.inputs.map((spec) => [spec.name, zeros(spec)]));
  return (await executor.run(inputs, [])).outputs;
}

function bits(tensors: Tensors): unknown {
  return Object.entries(tensors).map(([name, value]) => {
    const data = ArrayBuffer.isView(value.data) ? [...tensorBytes(value)] : value.data;
    return [name, value.type, value.dims, data];
  });
}

const fixture = V2Server.start();
afterAll(async () => (await fixture)[Symbol.asyncDispose]());

for (const [model, bytes] of [
  ["two_columns", twoColumnModel()],
  ["zip_map", zipMapModel()],
] as const) {
  const hosted = fixture.then((server) => server.addOnnx(model, bytes));
  serverTests(`${model} on the fixture's server`, async () => {
    await hosted;
    return { url: (await fixture).url, model };
  });
}

const { KSERVE_URL: url, KSERVE_MODEL: model } = process.env;
const title = "the server of KSERVE_URL";
if (url !== undefined && model !== undefined) serverTests(`${title}, ${model}`, async () => ({ url, model }));
else {
  // Not `requirement`: a server elsewhere is never a requirement, not in CI either.
  console.log(`Skipped: ${title}. It needs KSERVE_URL and KSERVE_MODEL: set them to a server and the name of a model on it`);
  describe.skip(title, () => {});
}
