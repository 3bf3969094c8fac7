import { appendFile, copyFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fs } from "../../src/adapters/fs/index.ts";
import { memoryRegistry } from "../../src/adapters/memory/memory-registry.ts";
import { type Digest, sha256 } from "../../src/core/digest.ts";
import { defaultStages, filesVerified, ModelRegistry, type VerifyMode } from "../../src/registry/index.ts";
import { addModel, identityModel } from "../../src/testing/tiny-models.ts";
import { all } from "../all.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "modelwright-damaged-"));
});
afterAll(() => rm(base, { recursive: true }));

/** A registry over the file system with two versions, and the file that holds the first one. */
async function opened(verify: VerifyMode = "always") {
  const root = await mkdtemp(join(base, "blobs-"));
  const blobs = fs(root);
  const store = memoryRegistry();
  const stages = { ...defaultStages, rules: [{ to: "staging", guards: [filesVerified()] }] };
  const registry = new ModelRegistry({ store, blobs, stages, verify });
  const fileOf = (digest: Digest) => join(root, "sha256", digest.slice(7, 9), digest.slice(9));
  const [one, other] = [addModel(), identityModel("float32", [1])];
  for (const model of [one, other]) await registry.register({ name: "fraud", files: { "model.onnx": model } });
  const digest = await sha256(one);
  return {
    registry,
    digest,
    file: fileOf(digest),
    otherFile: fileOf(await sha256(other)),
    [Symbol.asyncDispose]: async () => {
      await registry.close();
      for (const each of [blobs, store]) await each[Symbol.asyncDispose]();
    },
  };
}

const damages: readonly [string, (file: string, other: string) => Promise<void>][] = [
  [
    "has a flipped bit",
    async (file) => {
      const bytes = await readFile(file);
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(file, bytes);
    },
  ],
  ["lacks its last byte", async (file) => truncate(file, addModel().length - 1)],
  ["is empty", (file) => truncate(file, 0)],
  ["has a byte more", (file) => appendFile(file, "x")],
  ["was swapped for another version's", (file, other) => copyFile(other, file)],
];

describe.each(damages)("a file that %s", (_, damage) => {
  it("is refused by everything that reads it, with the digest that was expected and the one that it has", async () => {
    await using open = await opened();
    const { registry, digest, file } = open;
    await damage(file, open.otherFile);
    const actual = await sha256(await readFile(file));
    const expected = {
      code: "MODEL_DIGEST_MISMATCH",
      details: { ref: "fraud@1", path: "model.onnx", expected: digest, actual },
      message: expect.stringMatching(new RegExp(`expected ${digest}, .*${actual}`)),
    };
    await expect(registry.load("fraud@1")).rejects.toMatchObject(expected);
    await expect(registry.source("fraud@1").load()).rejects.toMatchObject(expected);
    await expect(registry.verify("fraud@1")).rejects.toMatchObject(expected);
    await expect(all(registry.stream("fraud@1", "model.onnx"))).rejects.toMatchObject(expected);
    await expect(registry.transition("fraud@1", "staging")).rejects.toMatchObject({
      code: "REGISTRY_GUARD_FAILED",
      cause: expected,
    });
    expect((await registry.get("fraud@1")).stage).toBe("development");
    // The other version is whole, and registering the same bytes again heals the file.
    await registry.load("fraud@2");
    await registry.register({ name: "fraud", files: { "model.onnx": addModel() } });
    await registry.load("fraud@1");
  });
});

describe("verify", () => {
  it("`first` checks a file once, and again what was never whole", async () => {
    await using open = await opened("first");
    const { registry, file } = open;
    await truncate(file, 5);
    for (let i = 0; i < 2; i++) {
      await expect(registry.load("fraud@1")).rejects.toMatchObject({ code: "MODEL_DIGEST_MISMATCH" });
    }
    await writeFile(file, addModel());
    await registry.load("fraud@1");
    await truncate(file, 5);
    expect((await registry.load("fraud@1")).files["model.onnx"]?.length).toBe(5);
    await expect(registry.verify("fraud@1")).rejects.toMatchObject({ code: "MODEL_DIGEST_MISMATCH" });
  });

  it("`never` loads what is there; a stream and ModelRegistry.verify check all the same", async () => {
    await using open = await opened("never");
    const { registry, file } = open;
    await truncate(file, 5);
    expect((await registry.load("fraud@1")).files["model.onnx"]?.length).toBe(5);
    await expect(all(registry.stream("fraud@1", "model.onnx"))).rejects.toMatchObject({ code: "MODEL_DIGEST_MISMATCH" });
    await expect(registry.verify("fraud@1")).rejects.toMatchObject({ code: "MODEL_DIGEST_MISMATCH" });
  });
});
