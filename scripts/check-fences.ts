// Compiles every ```ts fence of the README, the docs and the docstrings, each as a module of its own against the sources.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";

const out = ".tmp/fences";
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const origin = new Map<string, string>();
for (const file of globSync(["*.md", "docs/**/*.md", "examples/**/*.md", "src/**/*.ts"], { exclude: ["docs/api/**"] })) {
  const text = await readFile(file, "utf8");
  const fence = file.endsWith(".ts") ? /^[ \t]*\* ```ts\n([\s\S]*?)^[ \t]*\* ```$/gm : /^```ts\n([\s\S]*?)^```$/gm;
  for (const match of text.matchAll(fence)) {
    const line = text.slice(0, match.index).split("\n").length;
    const name = `${file.replaceAll(/[^A-Za-z0-9]+/g, "-")}-${line}.ts`;
    const body = file.endsWith(".ts") ? match[1]!.replaceAll(/^[ \t]*\* ?/gm, "") : match[1]!;
    origin.set(name, `${file}:${line}`);
    await writeFile(`${out}/${name}`, `${body}\nexport {};\n`);
  }
}
await writeFile(
  `${out}/tsconfig.json`,
  JSON.stringify({
    extends: "../../tsconfig.json",
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, incremental: false, tsBuildInfoFile: null },
    include: ["*.ts"],
    exclude: [],
  }),
);
const { status, stdout } = spawnSync(process.execPath, ["node_modules/typescript7/bin/tsc", "-p", out], { encoding: "utf8" });
console.log(stdout.replaceAll(/^\.tmp\/fences\/(\S+?\.ts)/gm, (path, name: string) => `${origin.get(name) ?? path} in fence`));
console.log(`${origin.size} fences`);
process.exitCode = status ?? 1;
