import { describe, expect, it } from "vitest";
import { AuditLog, defaultStages, Lineage, ModelRegistry, Outbox, Retention } from "../../src/registry/index.ts";
import { addModel, externalDataModel } from "../../src/testing/tiny-models.ts";
import { all } from "../all.ts";
import { openRegistry } from "./open-registry.ts";

const LONG = "x".repeat(5000);
const ordinary = ["__proto__", "constructor", "toString", "hasOwnProperty"];
const bytes = (text: string) => new TextEncoder().encode(text);

/** What a call is refused with; fails when it succeeds. */
async function refusal(work: () => unknown): Promise<{ code?: string; message: string }> {
  try {
    await work();
  } catch (error) {
    return error as { code?: string; message: string };
  }
  throw new Error("expected a refusal");
}

describe.each(["memory", "sqlite"])("names over %s", (kind) => {
  it.each([".", "..", "a/b", "a\\b", "a\u0000b", "a\nb", "a b", "-a", "", LONG, "fr\u0430ud", "frau\u0301d", "a@b"])(
    "such as %j cannot be those of models, aliases and stages, and are repeated in part at most",
    async (name) => {
      await using open = openRegistry(kind);
      await open.register();
      const { registry } = open;
      for (const work of [
        () => open.register({ name }),
        () => registry.get({ name, version: 1 }),
        () => registry.alias("fraud", name, 1),
        () => registry.alias(name, "champion", 1),
        () => registry.unalias("fraud", name),
        () => registry.updateModel(name, { description: "x" }),
        () => registry.rollback(name),
        () => all(registry.history(name)),
        () => registry.productionAt(name, 0),
        () => registry.productionAt("fraud", 0, { stage: name }),
        () => registry.delete(`${name}@1`),
      ]) {
        const { code, message } = await refusal(work);
        expect(code).toBe("INPUT_INVALID");
        expect(message.length).toBeLessThan(600);
      }
      const { code, message } = await refusal(() => registry.transition("fraud@1", name));
      expect([code, message.length < 600]).toEqual(["REGISTRY_TRANSITION_FORBIDDEN", true]);
      expect((await refusal(() => registry.rollback("fraud", { stage: name }))).code).toBe("CONFIG_INVALID");
      expect((await registry.get("fraud@1")).stage).toBe("development");
    },
  );

  it("that differ in case only are different models, and names of objects' own members are ordinary", async () => {
    await using open = openRegistry(kind);
    const names = ["Fraud", "FRAUD", "__proto__", "constructor", "toString", "hasOwnProperty"];
    for (const name of ["fraud", ...names]) expect(await open.register({ name })).toBe(1);
    expect((await all(open.registry.models())).map(({ name }) => name).sort()).toEqual(["fraud", ...names].sort());
    await open.registry.alias("constructor", "constructor", 1);
    expect((await open.registry.get("constructor@alias:constructor")).name).toBe("constructor");
    expect((await refusal(() => open.registry.get("fraud@constructor"))).code).toBe("REGISTRY_VERSION_NOT_FOUND");
  });

  it("of tags, metrics, files, actors and consumers are data whatever they are", async () => {
    await using open = openRegistry(kind);
    const members = <T>(value: T) => Object.fromEntries([...ordinary, "a/b", "..", "\u202e"].map((key) => [key, value]));
    const files = Object.fromEntries([...ordinary, "a/b", "A/b", "a/b\u0301", "a/b́́"].map((key) => [key, bytes(key)]));
    const actor = "ev\u0000e\ud800\n..";
    await open.registry.register(
      { name: "fraud", flavor: "text", files, tags: members(".."), metrics: members(1), hyperparameters: members({ a: ".." }) },
      { actor, reason: "a\u0000b", requestId: "\udc00" },
    );
    const { version, files: loaded } = await open.registry.load("fraud@1");
    expect(Object.keys(loaded).sort()).toEqual(Object.keys(files).sort());
    expect([Object.entries(version.tags).sort(), version.createdBy]).toEqual([
      Object.entries(members("..")).sort(),
      "ev\ufffde\ufffd\n..",
    ]);
    for (const consumer of ordinary) {
      const outbox = new Outbox({ store: open.store, consumer });
      expect((await outbox.read()).map(({ actor: by, reason, requestId }) => [by, reason, requestId])).toEqual([
        ["ev\ufffde\ufffd\n..", "a\ufffdb", "\ufffd"],
      ]);
      await outbox.ack(1);
      expect(await outbox.read()).toEqual([]);
    }
    expect(await new AuditLog({ store: open.store }).verify()).toMatchObject({ ok: true });
  });
});

describe("options that are none", () => {
  it.each([
    null,
    0,
    "x",
    [],
    true,
    Symbol("x"),
    10n,
    () => {},
    { name: Symbol("x"), version: 1 },
    { name: "fraud" },
    { name: "fraud", version: "1" },
    { name: "fraud", stage: "7" },
    { name: "fraud", version: 1, alias: "champion" },
    { name: "fraud", alias: { toString: (): string => "champion" } },
  ])("are refused as a reference: %s", async (given) => {
    await using open = openRegistry("memory");
    await open.register();
    await open.registry.alias("fraud", "champion", 1);
    const ref = given as never;
    const lineage = new Lineage({ store: open.store });
    const { registry } = open;
    for (const work of [
      () => registry.get(ref),
      () => registry.load(ref),
      () => registry.transition(ref, "staging"),
      () => registry.source(ref),
      () => all(registry.stream(ref, "rules.txt")),
      () => registry.approvals.request(ref, "staging", {}, { actor: "ana" }),
      () => lineage.upstream(ref),
      () => lineage.downstream(ref),
    ]) {
      expect((await refusal(work)).code).toBe("INPUT_INVALID");
    }
  });

  it("are refused with a code by every verb", async () => {
    await using open = openRegistry("memory");
    await open.register();
    const { registry, store } = open;
    const none = null as never;
    const calls: readonly [string, () => unknown][] = [
      ["INPUT_INVALID", () => registry.register(none)],
      ["CONFIG_INVALID", () => registry.transition("fraud@1", "staging", none)],
      ["REGISTRY_TRANSITION_FORBIDDEN", () => registry.transition("fraud@1", 5n as never)],
      ["CONFIG_INVALID", () => registry.rollback("fraud", none)],
      ["INPUT_INVALID", () => registry.update("fraud@1", none)],
      ["INPUT_INVALID", () => registry.link("fraud@1", none)],
      ["INPUT_INVALID", () => registry.alias("fraud", "champion", none)],
      ["INPUT_INVALID", () => registry.update("fraud@1", {}, { actor: "" })],
      ["INPUT_INVALID", () => registry.update("fraud@1", {}, "ana" as never)],
      ["CONFIG_INVALID", () => registry.list(none)],
      ["INPUT_INVALID", () => registry.list({ name: "a\u0000" })],
      ["INPUT_INVALID", () => registry.search(none)],
      ["CONFIG_INVALID", () => registry.history("fraud", { stage: "A B" })],
      ["INPUT_INVALID", () => registry.productionAt("fraud", Number.NaN)],
      ["INPUT_INVALID", () => registry.productionAt("fraud", "2026" as never)],
      ["INPUT_INVALID", () => all(registry.stream("fraud@1", none))],
      ["INPUT_INVALID", () => registry.approvals.get(none)],
      ["INPUT_INVALID", () => registry.approvals.approve(LONG, {}, { actor: "ana" })],
      ["CONFIG_INVALID", () => all(registry.approvals.list({ name: "\u0000" }))],
      ["CONFIG_INVALID", () => new AuditLog({ store }).verify(none)],
      ["CONFIG_INVALID", () => new AuditLog({ store }).verify({ head: none })],
      ["CONFIG_INVALID", () => new AuditLog({ store }).verify({ from: { seq: -1, hash: "sha256:x" } })],
      ["CONFIG_INVALID", () => new Outbox({ store, consumer: "\u0000" })],
      ["INPUT_INVALID", () => new Outbox({ store, consumer: "a" }).read(0)],
      ["INPUT_INVALID", () => new Outbox({ store, consumer: "a" }).ack(0.5)],
      ["CONFIG_INVALID", () => new ModelRegistry({ store, blobs: open.blobs, protectedAliases: { Champion: ["ana"] } })],
    ];
    for (const [code, work] of calls) expect((await refusal(work)).code, String(work)).toBe(code);
    await expect(new Retention({ store }).apply({ at: 0, delete: [], keep: [] }, none)).rejects.toMatchObject({
      code: "INPUT_INVALID",
    });
  });

  it("do not fill messages", async () => {
    await using open = openRegistry("memory");
    const files = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`${i}/${"x".repeat(400)}`, bytes("x")]));
    await open.register({ files });
    const lost = externalDataModel(`${"w".repeat(100_000)}.bin`);
    for (const work of [
      () => all(open.registry.stream("fraud@1", LONG)),
      () => open.registry.transition("fraud@1", "x".repeat(1_000_000)),
      () => open.registry.register({ name: "lost", files: { "model.onnx": lost } }),
      () => open.registry.alias("fraud", "champion", LONG),
      () => open.registry.register({ name: LONG, files: { [LONG]: addModel() } }),
    ]) {
      expect((await refusal(work)).message.length).toBeLessThan(4000);
    }
  });

  it("keep what was checked: getters and objects that change are read once", async () => {
    await using open = openRegistry("memory");
    const { digest } = await open.blobs.put(bytes("stored"));
    let reads = 0;
    const changing = {
      get digest() {
        reads += 1;
        return reads > 2 ? ("../../etc/passwd" as never) : digest;
      },
    };
    const given = { name: "fraud", flavor: "text", files: { a: changing } };
    const outcome = await open.registry.register(given).then(
      ({ files }) => files[0]?.digest,
      (error) => error.code as string,
    );
    expect([digest, "INPUT_INVALID"]).toContain(outcome);
  });
});

describe("a policy with stages of any name", () => {
  it("takes constructor and toString as stages", async () => {
    const stages = {
      initial: "constructor",
      edges: { ...defaultStages.edges, constructor: ["production"] } as never,
      exclusive: { production: "archived" },
    };
    await using open = openRegistry("memory", { stages });
    await open.register();
    await open.registry.transition("fraud@constructor", "production");
    expect((await refusal(() => open.registry.transition("fraud@1", "hasOwnProperty"))).code).toBe(
      "REGISTRY_TRANSITION_FORBIDDEN",
    );
  });
});
