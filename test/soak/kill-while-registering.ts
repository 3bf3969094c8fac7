import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { fs } from "../../src/adapters/fs/index.ts";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { ModelRegistry, type VersionRecord } from "../../src/registry/index.ts";
import { all } from "../all.ts";

/** What the kills met. */
export interface KillReport {
  readonly kills: number;
  /** Versions that are visible afterwards. */
  readonly versions: number;
  /** Blobs that no version refers to: what a kill between the files and the version leaves. */
  readonly orphans: number;
  /** How many kills came in each step. */
  readonly steps: Readonly<Record<string, number>>;
}

interface Life {
  /** The last letter that the child printed. */
  readonly last: string;
  /** Versions of which the child was told that they are registered. */
  readonly registered: readonly number[];
  /** The last version of which the child was told that it is in production. */
  readonly promoted: number | undefined;
}

const steps: Readonly<Record<string, string>> = {
  p: "storing a file",
  P: "between files, before the version",
  i: "inserting the version",
  I: "after the version",
  m: "moving the version",
  M: "after a move",
  r: "between calls",
  t: "between calls",
};

/** Kills a process that registers and promotes versions, again and again, and checks what it has left each time. */
export async function killWhileRegistering(folder: string, kills: number): Promise<KillReport> {
  const counts: Record<string, number> = {};
  let promoted: number | undefined;
  const acknowledged = new Set<number>();
  for (let kill = 1; kill <= kills; kill++) {
    const life = await liveAndDie(folder);
    for (const version of life.registered) acknowledged.add(version);
    promoted = life.promoted ?? promoted;
    const step = steps[life.last] ?? life.last;
    counts[step] = (counts[step] ?? 0) + 1;
    await check(folder, { acknowledged, promoted, whole: kill === kills });
  }
  return { kills, ...(await count(folder)), steps: counts };
}

/** Runs the child until a random moment behind its start. */
async function liveAndDie(folder: string): Promise<Life> {
  const fixture = fileURLToPath(new URL("./fixtures/register-until-killed.ts", import.meta.url));
  const child = spawn(process.execPath, [fixture, folder], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let failed = "";
  const closed = once(child, "close");
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    failed += chunk;
  });
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (printed === "") setTimeout(() => killAfter(child, randomInt(1000)), randomInt(60));
    printed += chunk;
  });
  const [, signal] = await closed;
  if (signal !== "SIGKILL") throw new Error(`The child ended by itself: ${failed}`);
  // A line may be cut by the kill; its first letter counts still.
  const lines = printed.split("\n").filter((line) => line !== "" && line !== "ready");
  const numbers = (letter: string) =>
    printed
      .split("\n")
      .slice(0, -1)
      .filter((line) => line[0] === letter && line.length > 1)
      .map((line) => Number(line.slice(1)));
  return { last: lines.at(-1)?.[0] ?? "before the first step", registered: numbers("r"), promoted: numbers("t").at(-1) };
}

/** Timers count whole milliseconds; the kill shall come at any moment between. */
function killAfter(child: { kill(signal: "SIGKILL"): boolean }, microseconds: number): void {
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end);
  child.kill("SIGKILL");
}

interface Expectation {
  readonly acknowledged: ReadonlySet<number>;
  readonly promoted: number | undefined;
  /** Whether to verify every version rather than the newest ones. */
  readonly whole: boolean;
}

async function check(folder: string, { acknowledged, promoted, whole }: Expectation): Promise<void> {
  await using db = sqlite({ path: join(folder, "models.db") });
  await using blobs = fs(join(folder, "blobs"));
  await using registry = new ModelRegistry({ store: db.registry, blobs });
  const versions = await all(registry.list());
  const numbers = versions.map(({ version }) => version);
  expect(numbers, "numbered downwards without a gap or a duplicate").toEqual(numbers.map((_, i) => numbers.length - i));
  const lost = [...acknowledged].filter((version) => version > numbers.length);
  expect(lost, "versions that were answered and are gone").toEqual([]);
  const model = await db.registry.findModel("fraud");
  expect(model?.versions ?? 0, "the count of the model").toBe(versions.length);
  const production = versions.filter(({ stage }) => stage === "production");
  expect(production.length, "versions in production").toBe(promoted === undefined ? Math.min(1, production.length) : 1);
  expect(production[0]?.version ?? 0, "no promotion is undone").toBeGreaterThanOrEqual(promoted ?? 0);
  for (const { version, hyperparameters } of whole ? versions : versions.slice(0, 2)) {
    // Rejects unless each file has its digest.
    const { files } = await registry.load({ name: "fraud", version });
    expect(Object.keys(files), "files of a version").toEqual(["model.onnx", "weights.bin"]);
    expect(files["weights.bin"]?.length, "size of a file").toBe(hyperparameters["bytes"]);
  }
  if (!whole) return;
  const raw = new DatabaseSync(join(folder, "models.db"));
  expect(raw.prepare("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
  expect(raw.prepare("pragma foreign_key_check").all()).toEqual([]);
  raw.close();
}

async function count(folder: string): Promise<{ versions: number; orphans: number }> {
  await using db = sqlite({ path: join(folder, "models.db") });
  await using blobs = fs(join(folder, "blobs"));
  await using registry = new ModelRegistry({ store: db.registry, blobs });
  const versions: readonly VersionRecord[] = await all(registry.list());
  const used = new Set(versions.flatMap(({ files }) => files.map(({ digest }) => digest)));
  const stored = existsSync(join(folder, "blobs")) ? await all(blobs.list()) : [];
  return { versions: versions.length, orphans: stored.filter(({ digest }) => !used.has(digest)).length };
}
