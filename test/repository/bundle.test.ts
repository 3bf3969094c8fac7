import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;

describe("the root entry", () => {
  it("bundles for the browser without Node's modules, peers or a database library", async () => {
    const { metafile, outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: ["src/index.ts"],
      bundle: true,
      write: false,
      metafile: true,
      minify: true,
      format: "esm",
      platform: "browser",
      target: "es2023",
      external: ["zod"],
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
    expect(imports.filter((path) => path !== "zod")).toEqual([]);
    const foreign = Object.keys(metafile.inputs).filter((path) => !/^src\/(?!adapters\/(?!memory\/)|testing\/)/.test(path));
    expect(foreign.filter((path) => !path.startsWith("node_modules/@bufbuild/protobuf/"))).toEqual([]);
    expect(gzipSync(outputFiles[0]!.contents).length).toBeLessThanOrEqual(111 * 1024);
  });
});
