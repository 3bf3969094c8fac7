// Runs bench/*.bench.ts one after the other; with words, those whose name contains one of them.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const words = process.argv.slice(2);
for (const file of globSync("bench/*.bench.ts").sort()) {
  if (words.length > 0 && !words.some((word) => file.includes(word))) continue;
  const { status } = spawnSync(process.execPath, ["--expose-gc", file], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
