// Compares the public names of every entry with etc/exports.snap, so that a name becomes public on purpose.
// `npm run check -- names` shows the difference; `node scripts/exports.ts --update` accepts it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import ts from "typescript";
import { entries } from "./entries.ts";

const config = ts.getParsedCommandLineOfConfigFile(
  "tsconfig.json",
  {},
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
);
const program = ts.createProgram(Object.values(entries), config?.options ?? {});
const checker = program.getTypeChecker();

const lines = Object.entries(entries).flatMap(([name, file]) => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!);
  const names = module === undefined ? [] : checker.getExportsOfModule(module).map((symbol) => symbol.name);
  return [name === "index" ? "modelwright" : `modelwright/${name}`, ...names.sort().map((exported) => `  ${exported}`)];
});
const found = `${lines.join("\n")}\n`;
const path = "etc/exports.snap";

if (process.argv.includes("--update")) {
  await mkdir("etc", { recursive: true });
  await writeFile(path, found);
} else {
  const known = await readFile(path, "utf8").catch(() => "");
  if (known !== found) {
    const before = qualified(known);
    const after = qualified(found);
    for (const line of after) if (!before.has(line)) console.log(`new:  ${line}`);
    for (const line of before) if (!after.has(line)) console.log(`gone: ${line}`);
    console.log(`The public names differ from ${path}. If that is meant: node scripts/exports.ts --update`);
    process.exitCode = 1;
  }
}

/** Each name with its entry, because two entries may export one name. */
function qualified(snapshot: string): Set<string> {
  let entry = "";
  return new Set(
    snapshot.split("\n").map((line) => {
      if (!line.startsWith("  ")) entry = line;
      return line === entry ? line : `${entry} ${line.trim()}`;
    }),
  );
}
