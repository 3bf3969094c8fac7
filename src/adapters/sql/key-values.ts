import type { Kysely } from "kysely";
import { ModelwrightError } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";
import type { KeyValueEntry, KeyValueStore } from "../../storage/port.ts";
import { type SqlDatabase, SqlSession } from "./database.ts";
import { keyValueRows } from "./key-value-rows.ts";
import { dialectOf } from "./portable.ts";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";

/** Entries that a listing reads at once. */
const PAGE = 256;

/** Longest key, bytes, that servers can index. */
const MAX_KEY_BYTES = 2048;

interface EntryRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly revision: number;
}

/** The key-value port over SQL. Keys are stored as UTF-8, of at most 2048 bytes on a server. */
export function sqlKeyValues(database: SqlDatabase, name: string, capabilities: KeyValueStore["capabilities"]): KeyValueStore {
  const session = new SqlSession(database, "key-value store");
  const rows = keyValueRows();
  const select = prepared((db, p) =>
    db.selectFrom("modelwright_key_values").select(["key", "value", "revision"]).where("key", "=", p("key")),
  );
  const list = prepared<EntryRow>((db, p) =>
    db
      .selectFrom("modelwright_key_values")
      .select(["key", "value", "revision"])
      .where("key", ">=", p("from"))
      .where("key", "<", p("to"))
      .orderBy("key")
      .limit(PAGE),
  );

  /** Locks what is stored and answers whether there is anything, when it is the revision that the caller wants to be stored. */
  const take = async (db: Kysely<Tables>, key: string, wanted: number | undefined): Promise<boolean> => {
    const found = await rows.find(db, encode(key));
    const revision = found ?? 0;
    if (wanted === undefined || wanted === revision) return found !== undefined;
    throw new ModelwrightError(
      "STORE_CONFLICT",
      `${name} holds revision ${revision} of ${JSON.stringify(key)}, not ${wanted}: it was written meanwhile; read it again`,
      { details: { store: name, key } },
    );
  };

  return {
    spec: "key-value/1",
    name,
    capabilities,
    get: (key, call) =>
      session.read("get a value", call, async (db) => {
        const [row] = await select(db, { key: encode(key) });
        return row === undefined ? undefined : toEntry(row);
      }),
    set: async (key, value, call) => {
      const copy = new Uint8Array(value); // not `slice()`: that of a Node Buffer is a view
      return session.write("set a value", call, async (db) => {
        const bytes = encode(key);
        if (bytes.length > MAX_KEY_BYTES && dialectOf(db) !== "sqlite") throw tooLong(bytes.length);
        return rows.write(db, bytes, copy, await take(db, key, call?.ifRevision));
      });
    },
    delete: (key, call) =>
      session.write("delete a value", call, async (db) => {
        const stored = await take(db, key, call?.ifRevision);
        if (stored) await rows.remove(db, { key: encode(key) });
        return stored;
      }),
    async *list(prefix, call) {
      const start = encode(prefix);
      const to = upperBound(start);
      for (let from = start; ; ) {
        const rows = await session.read("list values", call, (db) => list(db, { from, to }));
        for (const row of rows) yield toEntry(row);
        if (rows.length < PAGE) return;
        from = successor(rows[rows.length - 1]!.key);
      }
    },
    [Symbol.asyncDispose]: () => session.close(),
  };
}

function toEntry({ key, value, revision }: EntryRow): KeyValueEntry {
  // Libraries of servers answer views of what they have received, which would all be kept in memory.
  return {
    key: new TextDecoder("utf-8", { ignoreBOM: true }).decode(key),
    value: new Uint8Array(value),
    revision: Number(revision),
  };
}

function tooLong(length: number) {
  return invalidInput("key", [{ path: [], message: `expected at most ${MAX_KEY_BYTES} bytes of UTF-8, but got ${length}` }]);
}

function encode(key: string): Uint8Array {
  if (/\p{Surrogate}/u.test(key)) {
    throw invalidInput("key", [{ path: [], message: "a key with a lone surrogate has no UTF-8 form" }]);
  }
  return new TextEncoder().encode(key);
}

/** The least key behind `key`. */
function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** A key behind every key that begins with `prefix`: 0xFF is no byte of UTF-8. */
function upperBound(prefix: Uint8Array): Uint8Array {
  const bound = new Uint8Array(prefix.length + 1).fill(0xff);
  bound.set(prefix);
  return bound;
}
