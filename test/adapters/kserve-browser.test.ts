import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { type Browser, chromium, type Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requirement } from "../requirement.ts";
import { V2Server } from "./fixtures/v2-server.ts";
import type { V2Page } from "./fixtures/v2-server-page.ts";

const executablePath = "/usr/bin/chromium";
const inChromium = await requirement("Chromium", () => (existsSync(executablePath) ? undefined : `${executablePath} is missing`));

async function servePage(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [new URL("fixtures/v2-server-page.ts", import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2023",
  });
  const server = createServer(({ url = "/" }, response) => {
    const isScript = url === "/page.js";
    response.writeHead(url === "/" || isScript ? 200 : 404, { "content-type": isScript ? "text/javascript" : "text/html" });
    response.end(isScript ? outputFiles[0]!.contents : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

describe("kserve", () => {
  inChromium("in Chromium, on a server of another origin", () => {
    let server: V2Server;
    let pages: Server;
    let browser: Browser;
    let tab: Tab;

    beforeAll(async () => {
      server = await V2Server.start();
      server.cors = true;
      const values = [
        { name: "ids", datatype: "INT64", shape: [-1] },
        { name: "texts", datatype: "BYTES", shape: [-1] },
        { name: "values", datatype: "FP32", shape: [-1] },
      ];
      server.add("echo", { inputs: values, outputs: values, run: (inputs) => inputs });
      pages = await servePage();
      const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
      browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-sync", ...quiet] });
      tab = await browser.newPage();
      await tab.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}`);
      await tab.waitForFunction(() => "page" in globalThis);
    }, 60_000);

    afterAll(async () => {
      await browser?.close();
      pages?.close();
      await server?.[Symbol.asyncDispose]();
    });

    const callIn = <K extends keyof V2Page>(name: K, ...args: Parameters<V2Page[K]>): Promise<Awaited<ReturnType<V2Page[K]>>> =>
      tab.evaluate(
        ([method, list]) =>
          (globalThis as unknown as { page: Record<string, (...args: unknown[]) => never> }).page[method]!(...list),
        [name, args] as const,
      );

    it("asks for health", async () => {
      expect(await callIn("health", server.url)).toMatchObject({ live: true, ready: true, server: { name: "v2-fixture" } });
    });

    it.each([
      ["binary data", { tensors: "binary" }],
      ["JSON", { tensors: "json" }],
      ["compressed binary data", { tensors: "auto", compressAboveBytes: 100 }],
      ["compressed JSON", { tensors: "json", compressAboveBytes: 100, headers: { authorization: "Bearer token" } }],
    ] as const)("carries tensors as %s, whose answers the browser has compressed", async (_, options) => {
      const answer = await callIn("echo", { url: server.url, model: "echo", ...options });
      expect(answer).toBe('9223372036854775807,-1 ["","Grüße 世界"] true');
      const { headers } = (await server.received(/infer$/, 1)).at(-1)!;
      expect(headers["accept-encoding"]).toContain("gzip");
      expect(headers["content-encoding"]).toBe("compressAboveBytes" in options ? "gzip" : undefined);
    });

    it("tells errors as in Node, and cancels", async () => {
      const options = { url: server.url, model: "echo" };
      server.fail(/infer$/, () => ({ status: 400, headers: {}, body: Buffer.from('{"error":"not so"}') }));
      expect(await callIn("failure", options, false)).toMatch(/^MODEL_RUN_FAILED .*HTTP 400: not so$/);
      server.fail(/infer$/, () => ({ status: 307, headers: { location: "/v2" }, body: Buffer.alloc(0) }));
      expect(await callIn("failure", options, false)).toMatch(/^MODEL_UNAVAILABLE .*another place/);
      server.fail(/infer$/, () => undefined);
      expect(await callIn("failure", options, true)).toBe("TimeoutError");
      const request = server.requests.at(-1)!;
      while (!request.cancelled) await new Promise(setImmediate);
      server.cors = false;
      expect(await callIn("failure", { ...options, attempts: 1 }, false)).toMatch(/^MODEL_UNAVAILABLE .*Failed to fetch/);
    });
  });
});
