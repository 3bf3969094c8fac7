// Size of the root entry as a browser downloads it, against its budget: minified, gzipped, zod left to the host.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { record } from "./measure.ts";

const BUDGET = 113_000;

const { outputFiles } = await build({
  absWorkingDir: new URL("..", import.meta.url).pathname,
  entryPoints: ["src/index.ts"],
  bundle: true,
  write: false,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2023",
  external: ["zod"],
});
const ours = gzipSync(outputFiles[0]!.contents).length;
const ratio = Number((ours / BUDGET).toPrecision(4));
console.log(`root entry, minified and gzipped: ${ours} bytes, ratio ${ratio} of its budget of ${BUDGET}`);
await record("bundle", [{ name: "root entry, minified and gzipped", ours, reference: BUDGET, unit: "bytes", ratio }]);
