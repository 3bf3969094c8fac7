import type { Kysely } from "kysely";
import { nextTurn } from "../../core/next-turn.ts";
import type { MonitoringRetention } from "../../monitoring/port.ts";
import type { PredictionPlace } from "../../monitoring/rules/prediction-query.ts";
import type { Tables } from "./tables.ts";
import { toInteger } from "./tracking-values.ts";

type Db = Kysely<Tables>;

type Transact = <T>(work: (db: Db) => Promise<T>) => Promise<T>;

/** Rows that one transaction removes, roughly, so that others need not wait long for their turn. */
const STEP = 10_000;

/** Where removed predictions end: those of earlier times, and those of this time up to an id. */
type End = PredictionPlace;

/** Removes what is no longer kept, in transactions of about 10 000 rows, and answers how many rows of each there were. */
export async function removeOld(
  reader: Db,
  transact: Transact,
  model: string,
  { predictionsBefore, maxPredictions, bucketsBefore }: MonitoringRetention,
): Promise<{ readonly predictions: number; readonly buckets: number }> {
  const end = await endOf(reader, model, predictionsBefore, maxPredictions);
  const predictions = end === undefined ? 0 : await inSteps(transact, (db) => removePredictions(db, model, end));
  const buckets = bucketsBefore === undefined ? 0 : await inSteps(transact, (db) => removeBuckets(db, model, bucketsBefore));
  return { predictions, buckets };
}

/** What one transaction has removed, and whether there is more to remove. */
interface Step {
  readonly count: number;
  readonly more: boolean;
}

/** Runs a step as long as there is more to remove and answers how many rows there were. */
async function inSteps(transact: Transact, step: (db: Db) => Promise<Step>): Promise<number> {
  for (let removed = 0; ; ) {
    const { count, more } = await transact(step);
    removed += count;
    if (!more) return removed;
    await nextTurn(); // a database that works in this thread would hold it up until all is removed
  }
}

/** The later one of both limits. */
async function endOf(db: Db, model: string, before: number | undefined, most: number | undefined): Promise<End | undefined> {
  const byTime = before === undefined ? undefined : { at: before, id: "" }; // no id is empty
  if (most === undefined) return byTime;
  const newestRemoved = await db
    .selectFrom("modelwright_predictions")
    .select(["at", "id"])
    .where("model", "=", model)
    .orderBy("at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .offset(most)
    .executeTakeFirst();
  if (newestRemoved === undefined) return byTime;
  const byNumber = { at: toInteger(newestRemoved.at), id: newestRemoved.id };
  return byTime !== undefined && byTime.at > byNumber.at ? byTime : byNumber;
}

async function removePredictions(db: Db, model: string, { at, id }: End): Promise<Step> {
  const rows = db.selectFrom("modelwright_predictions").select("at").where("model", "=", model).where("at", "<", at);
  const boundary = await rows.orderBy("at").limit(1).offset(STEP).executeTakeFirst();
  const remove = db.deleteFrom("modelwright_predictions").where("model", "=", model);
  if (boundary !== undefined) {
    return { count: await countOf(remove.where("at", "<=", toInteger(boundary.at))), more: true };
  }
  const earlier = await countOf(remove.where("at", "<", at));
  return { count: earlier + (await countOf(remove.where("at", "=", at).where("id", "<=", id))), more: false };
}

async function removeBuckets(db: Db, model: string, before: number): Promise<Step> {
  const rows = db.selectFrom("modelwright_monitoring_buckets").select("at").where("model", "=", model).where("at", "<", before);
  const boundary = await rows.orderBy("at").limit(1).offset(STEP).executeTakeFirst();
  const remove = db.deleteFrom("modelwright_monitoring_buckets").where("model", "=", model);
  const some = boundary === undefined ? remove.where("at", "<", before) : remove.where("at", "<=", toInteger(boundary.at));
  return { count: await countOf(some), more: boundary !== undefined };
}

async function countOf(query: { executeTakeFirst(): Promise<{ readonly numDeletedRows: bigint } | undefined> }): Promise<number> {
  return Number((await query.executeTakeFirst())?.numDeletedRows ?? 0);
}
