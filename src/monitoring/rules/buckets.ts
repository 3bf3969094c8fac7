import type { BucketQuery, MonitoringRetention, StoredBucket } from "../port.ts";
import { assertText, assertTime, refused } from "./assert-text.ts";

/**
 * The buckets of a batch, as they were when they were given; of several of one series, time and writer the last one.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` when one of them, or the model, is not as the port says
 */
export function checkBuckets(model: string, buckets: readonly StoredBucket[]): readonly StoredBucket[] {
  assertText(model, "model", "bucket");
  const checked = new Map<string, StoredBucket>();
  for (const [i, { series, at, writer, content }] of buckets.entries()) {
    assertText(series, "series", "bucket", [i, "series"]);
    assertTime(at, "bucket", [i, "at"]);
    assertText(writer, "writer", "bucket", [i, "writer"]);
    if (!isBytes(content)) throw refused("bucket", [i, "content"], "expected bytes");
    const bucket = { series, at: at + 0, writer, content: new Uint8Array(content) }; // not `slice()`: that of a Node Buffer is a view
    checked.set(bucketKey(bucket), bucket);
  }
  return [...checked.values()];
}

/** Tells buckets of a model apart: no name holds a NUL character. */
export function bucketKey({ series, at, writer }: Omit<StoredBucket, "content">): string {
  return `${at}\0${series}\0${writer}`;
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for a query or a model that is not as the port says */
export function checkBucketQuery(model: string, { from, to, series }: BucketQuery): BucketQuery {
  const subject = "query of buckets";
  assertText(model, "model", subject);
  assertTime(from, subject, ["from"]);
  assertTime(to, subject, ["to"]);
  if (series !== undefined) assertText(series, "series", subject);
  return { from, to, series };
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for a retention or a model that is not as the port says */
export function checkRetention(
  model: string,
  { predictionsBefore, maxPredictions, bucketsBefore }: MonitoringRetention,
): MonitoringRetention {
  const subject = "retention";
  assertText(model, "model", subject);
  if (predictionsBefore !== undefined) assertTime(predictionsBefore, subject, ["predictionsBefore"]);
  if (bucketsBefore !== undefined) assertTime(bucketsBefore, subject, ["bucketsBefore"]);
  if (maxPredictions !== undefined && !(Number.isSafeInteger(maxPredictions) && maxPredictions >= 0)) {
    throw refused(subject, ["maxPredictions"], `expected a whole number, at least 0, but got ${String(maxPredictions)}`);
  }
  return { predictionsBefore, maxPredictions, bucketsBefore };
}

/** By what it says it is, since bytes of another realm have a class of their own. */
function isBytes(content: unknown): boolean {
  return Object.prototype.toString.call(content) === "[object Uint8Array]";
}
