import { ModelwrightError } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";
import type { KeyValueEntry, KeyValueStore } from "../../storage/port.ts";
import { type SqlDatabase, SqlSession } from "./database.ts";
import { prepared } from "./prepared.ts";

/** Entries that a listing reads at once. */
const PAGE = 256;

interface EntryRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly revision: number;
}

/**
 * The key-value port over SQL. The revision is the number that the database gives to each inserted row and never gives again, so a
 * write deletes the row and inserts another.
 */
export function sqlKeyValues(database: SqlDatabase, name: string, capabilities: KeyValueStore["capabilities"]): KeyValueStore {
  const session = new SqlSession(database, "key-value store");
  const select = prepared((db, p) =>
    db.selectFrom("modelwright_key_values").select(["value", "revision"]).where("key", "=", p("key")),
  );
  const remove = prepared((db, p) => db.deleteFrom("modelwright_key_values").where("key", "=", p("key")).returning("revision"));
  const insert = prepared((db, p) =>
    db
      .insertInto("modelwright_key_values")
      .values({ key: p("key"), value: p("value") })
      .returning("revision"),
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

  /** Deletes what is stored, when it is the revision that the caller wants to be stored. */
  const take = async (db: Parameters<typeof remove>[0], key: string, wanted: number | undefined): Promise<boolean> => {
    const [row] = (await remove(db, { key: encode(key) })) as [{ revision: number }?];
    const revision = row?.revision ?? 0;
    if (wanted === undefined || wanted === revision) return row !== undefined;
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
        const [row] = (await select(db, { key: encode(key) })) as [Omit<EntryRow, "key">?];
        return row === undefined ? undefined : { key, ...row };
      }),
    set: async (key, value, call) => {
      const copy = new Uint8Array(value); // not `slice()`: that of a Node Buffer is a view
      return session.write("set a value", call, async (db) => {
        await take(db, key, call?.ifRevision);
        const [row] = (await insert(db, { key: encode(key), value: copy })) as [{ revision: number }];
        return row.revision;
      });
    },
    delete: (key, call) => session.write("delete a value", call, (db) => take(db, key, call?.ifRevision)),
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
  return { key: new TextDecoder("utf-8", { ignoreBOM: true }).decode(key), value, revision };
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
