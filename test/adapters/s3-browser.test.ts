import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { type Browser, chromium, type Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryBlobs } from "../../src/adapters/memory/index.ts";
import { blobStoreConformance } from "../../src/testing/conformance/blob-store.ts";
import { requirement } from "../requirement.ts";
import type { S3Page } from "./fixtures/s3-page.ts";
import { type S3Server, startS3, withoutS3 } from "./fixtures/s3-server.ts";

const executablePath = "/usr/bin/chromium";
const inChromium = await requirement(
  "Chromium and OpenStack Swift",
  () => withoutS3() ?? (existsSync(executablePath) ? undefined : `${executablePath} is missing`),
);

/** Tests of what a browser does otherwise than Node: bodies, streams, signals. */
const ofTheBrowser = [
  "stores bytes under their SHA-256 digest",
  "stores an empty blob, given at once and as a stream without chunks",
  "stores megabytes that come in chunks of odd sizes",
  "lets a reader of a stream stop early and another one read",
  "rejects with the reason of a signal that has aborted already",
  "stops an iteration when its signal aborts",
  "lists every blob once",
];

/** Only these; all of the suite in test/soak, because every request goes through a proxy to a slow server. */
const isDue = (name: string) => process.env["S3_BROWSER"] === "all" || ofTheBrowser.includes(name);

/** Serves a page with the bundle, and the bucket under the same address, so that it needs no CORS rules. */
async function serve(endpoint: string): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [new URL("fixtures/s3-page.ts", import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2023",
  });
  const server = createServer((incoming, response) => {
    const { url = "/", method, headers } = incoming;
    if (url.startsWith("/models")) {
      // The headers as they are, that of the host among them: it is signed.
      const outgoing = request(`${endpoint}${url}`, { method, headers }, (answer) => {
        // Those of the other connection.
        const { connection: _, "transfer-encoding": __, ...rest } = answer.headers;
        response.writeHead(answer.statusCode!, rest);
        if (method === "HEAD") response.end();
        else answer.pipe(response);
      });
      // Swift's server writes the end of a body after the head of an answer to HEAD, which Node takes for an error.
      outgoing.on("error", () => response.headersSent || response.destroy());
      incoming.pipe(outgoing);
      return;
    }
    const isScript = url === "/page.js";
    response.writeHead(url === "/" || isScript ? 200 : 404, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? outputFiles[0]!.contents : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

inChromium("s3 in Chromium", () => {
  let swift: S3Server;
  let server: Server;
  let browser: Browser;
  let tab: Tab;

  beforeAll(async () => {
    swift = await startS3();
    server = await serve(swift.options.endpoint);
    const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-sync", ...quiet] });
    tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await tab.waitForFunction(() => "page" in globalThis);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await swift?.[Symbol.asyncDispose]();
  });

  const callIn = <K extends keyof S3Page>(name: K, ...args: Parameters<S3Page[K]>): Promise<Awaited<ReturnType<S3Page[K]>>> =>
    tab.evaluate(
      ([method, list]) =>
        (globalThis as unknown as { page: Record<string, (...args: unknown[]) => never> }).page[method]!(...list),
      [name, args] as const,
    );

  // The names come from the suite here, the bodies run in the page.
  const inPage = (name: string) => {
    if (isDue(name)) it(name, { timeout: 60_000 }, async () => expect(await callIn("conformance", name)).toBeUndefined());
  };
  blobStoreConformance({ describe, it: Object.assign(inPage, { skip: it.skip }) }, () => memoryBlobs());

  it("runs tests that the suite has", () => {
    const names: string[] = [];
    const kit = {
      describe: (_: string, body: () => void) => body(),
      it: Object.assign((name: string) => names.push(name), { skip: () => {} }),
    };
    blobStoreConformance(kit, () => memoryBlobs());
    expect(names).toEqual(expect.arrayContaining(ofTheBrowser));
  });

  it("stores and reads a stream of several parts", { timeout: 60_000 }, async () => {
    expect(await callIn("multipart")).toBe(true);
  });
});
