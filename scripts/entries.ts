/** The public entries: the name of the subpath and the file behind it. `index` is the root. */
export const entries = {
  index: "src/index.ts",
  sqlite: "src/adapters/sqlite/index.ts",
  fs: "src/adapters/fs/index.ts",
  onnx: "src/adapters/onnx/index.ts",
  "onnx-web": "src/adapters/onnx-web/index.ts",
  "onnx-format": "src/onnx-format/index.ts",
  stats: "src/stats/index.ts",
  testing: "src/testing/index.ts",
} as const;
