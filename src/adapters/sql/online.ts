import { jsonText } from "../../core/json.ts";
import { invalidInput } from "../../core/schema.ts";
import type { OnlineKey, OnlineRow, OnlineStore } from "../../features/port.ts";
import { type SqlDatabase, SqlSession } from "./database.ts";
import { newerRows } from "./online-upsert.ts";
import { dialectOf } from "./portable.ts";
import { type Prepared, prepared } from "./prepared.ts";
import { storedObject } from "./stored-json.ts";

/** Most rows or keys in one statement; sizes are powers of two up to here, so that few texts are compiled and prepared. */
const MAX_BATCH = 128;

/** Longest texts, in bytes of UTF-8, that servers can index. */
const MAX_BYTES = { view: 500, key: 2048 };

interface FoundRow {
  /** Bytes of UTF-8 in MariaDB, whose indexes hold more of them than of characters. */
  readonly key: string | Uint8Array;
  readonly event_at_us: number;
  readonly created_at_us: number;
  readonly features: string;
}

/** The online port over SQL: a read is one statement for each view and 128 keys, a write one for each 128 rows. */
export function sqlOnline(database: SqlDatabase, name: string, capabilities: OnlineStore["capabilities"]): OnlineStore {
  const session = new SqlSession(database, "online store");
  const selects = new Map<number, Prepared<FoundRow>>();
  const deletes = new Map<number, Prepared<unknown>>();
  const upserts = new Map<number, Prepared<unknown>>();
  return {
    spec: "online/1",
    name,
    capabilities,
    readMany: (keys, call) =>
      session.read("read feature rows", call, async (db) => {
        const stored = new Map<string, Map<string, OnlineRow>>();
        for (const [view, wanted] of byView(keys)) {
          const rows = new Map<string, OnlineRow>();
          stored.set(view, rows);
          for (const batch of batches([...wanted])) {
            const select = cached(selects, roundUp(batch.length), selectOf);
            for (const found of await select(db, keyValues(view, batch))) {
              const row = toRow(view, found);
              rows.set(row.key, row);
            }
          }
        }
        return keys.map(({ view, key }) => stored.get(view)?.get(key));
      }),
    writeMany: async (rows, call) => {
      // In one order, so that two writers of the same rows wait for each other instead of locking each other out.
      const winners = [...newest(rows).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => toParameters(row));
      await session.write("write feature rows", call, async (db) => {
        if (dialectOf(db) !== "sqlite") for (const row of winners) assertIndexable(row);
        for (const batch of batches(winners)) {
          // A statement cannot be padded with rows as one can with keys: a batch is split by the powers of two in its length.
          for (let at = 0; at < batch.length; ) {
            const size = 2 ** Math.floor(Math.log2(batch.length - at));
            await cached(upserts, size, newerRows)(db, indexed(batch.slice(at, at + size)));
            at += size;
          }
        }
      });
    },
    deleteMany: (keys, call) =>
      session.write("delete feature rows", call, async (db) => {
        for (const [view, wanted] of byView(keys)) {
          for (const batch of batches([...wanted])) {
            await cached(deletes, roundUp(batch.length), deleteOf)(db, keyValues(view, batch));
          }
        }
      }),
    [Symbol.asyncDispose]: () => session.close(),
  };
}

function selectOf(size: number): Prepared<FoundRow> {
  return prepared((db, p) =>
    db
      .selectFrom("modelwright_online")
      .select(["key", "event_at_us", "created_at_us", "features"])
      .where("view", "=", p("view"))
      .where(
        "key",
        "in",
        Array.from({ length: size }, (_, i) => p(`key${i}`)),
      ),
  );
}

function deleteOf(size: number): Prepared<unknown> {
  return prepared((db, p) =>
    db
      .deleteFrom("modelwright_online")
      .where("view", "=", p("view"))
      .where(
        "key",
        "in",
        Array.from({ length: size }, (_, i) => p(`key${i}`)),
      ),
  );
}

/** The row that stays of each key: a backend may refuse to see a key twice in one statement. Keyed so that no two keys meet. */
function newest(rows: readonly OnlineRow[]): ReadonlyMap<string, OnlineRow> {
  const winners = new Map<string, OnlineRow>();
  for (const row of rows) {
    const address = JSON.stringify([row.view, row.key]);
    const other = winners.get(address);
    const older =
      other !== undefined &&
      (row.eventAtUs < other.eventAtUs || (row.eventAtUs === other.eventAtUs && row.createdAtUs < other.createdAtUs));
    if (!older) winners.set(address, row);
  }
  return winners;
}

/** A row as the parameters of a statement. */
interface RowParameters extends Readonly<Record<string, string | number>> {
  readonly view: string;
  readonly key: string;
}

function assertIndexable(row: RowParameters): void {
  for (const name of ["view", "key"] as const) {
    const { length } = new TextEncoder().encode(row[name]);
    if (length > MAX_BYTES[name]) throw invalid(name, `expected at most ${MAX_BYTES[name]} bytes of UTF-8, but got ${length}`);
  }
}

function toParameters({ view, key, eventAtUs, createdAtUs, values }: OnlineRow): RowParameters {
  assertText(view, "view");
  assertText(key, "key");
  for (const [name, time] of Object.entries({ eventAtUs, createdAtUs })) {
    if (!Number.isSafeInteger(time)) throw invalid(name, `expected whole microseconds since the epoch, but got ${time}`);
  }
  return { view, key, event_at_us: eventAtUs, created_at_us: createdAtUs, features: jsonText(values, `A row of ${view}`) };
}

/** Refuses what SQL text cannot hold faithfully in every backend. */
function assertText(text: string, name: string): void {
  if (text === "") throw invalid(name, "expected text that is not empty");
  if (/\0|\p{Surrogate}/u.test(text)) throw invalid(name, "expected text without NUL characters and lone surrogates");
}

function invalid(name: string, message: string) {
  return invalidInput("feature row", [{ path: [name], message }]);
}

function toRow(view: string, row: FoundRow): OnlineRow {
  const values = storedObject(row.features, "a stored feature row") as OnlineRow["values"];
  const key = typeof row.key === "string" ? row.key : new TextDecoder("utf-8", { ignoreBOM: true }).decode(row.key);
  return { view, key, eventAtUs: Number(row.event_at_us), createdAtUs: Number(row.created_at_us), values };
}

function byView(keys: readonly OnlineKey[]): ReadonlyMap<string, ReadonlySet<string>> {
  const views = new Map<string, Set<string>>();
  for (const { view, key } of keys) {
    const wanted = views.get(view);
    if (wanted === undefined) views.set(view, new Set([key]));
    else wanted.add(key);
  }
  return views;
}

function* batches<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += MAX_BATCH) yield items.slice(at, at + MAX_BATCH);
}

/** Parameters of a statement for a power of two of keys: the last key fills the places that are left. */
function keyValues(view: string, keys: readonly string[]): Record<string, string> {
  const values: Record<string, string> = { view };
  for (let i = 0; i < roundUp(keys.length); i++) values[`key${i}`] = keys[Math.min(i, keys.length - 1)]!;
  return values;
}

function indexed(rows: readonly Readonly<Record<string, string | number>>[]): Record<string, string | number> {
  return Object.fromEntries(rows.flatMap((row, i) => Object.entries(row).map(([name, value]) => [`${name}${i}`, value])));
}

function roundUp(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

function cached<T>(cache: Map<number, T>, size: number, make: (size: number) => T): T {
  let item = cache.get(size);
  if (item === undefined) {
    item = make(size);
    cache.set(size, item);
  }
  return item;
}
