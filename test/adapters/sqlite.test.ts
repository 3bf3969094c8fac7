import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SqliteStores, sqlite } from "../../src/adapters/sqlite/index.ts";
import { migrations } from "../../src/adapters/sqlite/migrations.ts";
import { failure } from "./fixtures/failure.ts";
import { draft, stamp } from "./fixtures/registry-draft.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-sqlite-"));
  path = join(folder, "models.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs SQL on the file beside the stores. */
function beside(sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

/** The steps of this release. */
const known = migrations.map(({ name }) => name).join(", ");

const ask = (db: SqliteStores) => db.registry.searchModels({ limit: 10 });

describe("sqlite", () => {
  it("refuses bad options and lists them all", () => {
    expect(() => sqlite({ path: "", busyTimeoutMs: -1 })).toThrow(/path.*busyTimeoutMs/);
    expect(() => sqlite({ path: "x", timeout: 5 } as never)).toThrow(/timeout/);
  });

  it("does not touch the file before it is used, nor when it is closed unused", async () => {
    await sqlite({ path }).close();
    expect(() => readFileSync(path)).toThrow("ENOENT");
  });

  it("keeps everything in the file when it is closed", async () => {
    {
      await using db = sqlite({ path });
      await db.registry.insertVersion(draft("one"), stamp());
      await db.online.writeMany([{ view: "spend", key: "u1", eventAtUs: 1, createdAtUs: 1, values: { avg: 2 } }]);
      await db.keyValues.set("k", new Uint8Array([7]));
    }
    await using db = sqlite({ path });
    expect((await db.registry.findVersion({ name: "fraud", version: 1 }))?.id).toBe("one");
    expect((await db.online.readMany([{ view: "spend", key: "u1" }]))[0]?.values).toEqual({ avg: 2 });
    expect((await db.keyValues.get("k"))?.value).toEqual(new Uint8Array([7]));
    expect(db.registry.capabilities).toEqual({ durable: true, shared: true });
  });

  it("gives each in-memory database its own data", async () => {
    await using a = sqlite({ path: ":memory:" });
    await using b = sqlite({ path: ":memory:" });
    await a.registry.insertVersion(draft("one"), stamp());
    expect((await ask(b)).items).toEqual([]);
    expect(a.registry.capabilities).toEqual({ durable: false, shared: false });
  });

  it("says which file could not be opened, and opens it when it can be", async () => {
    const missing = join(folder, "later", "models.db");
    await using db = sqlite({ path: missing });
    const error = await failure(() => ask(db));
    expect(error.code).toBe("STORE_FAILED");
    expect(error.message).toContain(missing);
    expect(error.details).toEqual({ store: `sqlite ${missing}`, operation: "open" });
    expect(error.cause).toMatchObject({ code: "ERR_SQLITE_ERROR" });
    mkdirSync(join(folder, "later"));
    expect((await ask(db)).items).toEqual([]);
  });

  it("says that a folder is no database", async () => {
    await using db = sqlite({ path: folder });
    const error = await failure(() => ask(db));
    expect([error.code, error.retryable]).toEqual(["STORE_FAILED", false]);
  });

  it("does not make a removed file again when it reads", async () => {
    await using db = sqlite({ path });
    await db.registry.insertVersion(draft("one"), stamp());
    rmSync(path);
    expect((await failure(() => ask(db))).message).toContain("unable to open database file");
    expect(existsSync(path)).toBe(false);
  });

  it("copies a Buffer, whose own slice is a view", async () => {
    await using db = sqlite({ path });
    const value = Buffer.from([1, 2]);
    const setting = db.keyValues.set("k", value);
    value.fill(9);
    await setting;
    expect((await db.keyValues.get("k"))?.value).toEqual(new Uint8Array([1, 2]));
  });

  it("leaves a file alone that is no database", async () => {
    const content = "this is not a database, ".repeat(100);
    writeFileSync(path, content);
    await using db = sqlite({ path });
    expect((await failure(() => ask(db))).code).toBe("STORE_FAILED");
    expect(readFileSync(path, "utf8")).toBe(content);
  });

  it("shares a database with tables of the host", async () => {
    beside("create table customers (id integer primary key); insert into customers values (5)");
    {
      await using db = sqlite({ path });
      await db.registry.insertVersion(draft("one"), stamp());
    }
    const host = new DatabaseSync(path);
    expect(host.prepare("select id from customers").get()).toEqual({ id: 5 });
    host.close();
  });

  it("closes the database once, and every store with it", async () => {
    const db = sqlite({ path });
    await ask(db);
    await Promise.all([db.close(), db.close(), db[Symbol.asyncDispose]()]);
    for (const call of [
      () => ask(db),
      () => db.online.readMany([]),
      () => db.keyValues.get("k"),
      () => db.keyValues.list("")[Symbol.asyncIterator]().next(),
    ]) {
      expect((await failure(call)).code).toBe("CLOSED");
    }
    // Only a closed database has given its log back.
    expect(() => readFileSync(`${path}-wal`)).toThrow("ENOENT");
  });

  it("keeps the other stores open when one is disposed", async () => {
    await using db = sqlite({ path });
    await db.online[Symbol.asyncDispose]();
    expect((await failure(() => db.online.readMany([]))).code).toBe("CLOSED");
    expect((await ask(db)).items).toEqual([]);
  });

  it("lets running calls finish before it closes", async () => {
    const db = sqlite({ path });
    const inserting = Array.from({ length: 5 }, (_, i) => db.registry.insertVersion(draft(`id${i}`), stamp()));
    await db.close();
    expect((await Promise.all(inserting)).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
  });

  it("writes its log ahead of the database, so that readers do not wait", async () => {
    await using db = sqlite({ path });
    await ask(db);
    const other = new DatabaseSync(path);
    expect(other.prepare("pragma journal_mode").get()).toEqual({ journal_mode: "wal" });
    other.close();
  });

  it("undoes a transaction that is aborted before its end", async () => {
    await using db = sqlite({ path });
    await ask(db);
    const controller = new AbortController();
    const inserting = db.registry.insertVersion(draft("one"), stamp(), { signal: controller.signal });
    controller.abort(new RangeError("stop"));
    await expect(inserting).rejects.toThrow("stop");
    expect((await ask(db)).items).toEqual([]);
    expect((await db.registry.insertVersion(draft("two"), stamp())).version).toBe(1);
  });

  it("holds a failed call back from nothing else", async () => {
    await using db = sqlite({ path });
    await ask(db);
    beside("create trigger refuse before insert on modelwright_versions begin select raise(abort, 'the disk says no'); end");
    const error = await failure(() => db.registry.insertVersion(draft("one"), stamp()));
    expect(error.code).toBe("STORE_FAILED");
    expect(error.message).toContain("the disk says no");
    expect(error.retryable).toBe(false);
    beside("drop trigger refuse");
    expect(await db.registry.findModel("fraud")).toBeUndefined();
    expect((await db.registry.insertVersion(draft("one"), stamp())).version).toBe(1);
  });

  it("refuses keys that SQL text cannot hold", async () => {
    await using db = sqlite({ path });
    const row = { view: "spend", eventAtUs: 1, createdAtUs: 1, values: {} };
    expect((await failure(() => db.online.writeMany([{ ...row, key: "a\u0000b" }]))).code).toBe("INPUT_INVALID");
    expect((await failure(() => db.online.writeMany([{ ...row, key: "\ud800" }]))).code).toBe("INPUT_INVALID");
    await db.keyValues.set("a\u0000b", new Uint8Array([1]));
    const keys = [];
    for await (const { key } of db.keyValues.list("a")) keys.push(key);
    expect(keys).toEqual(["a\u0000b"]);
  });
});

describe("a database that is locked", () => {
  it("is waited for while the event loop turns and reads go on", async () => {
    await using db = sqlite({ path });
    await ask(db);
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    let done = false;
    const inserting = db.registry.insertVersion(draft("one"), stamp()).then(() => {
      done = true;
    });
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    expect(
      await ask(db).then(
        () => "still locked",
        () => "failed",
      ),
    ).toBe("still locked");
    other.exec("commit");
    await inserting;
    other.close();
    expect(done).toBe(true);
  });

  it("can be opened and read while another connection is writing", async () => {
    {
      await using db = sqlite({ path });
      await db.registry.insertVersion(draft("one"), stamp());
    }
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    await using db = sqlite({ path, busyTimeoutMs: 0 });
    expect((await ask(db)).items.map(({ name }) => name)).toEqual(["fraud"]);
    other.close();
  });

  it("fails as retryable after the limit", async () => {
    await using db = sqlite({ path, busyTimeoutMs: 30 });
    await ask(db);
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    const error = await failure(() => db.registry.insertVersion(draft("one"), stamp()));
    expect([error.code, error.retryable]).toEqual(["STORE_FAILED", true]);
    expect(error.message).toContain("locked");
    other.close();
    expect((await db.registry.insertVersion(draft("one"), stamp())).version).toBe(1);
  });

  it("is shared by several stores of one process", async () => {
    const stores = Array.from({ length: 4 }, () => sqlite({ path }));
    const inserted = await Promise.all(
      stores.flatMap((db, i) => Array.from({ length: 5 }, (_, j) => db.registry.insertVersion(draft(`${i}-${j}`), stamp()))),
    );
    expect(inserted.map(({ version }) => version).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await Promise.all(stores.map((db) => db.close()));
  });
});

describe("a schema of another release", () => {
  async function made(): Promise<void> {
    await using db = sqlite({ path });
    await db.registry.insertVersion(draft("one"), stamp());
  }

  it("is refused, and left alone, when it is newer", async () => {
    await made();
    beside("insert into modelwright_migrations values ('9999-future', 'sha256:00', 1)");
    const before = readFileSync(path);
    const db = sqlite({ path });
    const error = await failure(() => ask(db));
    await db.close();
    expect(error.code).toBe("STORE_SCHEMA");
    expect(error.details).toEqual({ store: `sqlite ${path}`, found: `${known}, 9999-future`, known });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("is refused when a step reads differently", async () => {
    await made();
    beside("update modelwright_migrations set checksum = 'sha256:00'");
    await using db = sqlite({ path });
    expect((await failure(() => ask(db))).message).toContain("0001-first (sha256:00)");
  });

  it("is not half applied when a step fails", async () => {
    beside("create table modelwright_online (other text)");
    {
      await using db = sqlite({ path });
      expect((await failure(() => ask(db))).code).toBe("STORE_FAILED");
    }
    beside("drop table modelwright_online");
    await using db = sqlite({ path });
    expect((await ask(db)).items).toEqual([]);
  });

  it("is made once when 4 processes open a fresh file at once", async () => {
    const fixture = fileURLToPath(new URL("./fixtures/open-sqlite.ts", import.meta.url));
    const runs = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, [fixture, path]));
    const versions = (await Promise.all(runs)).map(({ stdout }) => Number(stdout));
    expect(versions.sort()).toEqual([1, 2, 3, 4]);
    const db = new DatabaseSync(path);
    expect(db.prepare("select count(*) as steps from modelwright_migrations").get()).toEqual({ steps: migrations.length });
    db.close();
  }, 60_000);
});
