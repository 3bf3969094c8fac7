import type { AuditEntry } from "../../registry/audit-port.ts";
import type { RegistryStore } from "../../registry/port.ts";
import { emptyAuditHead } from "../../registry/rules/audit-chain.ts";
import { registeredDraft } from "../../registry/rules/audit-drafts.ts";
import type { SuiteTest } from "../suite.ts";
import {
  actionsOf,
  approvalDraft,
  checkLog,
  digestOf,
  draft,
  insertAll,
  logOf,
  promote,
  record,
  START,
  stamp,
} from "./registry-drafts.ts";
import { hostileTexts } from "./tracking-drafts.ts";

/** What an entry says of what was changed. */
const changeOf = ({ action, name, version, before, after }: AuditEntry) => ({ action, name, version, before, after });

/** What the port says of the audit log, and of how far its consumers have come. */
export const auditTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "begins with an empty log": async (store, check) => {
    check.equal(await store.auditHead(), emptyAuditHead);
    check.equal(await store.listAudit({ after: 0, limit: 9 }), []);
  },

  "logs who, when, why and for which request": async (store, check) => {
    const by = { at: START + 3, actor: "ada 模型 'x'", reason: 'because of "y" % _', requestId: "r-7" };
    await store.insertVersion(draft("a"), by);
    await store.noteModel("a", { description: "x" }, { at: START + 4, actor: null, reason: null, requestId: null });
    const entries = await logOf(store);
    check.equal(
      entries.map(({ seq, at, actor, reason, requestId }) => ({ seq, at, actor, reason, requestId })),
      [
        { seq: 1, ...by },
        { seq: 2, at: START + 4, actor: null, reason: null, requestId: null },
      ],
    );
    await checkLog(store, check);
  },

  "logs a registration with what it holds": async (store, check) => {
    const given = { label: "1.0.0", files: [{ path: "a.bin", digest: digestOf("0b"), sizeBytes: 5 }], metadata: { a: 1 } };
    const first = await store.insertVersion(draft("a", given), stamp());
    const second = await store.insertVersion(draft("a", { ...given, label: "1.0.1" }), stamp());
    const third = await store.insertVersion(draft("b", { ...given, tags: { not: "content" } }), stamp());
    const entries = (await logOf(store)).map(changeOf);
    check.equal(entries, await Promise.all([first, second, third].map((version) => registeredDraft(version))));
    check.equal(entries[0]?.before, null);
    const hashes = entries.map(({ after }) => (after as { readonly content: string }).content);
    check.equal([hashes[0] === hashes[1], hashes[0] === hashes[2]], [false, true]);
  },

  "logs moves, displacements and rollbacks with both stages": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging"]);
    await promote(store, "a", 1, 2);
    await store.rollBack({ name: "a", stage: "production", displaceTo: "archived" }, stamp());
    const move = (action: string, version: number, from: string, to: string) => {
      return { action: `version.${action}`, name: "a", version, before: { stage: from }, after: { stage: to } };
    };
    check.equal((await logOf(store)).slice(2).map(changeOf), [
      move("moved", 1, "staging", "production"),
      move("displaced", 1, "production", "archived"),
      move("moved", 2, "staging", "production"),
      move("displaced", 2, "production", "archived"),
      move("rolled-back", 1, "archived", "production"),
    ]);
    await checkLog(store, check);
  },

  "logs what was changed of aliases, notes and lineage, before and after": async (store, check) => {
    await store.insertVersion(draft("a", { description: "old", tags: { team: "risk", gone: "x", stays: "y" } }), stamp());
    await insertAll(store, "a", ["development"]);
    await store.setAlias("a", "champion", 1, stamp());
    await store.setAlias("a", "champion", 2, stamp());
    await store.deleteAlias("a", "champion", stamp());
    await store.noteVersion("a", 1, { description: "new", tags: { team: "ops", gone: null, added: "z" } }, stamp());
    await store.noteVersion("a", 1, { legalHold: "case 7" }, stamp());
    await store.noteModel("a", { tags: { tier: "1" } }, stamp());
    await store.addLineage("a", 2, [{ kind: "parent", ref: "a@1" }], stamp());
    await store.addLineage(
      "a",
      2,
      ["a@1", "x"].map((ref) => ({ kind: "parent" as const, ref })),
      stamp(),
    );
    const ofVersion = (action: string, version: number | null) => ({ action, name: "a", version });
    check.equal((await logOf(store)).slice(2).map(changeOf), [
      { ...ofVersion("alias.set", 1), before: null, after: { alias: "champion", version: 1 } },
      { ...ofVersion("alias.set", 2), before: { alias: "champion", version: 1 }, after: { alias: "champion", version: 2 } },
      { ...ofVersion("alias.deleted", 2), before: { alias: "champion", version: 2 }, after: null },
      {
        ...ofVersion("version.updated", 1),
        before: { description: "old", tags: { team: "risk", gone: "x" } },
        after: { description: "new", tags: { team: "ops", added: "z" } },
      },
      { ...ofVersion("version.updated", 1), before: { legalHold: null }, after: { legalHold: "case 7" } },
      { ...ofVersion("model.updated", null), before: { tags: {} }, after: { tags: { tier: "1" } } },
      { ...ofVersion("version.linked", 2), before: null, after: [{ kind: "parent", ref: "a@1" }] },
      { ...ofVersion("version.linked", 2), before: null, after: [{ kind: "parent", ref: "x" }] },
    ]);
    await checkLog(store, check);
  },

  "logs a deletion with what was deleted": async (store, check) => {
    const kept = { description: "text", tags: { team: "risk" }, lineage: [{ kind: "code" as const, ref: "0f3a" }] };
    await store.insertVersion(draft("a", { stage: "staging", ...kept }), stamp());
    await store.deleteVersion("a", 1, "staging", stamp());
    const entry = (await logOf(store)).at(-1)!;
    const before = { stage: "staging", ...kept };
    check.equal(changeOf(entry), { action: "version.deleted", name: "a", version: 1, before, after: null });
    await checkLog(store, check);
  },

  "logs what becomes of a request": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const { id } = await store.insertApproval(approvalDraft(), stamp());
    await store.decideApproval(id, { approved: true, comment: "fine" }, stamp({ actor: "eve", at: START + 5 }));
    await store.moveStage({ name: "a", version: 1, from: "staging", to: "production", approval: id }, stamp());
    const second = await store.insertApproval(approvalDraft({ from: "production", to: "archived", needed: 2 }), stamp());
    await store.withdrawApproval(second.id, stamp());
    const state = { id, from: "staging", to: "production", status: "pending", needed: 1, requestedBy: "ada", decisions: [] };
    const decisions = [{ actor: "eve", approved: true, comment: "fine", at: START + 5 }];
    const approved = { ...state, status: "approved", decisions };
    const other = { ...state, id: second.id, from: "production", to: "archived", needed: 2 };
    const entries = (await logOf(store)).slice(1).map(changeOf);
    check.equal(
      entries.filter(({ action }) => action.startsWith("approval.")),
      [
        { action: "approval.requested", before: null, after: state },
        { action: "approval.decided", before: state, after: approved },
        { action: "approval.used", before: approved, after: { ...approved, status: "used" } },
        { action: "approval.requested", before: null, after: other },
        { action: "approval.withdrawn", before: other, after: { ...other, status: "withdrawn" } },
      ].map((change) => ({ ...change, name: "a", version: 1 })),
    );
    await checkLog(store, check);
  },

  "lists entries behind a number, of a model, in pages": async (store, check) => {
    for (const name of ["a", "b", "a", "A", "a"]) await insertAll(store, name, ["development"]);
    const listed = async (after: number, limit: number, name?: string) =>
      (await store.listAudit({ after, limit, name })).map(({ seq }) => seq);
    check.equal(await listed(0, 100), [1, 2, 3, 4, 5]);
    check.equal(await listed(0, 2), [1, 2]);
    check.equal(await listed(2, 2), [3, 4]);
    check.equal(await listed(5, 2), []);
    check.equal(await listed(99, 2), []);
    check.equal(await listed(0, 100, "a"), [1, 3, 5]);
    check.equal(await listed(1, 1, "a"), [3]);
    check.equal(await listed(0, 9, "A"), [4]);
    check.equal(await listed(0, 9, "c"), []);
  },

  "answers the end of the log": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    const last = (await logOf(store)).at(-1);
    check.equal(await store.auditHead(), { seq: 2, hash: last?.hash });
  },

  "logs nothing of reads, of cursors and of blobs": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await store.findProtections([{ name: "a", version: 1 }]);
    await store.moveCursor("outbox", 1);
    await store.markUnreferenced([digestOf("0c")], START);
    await store.releaseBlobs([digestOf("0c")]);
    check.equal(await actionsOf(store), ["version.registered a@1"]);
  },

  "keeps whatever texts are logged": async (store, check) => {
    for (const text of hostileTexts) {
      await store.insertVersion(
        draft("a", { flavor: text, tags: record([text], () => text) }),
        stamp({ actor: text, reason: text }),
      );
    }
    for (const [i] of hostileTexts.entries()) await store.deleteVersion("a", i + 1, "development", stamp());
    await checkLog(store, check);
    const deleted = (await logOf(store)).slice(hostileTexts.length);
    check.equal(
      deleted.map(({ before }) => Object.entries((before as { readonly tags: object }).tags)),
      hostileTexts.map((text) => [[text, text]]),
    );
  },

  "moves cursors forward only, each by itself": async (store, check) => {
    check.equal(await store.findCursor("outbox"), 0);
    await store.moveCursor("outbox", 5);
    await store.moveCursor("outbox", 3);
    check.equal(await store.findCursor("outbox"), 5);
    await store.moveCursor("outbox", 9);
    check.equal([await store.findCursor("outbox"), await store.findCursor("other")], [9, 0]);
    await Promise.all([12, 4, 17, 8].map((seq) => store.moveCursor("other", seq)));
    check.equal([await store.findCursor("outbox"), await store.findCursor("other")], [9, 17]);
    for (const [i, text] of hostileTexts.entries()) await store.moveCursor(text, i + 1);
    for (const [i, text] of hostileTexts.entries()) check.equal(await store.findCursor(text), i + 1);
  },
};
