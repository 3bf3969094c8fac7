import { describe, expect, it } from "vitest";
import { copyVersion } from "../../src/registry/index.ts";
import { addModel } from "../../src/testing/tiny-models.ts";
import { all } from "../all.ts";
import { openRegistry } from "./open-registry.ts";

describe("copyVersion", () => {
  it("registers a version in another registry with its bytes and what is known of it", async () => {
    await using team = openRegistry("memory");
    await using production = openRegistry("sqlite", { actor: "ben" });
    await team.register();
    const files = { "model.onnx": addModel(), "notes.md": new TextEncoder().encode("notes") };
    const given = {
      flavor: undefined,
      files,
      label: "1.4.0",
      framework: "scikit-learn 1.5",
      description: "second",
      tags: { team: "risk" },
      metrics: { auc: 0.93 },
      directions: { auc: "maximize" },
      hyperparameters: { layers: [64] },
      runId: "run-7",
      metadata: { deep: { list: [1] } },
      lineage: [{ kind: "parent", ref: "fraud@1" }],
    } as const;
    await team.register(given);
    await team.registry.transition("fraud@2", "staging");
    const copy = await copyVersion(team.registry, "fraud@staging", production.registry);
    const original = await team.registry.get("fraud@2");
    expect(copy).toEqual({
      ...original,
      id: expect.any(String),
      version: 1,
      stage: "development",
      createdBy: "ben",
      createdAt: production.clock.now(),
      stageChangedAt: production.clock.now(),
      lineage: [
        { kind: "parent", ref: "copied:fraud@1" },
        { kind: "run", ref: "run-7" },
        { kind: "parent", ref: "copied:fraud@2" },
      ],
    });
    expect((await production.registry.load("fraud@1.4.0")).files).toEqual(files);
  });

  it("answers the copy that was made before", async () => {
    await using team = openRegistry("memory");
    await using production = openRegistry("memory");
    await team.register();
    const first = await copyVersion(team.registry, "fraud@1", production.registry, { name: "fraud-eu" });
    expect(await copyVersion(team.registry, "fraud@1", production.registry, { name: "fraud-eu" })).toEqual(first);
    expect((await all(production.registry.list())).map(({ name, version }) => `${name}@${version}`)).toEqual(["fraud-eu@1"]);
  });

  it("registers nothing when a file is damaged or lost", async () => {
    await using team = openRegistry("memory");
    await using production = openRegistry("memory");
    await team.register();
    const { files } = await team.registry.get("fraud@1");
    await team.blobs.delete(files[0]!.digest);
    await expect(copyVersion(team.registry, "fraud@1", production.registry)).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    expect(await all(production.registry.models())).toEqual([]);
  });
});

describe.each(["memory", "sqlite"])("an idempotency key over %s", (kind) => {
  it("makes a registration safe to repeat, and is refused for other files", async () => {
    await using open = openRegistry(kind);
    const bytes = (text: string) => ({ "rules.txt": new TextEncoder().encode(text) });
    const first = await open.registry.register({ name: "a", flavor: "text", files: bytes("x"), idempotencyKey: "job-1" });
    const again = () => open.registry.register({ name: "a", flavor: "text", files: bytes("x"), idempotencyKey: "job-1" });
    expect(await Promise.all([again(), again()])).toEqual([first, first]);
    const other = open.registry.register({ name: "a", flavor: "text", files: bytes("y"), idempotencyKey: "job-1" });
    await expect(other).rejects.toMatchObject({ code: "REGISTRY_CONFLICT", details: { ref: "a@1" } });
    expect(
      (await open.registry.register({ name: "b", flavor: "text", files: bytes("x"), idempotencyKey: "job-1" })).version,
    ).toBe(1);
    expect(
      (await open.registry.register({ name: "a", flavor: "text", files: bytes("x"), idempotencyKey: "job-2" })).version,
    ).toBe(2);
    expect(first.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
