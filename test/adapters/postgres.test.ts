import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresStores, postgres } from "../../src/adapters/postgres/index.ts";
import { migrations } from "../../src/adapters/postgres/migrations.ts";
import { requirement } from "../requirement.ts";
import { failure } from "./fixtures/failure.ts";
import { freshPostgresSchema, type PostgresSchema, postgresUrl, whyNoPostgres } from "./fixtures/postgres-server.ts";
import { draft, stamp } from "./fixtures/registry-draft.ts";

const onPostgres = await requirement("PostgreSQL", whyNoPostgres);
const bytes = new Uint8Array([7]);

/** Waits until a statement of a store in this schema waits for a lock; answers its process. Asked outside of transactions. */
async function blocked({ name, query }: PostgresSchema, pattern: string): Promise<number> {
  for (let asked = 0; asked < 10_000; asked++) {
    const [row] = await query<{ pid: number }>(
      "select pid from pg_stat_activity where state = 'active' and wait_event_type = 'Lock' and query like $1 and application_name = $2",
      [pattern, name],
    );
    if (row !== undefined) return row.pid;
  }
  throw new Error("Nobody waits for a lock");
}

it("refuses bad options, lists them all, and does not repeat the URL", () => {
  const url = "mysql://ada:secret@host/db";
  const bad = () => postgres({ url, schema: "1; drop table x", maxConnections: 0, prepare: 1 } as never);
  expect(bad).toThrow(/schema.*prepare.*url.*maxConnections/);
  expect(bad).not.toThrow(/secret/);
  expect(() => postgres({ url: "postgres://" } as never)).not.toThrow(/undefined/);
  expect(() => postgres({ pool: {} } as never)).toThrow("expected a Pool of the package pg");
  expect(() => postgres({ pool: { connect: () => {} }, url: "postgres://host/db" } as never)).toThrow("url");
  expect(() => postgres(undefined as never)).toThrow("postgres");
});

it("is named after host and database, and nothing else of what it connects with", async () => {
  const url = "postgres://ada:secret@db.example.com:6432/mod%65ls?sslmode=require&application_name=x";
  const pool = new Pool({ connectionString: url });
  for (const db of [postgres({ url }), postgres({ pool })]) {
    expect(db.registry.name).toBe("postgres db.example.com:6432/models");
    await db.close();
  }
  const other = new Pool({ host: "h", port: 1, database: "d", password: "secret" });
  expect(postgres({ pool: other }).online.name).toBe("postgres h:1/d");
  expect(postgres({ pool: { connect: () => Promise.reject(new Error("no")) } }).online.name).toBe("postgres");
});

it("says that a server cannot be reached, which may change", async () => {
  await using db = postgres({ url: "postgres://ada:secret@127.0.0.1:1/models" });
  const error = await failure(() => db.keyValues.get("k"));
  expect([error.code, error.retryable, error.details]).toEqual([
    "STORE_FAILED",
    true,
    { store: "postgres 127.0.0.1:1/models", operation: "open" },
  ]);
  expect(`${error.message} ${String((error.cause as Error).message)}`).not.toContain("secret");
});

onPostgres("postgres", () => {
  let schema: PostgresSchema;
  let db: PostgresStores;
  /** The server, with a name that tells the connections of these tests from others. */
  let url: string;
  beforeAll(async () => {
    schema = await freshPostgresSchema();
    const named = new URL(postgresUrl);
    named.searchParams.set("application_name", schema.name);
    url = named.href;
    db = postgres({ url, schema: schema.name });
  });
  afterAll(async () => {
    await db.close();
    await schema[Symbol.asyncDispose]();
  });

  it("connects to nothing before it is used, nor when it is closed unused", async () => {
    let connected = 0;
    const pool = { connect: () => Promise.reject(new Error(`connected ${++connected} times`)) };
    await postgres({ pool }).close();
    await postgres({ url: "postgres://nowhere.invalid/models" }).close();
    expect(connected).toBe(0);
  });

  it("keeps its tables in the schema, apart from others", async () => {
    await using other = await freshPostgresSchema();
    await using stores = postgres({ url: postgresUrl, schema: other.name });
    await db.keyValues.set("apart", bytes);
    expect(await stores.keyValues.get("apart")).toBeUndefined();
    const tables = await other.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = current_schema()",
    );
    expect(tables.length).toBeGreaterThan(15);
    expect(tables.every(({ name }) => name.startsWith("modelwright_"))).toBe(true);
  });

  it("uses the connection's search_path when no schema is named, and makes none", async () => {
    await using other = await freshPostgresSchema();
    await other.query(`create schema ${other.name}`);
    const pool = new Pool({ connectionString: postgresUrl, options: `-c search_path=${other.name}` });
    {
      await using stores = postgres({ pool });
      expect((await stores.registry.insertVersion(draft("one"), stamp())).version).toBe(1);
    }
    expect(await other.query("select name from modelwright_models")).toEqual([{ name: "fraud" }]);
    await pool.end();
  });

  it("borrows a pool: it does not end it, and leaves nothing on its connections", async () => {
    await using other = await freshPostgresSchema();
    const pool = new Pool({
      connectionString: postgresUrl,
      max: 1,
      types: { getTypeParser: () => () => "the host's own" },
    });
    const settings = async () => {
      const client = await pool.connect();
      const names = ["search_path", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_isolation", "jit"];
      const rows = await Promise.all(
        names.map((name) => client.query<Record<string, string>>({ text: `show ${name}`, types: textual })),
      );
      const listeners = client.listenerCount("error");
      client.release();
      return [rows.map((result) => result.rows[0]), listeners];
    };
    const textual = { getTypeParser: () => (text: string) => text };
    const before = await settings();
    {
      await using stores = postgres({ pool, schema: other.name });
      const { version, createdAt } = await stores.registry.insertVersion(draft("one"), stamp(5));
      expect([version, createdAt]).toEqual([1, 5]);
      const revision = await stores.keyValues.set("k", bytes);
      expect(await stores.keyValues.get("k")).toEqual({ key: "k", value: bytes, revision });
    }
    expect(await settings()).toEqual(before);
    await pool.end();
  });

  it("reads bytes in either form that the server may write them in", async () => {
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    await db.keyValues.set("bytes", value);
    const pool = new Pool({ connectionString: postgresUrl, options: "-c bytea_output=escape" });
    {
      await using escaped = postgres({ pool, schema: schema.name });
      expect((await escaped.keyValues.get("bytes"))?.value).toEqual(value);
      await escaped.keyValues.set("bytes", new Uint8Array());
    }
    expect((await db.keyValues.get("bytes"))?.value).toEqual(new Uint8Array());
    await pool.end();
  });

  it("works without statements that stay prepared", async () => {
    const pool = new Pool({ connectionString: postgresUrl, max: 1 });
    {
      await using stores = postgres({ pool, schema: schema.name, prepare: false });
      await stores.keyValues.set("unprepared", bytes);
      expect((await stores.keyValues.get("unprepared"))?.value).toEqual(bytes);
    }
    const { rows } = await pool.query("select name from pg_prepared_statements");
    expect(rows).toEqual([]);
    await pool.end();
  });

  it("is migrated once when 4 processes open a fresh schema at once, and lets each of them end", async () => {
    await using other = await freshPostgresSchema();
    const fixture = fileURLToPath(new URL("./fixtures/use-server.ts", import.meta.url));
    const args = [fixture, "postgres", postgresUrl, other.name];
    const runs = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, args, { timeout: 20_000 }));
    const revisions = (await Promise.all(runs)).map(({ stdout }) => Number(stdout));
    expect(new Set(revisions).size).toBe(4);
    expect(await other.query("select name from modelwright_migrations")).toEqual(migrations.map(({ name }) => ({ name })));
  }, 60_000);

  it("refuses, and leaves alone, a schema that a newer release has written", async () => {
    await using other = await freshPostgresSchema();
    await postgres({ url: postgresUrl, schema: other.name }).keyValues.get("made");
    await other.query("insert into modelwright_migrations values ('9999-future', 'sha256:00', 1)");
    await using stores = postgres({ url: postgresUrl, schema: other.name });
    expect((await failure(() => stores.keyValues.get("k"))).code).toBe("STORE_SCHEMA");
  });

  it("does not half apply a step that fails", async () => {
    await using other = await freshPostgresSchema();
    await other.query(`create schema ${other.name}; create table modelwright_online (other text)`);
    await using stores = postgres({ url: postgresUrl, schema: other.name });
    expect((await failure(() => stores.keyValues.get("k"))).code).toBe("STORE_FAILED");
    expect(await other.query("select tablename from pg_tables where schemaname = current_schema()")).toHaveLength(1);
    await other.query("drop table modelwright_online");
    expect(await stores.keyValues.get("k")).toBeUndefined();
  });

  it("needs no right to make anything where everything is made", async () => {
    const role = `${schema.name}_reader`;
    await db.keyValues.get("made");
    await schema.query(`create role ${role} login; grant usage on schema ${schema.name} to ${role}`);
    await schema.query(`grant select, insert, update, delete on all tables in schema ${schema.name} to ${role}`);
    const asRole = new URL(url);
    asRole.username = role;
    const { length } = await schema.query("select 1 from modelwright_audit");
    {
      await using stores = postgres({ url: asRole.href, schema: schema.name });
      await stores.keyValues.set("by another role", bytes);
      await stores.registry.insertVersion(draft("by another role", { name: "other" }), stamp());
    }
    expect(await schema.query("select 1 from modelwright_audit")).toHaveLength(length + 1);
    await schema.query(`drop owned by ${role}; drop role ${role}`);
  });

  it("lets nobody change or empty the audit log", async () => {
    await db.registry.insertVersion(draft("audited", { name: "audited" }), stamp());
    for (const sql of [
      "update modelwright_audit set actor = 'eve'",
      "delete from modelwright_audit",
      "truncate modelwright_audit",
    ]) {
      await expect(schema.query(sql)).rejects.toThrow("can only be added to");
    }
  });

  it("fails as retryable when its connection is ended within a call, changes nothing, and goes on", async () => {
    await db.keyValues.set("lost", bytes);
    await using holder = await schema.session();
    await holder.query("begin; select 1 from modelwright_key_values for update");
    const setting = failure(() => db.keyValues.set("lost", new Uint8Array([8])));
    await schema.query("select pg_terminate_backend($1)", [await blocked(schema, "%modelwright_key_values%for update%")]);
    const error = await setting;
    expect([error.code, error.retryable]).toEqual(["STORE_FAILED", true]);
    expect(error.cause).toMatchObject({ code: "57P01" });
    await holder.query("commit");
    expect((await db.keyValues.get("lost"))?.value).toEqual(bytes);
  });

  it("replaces connections that were ended while they were idle", async () => {
    const pool = new Pool({ connectionString: postgresUrl, max: 1, application_name: schema.name });
    pool.on("error", () => {});
    await using stores = postgres({ pool, schema: schema.name });
    await stores.keyValues.set("idle", bytes);
    const ended = new Promise((resolve) => pool.once("remove", resolve));
    await schema.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [schema.name]);
    await ended;
    expect((await stores.keyValues.get("idle"))?.value).toEqual(bytes);
    await pool.end();
  });

  it("says that nobody knows whether it was committed when the connection is ended during the commit", async () => {
    await db.keyValues.get("made");
    await schema.query(`create function wait_for_test() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(4711); return null; end';
create constraint trigger slow_commit after insert on modelwright_key_values deferrable initially deferred for each row execute function ${schema.name}.wait_for_test()`);
    await using holder = await schema.session();
    await holder.query("select pg_advisory_lock(4711)");
    const setting = failure(() => db.keyValues.set("uncertain", bytes));
    await schema.query("select pg_terminate_backend($1)", [await blocked(schema, "commit")]);
    const error = await setting;
    expect([error.code, error.retryable]).toEqual(["STORE_FAILED", false]);
    expect(error.message).toContain("whether it was is not known");
    await holder.query("select pg_advisory_unlock(4711)");
    await schema.query("drop trigger slow_commit on modelwright_key_values");
    expect(await db.keyValues.get("uncertain")).toBeUndefined();
  });

  it("runs a transaction again that was chosen to end a deadlock", async () => {
    const row = (key: string) => ({ view: "v", key, eventAtUs: 1, createdAtUs: 1, values: { by: "store" } });
    await db.online.writeMany([row("a"), row("b")]);
    await using holder = await schema.session();
    await holder.query("begin; set local deadlock_timeout = '60s'; select 1 from modelwright_online where key = 'b' for update");
    const writing = db.online.writeMany([row("a"), row("b"), row("c")]);
    await blocked(schema, "insert into%modelwright_online%");
    // Waits for the store, which waits for this one: the store's transaction is the one that is undone.
    await holder.query("select 1 from modelwright_online where key = 'a' for update");
    await holder.query("commit");
    await writing;
    expect((await db.online.readMany([{ view: "v", key: "c" }]))[0]?.values).toEqual({ by: "store" });
  }, 20_000);

  it("gives 20 concurrent writes of a new key 20 revisions", async () => {
    const revisions = await Promise.all(Array.from({ length: 20 }, (_, i) => db.keyValues.set("busy", new Uint8Array([i]))));
    expect(new Set(revisions).size).toBe(20);
    expect((await db.keyValues.get("busy"))?.revision).toBe(Math.max(...revisions));
    const taken = Array.from({ length: 5 }, () => db.keyValues.set("once", bytes, { ifRevision: 0 }));
    expect((await Promise.allSettled(taken)).filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("keeps to the caller's time and signal while it waits for a connection", async () => {
    await using stores = postgres({ url, schema: schema.name, maxConnections: 1 });
    await stores.keyValues.set("held", bytes);
    await using holder = await schema.session();
    await holder.query("begin; select 1 from modelwright_key_values for update");
    const holding = stores.keyValues.set("held", bytes);
    await blocked(schema, "%modelwright_key_values%for update%");
    expect((await failure(() => stores.keyValues.get("held", { timeoutMs: 20 }))).code).toBe("DEADLINE_EXCEEDED");
    const controller = new AbortController();
    const aborted = stores.keyValues.set("held", new Uint8Array([9]), { signal: controller.signal });
    controller.abort(new RangeError("stop"));
    await expect(aborted).rejects.toThrow("stop");
    await holder.query("commit");
    await holding;
    expect((await stores.keyValues.get("held"))?.value).toEqual(bytes);
  });

  it("does not wait for a free connection for longer than it may", async () => {
    await using stores = postgres({ url, schema: schema.name, maxConnections: 1, connectTimeoutMs: 50 });
    await stores.keyValues.set("held", bytes);
    await using holder = await schema.session();
    await holder.query("begin; select 1 from modelwright_key_values for update");
    const holding = stores.keyValues.set("held", bytes);
    await blocked(schema, "%modelwright_key_values%for update%");
    const error = await failure(() => stores.keyValues.get("held"));
    expect([error.code, error.retryable]).toEqual(["STORE_FAILED", true]);
    await holder.query("commit");
    await holding;
  });

  it("lets running calls finish before it closes, and refuses later ones", async () => {
    const stores = postgres({ url, schema: schema.name });
    const setting = Array.from({ length: 5 }, (_, i) => stores.keyValues.set(`closing ${i}`, bytes));
    await Promise.all([stores.close(), stores.close()]);
    expect(await Promise.all(setting)).toHaveLength(5);
    expect((await failure(() => stores.keyValues.get("k"))).code).toBe("CLOSED");
  });

  it("refuses keys that it could not index", async () => {
    const row = { view: "v", eventAtUs: 1, createdAtUs: 1, values: {} };
    expect((await failure(() => db.online.writeMany([{ ...row, key: "é".repeat(1025) }]))).code).toBe("INPUT_INVALID");
    expect((await failure(() => db.online.writeMany([{ ...row, view: "v".repeat(501), key: "k" }]))).code).toBe("INPUT_INVALID");
    expect((await failure(() => db.keyValues.set("k".repeat(2049), bytes))).code).toBe("INPUT_INVALID");
    // Random, since PostgreSQL compresses the entries of an index.
    const long = Array.from({ length: 2048 }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join("");
    await db.keyValues.set(long, bytes);
    await db.online.writeMany([{ ...row, view: "v".repeat(500), key: long }]);
    expect((await db.online.readMany([{ view: "v".repeat(500), key: long }]))[0]?.key).toBe(long);
    expect(await db.keyValues.get("k".repeat(5000))).toBeUndefined();
  });

  it("says that it cannot hold a NUL character, and goes on", async () => {
    const nul = { ...stamp(), reason: "a\u0000b" };
    const error = await failure(() => db.registry.insertVersion(draft("nul", { name: "nul" }), nul));
    expect([error.code, error.message]).toEqual(["INPUT_INVALID", expect.stringContaining("NUL")]);
    expect(await db.registry.findModel("nul")).toBeUndefined();
    // As JSON, it is an escape.
    const described = await db.registry.insertVersion(draft("nul", { name: "nul", description: "a\u0000b" }), stamp());
    expect((await db.registry.findVersion({ name: "nul", version: 1 }))?.description).toBe(described.description);
  });

  it("is not disturbed by a client of the host in another transaction", async () => {
    const client = new Client({ connectionString: postgresUrl });
    await client.connect();
    await client.query(`begin isolation level serializable; select 1 from ${schema.name}.modelwright_models`);
    expect((await db.registry.insertVersion(draft("beside", { name: "beside" }), stamp())).version).toBe(1);
    await client.query("commit");
    await client.end();
  });
});
