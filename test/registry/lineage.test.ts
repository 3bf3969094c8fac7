import { describe, expect, it } from "vitest";
import { Lineage } from "../../src/registry/index.ts";
import { openRegistry } from "./open-registry.ts";

describe.each(["memory", "sqlite"])("lineage over %s", (kind) => {
  const names = ({ versions }: { readonly versions: readonly { readonly name: string; readonly version: number }[] }) =>
    versions.map(({ name, version }) => `${name}@${version}`);

  /** base@1 <- tuned@1 <- distilled@1, and tuned@2 from base@1, too. */
  async function family() {
    const open = openRegistry(kind);
    const parent = (ref: string) => ({ kind: "parent" as const, ref });
    await open.register({ name: "base", lineage: [{ kind: "dataset", ref: "sha256:aa" }] });
    await open.register({
      name: "tuned",
      lineage: [parent("base@1"), { kind: "dataset", ref: "sha256:bb" }],
      codeVersion: "c0ffee",
    });
    await open.register({ name: "tuned", lineage: [parent("base@1")] });
    await open.register({ name: "distilled", lineage: [parent("tuned@1"), parent("tuned@2")], runId: "run-7" });
    return { ...open, lineage: new Lineage({ store: open.store }) };
  }

  it("goes upstream over any depth, each version once", async () => {
    await using open = await family();
    const graph = await open.lineage.upstream("distilled@1");
    expect(names(graph)[0]).toBe("distilled@1");
    expect(names(graph).sort()).toEqual(["base@1", "distilled@1", "tuned@1", "tuned@2"]);
    expect(graph.links).toContainEqual({ name: "distilled", version: 1, kind: "run", ref: "run-7" });
    expect(graph.links).toContainEqual({ name: "tuned", version: 1, kind: "code", ref: "c0ffee" });
    expect(names(await open.lineage.upstream("distilled@1", { depth: 1 })).sort()).toEqual(["distilled@1", "tuned@1", "tuned@2"]);
  });

  it("goes downstream from a version, a data set or a commit", async () => {
    await using open = await family();
    expect(names(await open.lineage.downstream("base@1")).sort()).toEqual(["base@1", "distilled@1", "tuned@1", "tuned@2"]);
    expect(names(await open.lineage.downstream({ kind: "dataset", ref: "sha256:bb" })).sort()).toEqual([
      "distilled@1",
      "tuned@1",
    ]);
    expect(names(await open.lineage.downstream({ kind: "code", ref: "c0ffee" }, { depth: 1 }))).toEqual(["tuned@1"]);
    expect(names(await open.lineage.downstream({ kind: "dataset", ref: "none" }))).toEqual([]);
  });

  it("refuses parents that are not there, and cycles, and changes nothing then", async () => {
    await using open = await family();
    const link = (ref: string, parent: string) => open.registry.link(ref, [{ kind: "parent", ref: parent }]);
    await expect(link("base@1", "distilled@1")).rejects.toMatchObject({
      code: "REGISTRY_CYCLE",
      details: { ref: "base@1", parent: "distilled@1" },
    });
    await expect(link("base@1", "base@1")).rejects.toMatchObject({ code: "REGISTRY_CYCLE" });
    await expect(link("base@1", "none@1")).rejects.toMatchObject({ code: "REGISTRY_VERSION_NOT_FOUND" });
    await expect(open.register({ lineage: [{ kind: "parent", ref: "none@1" }] })).rejects.toMatchObject({
      code: "REGISTRY_VERSION_NOT_FOUND",
    });
    expect((await open.registry.get("base@1")).lineage).toEqual([{ kind: "dataset", ref: "sha256:aa" }]);
    await open.registry.link("base@1", [{ kind: "parent", ref: "huggingface:bert-base" }]);
    expect(names(await open.lineage.upstream("base@1"))).toEqual(["base@1"]);
  });

  it("answers versions that nobody can change", async () => {
    await using open = await family();
    const { versions } = await open.lineage.upstream("tuned@1");
    expect(versions.map((version) => Object.isFrozen(version.lineage))).toEqual([true, true]);
  });

  it("says when there is more than it may answer", async () => {
    await using open = await family();
    await expect(open.lineage.upstream("distilled@1", { maxVersions: 3 })).rejects.toThrow(/at most 3 versions/);
  });

  it("follows a chain of a hundred generations, and a generation of two hundred", async () => {
    await using open = openRegistry(kind);
    await open.register({ name: "chain" });
    for (let i = 1; i < 100; i++) await open.register({ name: "chain", lineage: [{ kind: "parent", ref: `chain@${i}` }] });
    const lineage = new Lineage({ store: open.store });
    expect((await lineage.upstream("chain@100")).versions.length).toBe(100);
    for (let i = 0; i < 200; i++) await open.register({ name: "wide", lineage: [{ kind: "parent", ref: "chain@100" }] });
    expect((await lineage.downstream("chain@100")).versions.length).toBe(201);
  });
});
