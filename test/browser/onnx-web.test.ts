import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onnxWeb } from "../../src/adapters/onnx-web/index.ts";
import { sha256 } from "../../src/core/digest.ts";
import { executionProviderConformance } from "../../src/testing/conformance/execution-provider.ts";
import { requirement } from "../requirement.ts";
import type { Page } from "./fixtures/page.ts";
import { callIn, engineFile, launchChromium, serveEngine, visit, withoutChromium } from "./fixtures/page-server.ts";

const inChromium = await requirement("Chromium", withoutChromium);
const weights = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

const reason = "the build for WebGPU has no ZipMap; the next test has a model without it";
const withoutZipMap = [
  { test: "answers the outputs named, and no other", reason },
  { test: "answers all outputs that are tensors when none is named", reason },
];

inChromium("onnxWeb in Chromium", () => {
  let servers: Awaited<ReturnType<typeof serveEngine>>;
  let browser: Browser;
  let tab: Tab;
  let isolated: Tab;
  let hasWebGpu: boolean;
  /** Whether the engine's files are served under another path, too. */
  let late = false;
  const requests: string[] = [];
  const call = <K extends keyof Page>(name: K, ...args: Parameters<Page[K]>) => callIn<Page, K>(tab, name, ...args);

  beforeAll(async () => {
    const entries = {
      page: "test/browser/fixtures/page.ts",
      "page-worker": "test/browser/fixtures/page-worker.ts",
      "onnx-web-worker": "src/adapters/onnx-web/onnx-web-worker.ts",
    };
    servers = await serveEngine(entries, (path) => {
      if (late && path.startsWith("/late/")) return engineFile(path.slice("/late/".length));
      return path === "/model.onnx" ? weights : undefined;
    });
    browser = await launchChromium({ webGpu: true });
    const open = async (origin: string) => visit(await browser.newPage(), origin, (url) => requests.push(url));
    [tab, isolated] = await Promise.all([open(servers.plain.origin), open(servers.isolated.origin)]);
    hasWebGpu = (await call("environment")).webgpu.available;
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    servers?.[Symbol.dispose]();
  });

  /** Skips where there is no WebGPU; not on CI, which must see it. */
  const needWebGpu = (skip: (condition: boolean, reason: string) => void) =>
    skip(!hasWebGpu && !process.env["CI"], "Chromium has no WebGPU here");

  for (const device of ["wasm", "webgpu"] as const) {
    describe(`with ${device}`, () => {
      const needDevice = (skip: (condition: boolean, reason: string) => void) => {
        if (device === "webgpu") needWebGpu(skip);
      };
      const inPage = (name: string) =>
        it(name, { timeout: 60_000 }, async ({ skip }) => {
          needDevice(skip);
          expect(await call("conformance", device, name)).toBeUndefined();
        });
      // The names come from the suite here, the bodies run in the page.
      const kit = { describe, it: Object.assign(inPage, { skip: it.skip }) };
      executionProviderConformance(kit, () => onnxWeb(), device === "webgpu" ? { skip: withoutZipMap } : {});

      it("answers the outputs named, or all of them", { timeout: 60_000 }, async ({ skip }) => {
        needDevice(skip);
        expect(await call("twoOutputs", device)).toEqual([{ less: [-1, 1] }, { more: [1, 3], less: [-1, 1] }]);
      });

      it("predicts rows in a session", { timeout: 60_000 }, async ({ skip }) => {
        needDevice(skip);
        const rows = [
          { age: 2, income: 0.25 },
          { age: 0, income: 0 },
        ];
        const { probabilities, ...rest } = await call("predict", device, rows);
        expect(rest).toEqual({ provider: `onnxruntime-web/${device}`, fallbacks: [] });
        const expected = rows.map(({ age, income }) => expect.closeTo(1 / (1 + Math.exp(-(0.5 * age - 2 * income + 1))), 5));
        expect(probabilities).toEqual(expected);
      });
    });
  }

  it("lets the page go on while a model works in the worker, and holds it up without one", async () => {
    const inWorker = await call("longRun", true);
    expect(inWorker).toMatchObject({ placement: "worker" });
    expect(inWorker.gapMs).toBeLessThan(inWorker.inferMs / 2);
    const inline = await call("longRun", false);
    expect(inline).toMatchObject({ placement: "inline" });
    expect(inline.gapMs).toBeGreaterThan(inline.inferMs * 0.9);
  });

  it("replaces a worker that froze, half a minute later: the call fails, the next one is answered", async () => {
    const { answers, waitedMs, workers } = await call("freeze", [1], 3);
    const details = { provider: "onnxruntime-web/wasm", reason: expect.stringContaining("frozen"), replaced: true };
    expect(answers).toEqual([[1, 1], expect.objectContaining({ code: "MODEL_EXECUTOR_LOST", details }), [3, 3]]);
    expect({ waitedMs, workers }).toEqual({ waitedMs: [0, 30_000, 0], workers: 2 });
  });

  it("repeats the run in another worker when the graphics device is lost", { timeout: 60_000 }, async ({ skip }) => {
    needWebGpu(skip);
    const { answers, workers } = await call("loseDevice", [1], 3);
    expect(answers).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(workers).toBe(2);
  });

  it("falls back to WebAssembly in a browser without WebGPU, and says why", { timeout: 60_000 }, async () => {
    const plain = await launchChromium({ webGpu: false });
    try {
      const page = await visit(await plain.newPage(), servers.plain.origin);
      const { webgpu } = await callIn<Page, "environment">(page, "environment");
      expect(webgpu).toEqual({ available: false, reason: expect.stringContaining("no adapter") });
      const { probabilities, ...rest } = await callIn<Page, "predict">(page, "predict", "webgpu", [{ age: 0, income: 0.5 }]);
      expect(rest).toEqual({
        provider: "onnxruntime-web/wasm",
        fallbacks: [{ provider: "onnxruntime-web/webgpu", reason: expect.stringMatching(/Failed to get GPU adapter/) }],
      });
      expect(probabilities).toEqual([0.5]);
    } finally {
      await plain.close();
    }
  });

  it("runs a model with trees on WebAssembly, and says why not on WebGPU", { timeout: 60_000 }, async ({ skip }) => {
    needWebGpu(skip);
    expect(await call("tree", "webgpu")).toEqual({
      values: [1, 2],
      fallbacks: [{ provider: "onnxruntime-web/webgpu", reason: expect.stringContaining("TreeEnsembleRegressor") }],
    });
  });

  it("goes on to WebAssembly with a model in float16 that the adapter cannot compute, and says why", { timeout: 60_000 }, async ({
    skip,
  }) => {
    needWebGpu(skip);
    const { words, fallbacks } = await call("half");
    expect(words).toEqual([0x4000, 0xbc00]);
    const reason = expect.stringMatching(/f16.*does not support/);
    expect(fallbacks).toEqual([{ provider: "onnxruntime-web/webgpu", reason }]);
  });

  it("says what to look at when the engine's files are not served, and finds them when they are later", {
    timeout: 60_000,
  }, async () => {
    const hint = expect.stringContaining("check that wasmPaths serves the engine's files, .mjs as text/javascript");
    expect(await call("wrongPaths", "/late/")).toMatchObject({ code: "MODEL_UNSUPPORTED", message: hint });
    late = true;
    expect(await call("wrongPaths", "/late/")).toBeUndefined();
  });

  it("uses two threads and shared memory on a page that is cross-origin isolated", async () => {
    const before = servers.isolated.requests("/ort/ort-wasm-simd-threaded.mjs");
    const { reason, ...rest } = await callIn<Page, "threads">(isolated, "threads", 2);
    expect(rest).toEqual({ sharedMemory: true, sum: [2, 4] });
    expect(reason).not.toContain("isolated");
    // Once by the engine's thread, once by the other thread.
    expect(servers.isolated.requests("/ort/ort-wasm-simd-threaded.mjs") - before).toBe(2);
  });

  it("says that it uses one thread, and why, on a page that is not", async () => {
    const { reason, ...rest } = await call("threads", 2);
    expect(rest).toEqual({ sharedMemory: false, sum: [2, 4] });
    expect(reason).toMatch(/one thread instead of 2, because the page is not cross-origin isolated/);
  });

  it("reports what the page can run models on", async () => {
    const [one, two] = [await call("environment"), await callIn<Page, "environment">(isolated, "environment")];
    expect(one).toMatchObject({ crossOriginIsolated: false, sharedMemory: false, threads: 1 });
    expect(one.threadsReason).toContain("Cross-Origin-Embedder-Policy");
    expect(two).toMatchObject({ crossOriginIsolated: true, sharedMemory: true, threads: expect.any(Number), webnn: false });
    if (hasWebGpu)
      expect(two.webgpu).toEqual({
        available: true,
        vendor: "google",
        architecture: "swiftshader",
        software: true,
        shaderF16: false,
      });
  });

  it("names the script of a worker that cannot be started", async () => {
    expect(await call("brokenWorker", "/absent.js")).toMatchObject({
      code: "MODEL_EXECUTOR_LOST",
      message: expect.stringContaining("onnx-web-worker.js"),
      details: { replaced: false },
    });
    expect(await call("brokenWorker", "https://elsewhere.invalid/w.js")).toMatchObject({
      code: "MODEL_EXECUTOR_LOST",
      message: expect.stringMatching(/cannot be accessed from origin/),
    });
  });

  it("downloads a model once, tells its progress, and downloads it again when the cached one is damaged", async () => {
    const digest = await sha256(weights);
    const url = "/model.onnx";
    const downloads = () => servers.plain.requests(url);
    const first = await call("download", url, digest);
    expect(first.size).toBe(weights.length);
    expect(first.steps.at(-1)).toEqual([weights.length, weights.length]);
    expect(downloads()).toBe(1);
    expect(await call("download", url, digest)).toEqual({ steps: [[weights.length, weights.length]], size: weights.length });
    expect(downloads()).toBe(1);
    expect(await call("damage", digest)).toBe(true);
    expect((await call("download", url, digest)).size).toBe(weights.length);
    expect(downloads()).toBe(2);
    await call("download", url, digest);
    expect(downloads()).toBe(2);
    await call("download", url);
    expect(downloads()).toBe(3);
  });

  it("asks for wasmPaths, and fetches from nowhere but the page's origin", async () => {
    expect(await call("withoutPaths")).toBe("CONFIG_INVALID");
    const origins = [servers.plain.origin, servers.isolated.origin, "https://elsewhere.invalid"];
    expect(servers.plain.requests("/ort/ort-wasm-simd-threaded.wasm")).toBeGreaterThan(0);
    expect(requests.filter((url) => !origins.some((origin) => url.startsWith(origin)) && !/^(?:blob|data):/.test(url))).toEqual(
      [],
    );
  });
});
