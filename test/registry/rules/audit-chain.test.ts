import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../../../src/core/json.ts";
import type { AuditEntry } from "../../../src/registry/audit-port.ts";
import { type AuditDraft, auditHash, chainAudit, emptyAuditHead } from "../../../src/registry/rules/audit-chain.ts";

const stamp = { at: 5, actor: "ada", reason: null, requestId: "r-1" };
const draft = (after: JsonValue): AuditDraft => ({ action: "version.moved", name: "a", version: 1, before: null, after });

describe("the audit chain", () => {
  it("begins behind 64 zeros", () => {
    expect(emptyAuditHead).toEqual({ seq: 0, hash: `sha256:${"0".repeat(64)}` });
  });

  it("hashes the canonical JSON of all other members, so that anybody can recompute it", async () => {
    const [entry] = await chainAudit(emptyAuditHead, [draft({ stage: "production" })], stamp);
    const text = `{"action":"version.moved","actor":"ada","after":{"stage":"production"},"at":5,"before":null,"name":"a","previousHash":"sha256:${"0".repeat(64)}","reason":null,"requestId":"r-1","seq":1,"version":1}`;
    expect(entry?.hash).toBe(`sha256:${createHash("sha256").update(text).digest("hex")}`);
  });

  it("binds each entry to the one before, also over several calls", async () => {
    const all = await chainAudit(emptyAuditHead, [draft(1), draft(2), draft(3)], stamp);
    const first = await chainAudit(emptyAuditHead, [draft(1)], stamp);
    const rest = await chainAudit({ seq: 1, hash: first[0]!.hash }, [draft(2), draft(3)], stamp);
    expect([...first, ...rest]).toEqual(all);
    expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(all[2]?.previousHash).toBe(all[1]?.hash);
    expect(await chainAudit(emptyAuditHead, [], stamp)).toEqual([]);
  });

  it("gives another hash when any member is another", async () => {
    const [entry] = await chainAudit(emptyAuditHead, [draft({ stage: "production" })], stamp);
    const changes: Partial<AuditEntry>[] = [
      { seq: 2 },
      { at: 6 },
      { actor: null },
      { reason: "x" },
      { requestId: null },
      { action: "version.displaced" },
      { name: "b" },
      { version: 2 },
      { before: {} },
      { after: { stage: "staging" } },
      { previousHash: entry!.hash },
    ];
    const hashes = await Promise.all(changes.map((change) => auditHash({ ...entry!, ...change })));
    expect(new Set([entry!.hash, ...hashes]).size).toBe(changes.length + 1);
    expect(await auditHash({ ...entry!, hash: emptyAuditHead.hash } as AuditEntry)).toBe(entry!.hash);
  });

  it("takes any JSON, also text without a canonical form, and answers what it has hashed", async () => {
    const text = fc.string({ unit: "binary", maxLength: 5 });
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom<JsonValue>(null, true, 0, -1.5, "\ud800", "a\udfff\u0000", "__proto__"),
        text,
        fc.array(tie("value"), { maxLength: 3 }),
        fc.array(fc.tuple(fc.oneof(text, fc.constant("__proto__")), tie("value")), { maxLength: 3 }).map((members) => {
          return Object.fromEntries(members);
        }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(value, async (after) => {
        const [entry] = await chainAudit(emptyAuditHead, [draft(after)], stamp);
        expect(await auditHash(entry!)).toBe(entry?.hash);
        expect(JSON.stringify(entry?.after)).not.toMatch(/\\ud[89a-f]/);
        const whole = JSON.stringify(after);
        if (!/\\ud[89a-f]/.test(whole)) expect(JSON.stringify(entry?.after)).toBe(whole);
      }),
    );
  });
});
