import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

const mebibytes = Number(process.env["SOAK_ARTIFACT_MIB"] ?? 1024);
const run = promisify(execFile);

/** Writes a file that no file system can make smaller. */
async function writeLarge(path: string): Promise<void> {
  const block = randomBytes(1 << 20);
  const file = await open(path, "w");
  for (let i = 0; i < mebibytes; i++) {
    block.writeUInt32LE(i);
    await file.writeFile(block);
  }
  await file.close();
}

/** How long a command takes, s. */
async function secondsOf(command: string, ...args: string[]): Promise<number> {
  const startedAt = performance.now();
  await run(command, args);
  return (performance.now() - startedAt) / 1000;
}

it.each(["put", "register"])(`%s takes a stream of ${mebibytes} MiB within 64 MiB of memory`, async (verb) => {
  using folder = temporaryFolder();
  const file = join(folder.path, "large.bin");
  await writeLarge(file);
  const fixture = fileURLToPath(new URL("./fixtures/store-large.ts", import.meta.url));
  const { stdout } = await run(process.execPath, [fixture, folder.path, file, verb]);
  const { seconds, growthMib } = JSON.parse(stdout) as { seconds: number; growthMib: number };
  rmSync(join(folder.path, `blobs-${verb}`), { recursive: true });
  const copy = join(folder.path, "copy.bin");
  const byHand = (await secondsOf("sha256sum", file)) + (await secondsOf("cp", file, copy));
  const ratio = Math.round((100 * byHand) / seconds);
  console.log(
    `${verb}: ${seconds.toFixed(2)} s, ${growthMib.toFixed(1)} MiB; sha256sum and cp: ${byHand.toFixed(2)} s; speed ${ratio} %`,
  );
  expect(growthMib).toBeLessThanOrEqual(64);
});
