import { type FileHandle, mkdir, mkdtemp, open, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fs } from "../../src/adapters/fs/index.ts";

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "modelwright-fs-durability-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(base, { recursive: true });
});

/** Paths that are synchronised while `work` runs; the synchronisation is the real one. */
async function synchronised(work: () => Promise<unknown>): Promise<readonly string[]> {
  const paths: Promise<string>[] = [];
  const probe = await open(base);
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { sync } = prototype;
  const spy = vi.spyOn(prototype, "sync").mockImplementation(async function (this: FileHandle) {
    const path = readlink(`/proc/self/fd/${this.fd}`);
    paths.push(path);
    await path;
    await sync.call(this);
  });
  await work();
  spy.mockRestore();
  return Promise.all(paths);
}

const content = new TextEncoder().encode("hello");

describe.skipIf(process.platform !== "linux")("what fs makes durable", () => {
  it("is everything that leads to the first blob, whoever has made the folders", async () => {
    const root = join(base, "made", "by", "another");
    await mkdir(root, { recursive: true });
    await using store = fs(root);
    const paths = await synchronised(() => store.put(content));
    const above = [root];
    while (above.at(-1) !== base) above.push(dirname(above.at(-1)!));
    expect(paths).toEqual(expect.arrayContaining([...above, join(root, "sha256")]));
    // The bytes before any name of them.
    expect(paths[0]).toMatch(/\.part$/);
  });

  it("is its folder alone for content that is stored already", async () => {
    const root = join(base, "store");
    await using store = fs(root);
    const { digest } = await store.put(content);
    const paths = await synchronised(() => store.put(content));
    expect(paths).toEqual([join(root, "sha256", digest.slice(7, 9))]);
  });

  it("is everything again when the whole store was thrown away meanwhile", async () => {
    const root = join(base, "parent", "store");
    await using store = fs(root);
    await store.put(content);
    await rm(join(base, "parent"), { recursive: true });
    const paths = await synchronised(() => store.put(content));
    expect(paths).toEqual(expect.arrayContaining([base, join(base, "parent"), root, join(root, "sha256")]));
  });
});
