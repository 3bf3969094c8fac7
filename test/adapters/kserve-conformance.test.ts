import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kserve } from "../../src/adapters/kserve/index.ts";
import { ortElementTypes } from "../../src/adapters/onnxruntime/ort-tensor.ts";
import type { ExecutionProvider } from "../../src/inference/port.ts";
import { executionProviderConformance } from "../../src/testing/conformance/execution-provider.ts";
import { V2Server } from "./fixtures/v2-server.ts";

let server: V2Server;
let models = 0;

beforeAll(async () => {
  server = await V2Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A provider that takes ONNX files, by putting them on the server first, where the engine is ONNX Runtime. */
function uploading(tensors: "auto" | "json"): ExecutionProvider {
  const name = `model ${++models}`;
  const { spec, capabilities } = kserve({ url: server.url, tensors });
  let uploads = 0;
  return {
    spec,
    name,
    // The server's engine has fewer types than the protocol.
    capabilities: {
      ...capabilities,
      elementTypes: capabilities.elementTypes.filter((type) => ortElementTypes.includes(type as never)),
    },
    async load({ identity, bytes }, call) {
      call?.signal?.throwIfAborted();
      const model = `${name}/${++uploads}`;
      await server.addOnnx(model, bytes);
      return kserve({ url: server.url, model, tensors }).load({ identity, bytes: new Uint8Array() }, call);
    },
  };
}

describe("with binary tensors", () => {
  executionProviderConformance({ describe, it, expect }, () => uploading("auto"));
});

describe("with JSON tensors", () => {
  executionProviderConformance({ describe, it, expect }, () => uploading("json"), {
    skip: [
      {
        test: "takes and gives every element type that it claims, bit by bit",
        reason: "the samples have NaN and infinities, which have no JSON form; kserve.test.ts has samples without",
      },
    ],
  });
});
