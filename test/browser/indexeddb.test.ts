import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { type BrowserContext, chromium, type Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { indexedDb } from "../../src/adapters/indexeddb/index.ts";
import { blobStoreConformance } from "../../src/testing/conformance/blob-store.ts";
import { requirement } from "../requirement.ts";
import type { IndexedDbPage } from "./fixtures/indexeddb-page.ts";

const executablePath = "/usr/bin/chromium";
const inChromium = await requirement("Chromium", () => (existsSync(executablePath) ? undefined : `${executablePath} is missing`));

const MIB = 1 << 20;
const options = { timeout: 60_000 };

/** Serves a page with the bundle. */
async function serve(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [new URL("fixtures/indexeddb-page.ts", import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2023",
  });
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.writeHead(url === "/" || isScript ? 200 : 404, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? outputFiles[0]!.contents : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

inChromium("indexedDb in Chromium", () => {
  let server: Server;
  let profile: string;
  let browser: BrowserContext;
  let tab: Tab;
  let databases = 0;
  const fresh = () => `database-${++databases}`;
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function launch(): Promise<BrowserContext> {
    const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
    return chromium.launchPersistentContext(profile, { executablePath, args: ["--no-sandbox", "--disable-sync", ...quiet] });
  }

  async function visit(page?: Tab, url = origin()): Promise<Tab> {
    page ??= await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => "page" in globalThis);
    return page;
  }

  /** Calls what the page offers. */
  function callIn<K extends keyof IndexedDbPage>(
    page: Tab,
    name: K,
    ...args: Parameters<IndexedDbPage[K]>
  ): Promise<Awaited<ReturnType<IndexedDbPage[K]>>> {
    return page.evaluate(
      ([method, list]) =>
        (globalThis as unknown as { page: Record<string, (...args: unknown[]) => never> }).page[method]!(...list),
      [name, args] as const,
    );
  }

  beforeAll(async () => {
    server = await serve();
    profile = await mkdtemp(join(tmpdir(), "modelwright-chromium-"));
    browser = await launch();
    tab = await visit();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await rm(profile, { recursive: true, force: true });
  });

  // The names come from the suite here, the bodies run in the page.
  const inPage = (name: string) => it(name, options, async () => expect(await callIn(tab, "conformance", name)).toBeUndefined());
  const kit = { describe, it: Object.assign(inPage, { skip: it.skip }) };
  blobStoreConformance(kit, () => indexedDb(), { damage: async () => {} });

  it("keeps a large stream in chunks, which are all gone when it is deleted or replaced", options, async () => {
    const name = fresh();
    expect(await callIn(tab, "put", name, 12)).toMatchObject({ sizeBytes: 12 * MIB });
    expect(await callIn(tab, "counts", name)).toEqual({ blobs: 1, chunks: 12, uploads: 0 });
    expect(await callIn(tab, "has", name, 12)).toBe(true);
    await callIn(tab, "loseChunk", name);
    expect(await callIn(tab, "read", name, 12)).toMatchObject({
      code: "STORE_CORRUPT",
      message: expect.stringContaining("11 of 12 chunks"),
    });
    await callIn(tab, "put", name, 12);
    expect(await callIn(tab, "counts", name)).toEqual({ blobs: 1, chunks: 12, uploads: 0 });
  });

  it("keeps what was stored beyond the end of the browser", options, async () => {
    const name = fresh();
    await callIn(tab, "put", name, 3);
    await browser.close();
    browser = await launch();
    tab = await visit();
    expect(await callIn(tab, "has", name, 3)).toBe(true);
  });

  it("shares the database with other pages, which store the same content at once", options, async () => {
    const name = fresh();
    const other = await visit();
    const infos = await Promise.all([tab, other, tab, other].map((page) => callIn(page, "put", name, 5)));
    expect(infos).toEqual(Array(4).fill(infos[0]));
    expect(await callIn(other, "has", name, 5)).toBe(true);
    expect(await callIn(tab, "counts", name)).toEqual({ blobs: 1, chunks: 5, uploads: 0 });
    await other.close();
  });

  it("works in a worker", options, async () => {
    expect(await callIn(tab, "worker", fresh())).toBe(true);
  });

  it("shows nothing of a stream before its end", options, async () => {
    const name = fresh();
    await callIn(tab, "begin", name, 4);
    expect(await callIn(tab, "counts", name)).toEqual({ blobs: 0, chunks: 3, uploads: 1 });
    expect(await callIn(tab, "finish")).toMatchObject({ sizeBytes: 4 * MIB });
    expect(await callIn(tab, "counts", name)).toEqual({ blobs: 1, chunks: 4, uploads: 0 });
  });

  it("removes what a closed page has left, and not what another page is storing", options, async () => {
    const name = fresh();
    const closing = await visit();
    const storing = await visit();
    await callIn(closing, "begin", name, 6);
    await callIn(storing, "begin", name, 3);
    await closing.close();
    // The browser ends a page after it has closed it.
    await tab.waitForFunction(async () => (await navigator.locks.query()).held?.length === 1);
    expect(await callIn(tab, "counts", name)).toEqual({ blobs: 0, chunks: 5 + 2, uploads: 2 });
    expect(await callIn(tab, "put", name, 1)).toMatchObject({ sizeBytes: MIB });
    expect(await callIn(tab, "counts", name)).toEqual({ blobs: 1, chunks: 1 + 2, uploads: 1 });
    expect(await callIn(storing, "finish")).toMatchObject({ sizeBytes: 3 * MIB });
    expect(await callIn(tab, "has", name, 3)).toBe(true);
    await storing.close();
  });

  it("says what to do when the browser grants no more, and leaves nothing of what did not fit", options, async () => {
    const name = fresh();
    // An origin of its own: Chromium looks at the quota of a site in use every half minute only.
    const url = origin().replace("127.0.0.1", "quota.localhost");
    const page = await browser.newPage();
    const session = await browser.newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: url, quotaSize: 20 * MIB });
    await visit(page, url);
    expect(await callIn(page, "put", name, 2)).toMatchObject({ sizeBytes: 2 * MIB });
    expect(await callIn(page, "put", name, 60)).toEqual({
      code: "STORE_FAILED",
      message: `indexeddb:${name} failed to put: the browser grants this site no more storage; delete blobs, or ask the user for more with navigator.storage.persist()`,
      retryable: false,
    });
    expect(await callIn(page, "counts", name)).toEqual({ blobs: 1, chunks: 2, uploads: 0 });
    expect(await callIn(page, "has", name, 2)).toBe(true);
    await page.close();
  });

  it("lets others delete the database, and begins a new one", options, async () => {
    const name = fresh();
    await callIn(tab, "put", name, 2);
    const other = await visit();
    expect(await callIn(other, "drop", name)).toBe("deleted");
    expect(await callIn(tab, "read", name, 2)).toMatchObject({ code: "STORE_NOT_FOUND" });
    await callIn(tab, "put", name, 2);
    expect(await callIn(tab, "has", name, 2)).toBe(true);
    await other.close();
  });

  it("stores nothing of content whose database was deleted in the middle", options, async () => {
    const name = fresh();
    await callIn(tab, "begin", name, 4);
    expect(await callIn(tab, "drop", name)).toBe("deleted");
    expect(await callIn(tab, "finish")).toMatchObject({ code: "STORE_FAILED", retryable: true });
    expect(await callIn(tab, "counts", name)).toEqual({ blobs: 0, chunks: 0, uploads: 0 });
  });

  it.each([
    ["a later version", 99, "a newer version"],
    ["other object stores", 1, 'the object stores ["other"]'],
  ])("refuses a database of %s", options, async (_, version, found) => {
    const name = fresh();
    await callIn(tab, "occupy", name, version);
    expect(await callIn(tab, "put", name, 1)).toEqual({
      code: "STORE_SCHEMA",
      message: `indexeddb:${name} has ${found}, which this release does not know; choose another name or update modelwright`,
      retryable: false,
    });
  });
});

describe("indexedDb", () => {
  it("says that Node has no IndexedDB, when it is used and not before", async () => {
    await using store = indexedDb();
    await expect(store.put(new Uint8Array([1]))).rejects.toMatchObject({
      code: "UNSUPPORTED",
      details: { feature: "IndexedDB" },
    });
  });

  it.each([{ name: "" }, { name: 1 }, { names: "models" }])("refuses the options %j", (wrong) => {
    expect(() => indexedDb(wrong as never)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});
