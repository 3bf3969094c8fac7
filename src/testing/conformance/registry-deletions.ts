import type { LineageEdge, Protection, RegistryStore } from "../../registry/port.ts";
import type { SuiteTest } from "../suite.ts";
import {
  approvalDraft,
  attribute,
  digestOf,
  draft,
  insertAll,
  nextId,
  parent,
  promote,
  refuses,
  START,
  searchRefs,
  stamp,
  tag,
} from "./registry-drafts.ts";

/** Why a version of `a` cannot be deleted. */
async function protections(store: RegistryStore, version: number): Promise<readonly Protection[]> {
  return (await store.findProtections([{ name: "a", version }]))[0] ?? [];
}

/** What the port says of what protects versions, and of their deletion. */
export const deletionTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "deletes a version, and answers it as it was": async (store, check) => {
    const [first, second] = await insertAll(store, "a", ["development", "staging"]);
    check.equal(await store.deleteVersion("a", 1, "development", stamp()), first);
    check.equal(await store.findVersion({ name: "a", version: 1 }), undefined);
    check.equal(await store.findVersion({ name: "a", stage: "development" }), undefined);
    check.equal(await searchRefs(store), ["a@2"]);
    check.equal(await store.findVersion({ name: "a", version: 2 }), second);
    const model = await store.findModel("a");
    check.equal([model?.versions, model?.latestVersion], [1, 2]);
  },

  "never gives the number of a deleted version again": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    await store.deleteVersion("a", 2, "development", stamp());
    check.equal((await store.insertVersion(draft("a"), stamp())).version, 3);
    for (const version of [1, 3]) await store.deleteVersion("a", version, "development", stamp());
    const empty = await store.findModel("a");
    check.equal([empty?.versions, empty?.latestVersion], [0, 3]);
    check.equal((await store.searchModels({ limit: 9 })).items, [empty]);
    check.equal((await store.insertVersion(draft("a"), stamp())).version, 4);
  },

  "takes the id of a deleted version for a new one": async (store, check) => {
    const id = nextId();
    await store.insertVersion(draft("a", { id, flavor: "first", tags: { old: "x" } }), stamp());
    await store.deleteVersion("a", 1, "development", stamp());
    const again = await store.insertVersion(draft("a", { id, flavor: "second" }), stamp());
    check.equal([again.version, again.flavor, again.tags], [2, "second", {}]);
    check.equal(await store.findVersion({ name: "a", version: 2 }), again);
  },

  "forgets what was noted of a deleted version, and its lineage": async (store, check) => {
    const code: LineageEdge = { kind: "code", ref: "0f3a" };
    await store.insertVersion(draft("a", { tags: { team: "risk" }, description: "text", lineage: [code] }), stamp());
    await store.deleteVersion("a", 1, "development", stamp());
    check.equal(await store.findLinksTo([code]), []);
    check.equal(await searchRefs(store, { where: { op: "exists", field: tag("team") } }), []);
    check.equal(await searchRefs(store, { where: { op: "exists", field: attribute("description") } }), []);
    check.equal((await store.insertVersion(draft("a"), stamp())).tags, {});
  },

  "keeps stage events and audit entries of a deleted version": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await store.deleteVersion("a", 1, "development", stamp({ at: START + 1 }));
    const events = await store.listStageEvents({ name: "a", version: 1, direction: "asc", limit: 9 });
    check.equal(
      events.map(({ kind }) => kind),
      ["registered", "deleted"],
    );
    const entries = await store.listAudit({ after: 0, limit: 9, name: "a" });
    check.equal(
      entries.map(({ action, version }) => [action, version]),
      [
        ["version.registered", 1],
        ["version.deleted", 1],
      ],
    );
  },

  "refuses to delete what is not there, or not where it is expected": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.deleteVersion("a", 2, "staging", stamp()));
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.deleteVersion("b", 1, "staging", stamp()));
    await refuses(store, check, "REGISTRY_CONFLICT", () => store.deleteVersion("a", 1, "development", stamp()));
    const error = await check.fails("REGISTRY_CONFLICT", () => store.deleteVersion("a", 1, "development", stamp()));
    check.equal(error.details, { ref: "a@1", expected: "development", actual: "staging" });
    await store.deleteVersion("a", 1, "staging", stamp());
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.deleteVersion("a", 1, "staging", stamp()));
  },

  "deletes a version once when several ask for it at once": async (store, check) => {
    await insertAll(store, "a", ["staging"]);
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => store.deleteVersion("a", 1, "staging", stamp())));
    const codes = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    check.equal(
      codes,
      Array.from({ length: 4 }, () => "REGISTRY_VERSION_NOT_FOUND"),
    );
    check.equal((await store.findModel("a"))?.versions, 0);
  },

  "protects a version that an alias points to": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging"]);
    for (const alias of ["eu", "champion"]) await store.setAlias("a", alias, 1, stamp());
    check.equal(await protections(store, 1), [
      { kind: "alias", alias: "champion" },
      { kind: "alias", alias: "eu" },
    ]);
    check.equal(await protections(store, 2), []);
    await refuses(store, check, "REGISTRY_PROTECTED", () => store.deleteVersion("a", 1, "staging", stamp()));
    const error = await check.fails("REGISTRY_PROTECTED", () => store.deleteVersion("a", 1, "staging", stamp()));
    check.equal([error.details.ref, error.details.protectedBy.length], ["a@1", 2]);
    check.equal((await store.findVersion({ name: "a", alias: "eu" }))?.version, 1);
    for (const alias of ["eu", "champion"]) await store.setAlias("a", alias, 2, stamp());
    await store.deleteVersion("a", 1, "staging", stamp());
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 2);
  },

  "protects the holder of an exclusive stage, and what a rollback would return to": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "staging"]);
    await promote(store, "a", 1, 2, 3);
    check.equal(await protections(store, 1), []);
    check.equal(await protections(store, 2), [{ kind: "rollback-target", stage: "production" }]);
    check.equal(await protections(store, 3), [{ kind: "holder", stage: "production" }]);
    await refuses(store, check, "REGISTRY_PROTECTED", () => store.deleteVersion("a", 2, "archived", stamp()));
    await refuses(store, check, "REGISTRY_PROTECTED", () => store.deleteVersion("a", 3, "production", stamp()));
    await store.deleteVersion("a", 1, "archived", stamp());
    await store.moveStage({ name: "a", version: 3, from: "production", to: "archived" }, stamp());
    check.equal(await protections(store, 2), []);
    check.equal(await protections(store, 3), [{ kind: "rollback-target", stage: "production" }]);
    await store.deleteVersion("a", 2, "archived", stamp());
  },

  "does not protect a version in a stage that several may be in": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await store.moveStage({ name: "a", version: 1, from: "development", to: "staging" }, stamp());
    check.equal(await protections(store, 1), []);
    await store.deleteVersion("a", 1, "staging", stamp());
  },

  "protects a version that another names as its parent": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    await store.insertVersion(draft("b", { lineage: [parent("a@1"), { kind: "run", ref: "a@2" }] }), stamp());
    await store.addLineage("a", 2, [parent("a@1")], stamp());
    check.equal(await protections(store, 1), [
      { kind: "parent", of: "a@2" },
      { kind: "parent", of: "b@1" },
    ]);
    check.equal(await protections(store, 2), []);
    await refuses(store, check, "REGISTRY_PROTECTED", () => store.deleteVersion("a", 1, "development", stamp()));
    await store.deleteVersion("b", 1, "development", stamp());
    await store.deleteVersion("a", 2, "development", stamp());
    await store.deleteVersion("a", 1, "development", stamp());
  },

  "protects a version under legal hold": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await store.noteVersion("a", 1, { legalHold: "case 7" }, stamp());
    check.equal(await protections(store, 1), [{ kind: "legal-hold", reason: "case 7" }]);
    await refuses(store, check, "REGISTRY_PROTECTED", () => store.deleteVersion("a", 1, "development", stamp()));
    await store.noteVersion("a", 1, { legalHold: null }, stamp());
    await store.deleteVersion("a", 1, "development", stamp());
  },

  "protects a version as long as an approval of it is open": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging"]);
    const { id } = await store.insertApproval(approvalDraft(), stamp());
    check.equal(await protections(store, 1), [{ kind: "approval", id }]);
    check.equal(await protections(store, 2), []);
    await store.decideApproval(id, { approved: true, comment: "" }, stamp({ actor: "eve" }));
    check.equal(await protections(store, 1), [{ kind: "approval", id }]);
    await refuses(store, check, "REGISTRY_PROTECTED", () => store.deleteVersion("a", 1, "staging", stamp()));
    await store.withdrawApproval(id, stamp());
    check.equal(await protections(store, 1), []);
    const rejected = await store.insertApproval(approvalDraft(), stamp());
    await store.decideApproval(rejected.id, { approved: false, comment: "" }, stamp({ actor: "eve" }));
    await store.deleteVersion("a", 1, "staging", stamp());
    check.equal((await store.findApproval(id))?.status, "withdrawn");
  },

  "says everything that protects a version, for many versions in their order": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "development"]);
    await insertAll(store, "b", ["staging"]);
    await promote(store, "a", 1, 2);
    await store.setAlias("a", "eu", 1, stamp());
    await store.noteVersion("a", 1, { legalHold: "case 7" }, stamp());
    await store.addLineage("b", 1, [parent("a@1")], stamp());
    const { id } = await store.insertApproval(approvalDraft({ from: "archived" }), stamp());
    const refs = [3, 1, 9, 2, 1].map((version) => ({ name: "a", version }));
    const found = await store.findProtections([...refs, { name: "c", version: 1 }, { name: "b", version: 1 }]);
    const kinds = found.map((each) => each.map(({ kind }) => kind).sort());
    const all = ["alias", "approval", "legal-hold", "parent", "rollback-target"];
    check.equal(kinds, [[], all, [], ["holder"], all, [], []]);
    check.equal(
      found[1]?.find(({ kind }) => kind === "approval"),
      { kind: "approval", id },
    );
    check.equal(await store.findProtections([]), []);
  },

  "lets go of the blobs of a deleted version, and of no others": async (store, check) => {
    const [own, shared] = [digestOf("0b"), digestOf("0c")];
    const file = (path: string, digest: typeof own) => ({ path, digest, sizeBytes: 1 });
    await store.insertVersion(draft("a", { files: [file("own", own), file("copy", own), file("shared", shared)] }), stamp());
    await store.insertVersion(draft("b", { files: [file("shared", shared)] }), stamp());
    check.equal(await store.markUnreferenced([own, shared], START), []);
    await store.deleteVersion("a", 1, "development", stamp());
    check.equal(await store.markUnreferenced([own, shared], START + 1), [{ digest: own, since: START + 1 }]);
    await store.deleteVersion("b", 1, "development", stamp());
    check.equal((await store.markUnreferenced([own, shared], START + 2)).length, 2);
  },

  "registers nothing that refers to a blob that is being collected": async (store, check) => {
    const digest = digestOf("0b");
    const given = draft("a", {
      label: "1.0.0",
      lineage: [{ kind: "code", ref: "1" }],
      files: [{ path: "a", digest, sizeBytes: 1 }],
    });
    await store.markUnreferenced([digest], START);
    await store.fenceBlobs([digest], { collector: "c", at: START, markedBefore: START, takeOverBefore: 0 });
    await refuses(store, check, "STORE_BLOB_FENCED", () => store.insertVersion(given, stamp()));
    const error = await check.fails("STORE_BLOB_FENCED", () => store.insertVersion(given, stamp()));
    check.equal([error.details.digests, error.retryable], [[digest], true]);
    check.equal(await store.findLinksTo(given.lineage), []);
    await store.releaseBlobs([digest]);
    check.equal((await store.insertVersion(given, stamp())).version, 1);
    check.equal(await store.markUnreferenced([digest], START), []);
  },
};
