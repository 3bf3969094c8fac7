import { defineConfig } from "tsup";
import { entries } from "./scripts/entries.ts";

// Declarations come from tsc (scripts/build.ts): tsup's own pass needs minutes and gigabytes on this many entries.
export default defineConfig({
  // The worker is started by its file name, beside the entries; nobody imports it.
  entry: { ...entries, "onnx-worker": "src/adapters/onnx/onnx-worker.ts" },
  format: ["esm", "cjs"],
  target: "es2023",
  platform: "neutral",
  external: [/^node:/],
  splitting: true,
  removeNodeProtocol: false,
  sourcemap: true,
  dts: false,
  clean: true,
  silent: true,
  esbuildOptions(options, { format }) {
    // A CommonJS file has no import.meta, and where the word stands it does not even load.
    if (format === "cjs") options.define = { ...options.define, "import.meta.url": "__filename" };
  },
});
