import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildOptions } from "esbuild";
import type { Browser } from "playwright-core";
import { build as packageBuild } from "tsup";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";
import webpack from "webpack";
import { entries } from "../../scripts/entries.ts";
import packageConfig from "../../tsup.config.ts";
import { engineFile, isolation, launchChromium, servePage, withoutChromium } from "../browser/fixtures/page-server.ts";
import { requirement } from "../requirement.ts";

const inChromium = await requirement("Chromium", withoutChromium);
const repository = new URL("../..", import.meta.url).pathname;

const script = `
import { InferenceSession } from "modelwright";
import { onnxWeb } from "modelwright/onnx-web";
import { logisticModel } from "modelwright/onnx-format";

const model = logisticModel({ columns: ["age", "income"], weights: [0.5, -2], bias: 1 });
const session = await InferenceSession.open({ model, providers: [onnxWeb({ wasmPaths: "/ort/" })] });
const { output, provider } = await session.predict({ age: 0, income: 0.5 });
globalThis.page = { probability: output.probability, provider, where: session.placement.where };
`;

/** The configuration that the guide shows under a file's name. */
async function recipe(file: string): Promise<string> {
  const guide = await readFile(join(repository, "docs/guides/browser.md"), "utf8");
  const [, code] = new RegExp(`^\`\`\`js\\n// ${file.replace(".", "\\.")}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(guide) ?? [];
  if (code === undefined) throw new Error(`The guide has no ${file}`);
  return code;
}

/**
 * A project as a user has it: the package as it is built, in its `node_modules`. Outside of the repository, whose tsconfig.json leads
 * bundlers to the sources.
 */
async function project(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "modelwright-bundlers-"));
  const modules = join(root, "node_modules");
  const { index, inference, "onnx-web": web, "onnx-web-worker": worker, "onnx-format": format } = entries;
  await packageBuild({
    ...(packageConfig as object),
    config: false,
    entry: { index, inference, "onnx-web": web, "onnx-web-worker": worker, "onnx-format": format },
    outDir: join(modules, "modelwright/dist"),
    format: ["esm"],
    sourcemap: false,
  });
  await cp(join(repository, "package.json"), join(modules, "modelwright/package.json"));
  for (const name of ["zod", "@bufbuild", "@standard-schema", "onnxruntime-web", "onnxruntime-common", "vite", "esbuild"]) {
    await symlink(join(repository, "node_modules", name), join(modules, name));
  }
  await mkdir(join(root, "src"));
  await writeFile(join(root, "src/main.js"), script);
  await writeFile(join(root, "package.json"), JSON.stringify({ name: "app", type: "module", private: true }));
  await writeFile(join(root, "index.html"), page("/src/main.js"));
  return root;
}

const page = (main: string) => `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${main}"></script>`;

inChromium("bundlers, as docs/guides/browser.md says", () => {
  let root: string;
  let browser: Browser;

  beforeAll(async () => {
    [root, browser] = await Promise.all([project(), launchChromium({ webGpu: false })]);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    if (root !== undefined) await rm(root, { recursive: true });
  });

  async function configuration<T>(file: string): Promise<T> {
    await writeFile(join(root, file), await recipe(file));
    return (await import(pathToFileURL(join(root, file)).href)).default;
  }

  /** Opens what was built, under a strict policy, and answers what the page found. */
  async function open(folder: string): Promise<unknown> {
    const headers = {
      ...isolation,
      "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:",
    };
    using server = await servePage(async (path) => {
      const [, name] = /^\/ort\/([\w.-]+)$/.exec(path) ?? [];
      if (name !== undefined) return engineFile(name);
      return readFile(join(folder, path === "/" ? "index.html" : path));
    }, headers);
    const tab = await browser.newPage();
    const errors: string[] = [];
    tab.on("pageerror", (error) => errors.push(error.message));
    tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await tab.goto(server.origin);
    for (let i = 0; i < 200 && errors.length === 0; i++) {
      const found = await tab.evaluate(() => (globalThis as { page?: unknown }).page);
      if (found !== undefined) break;
      await tab.waitForTimeout(50);
    }
    const found = await tab.evaluate(() => (globalThis as { page?: unknown }).page);
    const workers = tab.workers().length;
    await tab.close();
    return { found, workers, errors };
  }

  const right = { found: { probability: 0.5, provider: "onnxruntime-web/wasm", where: "worker" }, workers: 1, errors: [] };

  it("builds with Vite", { timeout: 60_000 }, async () => {
    const config = await configuration<object>("vite.config.js");
    await viteBuild({ root, configFile: false, logLevel: "error", ...config });
    expect(await open(join(root, "dist"))).toEqual(right);
  });

  it("builds with webpack", { timeout: 60_000 }, async () => {
    const config = await configuration<webpack.Configuration>("webpack.config.js");
    const path = join(root, "webpack");
    // Minifying takes longest, and says nothing about the recipe.
    const options: webpack.Configuration = {
      mode: "production",
      context: root,
      output: { path },
      optimization: { minimize: false },
    };
    const errors = await new Promise<unknown>((resolve, reject) => {
      webpack({ ...options, ...config }, (error, stats) => (error === null ? resolve(stats?.toJson().errors) : reject(error)));
    });
    expect(errors).toEqual([]);
    await writeFile(join(path, "index.html"), page("/main.js"));
    expect(await open(path)).toEqual(right);
  });

  it("builds with esbuild", { timeout: 60_000 }, async () => {
    const [, options] = /await build\((\{[\s\S]*\})\);/.exec(await recipe("build.js")) ?? [];
    const { build } = await import("esbuild");
    const config: BuildOptions = new Function(`return ${options}`)();
    await build({ ...config, absWorkingDir: root, logLevel: "error" });
    await writeFile(join(root, "public/index.html"), page("/main.js"));
    expect(await open(join(root, "public"))).toEqual(right);
  });
});
