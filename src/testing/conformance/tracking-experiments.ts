import type { TrackingStore } from "../../tracking/port.ts";
import type { SuiteTest } from "../suite.ts";
import { hostileTexts, insertExperiment, nextId, record, runDraft, START, searchExperimentNames } from "./tracking-drafts.ts";

/** What the port says of experiments. */
export const experimentTests: Readonly<Record<string, SuiteTest<TrackingStore>>> = {
  "states its contract and its name": async (store, check) => {
    check.equal(store.spec, "tracking/1");
    check.equal(typeof store.name, "string");
  },

  "answers a new experiment with what it reads later, by id and by name": async (store, check) => {
    const id = nextId();
    const made = await store.insertExperiment({ id, name: "churn", tags: { team: "risk" }, createdAt: 5 });
    check.equal(made, { id, name: "churn", tags: { team: "risk" }, createdAt: 5, updatedAt: 5, deletedAt: null });
    check.equal(await store.findExperiment({ id }), made);
    check.equal(await store.findExperiment({ name: "churn" }), made);
  },

  "answers a second insert of one experiment id with the first record": async (store, check) => {
    const { id } = await insertExperiment(store, "churn");
    const renamed = await store.changeExperiment(id, { name: "renamed" }, START + 1);
    check.equal(await insertExperiment(store, "churn", { id, tags: { other: "draft" } }), renamed);
    check.equal(await store.findExperiment({ name: "churn" }), undefined);
  },

  "refuses an experiment whose name is taken, also by a deleted one": async (store, check) => {
    const { id } = await insertExperiment(store, "churn");
    const error = await check.fails("TRACKING_EXPERIMENT_EXISTS", () => insertExperiment(store, "churn"));
    check.equal(error.details.experiment, "churn");
    await store.changeExperiment(id, { deletedAt: START + 1 }, START + 1);
    await check.fails("TRACKING_EXPERIMENT_EXISTS", () => insertExperiment(store, "churn"));
    check.equal(await searchExperimentNames(store), ["churn"]);
  },

  "lets one of several concurrent inserts of one name win": async (store, check) => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => insertExperiment(store, "churn")));
    const made = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    const codes = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    check.equal(made.length, 1);
    check.equal([...new Set(codes)], ["TRACKING_EXPERIMENT_EXISTS"]);
    check.equal(await store.findExperiment({ name: "churn" }), made[0]);
  },

  "answers undefined for an experiment that is not there": async (store, check) => {
    const { id } = await insertExperiment(store, "churn");
    check.equal(await store.findExperiment({ id: nextId() }), undefined);
    check.equal(await store.findExperiment({ name: id }), undefined);
    check.equal(await store.findExperiment({ id: "churn" }), undefined);
  },

  "changes of an experiment what is given": async (store, check) => {
    const made = await insertExperiment(store, "churn", { tags: { a: "1", b: "2" } });
    const renamed = await store.changeExperiment(made.id, { name: "renamed" }, START + 1);
    check.equal(renamed, { ...made, name: "renamed", updatedAt: START + 1 });
    const tagged = await store.changeExperiment(made.id, { tags: { a: null, b: "3", c: "", gone: null } }, START + 2);
    check.equal(tagged, { ...renamed, tags: { b: "3", c: "" }, updatedAt: START + 2 });
    const deleted = await store.changeExperiment(made.id, { deletedAt: START + 3 }, START + 3);
    check.equal(deleted, { ...tagged, deletedAt: START + 3, updatedAt: START + 3 });
    check.equal(await store.findExperiment({ id: made.id }), deleted);
    check.equal(await store.findExperiment({ name: "renamed" }), deleted);
    const restored = await store.changeExperiment(made.id, { deletedAt: null }, START + 4);
    check.equal(restored, { ...tagged, updatedAt: START + 4 });
    check.equal(await store.findExperiment({ id: made.id }), restored);
  },

  "gives the name of a renamed experiment free, and no other": async (store, check) => {
    const first = await insertExperiment(store, "first");
    await insertExperiment(store, "second");
    const error = await check.fails("TRACKING_EXPERIMENT_EXISTS", () =>
      store.changeExperiment(first.id, { name: "second", tags: { a: "1" } }, START + 1),
    );
    check.equal(error.details.experiment, "second");
    check.equal(await store.findExperiment({ id: first.id }), first);
    check.equal((await store.changeExperiment(first.id, { name: "first" }, START + 1)).name, "first");
    await store.changeExperiment(first.id, { name: "third" }, START + 2);
    check.equal((await insertExperiment(store, "first")).name, "first");
  },

  "refuses to change an experiment that is not there": async (store, check) => {
    const id = nextId();
    const error = await check.fails("TRACKING_EXPERIMENT_NOT_FOUND", () => store.changeExperiment(id, { name: "a" }, START));
    check.equal(error.details.experiment, id);
    check.equal(await store.findExperiment({ name: "a" }), undefined);
  },

  "keeps names and tags of experiments as they are, however alike": async (store, check) => {
    const tags = record(hostileTexts, (text) => `value of ${text}`);
    for (const name of hostileTexts) await insertExperiment(store, name, { tags });
    for (const name of hostileTexts) {
      const found = await store.findExperiment({ name });
      check.equal(found?.name, name);
      check.equal(Object.entries(found?.tags ?? {}).sort(), Object.entries(tags).sort());
    }
    check.equal((await searchExperimentNames(store)).length, hostileTexts.length);
    check.equal(({} as { polluted?: string }).polluted, undefined);
  },

  "copies an experiment": async (store, check) => {
    const tags: Record<string, string> = { team: "risk" };
    const { id } = await insertExperiment(store, "churn", { tags });
    tags["team"] = "changed";
    check.equal((await store.findExperiment({ id }))?.tags, { team: "risk" });
  },

  "lists experiments newest first, in pages": async (store, check) => {
    for (let i = 0; i < 7; i++) await insertExperiment(store, `e${i}`, { createdAt: START + (i % 2 === 0 ? i : -i) });
    const expected = ["e6", "e4", "e2", "e0", "e1", "e3", "e5"];
    for (const limit of [1, 2, 3, 7, 100]) check.equal(await searchExperimentNames(store, { limit }), expected);
  },

  "lists experiments of one time by id upwards": async (store, check) => {
    const ids = [nextId(), nextId(), nextId()];
    for (const i of [1, 0, 2]) await insertExperiment(store, `e${i}`, { id: ids[i]! });
    for (const limit of [1, 100]) check.equal(await searchExperimentNames(store, { limit }), ["e0", "e1", "e2"]);
  },

  "searches experiments by their attributes and tags": async (store, check) => {
    const a = await insertExperiment(store, "a", { createdAt: 10, tags: { team: "risk", x: "1" } });
    const b = await insertExperiment(store, "b", { createdAt: 20, tags: { team: "fraud" } });
    await insertExperiment(store, "c", { createdAt: 30 });
    await store.changeExperiment(b.id, { deletedAt: 40 }, 50);
    const attribute = (key: string) => ({ entity: "attribute", key }) as const;
    const team = { entity: "tag", key: "team" } as const;
    check.equal(await searchExperimentNames(store, { where: { op: "=", field: attribute("id"), value: a.id } }), ["a"]);
    check.equal(await searchExperimentNames(store, { where: { op: "in", field: attribute("name"), values: ["a", "c"] } }), [
      "c",
      "a",
    ]);
    check.equal(await searchExperimentNames(store, { where: { op: "<", field: attribute("created_at"), value: 20 } }), ["a"]);
    check.equal(await searchExperimentNames(store, { where: { op: "=", field: attribute("updated_at"), value: 50 } }), ["b"]);
    check.equal(await searchExperimentNames(store, { where: { op: "exists", field: attribute("deleted_at") } }), ["b"]);
    check.equal(await searchExperimentNames(store, { where: { op: "!=", field: team, value: "risk" } }), ["b"]);
    check.equal(await searchExperimentNames(store, { orderBy: [{ field: team, direction: "asc" }] }), ["b", "a", "c"]);
    check.equal(await searchExperimentNames(store, { orderBy: [{ field: team, direction: "desc" }] }), ["a", "b", "c"]);
  },

  "refuses to search experiments by what they do not have": async (store, check) => {
    const field = { entity: "attribute", key: "status" } as const;
    await check.fails("INPUT_INVALID", () => store.searchExperiments({ limit: 1, where: { op: "=", field, value: "x" } }));
    await check.fails("INPUT_INVALID", () => store.searchExperiments({ limit: 1, orderBy: [{ field, direction: "asc" }] }));
  },

  "starts no run in an experiment that is not there or deleted": async (store, check) => {
    const missing = nextId();
    const error = await check.fails("TRACKING_EXPERIMENT_NOT_FOUND", () => store.insertRun(runDraft(missing)));
    check.equal(error.details.experiment, missing);
    const { id } = await insertExperiment(store, "churn");
    await store.changeExperiment(id, { deletedAt: START }, START);
    const draft = runDraft(id);
    await check.fails("TRACKING_EXPERIMENT_NOT_FOUND", () => store.insertRun(draft));
    check.equal(await store.findRun(draft.id), undefined);
    await store.changeExperiment(id, { deletedAt: null }, START);
    check.equal((await store.insertRun(draft)).experimentId, id);
  },
};
