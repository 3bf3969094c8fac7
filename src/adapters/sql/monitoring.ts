import type { CallOptions } from "../../core/call.ts";
import { withDeadline } from "../../core/deadline.ts";
import type { BucketQuery, MonitoringStore, StoredBucket } from "../../monitoring/port.ts";
import { checkBucketQuery, checkBuckets, checkRetention } from "../../monitoring/rules/buckets.ts";
import { checkQuery } from "../../monitoring/rules/prediction-query.ts";
import { checkLabels, checkPredictions } from "../../monitoring/rules/predictions.ts";
import { type SqlDatabase, SqlSession } from "./database.ts";
import { BUCKET_PAGE, bucketPages, bucketWriter } from "./monitoring-buckets.ts";
import { predictionWriter } from "./monitoring-insert.ts";
import { labelWriter } from "./monitoring-labels.ts";
import { predictionPages } from "./monitoring-pages.ts";
import { removeOld } from "./monitoring-removal.ts";

/** The monitoring port over SQL: outputs and labels are JSON text, buckets are bytes. */
export function sqlMonitoring(
  database: SqlDatabase,
  name: string,
  capabilities: MonitoringStore["capabilities"],
): MonitoringStore {
  const session = new SqlSession(database, "monitoring store");
  const insert = predictionWriter();
  const label = labelWriter();
  const page = predictionPages();
  const putBuckets = bucketWriter();
  const bucketPage = bucketPages();

  async function* listed(model: string, query: BucketQuery, call: CallOptions | undefined): AsyncGenerator<StoredBucket, void> {
    const checked = checkBucketQuery(model, query);
    let after: StoredBucket | undefined;
    for (;;) {
      const last = after;
      const buckets = await session.read("read buckets", call, (db) => bucketPage(db, model, checked, last));
      for (const bucket of buckets) {
        call?.signal?.throwIfAborted();
        yield bucket;
      }
      if (buckets.length < BUCKET_PAGE) return;
      after = buckets.at(-1);
    }
  }

  return {
    spec: "monitoring/1",
    name,
    capabilities,
    addPredictions: async (model, predictions, call) => {
      const checked = checkPredictions(model, predictions);
      return session.write("add predictions", call, (db) => insert(db, model, checked));
    },
    addLabels: async (model, labels, { windowMs }, call) => {
      const checked = checkLabels(model, labels, windowMs);
      return session.write("add labels", call, (db) => label(db, model, checked, windowMs));
    },
    predictions: async (model, query, call) => {
      const checked = checkQuery(model, query);
      return session.read("read predictions", call, (db) => page(db, model, checked));
    },
    putBuckets: async (model, buckets, call) => {
      const checked = checkBuckets(model, buckets);
      await session.write("put buckets", call, (db) => putBuckets(db, model, checked));
    },
    buckets: (model, query, call) => listed(model, { ...query }, call),
    remove: async (model, retention, call) => {
      const checked = checkRetention(model, retention);
      // One call of several transactions: here it has its time limit, and is waited for by `close`.
      const steps = (signal: AbortSignal | undefined) =>
        session.read("remove what is no longer kept", { signal }, (reader) => {
          const transact: typeof database.transact = (work) => {
            signal?.throwIfAborted();
            return database.transact(work);
          };
          return removeOld(reader, transact, model, checked);
        });
      return withDeadline(call, steps, database.clock);
    },
    [Symbol.asyncDispose]: () => session.close(),
  };
}
