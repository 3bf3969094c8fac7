import { rm } from "node:fs/promises";
import type { Server } from "node:http";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { addModel } from "../../src/testing/tiny-models.ts";
import { launchChromium, withoutChromium } from "../browser/fixtures/page-server.ts";
import { requirement } from "../requirement.ts";

const inChromium = await requirement("Chromium", withoutChromium);

/** The example as it runs after a build, but on the sources. */
async function loadExample(): Promise<{ serve(port: number): Promise<{ url: string; server: Server }> }> {
  const source = new URL("../../examples/browser/serve.ts", import.meta.url);
  const outfile = new URL(`../../.tmp/example-page-${process.pid}.mjs`, import.meta.url);
  await build({
    entryPoints: [source.pathname],
    outfile: outfile.pathname,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["esbuild"],
    define: { "import.meta.url": JSON.stringify(source.href) },
  });
  try {
    return await import(outfile.href);
  } finally {
    await rm(outfile);
  }
}

inChromium("examples/browser", () => {
  let browser: Browser;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    const [chromium, example] = await Promise.all([launchChromium({ webGpu: true }), loadExample()]);
    browser = chromium;
    ({ url, server } = await example.serve(0));
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  it("loads a model, runs it, and shows the provider, the environment and the latency", { timeout: 60_000 }, async () => {
    const page = await browser.newPage({ viewport: { width: 900, height: 1200 } });
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(url);
    await page.fill("#runs", "30");
    await page.fill("#threads", "2");
    await page.click("#go");
    await page.waitForSelector("#result:not([hidden])", { timeout: 45_000 });
    const text = (selector: string) => page.textContent(selector);
    expect(await text("#provider")).toMatch(/^onnxruntime-web\/(?:webgpu|wasm)$/);
    expect(await text("#status")).toBe(`${url}models/demo.onnx: 30 runs of 32 rows.`);
    expect(await text("#p50")).toMatch(/^\d+(?:\.\d\d)? ms$/);
    expect(await text("#outputs")).toContain("probabilities: float32 [32, 10]");
    expect(await text("#environment")).toMatch(/WebGPU.*Threads(?:up to \d+|1: the machine has one core).*Shared memoryyes/);
    // A file of the user's own, on WebAssembly.
    await page.setInputFiles("#file", {
      name: "add.onnx",
      mimeType: "application/octet-stream",
      buffer: Buffer.from(addModel()),
    });
    await page.selectOption("#device", "wasm");
    await page.click("#go");
    await page.waitForFunction(() => document.getElementById("status")?.textContent?.startsWith("add.onnx"));
    expect(await text("#provider")).toBe("onnxruntime-web/wasm");
    expect(await text("#outputs")).toContain("sum: float32 [32, 2]");
    if (process.env["SCREENSHOT"]) await page.screenshot({ path: process.env["SCREENSHOT"], fullPage: true });
    expect(errors).toEqual([]);
    await page.close();
  });
});
