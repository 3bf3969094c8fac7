import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cruise, type ICruiseOptions, type ICruiseResult } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import config from "../../.dependency-cruiser.mjs";

/** A file planted in a copy of src/ and the rule that must find it. */
const planted: readonly { rule: string; file: string; text: string; from?: string }[] = [
  ...[
    "core",
    "stats",
    "search",
    "storage",
    "onnx-format",
    "registry",
    "tracking",
    "mlflow",
    "features",
    "drift",
    "monitoring",
    "inference",
    "router",
  ].map((folder) => ({
    rule: `table-${folder}`,
    file: `src/${folder}/planted-table.ts`,
    text: 'import "../testing/suite.ts";',
  })),
  ...["memory", "sql", "sqlite", "postgres", "mariadb", "fs", "s3", "indexeddb", "onnxruntime", "onnx", "onnx-web", "kserve"].map(
    (folder) => ({
      rule: `table-adapters-${folder}`,
      file: `src/adapters/${folder}/planted-table.ts`,
      text: 'import "../../testing/suite.ts";',
    }),
  ),
  { rule: "table-testing", file: "src/testing/planted-table.ts", text: 'import "../adapters/fs/index.ts";' },
  { rule: "table-index-ts", file: "src/index.ts", text: 'import "./testing/suite.ts";' },
  { rule: "every-folder-in-table", file: "src/planted/planted.ts", text: 'import "../core/errors.ts";' },
  {
    rule: "port-imports-core-and-ports",
    file: "src/storage/port.ts",
    text: 'import type { ModelRegistry } from "../registry/index.ts";',
  },
  { rule: "port-has-types-only", file: "src/features/port.ts", text: 'import { ModelwrightError } from "../core/errors.ts";' },
  { rule: "node-under-adapters-only", file: "src/core/planted-node.ts", text: 'import "node:fs";' },
  { rule: "library-standard-schema-spec", file: "src/stats/planted-1.ts", text: 'import "@standard-schema/spec";' },
  { rule: "library-bufbuild-protobuf", file: "src/stats/planted-2.ts", text: 'import "@bufbuild/protobuf/wire";' },
  { rule: "library-kysely", file: "src/stats/planted-3.ts", text: 'import "kysely";' },
  { rule: "library-pg", file: "src/stats/planted-8.ts", text: 'import "pg";' },
  { rule: "library-mysql2", file: "src/stats/planted-9.ts", text: 'import "mysql2";' },
  { rule: "library-yaml", file: "src/stats/planted-11.ts", text: 'import "yaml";' },
  { rule: "library-aws4fetch", file: "src/stats/planted-10.ts", text: 'import "aws4fetch";' },
  { rule: "library-onnxruntime-node", file: "src/stats/planted-4.ts", text: 'import "onnxruntime-node";' },
  { rule: "library-onnxruntime-web", file: "src/stats/planted-5.ts", text: 'import "onnxruntime-web";' },
  { rule: "library-unlisted", file: "src/stats/planted-6.ts", text: 'import "fast-check";' },
  { rule: "root-runs-anywhere", file: "src/router/index.ts", text: 'import "../adapters/fs/index.ts";', from: "src/index.ts" },
  { rule: "no-cycle", file: "src/core/clock.ts", text: 'import "./ids.ts";' },
  { rule: "index-only-from-outside", file: "src/stats/planted-7.ts", text: 'import "./index.ts";' },
];

const root = new URL("../../", import.meta.url).pathname;

async function violations(baseDir: string): Promise<readonly { rule: string; from: string }[]> {
  const options = {
    ...config.options,
    baseDir,
    ruleSet: { forbidden: config.forbidden },
    validate: true,
  } as unknown as ICruiseOptions;
  const { output } = await cruise(["src"], options, undefined, { tsConfig: extractTSConfig(join(root, "tsconfig.json")) });
  return (output as ICruiseResult).summary.violations.map(({ rule, from }) => ({ rule: rule.name, from }));
}

describe("the dependency table", () => {
  let copy: string;

  beforeAll(async () => {
    await mkdir(join(root, ".tmp"), { recursive: true });
    copy = await mkdtemp(join(root, ".tmp", "planted-"));
    await cp(join(root, "src"), join(copy, "src"), { recursive: true });
  });

  afterAll(() => rm(copy, { recursive: true, force: true }));

  it("holds for src/", async () => {
    expect(await violations(copy)).toEqual([]);
  });

  it("has a planted violation for each rule", () => {
    expect(planted.map(({ rule }) => rule).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
  });

  it("finds every planted violation", async () => {
    for (const { file, text } of planted) {
      await mkdir(dirname(join(copy, file)), { recursive: true });
      const write = file.includes("planted") ? writeFile : appendFile;
      await write(join(copy, file), `\n${text}\n`);
    }
    const found = await violations(copy);
    const missed = planted.filter(
      ({ rule, file, from = file }) => !found.some((violation) => violation.rule === rule && violation.from === from),
    );
    expect(missed).toEqual([]);
  });
});
