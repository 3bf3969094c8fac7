import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onnxWeb } from "../../src/adapters/onnx-web/index.ts";
import { executionProviderConformance } from "../../src/testing/conformance/execution-provider.ts";
import { requirement } from "../requirement.ts";
import type { Page } from "./fixtures/page.ts";

const executablePath = "/usr/bin/chromium";
const inChromium = await requirement("Chromium", () => (existsSync(executablePath) ? undefined : `${executablePath} is missing`));

const types: Readonly<Record<string, string>> = {
  ".mjs": "text/javascript",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** Serves a page with the bundle, and the engine's files under `/ort/`. */
async function serve(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [new URL("fixtures/page.ts", import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2023",
  });
  const files = new Map<string, () => Promise<Uint8Array>>([
    ["/", async () => new TextEncoder().encode('<!doctype html><script type="module" src="/page.js"></script>')],
    ["/page.js", async () => outputFiles[0]!.contents],
  ]);
  const server = createServer(async ({ url = "/" }, response) => {
    const [, name] = /^\/ort\/([\w.-]+)$/.exec(url) ?? [];
    const engineFile = new URL(`../../node_modules/onnxruntime-web/dist/${name}`, import.meta.url);
    const read = name === undefined ? files.get(url) : () => readFile(engineFile);
    const content = await read?.().catch(() => undefined);
    response.writeHead(content === undefined ? 404 : 200, { "content-type": types[extname(url)] ?? "text/html; charset=utf-8" });
    response.end(content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

inChromium("onnxWeb in Chromium", () => {
  let server: Server;
  let browser: Browser;
  let tab: Tab;
  let origin: string;
  let hasWebGpu: boolean;
  const requests: string[] = [];

  async function visit(page: Tab): Promise<Tab> {
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(origin);
    await page.waitForFunction(() => "page" in globalThis);
    return page;
  }

  /** Calls what the page offers. */
  function callIn<K extends keyof Page>(page: Tab, name: K, ...args: Parameters<Page[K]>): Promise<Awaited<ReturnType<Page[K]>>> {
    return page.evaluate(
      ([method, list]) =>
        (globalThis as unknown as { page: Record<string, (...args: unknown[]) => never> }).page[method]!(...list),
      [name, args] as const,
    );
  }

  beforeAll(async () => {
    server = await serve();
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const quiet = [
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ];
    // SwiftShader is WebGPU on the processor, the same on every machine.
    const webGpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...quiet, ...webGpu] });
    tab = await visit(await browser.newPage());
    hasWebGpu = await callIn(tab, "hasWebGpu");
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  for (const device of ["wasm", "webgpu"] as const) {
    describe(`with ${device}`, () => {
      /** Skips where there is no WebGPU; not on CI, which must see it. */
      const needDevice = (skip: (condition: boolean, reason: string) => void) =>
        skip(device === "webgpu" && !hasWebGpu && !process.env["CI"], "Chromium has no WebGPU here");
      const inPage = (name: string) =>
        it(name, { timeout: 60_000 }, async ({ skip }) => {
          needDevice(skip);
          expect(await callIn(tab, "conformance", device, name)).toBeUndefined();
        });
      // The names come from the suite here, the bodies run in the page.
      executionProviderConformance({ describe, it: Object.assign(inPage, { skip: it.skip }) }, () => onnxWeb());

      it("predicts rows in a session", { timeout: 60_000 }, async ({ skip }) => {
        needDevice(skip);
        const rows = [
          { age: 2, income: 0.25 },
          { age: 0, income: 0 },
        ];
        const { probabilities, ...rest } = await callIn(tab, "predict", device, rows);
        expect(rest).toEqual({ provider: `onnxruntime-web/${device}`, fallbacks: [] });
        const expected = rows.map(({ age, income }) => expect.closeTo(1 / (1 + Math.exp(-(0.5 * age - 2 * income + 1))), 5));
        expect(probabilities).toEqual(expected);
      });
    });
  }

  it("falls back to WebAssembly in a browser without WebGPU, and says why", async () => {
    const plain = await browser.newPage();
    await plain.addInitScript(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
    const { probabilities, ...rest } = await callIn(await visit(plain), "predict", "webgpu", [{ age: 0, income: 0.5 }]);
    expect(rest).toEqual({
      provider: "onnxruntime-web/wasm",
      fallbacks: [{ provider: "onnxruntime-web/webgpu", reason: expect.stringMatching(/webgpu/i) }],
    });
    expect(probabilities).toEqual([0.5]);
  });

  it("asks for wasmPaths, and fetches the engine from nowhere else", async () => {
    expect(await callIn(tab, "withoutPaths")).toBe("CONFIG_INVALID");
    expect(requests.some((url) => url.startsWith(`${origin}/ort/`))).toBe(true);
    expect(requests.filter((url) => !url.startsWith(origin) && !url.startsWith("blob:"))).toEqual([]);
  });
});
