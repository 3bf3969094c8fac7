import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { requirement } from "../requirement.ts";
import type { RegistryPage } from "./fixtures/registry-page.ts";

const executablePath = "/usr/bin/chromium";
const inChromium = await requirement("Chromium", () => (existsSync(executablePath) ? undefined : `${executablePath} is missing`));

inChromium("ModelRegistry in Chromium", () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  const call = <K extends keyof RegistryPage>(name: K, ...args: Parameters<RegistryPage[K]>): Promise<unknown> =>
    page.evaluate(
      ([method, list]) =>
        (globalThis as unknown as { page: Record<string, (...args: unknown[]) => unknown> }).page[method]!(...list),
      [name, args] as const,
    );

  beforeAll(async () => {
    const entry = new URL("fixtures/registry-page.ts", import.meta.url).pathname;
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: "esm", platform: "browser" });
    server = createServer(({ url }, response) => {
      const script = url === "/page.js";
      response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" });
      response.end(script ? outputFiles[0]!.contents : '<!doctype html><script type="module" src="/page.js"></script>');
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-sync", ...quiet] });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await page.waitForFunction(() => "page" in globalThis);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it.each(["Ed25519", "ECDSA"] as const)(
    "registers a stream, signs it with %s, and loads what a trusted key has signed",
    async (algorithm) => {
      expect(await call("signAndLoad", algorithm)).toEqual([[{ name: "features", type: "float32", dims: ["batch", 1] }], true]);
    },
  );

  it.each(["Ed25519", "ECDSA"] as const)("refuses what another %s key has signed", async (algorithm) => {
    expect(await call("loadFromStranger", algorithm)).toMatchObject({ code: "MODEL_SIGNATURE_INVALID" });
  });

  it("notices a changed byte, unless it is told not to look", async () => {
    const [verified, expected, unverified] = (await call("loadDamaged")) as [{ code: string; details: object }, string, unknown];
    expect(verified).toMatchObject({
      code: "MODEL_DIGEST_MISMATCH",
      details: { ref: "line@1", path: "model.onnx", expected, actual: expect.stringMatching(/^sha256:/) },
    });
    expect(unverified).toBe("no error");
  });
});
