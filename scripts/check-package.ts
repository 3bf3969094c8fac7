// Packs the package, installs the tarball in an empty project as a user would, and uses it from ESM, CommonJS and TypeScript.
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { entries } from "./entries.ts";

const project = await mkdtemp(join(tmpdir(), "modelwright-package-"));
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const node = (file: string) => run(process.execPath, file).trim();

try {
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", project]);
  const [tarball] = (await readdir(project)).filter((file) => file.endsWith(".tgz"));
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "user", private: true }));
  run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", `./${tarball}`);

  const specifiers = Object.keys(entries).map((name) => (name === "index" ? "modelwright" : `modelwright/${name}`));

  // Every entry loads both ways, although no peer is installed: peers are imported on first use.
  await writeFile(join(project, "esm.mjs"), specifiers.map((name) => `await import("${name}");`).join("\n") + main("esm"));
  await writeFile(
    join(project, "cjs.cjs"),
    `(async () => {\n${specifiers.map((name) => `require("${name}");`).join("\n")}${main("cjs")}})();`,
  );
  const peers = ["onnxruntime-node", "onnxruntime-web", "pg", "mysql2", "aws4fetch", "yaml"];
  const expected = `fraud@1 production MISSING_PEER ${peers.map((peer) => `npm install ${peer}`).join(" ")}`;
  for (const file of ["esm.mjs", "cjs.cjs"]) {
    const answer = node(file);
    if (answer !== expected) throw new Error(`${file} printed\n  ${answer}\nbut should print\n  ${expected}`);
  }

  // Types hold for a strict user, declarations of libraries included, from ES modules and CommonJS. Node16 is the stricter resolution:
  // under it CommonJS may not require ES modules, and so may not be given their types.
  const user = `${specifiers.map((name, i) => `import * as entry${i} from "${name}";`).join("\n")}
import { InferenceSession, ModelRegistry, memoryBlobs, memoryRegistry } from "modelwright";
import { onnx } from "modelwright/onnx";
import { z } from "zod";

export const all = [${specifiers.map((_, i) => `entry${i}`).join(", ")}];

export async function score(): Promise<number> {
  await using registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
  await using session = await InferenceSession.open({
    model: registry.source("fraud@production"),
    providers: [onnx()],
    input: z.object({ amount: z.number() }),
    output: z.object({ probability: z.number() }),
  });
  // @ts-expect-error a column that the schema does not have
  await session.predict({ amuont: 1 });
  return (await session.predict({ amount: 1 })).output.probability;
}
`;
  await writeFile(join(project, "user.mts"), user);
  await writeFile(join(project, "user.cts"), user);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    lib: ["ES2023", "DOM", "ESNext.Disposable"],
    target: "ES2023",
    types: [],
    noEmit: true,
  };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["user.mts", "user.cts"] }));
  for (const module of ["Node16", "NodeNext"]) {
    run(process.execPath, resolve("node_modules/typescript/bin/tsc"), "-p", ".", "--module", module);
  }
  console.log(`${tarball}: ${specifiers.length} entries work from ESM, CommonJS and strict TypeScript`);
} catch (error) {
  const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
  console.log(message, stdout ?? "", stderr ?? "");
  process.exitCode = 1;
} finally {
  await rm(project, { recursive: true, force: true });
}

/** Registers and promotes a model, then opens it with engines that are not installed. */
function main(kind: "esm" | "cjs"): string {
  const load = (name: string) => (kind === "esm" ? `await import("${name}")` : `require("${name}")`);
  return `
const { InferenceSession, ModelRegistry, ModelwrightError, memoryBlobs } = ${load("modelwright")};
const { sqlite } = ${load("modelwright/sqlite")};
const { onnx } = ${load("modelwright/onnx")};
const { onnxWeb } = ${load("modelwright/onnx-web")};
const { logisticModel } = ${load("modelwright/onnx-format")};
const db = sqlite({ path: ":memory:" });
const registry = new ModelRegistry({ store: db.registry, blobs: memoryBlobs() });
const bytes = logisticModel({ columns: ["amount"], weights: [1], bias: 0 });
const version = await registry.register({ name: "fraud", files: { "model.onnx": bytes } });
await registry.transition("fraud@1", "staging");
const { moved } = await registry.transition("fraud@1", "production");
const installs = [];
for (const provider of [onnx(), onnxWeb()]) {
  try {
    await InferenceSession.open({ model: bytes, providers: [provider] });
  } catch (error) {
    if (!ModelwrightError.is(error, "MISSING_PEER")) throw error;
    installs.push(error.details.install);
  }
}
const { postgres } = ${load("modelwright/postgres")};
const { mariadb } = ${load("modelwright/mariadb")};
const { s3 } = ${load("modelwright/s3")};
const { readMlflowModel } = ${load("modelwright/mlflow")};
const credentials = { accessKeyId: "a", secretAccessKey: "b" };
for (const call of [
  () => postgres({ url: "postgres://127.0.0.1:1/none" }).registry.findModel("fraud"),
  () => mariadb({ url: "mysql://127.0.0.1:1/none" }).registry.findModel("fraud"),
  () => s3({ endpoint: "http://127.0.0.1:1", region: "eu", bucket: "models", credentials }).stat("sha256:" + "0".repeat(64)),
  () => readMlflowModel({ MLmodel: new TextEncoder().encode("flavors: {}") }),
]) {
  try {
    await call();
    installs.push("no error");
  } catch (error) {
    installs.push(error.details?.install ?? String(error));
  }
}
console.log(\`\${version.name}@\${version.version} \${moved.stage} MISSING_PEER \${installs.join(" ")}\`);
await db[Symbol.asyncDispose]();
`;
}
