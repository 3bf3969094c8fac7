import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createPool as createCallbackPool } from "mysql2";
import { createPool } from "mysql2/promise";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type MariadbStores, mariadb } from "../../src/adapters/mariadb/index.ts";
import { migrations } from "../../src/adapters/mariadb/migrations.ts";
import { requirement } from "../requirement.ts";
import { failure } from "./fixtures/failure.ts";
import { freshMariadbDatabase, type MariadbDatabase, whyNoMariadb } from "./fixtures/mariadb-server.ts";
import { draft, stamp } from "./fixtures/registry-draft.ts";

const onMariadb = await requirement("MariaDB", whyNoMariadb);
const bytes = new Uint8Array([7]);

/** Waits until a statement of a store in this database has been running for so long that it must wait for a row; answers its connection. */
async function blocked({ name, query }: MariadbDatabase): Promise<number> {
  for (let asked = 0; asked < 1000; asked++) {
    const [row] = await query<{ id: number }>(
      "select id from information_schema.processlist where db = ? and command = 'Execute' and time_ms > 100",
      [name],
    );
    if (row !== undefined) return row.id;
    await query("do sleep(0.01)");
  }
  throw new Error("Nobody waits for a row");
}

it("refuses bad options, lists them all, and does not repeat the URL", () => {
  const bad = () => mariadb({ url: "mysql://ada:secret@host", maxConnections: 0, connectTimeoutMs: 1.5 } as never);
  expect(bad).toThrow(/url.*names a database.*maxConnections.*connectTimeoutMs/);
  expect(bad).not.toThrow(/secret/);
  expect(() => mariadb({ pool: {} } as never)).toThrow("expected a pool of the package mysql2");
  expect(() => mariadb({ pool: { getConnection: () => {} }, url: "mysql://host/db" } as never)).toThrow("url");
  expect(() => mariadb(undefined as never)).toThrow("mariadb");
});

it("is named after host and database, and nothing else of what it connects with", async () => {
  const url = "mysql://ada:secret@db.example.com:3307/mod%65ls?connectTimeout=1";
  const promisePool = createPool(url);
  const callbackPool = createCallbackPool(url);
  for (const db of [mariadb({ url }), mariadb({ pool: promisePool }), mariadb({ pool: callbackPool })]) {
    expect(db.registry.name).toBe("mariadb db.example.com:3307/models");
    await db.close();
  }
  expect(mariadb({ pool: { getConnection: () => Promise.reject(new Error("no")) } }).online.name).toBe("mariadb");
});

it("says that a server cannot be reached, which may change", async () => {
  await using db = mariadb({ url: "mysql://ada:secret@127.0.0.1:1/models" });
  const error = await failure(() => db.keyValues.get("k"));
  expect([error.code, error.retryable, error.details]).toEqual([
    "STORE_FAILED",
    true,
    { store: "mariadb 127.0.0.1:1/models", operation: "open" },
  ]);
  expect(`${error.message} ${String((error.cause as Error).message)}`).not.toContain("secret");
});

onMariadb("mariadb", () => {
  let database: MariadbDatabase;
  let db: MariadbStores;
  beforeAll(async () => {
    database = await freshMariadbDatabase();
    db = mariadb({ url: database.url });
  });
  afterAll(async () => {
    await db.close();
    await database[Symbol.asyncDispose]();
  });

  it("connects to nothing before it is used, nor when it is closed unused", async () => {
    let connected = 0;
    const pool = { getConnection: () => Promise.reject(new Error(`connected ${++connected} times`)) };
    await mariadb({ pool }).close();
    await mariadb({ url: "mysql://nowhere.invalid/models" }).close();
    expect(connected).toBe(0);
  });

  it("says that a login was refused, which will not change", async () => {
    const url = new URL(database.url);
    url.username = "nobody";
    url.password = "secret";
    await using stores = mariadb({ url: url.href });
    const error = await failure(() => stores.keyValues.get("k"));
    expect([error.code, error.retryable]).toEqual(["STORE_FAILED", false]);
    expect(error.message).not.toContain("secret");
  });

  it("has tables of its own beside those of the host", async () => {
    await using other = await freshMariadbDatabase();
    await other.query("create table customers (id int primary key); insert into customers values (5)");
    await using stores = mariadb({ url: other.url });
    expect((await stores.registry.insertVersion(draft("one"), stamp())).version).toBe(1);
    expect(await other.query("select id from customers")).toEqual([{ id: 5 }]);
    const tables = await other.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = database() and table_name <> 'customers'",
    );
    expect(tables.length).toBeGreaterThan(15);
    expect(tables.every(({ name }) => name.startsWith("modelwright_"))).toBe(true);
  });

  it("borrows a pool of either kind: it does not end it, and leaves nothing on its connections", async () => {
    const settings = "select @@tx_isolation, @@sql_mode, @@innodb_lock_wait_timeout, @@idle_transaction_timeout, @@autocommit";
    const options = { uri: database.url, connectionLimit: 1, supportBigNumbers: true, bigNumberStrings: true, rowsAsArray: true };
    const promisePool = createPool(options);
    const callbackPool = createCallbackPool(options);
    for (const [name, pool, query] of [
      ["promises", promisePool, (sql: string) => promisePool.query(sql)],
      ["callbacks", callbackPool, (sql: string) => callbackPool.promise().query(sql)],
    ] as const) {
      const [before] = await query(settings);
      {
        await using stores = mariadb({ pool });
        const { version, createdAt } = await stores.registry.insertVersion(draft(name, { name }), stamp(5));
        expect([version, createdAt]).toEqual([1, 5]);
        const revision = await stores.keyValues.set(name, bytes);
        expect(await stores.keyValues.get(name)).toEqual({ key: name, value: bytes, revision });
      }
      expect((await query(settings))[0]).toEqual(before);
    }
    await promisePool.end();
    await callbackPool.promise().end();
  });

  it("refuses a borrowed connection that would change what is stored", async () => {
    const pool = createPool({ uri: database.url, connectionLimit: 1, charset: "latin1_swedish_ci" });
    const connection = await pool.getConnection();
    await connection.query("set sql_mode = '', autocommit = 0");
    connection.release();
    await using stores = mariadb({ pool });
    const error = await failure(() => stores.keyValues.set("k", bytes));
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toMatch(/sql_mode.*autocommit.*utf8mb4/);
    await pool.end();
  });

  it("is migrated once when 4 processes open a fresh database at once, and lets each of them end", async () => {
    await using other = await freshMariadbDatabase();
    const fixture = fileURLToPath(new URL("./fixtures/use-server.ts", import.meta.url));
    const args = [fixture, "mariadb", other.url];
    const runs = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, args, { timeout: 20_000 }));
    const revisions = (await Promise.all(runs)).map(({ stdout }) => Number(stdout));
    expect(new Set(revisions).size).toBe(4);
    expect(await other.query("select name from modelwright_migrations")).toEqual(migrations.map(({ name }) => ({ name })));
  }, 60_000);

  it("refuses, and leaves alone, a database that a newer release has written", async () => {
    await using other = await freshMariadbDatabase();
    await mariadb({ url: other.url }).keyValues.get("made");
    await other.query("insert into modelwright_migrations values ('9999-future', 'sha256:00', 1)");
    await using stores = mariadb({ url: other.url });
    expect((await failure(() => stores.keyValues.get("k"))).code).toBe("STORE_SCHEMA");
  });

  it("repeats a step that was cut off anywhere", async () => {
    for (const done of [1, 9, 12, migrations[0]!.statements.length]) {
      await using other = await freshMariadbDatabase();
      for (const statement of migrations[0]!.statements.slice(0, done)) await other.query(statement);
      await using stores = mariadb({ url: other.url });
      expect((await stores.registry.insertVersion(draft("one"), stamp())).version).toBe(1);
      expect(await stores.keyValues.set("k", bytes)).toBeGreaterThan(0);
    }
  }, 20_000);

  it("needs no right to make anything where everything is made", async () => {
    await db.keyValues.get("made");
    const { name, query, url } = database;
    const user = name.slice(-30);
    await query(`create user '${user}'@'%' identified by 'secret'`);
    await query(`grant select, insert, update, delete on ${name}.* to '${user}'@'%'`);
    const asUser = new URL(url);
    asUser.username = user;
    asUser.password = "secret";
    {
      await using stores = mariadb({ url: asUser.href });
      await stores.keyValues.set("by another user", bytes);
      expect((await stores.registry.insertVersion(draft("user", { name: "user" }), stamp())).version).toBe(1);
    }
    await query(`drop user '${user}'@'%'`);
  });

  it("lets nobody change the audit log", async () => {
    await db.registry.insertVersion(draft("audited", { name: "audited" }), stamp());
    for (const sql of ["update modelwright_audit set actor = 'eve'", "delete from modelwright_audit"]) {
      await expect(database.query(sql)).rejects.toThrow("can only be added to");
    }
  });

  it("fails as retryable when its connection is killed within a call, changes nothing, and goes on", async () => {
    await db.keyValues.set("lost", bytes);
    await using holder = await database.session();
    await holder.query("begin; select 1 from modelwright_key_values for update");
    const setting = failure(() => db.keyValues.set("lost", new Uint8Array([8])));
    await database.query(`kill ${await blocked(database)}`);
    const error = await setting;
    expect([error.code, error.retryable]).toEqual(["STORE_FAILED", true]);
    expect(error.cause).toBeInstanceOf(Error);
    await holder.query("commit");
    expect((await db.keyValues.get("lost"))?.value).toEqual(bytes);
  });

  it("replaces connections that were killed while they were idle", async () => {
    const pool = createPool({ uri: database.url, connectionLimit: 1 });
    await using stores = mariadb({ pool });
    await stores.keyValues.set("idle", bytes);
    const connection = await pool.getConnection();
    const ended = new Promise((resolve) => connection.connection.once("end", resolve));
    connection.release();
    await database.query(`kill ${connection.threadId}`);
    await ended;
    expect((await stores.keyValues.get("idle"))?.value).toEqual(bytes);
    await pool.end();
  });

  it("runs a transaction again that was chosen to end a deadlock", async () => {
    const row = (key: string) => ({ view: "v", key, eventAtUs: 1, createdAtUs: 1, values: { by: "store" } });
    await db.online.writeMany([row("a"), row("b")]);
    await using holder = await database.session();
    // Has changed more, so that the store's transaction is the one that is undone.
    await holder.query("create table weight (n int primary key)");
    await holder.query("begin; insert into weight values (1), (2), (3), (4), (5), (6), (7), (8)");
    await holder.query("select 1 from modelwright_online where `key` = 'b' for update");
    const writing = db.online.writeMany([row("a"), row("b"), row("c")]);
    await blocked(database);
    await holder.query("select 1 from modelwright_online where `key` = 'a' for update");
    await holder.query("commit");
    await writing;
    expect((await db.online.readMany([{ view: "v", key: "c" }]))[0]?.values).toEqual({ by: "store" });
  });

  it("gives 20 concurrent writes of a new key 20 revisions", async () => {
    const revisions = await Promise.all(Array.from({ length: 20 }, (_, i) => db.keyValues.set("busy", new Uint8Array([i]))));
    expect(new Set(revisions).size).toBe(20);
    expect((await db.keyValues.get("busy"))?.revision).toBe(Math.max(...revisions));
    const taken = Array.from({ length: 5 }, () => db.keyValues.set("once", bytes, { ifRevision: 0 }));
    expect((await Promise.allSettled(taken)).filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("keeps to the caller's time and signal while it waits for a connection", async () => {
    await using stores = mariadb({ url: database.url, maxConnections: 1 });
    await stores.keyValues.set("held", bytes);
    await using holder = await database.session();
    await holder.query("begin; select 1 from modelwright_key_values for update");
    const holding = stores.keyValues.set("held", bytes);
    await blocked(database);
    expect((await failure(() => stores.keyValues.get("held", { timeoutMs: 20 }))).code).toBe("DEADLINE_EXCEEDED");
    const controller = new AbortController();
    const aborted = stores.keyValues.set("held", new Uint8Array([9]), { signal: controller.signal });
    controller.abort(new RangeError("stop"));
    await expect(aborted).rejects.toThrow("stop");
    await holder.query("commit");
    await holding;
    expect((await stores.keyValues.get("held"))?.value).toEqual(bytes);
  });

  it("lets running calls finish before it closes, and refuses later ones", async () => {
    const stores = mariadb({ url: database.url });
    const setting = Array.from({ length: 5 }, (_, i) => stores.keyValues.set(`closing ${i}`, bytes));
    await Promise.all([stores.close(), stores.close()]);
    expect(await Promise.all(setting)).toHaveLength(5);
    expect((await failure(() => stores.keyValues.get("k"))).code).toBe("CLOSED");
  });

  it("refuses keys that it could not index", async () => {
    const row = { view: "v", eventAtUs: 1, createdAtUs: 1, values: {} };
    expect((await failure(() => db.online.writeMany([{ ...row, key: "é".repeat(1025) }]))).code).toBe("INPUT_INVALID");
    expect((await failure(() => db.keyValues.set("k".repeat(2049), bytes))).code).toBe("INPUT_INVALID");
    const long = "é".repeat(1024);
    await db.keyValues.set(long, bytes);
    await db.online.writeMany([{ ...row, view: "v".repeat(500), key: long }]);
    expect((await db.online.readMany([{ view: "v".repeat(500), key: long }]))[0]?.key).toBe(long);
    expect(await db.keyValues.get("k".repeat(5000))).toBeUndefined();
  });

  it("keeps texts of the greatest length, and pages through those that are equal in what it orders by", async () => {
    const [key, text, start] = ["模".repeat(250), "模".repeat(8000), "模".repeat(99_999)];
    const files = [{ path: `${"模".repeat(508)}.bin`, digest: `sha256:${"0".repeat(64)}` as const, sizeBytes: 1 }];
    const name = "n".repeat(128);
    const by = { ...stamp(), actor: key, reason: text, requestId: key };
    for (const last of ["c", "a", "b"]) {
      const given = draft(`long ${last}`, { name, files, description: start + last, tags: { [key]: text }, runId: key });
      await db.registry.insertVersion({ ...given, lineage: [{ kind: "dataset", ref: key }] }, by);
    }
    expect((await db.registry.findVersion({ name, version: 2 }))?.description).toBe(`${start}a`);
    const attribute = (of: string) => ({ entity: "attribute", key: of }) as const;
    const found: string[] = [];
    for (let after: string | undefined; ; ) {
      const where = { op: "=", field: { entity: "tag", key }, value: text } as const;
      const page = await db.registry.searchVersions({
        where,
        orderBy: [{ field: attribute("description"), direction: "asc" }],
        limit: 1,
        after,
      });
      found.push(...page.items.map(({ description }) => description.at(-1)!));
      after = page.next;
      if (after === undefined) break;
    }
    // By name, then by number downwards.
    expect(found).toEqual(["b", "a", "c"]);
  });

  it("keeps few statements prepared, however many different searches there are", async () => {
    const pool = createPool({ uri: database.url, connectionLimit: 1 });
    await using stores = mariadb({ pool });
    const prepared = async () => {
      const [rows] = await pool.query("show session status like 'Prepared_stmt_count'");
      const [global] = await pool.query("show global status like 'Com_stmt_close'");
      return [rows, global].map((row) => Number((row as [{ Value: string }])[0].Value));
    };
    const search = (count: number) =>
      stores.registry.searchModels({
        limit: 1,
        where: { op: "or", of: Array.from({ length: count }, () => ({ op: "exists", field: { entity: "tag", key: "a" } })) },
      });
    await search(1);
    const [, closed] = await prepared();
    for (let count = 2; count < 20; count++) await search(count);
    expect((await prepared())[1]! - closed!).toBeGreaterThanOrEqual(18);
    await pool.end();
  });
});
