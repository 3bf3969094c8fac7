// Builds dist/: JavaScript by tsup, declarations by tsc, and for each entry the .d.ts and .d.cts that package.json names.
import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { entries } from "./entries.ts";

const run = (script: string, ...args: string[]) => execFileSync(process.execPath, [script, ...args], { stdio: "inherit" });

run("node_modules/tsup/dist/cli-default.js");
run("node_modules/typescript7/bin/tsc", "-p", "tsconfig.build.json");

// The compiler leaves imports as they are written, ending in .ts. In declarations each must name the script that it describes, .js or
// .cjs all the way down: else a CommonJS consumer is given the types of ES modules, which it may not require.
const types = "dist/types";
const imports = /(from |import\()(["'])(\.{1,2}\/[^"']+)\.ts\2/g;
const files = (await readdir(types, { recursive: true })).filter((file) => file.endsWith(".d.ts"));
for (const file of files) {
  const text = await readFile(join(types, file), "utf8");
  await writeFile(join(types, file), text.replaceAll(imports, "$1$2$3.js$2"));
  await writeFile(join(types, file.replace(/\.d\.ts$/, ".d.cts")), text.replaceAll(imports, "$1$2$3.cjs$2"));
}
for (const [name, source] of Object.entries(entries)) {
  const target = source.replace(/^src\//, "./types/").replace(/\.ts$/, "");
  await writeFile(`dist/${name}.d.ts`, `export * from "${target}.js";\n`);
  await writeFile(`dist/${name}.d.cts`, `export * from "${target}.cjs";\n`);
}
