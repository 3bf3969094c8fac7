// Cold import of the built root entry against an empty module: whole processes, in turns.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compare, record } from "./measure.ts";

const folder = await mkdtemp(join(tmpdir(), "modelwright-bench-"));
const importing = async (name: string, text: string) => {
  const path = join(folder, name);
  await writeFile(path, text);
  return () => void execFileSync(process.execPath, [path]);
};
const entry = (name: string) => pathToFileURL(new URL(`../dist/${name}.js`, import.meta.url).pathname).href;
const reference = await importing("empty.mjs", "");
const options = { reference, unit: "ms", rounds: 15, callsPerRound: 1 } as const;

await record("import", [
  await compare("process that imports the root entry, against an empty one", {
    ...options,
    ours: await importing("root.mjs", `import ${JSON.stringify(entry("index"))};`),
  }),
  await compare("process that imports the sqlite entry, against an empty one", {
    ...options,
    ours: await importing("sqlite.mjs", `import ${JSON.stringify(entry("sqlite"))};`),
  }),
]);
await rm(folder, { recursive: true });
