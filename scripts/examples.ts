// Runs the README's first example and every file of examples/ with plain node, as a reader would; each must exit 0.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";

// Below the repository, where `modelwright` resolves to the package itself; in a folder of its own, because it leaves its state there.
mkdirSync(".tmp", { recursive: true });
const folder = mkdtempSync(".tmp/readme-");
writeFileSync(`${folder}/readme.mts`, /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync("README.md", "utf8"))![1]!);

run(["readme.mts"], folder);
run(["examples/quickstart.ts"]);
run(["examples/registry.ts"]);
run(["examples/monitoring.ts"]);
run(["examples/service/main.ts", "--once"]);
run(["--test", "examples/custom-adapter.ts"]);
run(["--test", "examples/model-logic.test.ts"]);
run(["examples/demo/main.ts"]);
rmSync(folder, { recursive: true });

function run(args: readonly string[], cwd = "."): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  console.log(`${status === 0 ? "ok    " : "FAILED"} node ${args.join(" ")}`);
  if (status !== 0) {
    console.log(stdout, stderr);
    process.exitCode = 1;
  }
}
