import { nextTurn } from "../../core/next-turn.ts";
import { BucketReader } from "../bucket/bucket-reader.ts";
import type { BucketQuery, MonitoringStore } from "../port.ts";

/** Something that adds up buckets, which come in the order of time. */
export interface BucketFold {
  /** Adds the bucket that the reader has just read; what is in the reader is gone with the next one. */
  add(at: number, series: string, bucket: BucketReader): void;
}

/** Buckets after which other work of the process has its turn: about 5 ms. */
const TURN = 512;

/** Reads buckets once for everyone who adds them up; answers how many were damaged. */
export async function scanBuckets(
  store: MonitoringStore,
  model: string,
  query: BucketQuery,
  folds: readonly BucketFold[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const reader = new BucketReader();
  let read = 0;
  let damaged = 0;
  for await (const { at, series, content } of store.buckets(model, query, { signal })) {
    if (reader.read(content)) for (const fold of folds) fold.add(at, series, reader);
    else damaged += 1;
    read += 1;
    if (read % TURN !== 0) continue;
    signal?.throwIfAborted();
    await nextTurn();
  }
  return damaged;
}
