// Runs every example with plain node, as a reader would; each must exit 0.
import { spawnSync } from "node:child_process";

const examples = [
  ["examples/quickstart.ts"],
  ["examples/service/main.ts", "--once"],
  ["--test", "examples/custom-adapter.ts"],
  ["--test", "examples/model-logic.test.ts"],
  ["examples/demo/main.ts"],
];

for (const args of examples) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  console.log(`${status === 0 ? "ok    " : "FAILED"} node ${args.join(" ")}`);
  if (status !== 0) {
    console.log(stdout, stderr);
    process.exitCode = 1;
  }
}
