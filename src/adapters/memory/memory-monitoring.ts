import type { CallOptions } from "../../core/call.ts";
import { withDeadline } from "../../core/deadline.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import type { BucketQuery, MonitoringStore, StoredBucket } from "../../monitoring/port.ts";
import { bucketKey, checkBucketQuery, checkBuckets, checkRetention } from "../../monitoring/rules/buckets.ts";
import { checkQuery } from "../../monitoring/rules/prediction-query.ts";
import { checkLabels, checkPredictions } from "../../monitoring/rules/predictions.ts";
import { compareText } from "../../search/like.ts";
import { MemoryPredictions } from "./memory-predictions.ts";
import { OrderedRows } from "./ordered-rows.ts";

const NAME = "memory";

/** Buckets that a listing reads at once. */
const PAGE = 256;

type BucketPlace = Omit<StoredBucket, "content">;

/** What is kept of one model. */
class MonitoredModel {
  readonly predictions = new MemoryPredictions();
  readonly buckets = new Map<string, StoredBucket>();
  readonly bucketOrder = new OrderedRows<BucketPlace>(
    (a, b) => a.at - b.at || compareText(a.series, b.series) || compareText(a.writer, b.writer),
  );
}

/**
 * A {@link MonitoringStore} that keeps predictions and sums in this process's memory: for tests, and for what need not outlive the
 * process. What is given is copied; predictions are answered frozen. `buckets` sees the buckets of its first step, each as it is when it
 * is reached.
 *
 * @example
 * ```ts
 * import { memoryMonitoring } from "modelwright/memory";
 *
 * await using store = memoryMonitoring();
 * await store.addPredictions("fraud", [{ id: "p1", version: "7", at: 1_750_000_000_000, segment: null, output: 0.8 }]);
 * await store.addLabels("fraud", [{ id: "p1", label: 1, at: 1_750_000_060_000, replaces: false }], { windowMs: 3_600_000 });
 * ```
 */
export function memoryMonitoring(): MonitoringStore {
  const models = new Map<string, MonitoredModel>();
  const lifecycle = new Lifecycle(`Monitoring store ${NAME}`, () => models.clear());
  /** No step waits for anything, so every verb is atomic. */
  const step = <T>(call: CallOptions | undefined, work: () => T) => withDeadline(call, () => lifecycle.run(work));

  const writtenTo = (model: string): MonitoredModel => {
    const kept = models.get(model) ?? new MonitoredModel();
    models.set(model, kept);
    return kept;
  };

  const find = (model: string, { from, to, series }: BucketQuery): readonly BucketPlace[] => {
    const order = models.get(model)?.bucketOrder;
    if (order === undefined) return [];
    const found = order.all().slice(
      order.count(({ at }) => at < from),
      order.count(({ at }) => at < to),
    );
    return series === undefined ? found : found.filter((place) => place.series === series);
  };

  async function* listed(model: string, query: BucketQuery, call: CallOptions | undefined): AsyncGenerator<StoredBucket, void> {
    const checked = checkBucketQuery(model, query);
    const places = await step(call, () => find(model, checked));
    for (let first = 0; first < places.length; first += PAGE) {
      const page = places.slice(first, first + PAGE);
      const buckets = await step(call, () => page.map((place) => models.get(model)?.buckets.get(bucketKey(place))));
      for (const bucket of buckets) {
        call?.signal?.throwIfAborted();
        if (bucket !== undefined) yield { ...bucket, content: new Uint8Array(bucket.content) };
      }
    }
  }

  return {
    spec: "monitoring/1",
    name: NAME,
    capabilities: { durable: false },

    addPredictions: (model, predictions, call) =>
      step(call, () => {
        const checked = checkPredictions(model, predictions);
        return writtenTo(model).predictions.add(checked);
      }),

    addLabels: (model, labels, { windowMs }, call) =>
      step(call, () => {
        const checked = checkLabels(model, labels, windowMs);
        const kept = models.get(model);
        return checked.map((label) => kept?.predictions.label(label, windowMs) ?? "unknown");
      }),

    predictions: (model, query, call) =>
      step(call, () => {
        const checked = checkQuery(model, query);
        return models.get(model)?.predictions.page(checked) ?? { predictions: [], next: undefined };
      }),

    putBuckets: (model, buckets, call) =>
      step(call, () => {
        const checked = checkBuckets(model, buckets);
        const kept = writtenTo(model);
        for (const bucket of checked) {
          const key = bucketKey(bucket);
          if (!kept.buckets.has(key)) kept.bucketOrder.add({ series: bucket.series, at: bucket.at, writer: bucket.writer });
          kept.buckets.set(key, bucket);
        }
      }),

    buckets: (model, query, call) => listed(model, { ...query }, call),

    remove: (model, retention, call) =>
      step(call, () => {
        const { predictionsBefore, maxPredictions, bucketsBefore } = checkRetention(model, retention);
        const kept = models.get(model);
        if (kept === undefined) return { predictions: 0, buckets: 0 };
        const { predictions, buckets, bucketOrder } = kept;
        const old = bucketsBefore === undefined ? 0 : bucketOrder.count(({ at }) => at < bucketsBefore);
        for (const place of bucketOrder.removeFirst(old)) buckets.delete(bucketKey(place));
        return { predictions: predictions.remove(predictionsBefore, maxPredictions), buckets: old };
      }),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
}
