import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../src", import.meta.url));

/** What may be used in one file only, because everything else must be deterministic under an injected clock, chance and logger. */
const owners: Readonly<Record<string, string>> = {
  "Date.now": "core/clock.ts",
  "new Date()": "core/clock.ts",
  "Date()": "core/clock.ts",
  performance: "core/clock.ts",
  hrtime: "core/clock.ts",
  setTimeout: "core/clock.ts",
  setInterval: "core/clock.ts",
  setImmediate: "core/clock.ts",
  requestAnimationFrame: "core/clock.ts",
  "AbortSignal.timeout": "core/clock.ts",
  "Math.random": "core/random.ts",
  getRandomValues: "core/random.ts",
  randomUUID: "core/random.ts",
  randomBytes: "core/random.ts",
  console: "core/logger.ts",
};

const words = Object.keys(owners).map((name) => name.match(/\w+/g)!.map((word) => new RegExp(`\\b${word}\\b`)));

/** Whether all words of one of these names occur in a piece of source; if not, it need not be parsed, which is slow. */
function mentions(source: string): boolean {
  return words.some((ofName) => ofName.every((word) => word.test(source)));
}

/** The names of `owners` that a piece of source uses. Comments and strings do not count, because they are no code. */
function uses(source: string): { name: string; line: number }[] {
  if (!mentions(source)) return [];
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const found: { name: string; line: number }[] = [];
  const visit = (node: ts.Node): void => {
    const name = nameOf(node);
    if (name !== undefined && Object.hasOwn(owners, name)) {
      found.push({ name, line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node)) return isOwnMember(node) ? undefined : node.text;
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) return `${node.expression.text}.${node.name.text}`;
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) return `${node.expression.text}()`;
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && !node.arguments?.length)
    return `new ${node.expression.text}()`;
  return undefined;
}

/** Whether `performance` only names a member of something of ours, such as a method, and not the global object's. */
function isOwnMember(node: ts.Identifier): boolean {
  const { parent } = node;
  if (node.text !== "performance") return false;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return !/^(?:globalThis|window|self)$/.test(parent.expression.getText());
  }
  const declares =
    ts.isMethodDeclaration(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertyAssignment(parent);
  return declares && parent.name === node;
}

describe("the sources", () => {
  it("read time, draw chance and write logs in one file each", async () => {
    const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith(".ts"));
    const strays: string[] = [];
    const owning = new Set<string>();
    for (const file of files) {
      const path = file.replaceAll("\\", "/");
      for (const { name, line } of uses(await readFile(join(root, file), "utf8"))) {
        if (owners[name] === path) owning.add(path);
        else strays.push(`src/${path}:${line} uses ${name}; only src/${owners[name]} may`);
      }
    }
    expect(strays).toEqual([]);
    expect([...owning].sort()).toEqual(["core/clock.ts", "core/logger.ts", "core/random.ts"]);
  });
});

describe("the search for time and chance", () => {
  it.each([
    ["const at = Date.now();", "Date.now"],
    ["const at = new Date();", "new Date()"],
    ["const at = new Date;", "new Date()"],
    ["const at = Date();", "Date()"],
    ["const { now } = performance;", "performance"],
    ["globalThis.performance.now();", "performance"],
    ["process.hrtime.bigint();", "hrtime"],
    ["setTimeout(f, 1);", "setTimeout"],
    ["globalThis.setInterval(f, 1);", "setInterval"],
    ['import { setImmediate as soon } from "node:timers";', "setImmediate"],
    ["fetch(url, { signal: AbortSignal.timeout(5) });", "AbortSignal.timeout"],
    ["const text = `${" + "Math.random()}`;", "Math.random"],
    ["globalThis.crypto.getRandomValues(bytes);", "getRandomValues"],
    ["crypto.randomUUID();", "randomUUID"],
    ["console.log(1);", "console"],
    ["const log = console;", "console"],
  ])("finds the use in %s", (source, name) => {
    expect(uses(`// a comment\n${source}`)).toEqual([{ name, line: 2 }]);
  });

  it.each([
    "// Date.now() and console.log",
    "/** Reads `performance.now`, never setTimeout. */ const a = 1;",
    'const text = "Math.random";',
    "const at = new Date(0);",
    "const at = clock.now();",
    "const at = Date.parse(text);",
    "const consoleLogger = 1;",
    "const report = await monitor.performance({ from });",
    "const a = { performance: 1 };",
  ])("finds none in %s", (source) => {
    expect(uses(source)).toEqual([]);
  });
});
