// Everything that must hold before a commit, in one run: prints one line per step and the output of those that fail.
// With words, only the steps whose name contains one of them; `--without-tests` for a caller that has just run `npm test`.
import { spawnSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

const steps: readonly (readonly [name: string, ...command: string[]])[] = [
  ["types", process.execPath, "node_modules/typescript7/bin/tsc", "-p", "."],
  ["format and lint", "biome", "ci", "--error-on-warnings", "."],
  ["dependency table", "depcruise", "--config", ".dependency-cruiser.mjs", "src"],
  ["unused code and dependencies", "knip"],
  ["build", process.execPath, "scripts/build.ts"],
  ["package metadata", "publint", "--strict"],
  ["types of the package", "attw", "--pack", ".", "--profile", "node16"],
  ["size", "size-limit"],
  ["code in docs", process.execPath, "scripts/check-fences.ts"],
  ["public names", process.execPath, "scripts/exports.ts"],
  ["API docs", "typedoc", "--emit", "none"],
  ["tests", "vitest", "run"],
  ["examples", process.execPath, "scripts/examples.ts"],
  ["packed package", process.execPath, "scripts/check-package.ts"],
];

const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const withoutTests = process.argv.includes("--without-tests");
const failed: string[] = [];
for (const [name, command, ...args] of steps) {
  if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
  if (withoutTests && name === "tests") continue;
  const startedAt = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command as string, args, {
    encoding: "utf8",
    env: { ...process.env, FORCE_COLOR: "0" },
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (status !== 0) {
    failed.push(name);
    console.log([error?.message, stdout, stderr].filter(Boolean).join("\n"));
  } else if (name === "tests") {
    const summary = stripVTControlCharacters(stdout)
      .split("\n")
      .filter((line) => /^\s+(Test Files|Tests) /.test(line));
    console.log(summary.join("\n"));
  }
}
console.log(
  failed.length === 0 ? "\nEverything holds." : `\n${failed.length} of ${steps.length} steps failed: ${failed.join(", ")}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
