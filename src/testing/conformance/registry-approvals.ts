import type { Approval, ApprovalQuery } from "../../registry/approval-port.ts";
import type { RegistryStore } from "../../registry/port.ts";
import type { SuiteTest } from "../suite.ts";
import { approvalDraft, insertAll, nextId, promote, refuses, START, stamp } from "./registry-drafts.ts";

const yes = { approved: true, comment: "fine" };
const no = { approved: false, comment: "not yet" };
const eve = stamp({ actor: "eve", at: START + 5 });
const bob = stamp({ actor: "bob", at: START + 6 });

/** A request of ada for the first version of `a`. */
async function request(store: RegistryStore, given: Parameters<typeof approvalDraft>[0] = {}): Promise<Approval> {
  return store.insertApproval(approvalDraft(given), stamp());
}

/** What the port says of approvals. */
export const approvalTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "writes a request down": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const given = approvalDraft({ needed: 2, comment: "please 模型 'x' \0" });
    const made = await store.insertApproval(given, stamp({ at: START + 1, actor: "eve" }));
    check.equal(made, { ...given, status: "pending", requestedBy: "eve", requestedAt: START + 1, decisions: [] });
    check.equal(await store.findApproval(given.id), made);
    check.equal(await store.findApproval(nextId()), undefined);
  },

  "answers a second insert of one request with the first, as it is now": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const given = approvalDraft();
    await store.insertApproval(given, stamp());
    const approved = await store.decideApproval(given.id, yes, eve);
    const before = await store.auditHead();
    check.equal(await store.insertApproval({ ...given, comment: "again" }, stamp({ actor: "bob" })), approved);
    check.equal(await store.auditHead(), before);
    check.equal((await store.listApprovals({ limit: 9 })).length, 1);
  },

  "refuses a request for a version that is not there, or elsewhere": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => request(store, { version: 2 }));
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => request(store, { name: "b" }));
    await refuses(store, check, "REGISTRY_CONFLICT", () => request(store));
    const error = await check.fails("REGISTRY_CONFLICT", () => request(store));
    check.equal(error.details, { ref: "a@1", expected: "staging", actual: "development" });
  },

  "is approved with the last approval that it needs": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const made = await request(store, { needed: 2 });
    const first = await store.decideApproval(made.id, yes, eve);
    const decision = { actor: "eve", approved: true, comment: "fine", at: START + 5 };
    check.equal(first, { ...made, decisions: [decision] });
    const second = await store.decideApproval(made.id, { approved: true, comment: "" }, bob);
    const decisions = [decision, { actor: "bob", approved: true, comment: "", at: START + 6 }];
    check.equal(second, { ...made, status: "approved", decisions });
    check.equal(await store.findApproval(made.id), second);
  },

  "is rejected with one rejection": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const { id } = await request(store, { needed: 3 });
    await store.decideApproval(id, yes, eve);
    check.equal((await store.decideApproval(id, no, bob)).status, "rejected");
    await refuses(store, check, "REGISTRY_CONFLICT", () => store.decideApproval(id, yes, stamp({ actor: "kim" })));
  },

  "lets nobody decide a request of their own, or one twice": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const { id } = await request(store, { needed: 2 });
    await refuses(store, check, "REGISTRY_APPROVAL_FORBIDDEN", () => store.decideApproval(id, yes, stamp()));
    await refuses(store, check, "REGISTRY_APPROVAL_FORBIDDEN", () => store.decideApproval(id, no, stamp()));
    await store.decideApproval(id, yes, eve);
    await refuses(store, check, "REGISTRY_APPROVAL_FORBIDDEN", () => store.decideApproval(id, yes, eve));
    const error = await check.fails("REGISTRY_APPROVAL_FORBIDDEN", () => store.decideApproval(id, no, eve));
    check.equal([error.details.id, error.details.actor], [id, "eve"]);
    check.equal((await store.decideApproval(id, yes, stamp({ actor: "Eve" }))).status, "approved");
  },

  "refuses to decide or withdraw what is not there": async (store, check) => {
    const id = nextId();
    await refuses(store, check, "REGISTRY_APPROVAL_NOT_FOUND", () => store.decideApproval(id, yes, eve));
    await refuses(store, check, "REGISTRY_APPROVAL_NOT_FOUND", () => store.withdrawApproval(id, eve));
    const error = await check.fails("REGISTRY_APPROVAL_NOT_FOUND", () => store.withdrawApproval("__proto__", eve));
    check.equal(error.details, { id: "__proto__" });
  },

  "is taken back while it is pending or approved": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const pending = await request(store);
    check.equal(await store.withdrawApproval(pending.id, stamp()), { ...pending, status: "withdrawn" });
    const approved = await request(store);
    await store.decideApproval(approved.id, yes, eve);
    const withdrawn = await store.withdrawApproval(approved.id, { ...stamp(), actor: null });
    check.equal([withdrawn.status, withdrawn.decisions.length], ["withdrawn", 1]);
    check.equal(await store.findApproval(approved.id), withdrawn);
  },

  "cannot be decided or taken back once it is done": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging"]);
    const [withdrawn, rejected, used] = [await request(store), await request(store), await request(store)];
    await store.withdrawApproval(withdrawn.id, stamp());
    await store.decideApproval(rejected.id, no, eve);
    await store.decideApproval(used.id, yes, eve);
    await refuses(store, check, "REGISTRY_CONFLICT", () => store.decideApproval(used.id, yes, bob));
    await store.moveStage({ name: "a", version: 1, from: "staging", to: "production", approval: used.id }, stamp());
    for (const { id } of [withdrawn, rejected, used]) {
      await refuses(store, check, "REGISTRY_CONFLICT", () => store.decideApproval(id, yes, bob));
      await refuses(store, check, "REGISTRY_CONFLICT", () => store.withdrawApproval(id, stamp()));
    }
    const error = await check.fails("REGISTRY_CONFLICT", () => store.withdrawApproval(used.id, stamp()));
    check.equal([error.details.ref, error.details.actual], [used.id, "used"]);
  },

  "stays open when its version moves elsewhere": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const { id } = await request(store);
    await promote(store, "a", 1);
    check.equal((await store.decideApproval(id, yes, eve)).status, "approved");
  },

  "counts each of several decisions at once": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const { id } = await request(store, { needed: 6 });
    const actors = Array.from({ length: 6 }, (_, i) => `actor ${i}`);
    await Promise.all(actors.map((actor) => store.decideApproval(id, yes, stamp({ actor }))));
    const found = await store.findApproval(id);
    check.equal([found?.status, found?.decisions.map(({ actor }) => actor).sort()], ["approved", actors]);
  },

  "lets one of several approvals at once be the last": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const { id } = await request(store);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, (_, i) => store.decideApproval(id, yes, stamp({ actor: `actor ${i}` }))),
    );
    check.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    check.equal((await store.findApproval(id))?.decisions.length, 1);
  },

  "lists requests newest first, by what is asked for, in pages": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging"]);
    await insertAll(store, "b", ["staging"]);
    const ids = Array.from({ length: 5 }, () => nextId());
    const givens = [{}, { version: 2 }, { name: "b" }, { version: 2 }, {}];
    for (const i of [3, 0, 4, 1, 2]) await request(store, { id: ids[i]!, ...givens[i] });
    await store.decideApproval(ids[0]!, yes, eve);
    await store.decideApproval(ids[3]!, no, eve);
    const listed = async (query: Partial<ApprovalQuery>) =>
      (await store.listApprovals({ limit: 100, ...query })).map(({ id }) => ids.indexOf(id));
    check.equal(await listed({}), [4, 3, 2, 1, 0]);
    check.equal(await listed({ name: "a" }), [4, 3, 1, 0]);
    check.equal(await listed({ name: "a", version: 2 }), [3, 1]);
    check.equal(await listed({ status: "pending" }), [4, 2, 1]);
    check.equal(await listed({ status: "approved", name: "a" }), [0]);
    check.equal(await listed({ status: "used" }), []);
    check.equal(await listed({ limit: 2 }), [4, 3]);
    check.equal(await listed({ limit: 2, after: ids[3]! }), [2, 1]);
    check.equal(await listed({ name: "a", limit: 1, after: ids[3]! }), [1]);
    check.equal(await listed({ after: ids[0]! }), []);
    check.equal((await store.listApprovals({ limit: 1 }))[0], await store.findApproval(ids[4]!));
  },
};
