import type { Kysely } from "kysely";
import type { BucketQuery, StoredBucket } from "../../monitoring/port.ts";
import { type Prepared, prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";
import { toInteger } from "./tracking-values.ts";
import { upsertRows } from "./tracking-writes.ts";

type Db = Kysely<Tables>;

/** Buckets that a listing reads at once. */
export const BUCKET_PAGE = 256;

/** Most bytes of content, but for a single bucket, that are sent to a database at once: servers refuse messages of 16 MiB. */
const MAX_BYTES = 4 * 1024 * 1024;

type Place = Omit<StoredBucket, "content">;

/** Reads a page of buckets behind a place. */
type BucketPages = (db: Db, model: string, query: BucketQuery, after: Place | undefined) => Promise<readonly StoredBucket[]>;

/** Writes buckets within a transaction; no two of one place. */
export function bucketWriter() {
  const write = upsertRows("modelwright_monitoring_buckets", ["model", "at", "series", "writer"], ["content"]);
  return async (db: Db, model: string, buckets: readonly StoredBucket[]): Promise<void> => {
    // In one order, so that two writers of the same buckets wait for each other instead of locking each other out.
    const sorted = buckets.toSorted((a, b) => a.at - b.at || order(a.series, b.series) || order(a.writer, b.writer));
    let rows: unknown[][] = [];
    let bytes = 0;
    for (const { at, series, writer, content } of sorted) {
      if (bytes + content.length > MAX_BYTES) {
        await write(db, rows);
        rows = [];
        bytes = 0;
      }
      rows.push([model, at, series, writer, content]);
      bytes += content.length;
    }
    await write(db, rows);
  };
}

/** Pages of buckets, each as one range of the primary key. */
export function bucketPages(): BucketPages {
  const all = prepared((db, p) => selectPage(db, p));
  // As a range: SQLite would not see that what is equal to one value stands in the order of the key, and would sort.
  const ofSeries = prepared((db, p) => selectPage(db, p).where("series", ">=", p("wanted")).where("series", "<=", p("wanted")));
  return async (db, model, { from, to, series: wanted }, after) => {
    const first = { at: from, series: "", writer: "" }; // before all of its time, since no name is empty
    const { at, series, writer } = after !== undefined && after.at >= from ? after : first;
    const select: Prepared<StoredBucket> = wanted === undefined ? all : ofSeries;
    const rows = await select(db, { model, wanted, from: at, to, at, series, sameSeries: series, writer });
    return rows.map((row) => ({ series: row.series, at: toInteger(row.at), writer: row.writer, content: owned(row.content) }));
  };
}

function selectPage(db: Db, p: (name: string) => never) {
  return (
    db
      .selectFrom("modelwright_monitoring_buckets")
      .select(["series", "at", "writer", "content"])
      .where("model", "=", p("model"))
      // The range; the condition behind it leaves out the few of its first time that were read before.
      .where("at", ">=", p("from"))
      .where("at", "<", p("to"))
      .where(({ eb, and, or }) =>
        or([
          eb("at", ">", p("at")),
          eb("series", ">", p("series")),
          and([eb("series", "=", p("sameSeries")), eb("writer", ">", p("writer"))]),
        ]),
      )
      .orderBy("at")
      .orderBy("series")
      .orderBy("writer")
      .limit(BUCKET_PAGE)
  );
}

/** Bytes that are nobody else's: libraries of servers answer views of what they have received, which would all be kept in memory. */
function owned(content: Uint8Array): Uint8Array {
  const whole = content.constructor === Uint8Array && content.byteLength === content.buffer.byteLength;
  return whole ? content : new Uint8Array(content);
}

function order(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
