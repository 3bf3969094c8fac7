import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { buildSync } from "esbuild";

/**
 * A second copy of a source file: bundled as CommonJS and run in a realm of its own, where only `globals` exist.
 * It stands for a duplicate of the package, and for platforms that have less than Node.
 */
export function loadCopy<Module>(file: string, globals: Readonly<Record<string, unknown>> = {}): Module {
  const entry = fileURLToPath(new URL(`../../src/core/${file}`, import.meta.url));
  const { outputFiles } = buildSync({ entryPoints: [entry], bundle: true, format: "cjs", target: "es2023", write: false });
  const module = { exports: {} };
  const require = createRequire(import.meta.url);
  runInContext(outputFiles[0]!.text, createContext({ module, exports: module.exports, require, ...globals }));
  return module.exports as Module;
}
