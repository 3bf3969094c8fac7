import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AuditEntry, AuditLog, type EnvelopeVerifier, Outbox, type RegistryStore } from "../../src/registry/index.ts";
import { all } from "../all.ts";
import { openRegistry } from "./open-registry.ts";

/** A log of a dozen changes of several kinds. */
async function logged(kind: string) {
  const open = openRegistry(kind, { actor: "ana" });
  for (let i = 0; i < 3; i++) await open.register({ tags: { run: `${i}` } });
  await open.promote(1);
  await open.promote(2);
  await open.registry.alias("fraud", "champion", 2, { actor: "ben", reason: "better", requestId: "r-1" });
  await open.registry.update("fraud@1", { description: "old", tags: { run: null } });
  await open.registry.link("fraud@2", [{ kind: "report", ref: "drift-1" }]);
  await open.registry.delete("fraud@3", { reason: "not needed" });
  return { ...open, log: new AuditLog({ store: open.store }) };
}

/** A store whose log somebody has written to. */
function tampered(store: RegistryStore, edit: (entries: AuditEntry[]) => AuditEntry[], head = store.auditHead): RegistryStore {
  return {
    ...store,
    auditHead: head,
    listAudit: async ({ after, limit }) => {
      const entries = edit([...(await store.listAudit({ after: 0, limit: 1000 }))]);
      return entries.filter(({ seq }) => seq > after).slice(0, limit);
    },
  };
}

describe.each(["memory", "sqlite"])("the audit log over %s", (kind) => {
  it("says who changed what, when and why, from what to what", async () => {
    await using open = await logged(kind);
    const entries = await all(open.log.entries());
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i + 1));
    expect(entries.map(({ action, version }) => `${action} ${version}`)).toEqual([
      "version.registered 1",
      "version.registered 2",
      "version.registered 3",
      "version.moved 1",
      "version.moved 1",
      "version.moved 2",
      "version.displaced 1",
      "version.moved 2",
      "alias.set 2",
      "version.updated 1",
      "version.linked 2",
      "version.deleted 3",
    ]);
    expect(entries.find(({ action }) => action === "alias.set")).toMatchObject({
      actor: "ben",
      reason: "better",
      requestId: "r-1",
      before: null,
      after: { alias: "champion", version: 2 },
    });
    expect(entries.find(({ action }) => action === "version.updated")).toMatchObject({
      actor: "ana",
      before: { description: "", tags: { run: "0" } },
      after: { description: "old", tags: {} },
    });
    expect((await all(open.log.entries({ after: 10 }))).length).toBe(2);
    expect(await all(open.log.entries({ name: "other" }))).toEqual([]);
  });

  it("verifies, from the beginning and from a head that was verified before", async () => {
    await using open = await logged(kind);
    const head = await open.log.head();
    expect(await open.log.verify({ head })).toEqual({ ok: true, entries: 12, head });
    await open.register();
    expect(await open.log.verify({ from: head, head })).toMatchObject({ ok: true, entries: 1 });
  });
});

describe("AuditLog.verify", () => {
  it("names the first entry that was changed, removed, swapped or put in", async () => {
    await using open = await logged("memory");
    const members = [
      "at",
      "actor",
      "reason",
      "requestId",
      "action",
      "name",
      "version",
      "before",
      "after",
      "previousHash",
      "hash",
    ];
    const place = fc.integer({ min: 1, max: 12 });
    const edit = fc.oneof(
      fc.record({ kind: fc.constant("change"), seq: place, member: fc.constantFrom(...members) }),
      fc.record({ kind: fc.constantFrom("remove", "repeat"), seq: place, member: fc.constant("") }),
      fc.record({ kind: fc.constant("swap"), seq: fc.integer({ min: 1, max: 11 }), member: fc.constant("") }),
    );
    await fc.assert(
      fc.asyncProperty(edit, async ({ kind, seq, member }) => {
        const store = tampered(open.store, (entries) => {
          const at = seq - 1;
          if (kind === "change") entries[at] = { ...entries[at]!, [member]: "tampered" };
          if (kind === "remove") entries.splice(at, 1);
          if (kind === "repeat") entries.splice(at, 0, entries[at]!);
          if (kind === "swap") entries.splice(at, 2, { ...entries[at + 1]!, seq }, { ...entries[at]!, seq: seq + 1 });
          return entries;
        });
        const verdict = await new AuditLog({ store }).verify();
        expect(verdict).toMatchObject({ ok: false, seq: kind === "repeat" ? seq + 1 : seq });
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it("notices a cut tail by the stored head, and a cut tail with its head by one that was kept", async () => {
    await using open = await logged("memory");
    const kept = await open.log.head();
    const cut = (entries: AuditEntry[]) => entries.slice(0, 9);
    expect(await new AuditLog({ store: tampered(open.store, cut) }).verify()).toMatchObject({ ok: false, seq: 10 });
    const ninth = (await open.store.listAudit({ after: 8, limit: 1 }))[0]!;
    const store = tampered(open.store, cut, async () => ({ seq: 9, hash: ninth.hash }));
    expect(await new AuditLog({ store }).verify()).toMatchObject({ ok: true, entries: 9 });
    expect(await new AuditLog({ store }).verify({ head: kept })).toMatchObject({ ok: false, seq: 10 });
  });

  it("notices a log that was written anew, with all its hashes, by a head that was kept", async () => {
    await using open = await logged("memory");
    await using other = await logged("memory");
    await other.register();
    const head = await open.log.head();
    const anew = { ...other.store, name: open.store.name };
    await using third = openRegistry("memory");
    for (let i = 0; i < 13; i++) await third.register({ tags: { made: "up" } });
    expect(await new AuditLog({ store: anew }).verify({ head })).toMatchObject({ ok: true }); // the same history
    expect(await new AuditLog({ store: third.store }).verify({ head })).toMatchObject({ ok: false, seq: 12 });
  });

  it("notices a cut tail by a head that was verified before, also when nothing follows it", async () => {
    await using open = await logged("memory");
    const from = await open.log.head();
    const ninth = (await open.store.listAudit({ after: 8, limit: 1 }))[0]!;
    const cut = tampered(
      open.store,
      (entries) => entries.slice(0, 9),
      async () => ({ seq: 9, hash: ninth.hash }),
    );
    expect(await new AuditLog({ store: cut }).verify({ from })).toMatchObject({ ok: false, seq: 10 });
    expect(await open.log.verify({ from })).toMatchObject({ ok: true, entries: 0, head: from });
  });

  it("notices a head that is wrong, wherever it is, and wants the kept one not before the beginning", async () => {
    await using open = openRegistry("memory");
    const log = new AuditLog({ store: open.store });
    const empty = await log.head();
    expect(await log.verify({ head: empty })).toEqual({ ok: true, entries: 0, head: empty });
    expect(await log.verify({ head: { seq: 3, hash: empty.hash } })).toMatchObject({ ok: false, seq: 1 });
    for (let i = 0; i < 1001; i++) await open.registry.updateModel("fraud", {}).catch(() => open.register());
    const entries = await all(log.entries());
    expect(entries.length).toBeGreaterThan(1000);
    const middle = entries[699]!;
    const wrong = { seq: 700, hash: empty.hash };
    expect(await log.verify({ head: { seq: 700, hash: middle.hash } })).toMatchObject({ ok: true, entries: entries.length });
    expect(await log.verify({ head: wrong })).toMatchObject({ ok: false, seq: 700 });
    expect(await log.verify({ from: wrong })).toMatchObject({ ok: false, seq: 701 });
    expect(await log.verify({ from: middle, head: wrong })).toMatchObject({ ok: false, seq: 700 });
    await expect(log.verify({ from: middle, head: entries[698]! })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("answers, and does not fail, for an entry that has no canonical form", async () => {
    await using open = await logged("memory");
    const store = tampered(open.store, (entries) => entries.with(4, { ...entries[4]!, reason: "\ud800" }));
    expect(await new AuditLog({ store }).verify()).toMatchObject({ ok: false, seq: 5 });
  });

  it("refuses as a signed head what is signed and no head", async () => {
    await using open = openRegistry("memory");
    const log = new AuditLog({ store: open.store });
    const envelope = { payloadType: "", payload: "", signatures: [] };
    for (const text of ["no JSON", "{}", "null"]) {
      const trust = { open: async () => new TextEncoder().encode(text) } as unknown as EnvelopeVerifier;
      await expect(log.openHead(envelope, trust)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    }
  });

  it("tells how far it is", async () => {
    await using open = await logged("memory");
    const progress: number[] = [];
    await open.log.verify({ onProgress: (entries) => progress.push(entries) });
    expect(progress).toEqual([12]);
  });
});

describe.each(["memory", "sqlite"])("the outbox over %s", (kind) => {
  it("hands over every change once where nothing fails, each consumer on its own", async () => {
    await using open = await logged(kind);
    const webhooks = new Outbox({ store: open.store, consumer: "webhooks" });
    const broker = new Outbox({ store: open.store, consumer: "broker" });
    const seen: number[] = [];
    expect(await webhooks.deliver(({ seq }) => void seen.push(seq), { batch: 5 })).toBe(12);
    expect(await webhooks.deliver(({ seq }) => void seen.push(seq))).toBe(0);
    await open.register();
    expect(await webhooks.deliver(({ seq }) => void seen.push(seq))).toBe(1);
    expect(seen).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
    expect((await broker.read(3)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it("does not hand over again what was handled when the signal aborted, and cannot be acknowledged ahead", async () => {
    await using open = await logged(kind);
    const outbox = new Outbox({ store: open.store, consumer: "webhooks" });
    const aborter = new AbortController();
    const reason = new Error("enough");
    const handled: number[] = [];
    const handler = ({ seq }: AuditEntry) => {
      handled.push(seq);
      if (seq === 3) aborter.abort(reason);
    };
    await expect(outbox.deliver(handler, { signal: aborter.signal })).rejects.toBe(reason);
    expect(handled).toEqual([1, 2, 3]);
    expect((await outbox.read(1))[0]?.seq).toBe(4);
    await expect(outbox.ack(13)).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect((await outbox.read(1))[0]?.seq).toBe(4);
  });

  it("hands over again what a handler has failed on, and nothing before it", async () => {
    await using open = await logged(kind);
    const outbox = new Outbox({ store: open.store, consumer: "webhooks" });
    const seen: number[] = [];
    let broken = true;
    const handler = ({ seq }: AuditEntry) => {
      if (broken && seq === 4) throw new Error("unreachable");
      seen.push(seq);
    };
    await expect(outbox.deliver(handler)).rejects.toThrow("unreachable");
    broken = false;
    expect(await outbox.deliver(handler)).toBe(9);
    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    await outbox.ack(2);
    expect(await outbox.read()).toEqual([]);
  });
});
