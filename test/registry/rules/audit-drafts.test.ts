import { describe, expect, it } from "vitest";
import type { VersionRecord } from "../../../src/registry/port.ts";
import { aliasDraft, deletedDraft, linkedDraft, notedDraft, registeredDraft } from "../../../src/registry/rules/audit-drafts.ts";
import { sampleVersion } from "../sample-version.ts";

const content = async (given: Partial<VersionRecord>) =>
  ((await registeredDraft(sampleVersion(1, given))).after as { readonly content: string }).content;

describe("what the log says", () => {
  it("of a registration has the digest of all that is immutable, and of nothing else", async () => {
    const first = await content({});
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/);
    const notes = { description: "x", tags: { a: "b" }, stage: "archived", aliases: ["a"], lineage: [], legalHold: "x" } as const;
    expect(await content({ ...notes, version: 99, createdAt: 1, createdBy: "eve", stageChangedAt: 2 })).toBe(first);
    const changes = [
      { flavor: "other" },
      { metadata: { a: 1 } },
      { metrics: { a: 1 } },
      { directions: { a: "minimize" } },
      { hyperparameters: { a: 1 } },
      { inputSchema: {} },
      { outputSchema: {} },
      { label: "9.9.9" },
      { framework: "x" },
      { modelType: "x" },
      { dataVersion: "x" },
      { codeVersion: "x" },
      { runId: "x" },
      { files: [] },
      { signature: { inputs: [], outputs: [] } },
      { attestation: { payloadType: "t", payload: "", signatures: [] } },
    ] as const;
    const digests = await Promise.all(changes.map((change) => content(change)));
    expect(new Set([first, ...digests]).size).toBe(changes.length + 1);
  });

  it("of an alias is where it pointed and where it points", () => {
    expect(aliasDraft("a", "eu", undefined, 2)).toMatchObject({ action: "alias.set", version: 2, before: null });
    expect(aliasDraft("a", "eu", 1, 2)).toMatchObject({
      before: { alias: "eu", version: 1 },
      after: { alias: "eu", version: 2 },
    });
    expect(aliasDraft("a", "eu", 1, undefined)).toMatchObject({ action: "alias.deleted", version: 1, after: null });
  });

  it("of notes is only what the change names, a tag that comes or goes on one side", () => {
    const before = { description: "old", tags: { a: "1", b: "2", c: "3" }, legalHold: null };
    const after = { description: "new", tags: { a: "9", c: "3", d: "4" }, legalHold: "x" };
    const draft = notedDraft("m", 1, { tags: { a: "9", b: null, d: "4" }, legalHold: "x" }, before, after);
    expect(draft.before).toEqual({ legalHold: null, tags: { a: "1", b: "2" } });
    expect(draft.after).toEqual({ legalHold: "x", tags: { a: "9", d: "4" } });
    expect(notedDraft("m", null, {}, before, before)).toMatchObject({ action: "model.updated", before: {}, after: {} });
  });

  it("of tags named __proto__ is data", () => {
    const tags = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    const draft = notedDraft("m", 1, { tags }, { description: "", tags: {} }, { description: "", tags });
    expect(JSON.stringify([draft.before, draft.after])).toBe('[{"tags":{}},{"tags":{"__proto__":"x"}}]');
  });

  it("of edges and deletions has no more than the port's members", () => {
    const edge = { kind: "code", ref: "x", position: 4 } as const;
    expect(linkedDraft("m", 1, [edge]).after).toEqual([{ kind: "code", ref: "x" }]);
    const { before } = deletedDraft(sampleVersion(1, { stage: "archived", lineage: [edge], tags: { a: "b" }, description: "d" }));
    expect(before).toEqual({ stage: "archived", description: "d", tags: { a: "b" }, lineage: [{ kind: "code", ref: "x" }] });
  });
});
