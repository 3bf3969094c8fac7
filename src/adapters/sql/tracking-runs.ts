import type { Kysely } from "kysely";
import type { RunChange, RunDraft, RunRecord } from "../../tracking/port.ts";
import { experimentDeleted, experimentNotFound, parentNotFound, runDeleted, runNotFound } from "../../tracking/rules/failures.ts";
import type { BlobRefs } from "./blob-references.ts";
import { locked } from "./portable.ts";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";
import { batchRows } from "./tracking-batches.ts";
import { blobOwner, type RunLog } from "./tracking-log.ts";
import type { RunRecords } from "./tracking-records.ts";
import type { RunRow } from "./tracking-tables.ts";
import { toIntegerOrNull } from "./tracking-values.ts";

type Db = Kysely<Tables>;

/**
 * How runs are made, found and changed; each verb within a transaction.
 *
 * @param refs - where the blobs of artifacts are referred to
 */
export function runs(records: RunRecords, log: RunLog, refs: BlobRefs) {
  const byId = prepared((db, p) => db.selectFrom("modelwright_runs").selectAll().where("id", "=", p("id")));
  const lockedById = prepared((db, p) => locked(db.selectFrom("modelwright_runs").selectAll().where("id", "=", p("id"))));
  const lockedDeletion = prepared((db, p) =>
    locked(db.selectFrom("modelwright_runs").select("deleted_at").where("id", "=", p("id"))),
  );
  const lockedExperiment = prepared((db, p) =>
    locked(db.selectFrom("modelwright_experiments").select(["name", "deleted_at"]).where("id", "=", p("id"))),
  );

  const one = async (db: Db, row: RunRow): Promise<RunRecord> => (await records(db, [row]))[0]!;

  return {
    /** @throws a `ModelwrightError` with code `TRACKING_RUN_NOT_FOUND` for none, and for one that was deleted */
    lock: async (db: Db, id: string): Promise<void> => {
      const [run] = await lockedDeletion(db, { id });
      if (run === undefined) throw runNotFound(id);
      if (run.deleted_at !== null) throw runDeleted(id);
    },

    find: async (db: Db, id: string): Promise<RunRecord | undefined> => {
      const [row] = await byId(db, { id });
      return row === undefined ? undefined : one(db, row);
    },

    insert: async (db: Db, draft: RunDraft): Promise<RunRecord> => {
      const { id, experimentId, parentId, params, tags } = draft;
      // Locked, so that two inserts of one id come one after the other, and none beside the deletion of the experiment.
      const [experiment] = await lockedExperiment(db, { id: experimentId });
      const [earlier] = await byId(db, { id });
      if (earlier !== undefined) return one(db, earlier);
      if (experiment === undefined) throw experimentNotFound(experimentId);
      if (experiment.deleted_at !== null) throw experimentDeleted(experiment.name);
      if (parentId !== null) {
        const [parent] = await byId(db, { id: parentId });
        if (parent?.experiment_id !== experimentId) throw parentNotFound(parentId, experiment.name);
      }
      await db.insertInto("modelwright_runs").values(toRow(draft)).execute();
      await log(db, id, batchRows({ metrics: [], params, tags, datasets: [], artifacts: [] }));
      const { name, status, createdBy, startedAt } = draft;
      const given = { id, experimentId, name, parentId, status, createdBy, startedAt, params, tags };
      return { ...given, endedAt: null, deletedAt: null, metrics: {}, datasets: [], artifacts: [] };
    },

    change: async (db: Db, id: string, change: RunChange): Promise<RunRecord> => {
      const [row] = await lockedById(db, { id });
      if (row === undefined) throw runNotFound(id);
      const { name = row.name, status = row.status, endedAt = row.ended_at, deletedAt = row.deleted_at } = change;
      const changed = { name, status, ended_at: endedAt, deleted_at: deletedAt };
      await db.updateTable("modelwright_runs").set(changed).where("id", "=", id).execute();
      return one(db, { ...row, ...changed });
    },

    purge: async (db: Db, id: string, deletedBefore: number): Promise<boolean> => {
      const [run] = await lockedDeletion(db, { id });
      const deletedAt = toIntegerOrNull(run?.deleted_at ?? null);
      if (deletedAt === null || deletedAt > deletedBefore) return false;
      const series = db.selectFrom("modelwright_run_metrics").select("series").where("run_id", "=", id);
      await db.deleteFrom("modelwright_metric_points").where("series", "in", series).execute();
      await db.deleteFrom("modelwright_run_metrics").where("run_id", "=", id).execute();
      await db.deleteFrom("modelwright_run_facts").where("run_id", "=", id).execute();
      await db.deleteFrom("modelwright_run_datasets").where("run_id", "=", id).execute();
      await db.deleteFrom("modelwright_run_artifacts").where("run_id", "=", id).execute();
      await refs.remove(db, blobOwner(id));
      await db.deleteFrom("modelwright_runs").where("id", "=", id).execute();
      return true;
    },
  };
}

function toRow({ id, experimentId, name, parentId, status, createdBy, startedAt }: RunDraft): RunRow {
  return {
    id,
    experiment_id: experimentId,
    name,
    parent_id: parentId,
    status,
    created_by: createdBy,
    started_at: startedAt,
    ended_at: null,
    deleted_at: null,
  };
}
