import { defineConfig } from "tsup";
import { entries } from "./scripts/entries.ts";

// Declarations come from tsc (scripts/build.ts): tsup's own pass needs minutes and gigabytes on this many entries.
export default defineConfig({
  entry: entries,
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
});
