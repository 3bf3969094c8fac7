import { describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/memory-blobs.ts";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { ModelRegistry } from "../../src/registry/model-registry.ts";
import { ecdsaSigner, trustedKeys } from "../../src/registry/signing-keys.ts";
import { addModel, identityModel } from "../../src/testing/tiny-models.ts";
import { keysOf } from "./python-signed.ts";

describe("ModelRegistry with keys", () => {
  it("signs what is registered, loads it where the key is trusted, and nothing that is not signed", async () => {
    const store = memoryRegistry();
    const blobs = memoryBlobs();
    await using signing = new ModelRegistry({
      store,
      blobs,
      signer: await ecdsaSigner({ privateKey: keysOf("P-256").privateKey }),
    });
    await using trusting = new ModelRegistry({
      store,
      blobs,
      trust: await trustedKeys([{ publicKey: keysOf("P-256").publicKey }]),
    });
    await using strangers = new ModelRegistry({
      store,
      blobs,
      trust: await trustedKeys([{ publicKey: keysOf("P-384").publicKey }]),
    });
    await using unsigned = new ModelRegistry({ store, blobs });
    const version = await signing.register({ name: "fraud", files: { "model.onnx": addModel() } });
    expect(version.attestation?.signatures[0]?.keyid).toBe(keysOf("P-256").hint);
    expect((await trusting.load("fraud@1")).files["model.onnx"]).toEqual(addModel());
    await expect(strangers.load("fraud@1")).rejects.toMatchObject({ code: "MODEL_SIGNATURE_INVALID" });
    await expect(strangers.load("fraud@1")).rejects.toThrow(/no trusted key has signed it/);
    await unsigned.register({ name: "fraud", files: { "model.onnx": identityModel("float32", [1]) } });
    await expect(trusting.load("fraud@2")).rejects.toThrow(/it is not signed/);
  });
});
