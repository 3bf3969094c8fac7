import type { Kysely } from "kysely";
import { withDeadline } from "../../core/deadline.ts";
import type { TrackingStore } from "../../tracking/port.ts";
import { blobRefs } from "./blob-references.ts";
import { type SqlDatabase, SqlSession } from "./database.ts";
import type { Tables } from "./tables.ts";
import { type BatchRows, batchRows, batchWeight, mergedBatches } from "./tracking-batches.ts";
import { experiments } from "./tracking-experiments.ts";
import { GroupCommit } from "./tracking-group.ts";
import { metricHistory } from "./tracking-history.ts";
import { runLog } from "./tracking-log.ts";
import { runRecords } from "./tracking-records.ts";
import { runs } from "./tracking-runs.ts";
import { pageOf, searchExperimentRows, searchRunRows } from "./tracking-search.ts";
import { readSnapshot } from "./tracking-snapshot.ts";

/** Most rows, roughly, that batches write in one transaction. */
const MAX_GROUP_ROWS = 8192;

/** The tracking port over SQL. Batches of one run that are logged at once share transactions. */
export function sqlTracking(database: SqlDatabase, name: string, capabilities: TrackingStore["capabilities"]): TrackingStore {
  const session = new SqlSession(database, "tracking store");
  const refs = blobRefs();
  const log = runLog(name, refs);
  const records = runRecords();
  const run = runs(records, log, refs);
  const experiment = experiments();
  const history = metricHistory();
  const batches = new GroupCommit<Kysely<Tables>, BatchRows>({
    transaction: (work) => database.transact(work),
    write: async (db, runId, members) => {
      await run.lock(db, runId);
      await log(db, runId, mergedBatches(runId, members));
    },
    weight: batchWeight,
    maxWeight: MAX_GROUP_ROWS,
  });
  return {
    spec: "tracking/1",
    name,
    capabilities,
    insertExperiment: async ({ tags, ...draft }, call) => {
      const copy = { ...draft, tags: { ...tags } };
      return session.write("make an experiment", call, (db) => experiment.insert(db, copy));
    },
    findExperiment: (which, call) => readSnapshot(session, "find an experiment", call, (db) => experiment.find(db, which)),
    searchExperiments: (query, call) =>
      readSnapshot(session, "search experiments", call, async (db) =>
        pageOf(await searchExperimentRows(db, query), (rows) => experiment.records(db, rows)),
      ),
    changeExperiment: async (id, { tags, ...change }, at, call) => {
      const copy = { ...change, tags: { ...tags } };
      return session.write("change an experiment", call, (db) => experiment.change(db, id, copy, at));
    },
    insertRun: async ({ params, tags, ...draft }, call) => {
      const copy = { ...draft, params: { ...params }, tags: { ...tags } };
      return session.write("make a run", call, (db) => run.insert(db, copy));
    },
    findRun: (id, call) => readSnapshot(session, "find a run", call, (db) => run.find(db, id)),
    searchRuns: (query, call) =>
      readSnapshot(session, "search runs", call, async (db) =>
        pageOf(await searchRunRows(db, query), (rows) => records(db, rows)),
      ),
    changeRun: async (id, change, call) => {
      const copy = { ...change };
      return session.write("change a run", call, (db) => run.change(db, id, copy));
    },
    // The group has the transactions; here the caller has its time limit, its error, and is waited for by `close`.
    logBatch: async (runId, batch, call) => {
      const rows = batchRows(batch);
      // The limit is put into the signal, so that a batch that is out of time is not written once its turn comes.
      const submit = (signal: AbortSignal | undefined) =>
        session.read("log a batch", { signal }, () => batches.submit(runId, rows, signal));
      await withDeadline(call, submit, database.clock);
    },
    metricHistory: (query, call) => readSnapshot(session, "read a metric", call, (db) => history.page(db, query)),
    sampleMetric: (query, call) => readSnapshot(session, "sample a metric", call, (db) => history.sample(db, query)),
    purgeRun: (id, deletedBefore, call) => session.write("purge a run", call, (db) => run.purge(db, id, deletedBefore)),
    ...refs.verbs(session),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
