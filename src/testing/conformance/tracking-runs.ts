import type { TrackingStore } from "../../tracking/port.ts";
import type { SuiteTest } from "../suite.ts";
import {
  batch,
  digestOf,
  historyOf,
  hostileTexts,
  insertExperiment,
  insertRun,
  loss,
  nextId,
  record,
  runDraft,
  START,
  searchNames,
} from "./tracking-drafts.ts";

/** What the port says of runs, but for what they log. */
export const runTests: Readonly<Record<string, SuiteTest<TrackingStore>>> = {
  "answers a new run with what it reads later": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    const draft = runDraft(experimentId, {
      name: "first",
      status: "scheduled",
      createdBy: "ada",
      params: { rate: "0.1" },
      tags: { team: "risk" },
    });
    const made = await store.insertRun(draft);
    check.equal(made, { ...draft, endedAt: null, deletedAt: null, metrics: {}, datasets: [], artifacts: [] });
    check.equal(await store.findRun(draft.id), made);
  },

  "answers a second insert of one run id with the first record": async (store, check) => {
    const first = await insertRun(store, { params: { rate: "1" } });
    await store.logBatch(first.id, batch({ metrics: [loss(1)] }));
    const again = await store.insertRun(runDraft(first.experimentId, { id: first.id, name: "second", params: { rate: "2" } }));
    check.equal(again, { ...first, metrics: { loss: { value: 1, step: 0, at: START } } });
    check.equal(await searchNames(store), ["run"]);
  },

  "makes one run of concurrent inserts of one id": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    const draft = runDraft(experimentId, { params: { rate: "1" }, tags: { a: "b" } });
    const made = await Promise.all(Array.from({ length: 8 }, () => store.insertRun(draft)));
    for (const each of made) check.equal(each, made[0]);
    check.equal(await searchNames(store), ["run"]);
  },

  "keeps runs of one name apart": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    const [first, second] = [await insertRun(store, { experimentId }), await insertRun(store, { experimentId })];
    await store.logBatch(first.id, batch({ params: { rate: "1" }, metrics: [loss(1)] }));
    await store.logBatch(second.id, batch({ params: { rate: "2" } }));
    check.equal(
      [(await store.findRun(first.id))?.params, (await store.findRun(second.id))?.params],
      [{ rate: "1" }, { rate: "2" }],
    );
    check.equal(await historyOf(store, second.id), []);
  },

  "takes a parent of the same experiment only": async (store, check) => {
    const parent = await insertRun(store);
    const { experimentId } = parent;
    check.equal((await insertRun(store, { experimentId, parentId: parent.id })).parentId, parent.id);
    const missing = nextId();
    const error = await check.fails("TRACKING_RUN_NOT_FOUND", () => insertRun(store, { experimentId, parentId: missing }));
    check.equal(error.details.run, missing);
    const elsewhere = runDraft((await insertExperiment(store, "other")).id, { parentId: parent.id });
    await check.fails("TRACKING_RUN_NOT_FOUND", () => store.insertRun(elsewhere));
    check.equal(await store.findRun(elsewhere.id), undefined);
  },

  "changes of a run what is given": async (store, check) => {
    const made = await insertRun(store, { params: { rate: "1" } });
    const ended = await store.changeRun(made.id, { status: "failed", endedAt: START + 9 });
    check.equal(ended, { ...made, status: "failed", endedAt: START + 9 });
    const renamed = await store.changeRun(made.id, { name: "renamed" });
    check.equal(renamed, { ...ended, name: "renamed" });
    const deleted = await store.changeRun(made.id, { deletedAt: START + 10 });
    check.equal(deleted, { ...renamed, deletedAt: START + 10 });
    check.equal(await store.findRun(made.id), deleted);
    const restored = await store.changeRun(made.id, { deletedAt: null, endedAt: null, status: "running" });
    check.equal(restored, { ...made, name: "renamed" });
    check.equal(await store.changeRun(made.id, {}), restored);
    check.equal(await store.findRun(made.id), restored);
  },

  "knows every status": async (store, check) => {
    const { id } = await insertRun(store);
    for (const status of ["scheduled", "running", "finished", "failed", "killed"] as const) {
      check.equal((await store.changeRun(id, { status })).status, status);
    }
  },

  "refuses to change or to log to a run that is not there": async (store, check) => {
    const id = nextId();
    check.equal(await store.findRun(id), undefined);
    const error = await check.fails("TRACKING_RUN_NOT_FOUND", () => store.changeRun(id, { name: "a" }));
    check.equal(error.details.run, id);
    await check.fails("TRACKING_RUN_NOT_FOUND", () => store.logBatch(id, batch({ metrics: [loss(1)] })));
    await check.fails("TRACKING_RUN_NOT_FOUND", () => store.logBatch(id, batch({})));
    check.equal(await historyOf(store, id), []);
  },

  "logs nothing to a deleted run until it is restored": async (store, check) => {
    const { id } = await insertRun(store);
    const deleted = await store.changeRun(id, { deletedAt: START });
    const error = await check.fails("TRACKING_RUN_NOT_FOUND", () =>
      store.logBatch(id, batch({ metrics: [loss(1)], params: { rate: "1" }, tags: { a: "b" } })),
    );
    check.equal(error.details.run, id);
    check.equal(await store.findRun(id), deleted);
    check.equal(await historyOf(store, id), []);
    await store.changeRun(id, { deletedAt: null });
    await store.logBatch(id, batch({ metrics: [loss(1)] }));
    check.equal((await historyOf(store, id)).length, 1);
  },

  "keeps names, params and tags of runs as they are, however alike": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    const texts = record(hostileTexts, (text) => `value of ${text}`);
    const drafts = hostileTexts.map((name) => runDraft(experimentId, { name, createdBy: name, params: texts, tags: texts }));
    for (const draft of drafts) await store.insertRun(draft);
    for (const { id, name } of drafts) {
      const found = await store.findRun(id);
      check.equal([found?.name, found?.createdBy], [name, name]);
      for (const kept of [found?.params, found?.tags]) {
        check.equal(Object.entries(kept ?? {}).sort(), Object.entries(texts).sort());
      }
    }
    check.equal([...(await searchNames(store))].sort(), [...hostileTexts].sort());
  },

  "copies a run": async (store, check) => {
    const params: Record<string, string> = { rate: "1" };
    const { id } = await insertRun(store, { params });
    params["rate"] = "2";
    check.equal((await store.findRun(id))?.params, { rate: "1" });
  },

  "purges a run that was deleted in time, and all that it has logged": async (store, check) => {
    const { id: experimentId } = await insertExperiment(store);
    const parent = await insertRun(store, { experimentId, name: "parent" });
    const child = await insertRun(store, { experimentId, name: "child", parentId: parent.id });
    await store.logBatch(
      parent.id,
      batch({
        metrics: [loss(1)],
        params: { rate: "1" },
        tags: { a: "b" },
        datasets: [{ name: "d", digest: "1", context: "", source: null }],
        artifacts: [{ path: "a", digest: digestOf("aa"), sizeBytes: 1 }],
      }),
    );
    check.equal(await store.purgeRun(parent.id, START + 1000), false);
    await store.changeRun(parent.id, { deletedAt: START + 10 });
    check.equal(await store.purgeRun(parent.id, START + 9), false);
    check.equal((await store.findRun(parent.id))?.params, { rate: "1" });
    check.equal(await store.purgeRun(parent.id, START + 10), true);
    check.equal(await store.purgeRun(parent.id, START + 10), false);
    check.equal(await store.findRun(parent.id), undefined);
    check.equal(await historyOf(store, parent.id), []);
    check.equal(await store.sampleMetric({ runId: parent.id, key: "loss", buckets: 5 }), []);
    check.equal(await searchNames(store), ["child"]);
    check.equal((await store.findRun(child.id))?.name, "child");
    check.equal(await store.purgeRun(nextId(), START + 1000), false);
  },

  "begins anew with the id of a purged run": async (store, check) => {
    const first = await insertRun(store, { params: { rate: "1" }, tags: { a: "b" } });
    await store.logBatch(first.id, batch({ metrics: [loss(1)] }));
    await store.changeRun(first.id, { deletedAt: START });
    await store.purgeRun(first.id, START);
    const again = await store.insertRun(runDraft(first.experimentId, { id: first.id }));
    check.equal([again.params, again.tags, again.metrics, again.deletedAt], [{}, {}, {}, null]);
  },
};
