import type { Kysely } from "kysely";
import type { Page, SearchQuery } from "../../search/port.ts";
import type { ExperimentRecord, RunRecord } from "../../tracking/port.ts";
import { type SearchTarget, searchRows } from "./search.ts";
import type { Tables } from "./tables.ts";
import type { ExperimentRow, RunRow } from "./tracking-tables.ts";

/** Experiments as `e`. */
const experimentTarget: SearchTarget = {
  attributes: {
    id: { column: "e.id", type: "text", required: true },
    name: { column: "e.name", type: "text", required: true },
    created_at: { column: "e.created_at", type: "integer", required: true },
    updated_at: { column: "e.updated_at", type: "integer", required: true },
    deleted_at: { column: "e.deleted_at", type: "integer" },
  },
  relations: {
    tag: { table: "modelwright_experiment_tags", on: { experiment_id: "e.id" }, key: "key", text: "text" },
  },
  tieBreak: [
    { attribute: "created_at", direction: "desc" },
    { attribute: "id", direction: "asc" },
  ],
};

/** Runs as `r`. */
const runTarget: SearchTarget = {
  attributes: {
    id: { column: "r.id", type: "text", required: true },
    experiment_id: { column: "r.experiment_id", type: "text", required: true },
    parent_id: { column: "r.parent_id", type: "text" },
    name: { column: "r.name", type: "text", required: true },
    status: { column: "r.status", type: "text", required: true },
    created_by: { column: "r.created_by", type: "text" },
    started_at: { column: "r.started_at", type: "integer", required: true },
    ended_at: { column: "r.ended_at", type: "integer" },
    deleted_at: { column: "r.deleted_at", type: "integer" },
  },
  relations: {
    tag: { table: "modelwright_run_facts", on: { run_id: "r.id" }, where: { kind: "tag" }, key: "key", text: "text" },
    param: { table: "modelwright_run_facts", on: { run_id: "r.id" }, where: { kind: "param" }, key: "key", text: "text" },
    metric: { table: "modelwright_run_metrics", on: { run_id: "r.id" }, where: { comparable: 1 }, key: "key", number: "value" },
    dataset: {
      table: "modelwright_run_datasets",
      on: { run_id: "r.id" },
      columns: { name: "name", digest: "digest", context: "context" },
    },
  },
  tieBreak: [
    { attribute: "started_at", direction: "desc" },
    { attribute: "id", direction: "asc" },
  ],
};

/** A page of the rows of experiments that match. */
export function searchExperimentRows(db: Kysely<Tables>, query: SearchQuery): Promise<Page<ExperimentRow>> {
  const select = db
    .selectFrom("modelwright_experiments as e")
    .select(["e.id", "e.name", "e.created_at", "e.updated_at", "e.deleted_at"]);
  return searchRows(db, select, experimentTarget, query);
}

/** A page of the rows of runs that match. */
export function searchRunRows(db: Kysely<Tables>, query: SearchQuery): Promise<Page<RunRow>> {
  return searchRows(db, db.selectFrom("modelwright_runs as r").selectAll("r"), runTarget, query);
}

/** The page with a record of each row. */
export async function pageOf<Row, T extends ExperimentRecord | RunRecord>(
  { items, next }: Page<Row>,
  records: (rows: readonly Row[]) => Promise<readonly T[]>,
): Promise<Page<T>> {
  return { items: await records(items), next };
}
