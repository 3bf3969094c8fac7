import { describe, expect, it } from "vitest";
import type { Digest } from "../../src/core/digest.ts";
import { collectGarbage } from "../../src/storage/index.ts";
import type { BlobReferences, BlobStore } from "../../src/storage/port.ts";
import { flaky } from "../../src/testing/flaky.ts";
import { all } from "../all.ts";
import { type OpenRegistry, openRegistry } from "../registry/open-registry.ts";

const DAY = 86_400_000;
const bytes = (text: string) => new TextEncoder().encode(text);

async function collect(
  open: OpenRegistry,
  given: { blobs?: BlobStore; references?: readonly BlobReferences[]; dryRun?: boolean } = {},
) {
  const options = { blobs: open.blobs, references: [open.store], ...given };
  return collectGarbage(options, {}, { clock: open.clock });
}

const digests = async (blobs: BlobStore) => (await all(blobs.list())).map(({ digest }) => digest);

describe.each(["memory", "sqlite"])("collectGarbage over %s", (kind) => {
  it("deletes what nothing has referred to for the grace period, and nothing else", async () => {
    await using open = openRegistry(kind);
    await open.register();
    await open.register();
    const orphan = await open.blobs.put(bytes("orphan"));
    expect(await collect(open)).toEqual({ scanned: 3, unreferenced: 1, waiting: 1, deleted: 0, deletedBytes: 0, failed: [] });
    open.clock.advance(DAY - 1);
    expect((await collect(open)).deleted).toBe(0);
    open.clock.advance(1);
    expect(await collect(open, { dryRun: true })).toMatchObject({ deleted: 0, unreferenced: 1, waiting: 0 });
    expect(await collect(open)).toMatchObject({ scanned: 3, deleted: 1, deletedBytes: orphan.sizeBytes, waiting: 0 });
    for (const ref of ["fraud@1", "fraud@2"]) await open.registry.load(ref);
    expect(await collect(open)).toMatchObject({ scanned: 2, unreferenced: 0 });
  });

  it("takes what a deleted version leaves, and keeps what another one shares", async () => {
    await using open = openRegistry(kind);
    const files = (own: string) => ({ "own.txt": bytes(own), "shared.txt": bytes("shared") });
    await open.register({ files: files("a") });
    await open.register({ files: files("b") });
    await open.registry.delete("fraud@1");
    await collect(open);
    open.clock.advance(DAY);
    expect(await collect(open)).toMatchObject({ deleted: 1, deletedBytes: 1 });
    await open.registry.load("fraud@2");
  });

  it("begins the grace anew when a blob was referred to meanwhile", async () => {
    await using open = openRegistry(kind);
    const { digest } = await open.blobs.put(bytes("rules 1"));
    await collect(open);
    open.clock.advance(DAY);
    await open.register(); // the same content
    await open.registry.delete("fraud@1");
    expect(await collect(open)).toMatchObject({ waiting: 1, deleted: 0 });
    open.clock.advance(DAY);
    expect(await collect(open)).toMatchObject({ deleted: 1 });
    expect(await digests(open.blobs)).not.toContain(digest);
  });

  it("never leaves a version without its bytes, whenever somebody registers the same content meanwhile", async () => {
    const steps = ["markUnreferenced", "fenceBlobs", "delete", "releaseBlobs"] as const;
    const outcomes: string[] = [];
    for (const step of steps) {
      for (const when of ["before", "after"]) {
        await using open = openRegistry(kind);
        await open.blobs.put(bytes("rules 1"));
        await collect(open);
        open.clock.advance(DAY);
        let registered: Promise<string> | undefined;
        const meanwhile = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
          const register = () => {
            registered ??= open.register().then(
              () => "registered",
              (error) => error.code as string,
            );
            return open.clock.advance(0);
          };
          if (name === step && when === "before") register();
          // A registration waits for the fence to go; the collection does not wait for it.
          for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
          const answer = await work();
          if (name === step && when === "after") register();
          for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
          return answer;
        };
        const { store, blobs } = open;
        await collect(open, {
          blobs: { ...blobs, delete: (digest) => meanwhile("delete", () => blobs.delete(digest)) },
          references: [
            {
              ...store,
              markUnreferenced: (given, at) => meanwhile("markUnreferenced", () => store.markUnreferenced(given, at)),
              fenceBlobs: (given, fence) => meanwhile("fenceBlobs", () => store.fenceBlobs(given, fence)),
              releaseBlobs: (given) => meanwhile("releaseBlobs", () => store.releaseBlobs(given)),
            },
          ],
        });
        let settled = false;
        void registered?.then(() => (settled = true));
        while (!settled) {
          open.clock.advance(100);
          await new Promise((resolve) => setImmediate(resolve));
        }
        outcomes.push(`${when} ${step}: ${await registered}`);
        for (const { name, version } of await all(open.registry.list())) await open.registry.load({ name, version });
        open.clock.advance(DAY);
        await collect(open);
        open.clock.advance(DAY);
        await collect(open);
        const referenced = (await all(open.registry.list())).flatMap(({ files }) => files.map(({ digest }) => digest));
        expect((await digests(open.blobs)).sort()).toEqual([...new Set<Digest>(referenced)].sort());
      }
    }
    expect(outcomes.filter((outcome) => outcome.endsWith("registered")).length).toBeGreaterThanOrEqual(4);
    expect(outcomes.filter((outcome) => !/registered|STORE_BLOB_FENCED/.test(outcome))).toEqual([]);
  });

  it("finishes what a killed collection has begun, an hour later", async () => {
    await using open = openRegistry(kind);
    await open.blobs.put(bytes("orphan"));
    await collect(open);
    open.clock.advance(DAY);
    const killed = flaky(open.blobs, { failEvery: 1, methods: ["delete"], error: () => new Error("killed") });
    expect(await collect(open, { blobs: killed })).toMatchObject({ deleted: 0, failed: [{ reason: "killed" }] });
    expect(await collect(open)).toMatchObject({ waiting: 1, deleted: 0 });
    open.clock.advance(3_600_001);
    expect(await collect(open)).toMatchObject({ waiting: 0, deleted: 1 });
  });

  it("that is aborted lets go of what it has not deleted, and of what it has", async () => {
    await using open = openRegistry(kind);
    for (const text of ["rules 1", "b", "c"]) await open.blobs.put(bytes(text));
    await collect(open);
    open.clock.advance(DAY);
    const { blobs } = open;
    const aborter = new AbortController();
    const reason = new Error("enough");
    const first: BlobStore = {
      ...blobs,
      delete: async (digest, call) => {
        const gone = await blobs.delete(digest, call);
        queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => aborter.abort(reason))));
        return gone;
      },
    };
    const aborted = collectGarbage({ blobs: first, references: [open.store] }, { signal: aborter.signal }, { clock: open.clock });
    await expect(aborted).rejects.toBe(reason);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    const free = await open.store.claimBlobs((await digests(blobs)) as Digest[]);
    expect(free.length).toBeLessThanOrEqual(1); // the one that was being deleted
  });

  it("does not begin a deletion under a fence that somebody may soon take over", async () => {
    await using open = openRegistry(kind);
    for (const text of ["a", "b"]) await open.blobs.put(bytes(text));
    await collect(open);
    open.clock.advance(DAY);
    const slow: BlobStore = {
      ...open.blobs,
      delete: (digest, call) => {
        open.clock.advance(1_800_001);
        return open.blobs.delete(digest, call);
      },
    };
    expect(await collect(open, { blobs: slow })).toMatchObject({ unreferenced: 2, deleted: 1, waiting: 1 });
    expect(await open.store.claimBlobs(await digests(open.blobs))).toEqual([]);
  });

  it("lets go in the other stores when one cannot fence", async () => {
    await using open = openRegistry(kind);
    const { digest } = await open.blobs.put(bytes("rules 1"));
    await collect(open);
    open.clock.advance(DAY);
    await using other = openRegistry(kind);
    await other.store.markUnreferenced([digest], 0);
    const broken = { ...other.store, fenceBlobs: () => Promise.reject(new Error("down")) };
    await expect(collect(open, { references: [open.store, broken] })).rejects.toThrow("down");
    expect(await open.store.claimBlobs([digest])).toEqual([]);
  });

  it("keeps what any of several stores refers to", async () => {
    await using open = openRegistry(kind);
    await using other = openRegistry(kind);
    const { digest } = await open.blobs.put(bytes("shared"));
    await other.blobs.put(bytes("shared"));
    await other.register({ files: { "a.txt": bytes("shared") } });
    const references = [open.store, other.store];
    await collect(open, { references });
    open.clock.advance(DAY);
    expect(await collect(open, { references })).toMatchObject({ unreferenced: 0, deleted: 0 });
    expect(await digests(open.blobs)).toEqual([digest]);
    await other.registry.delete("fraud@1");
    await collect(open, { references });
    open.clock.advance(DAY);
    expect(await collect(open, { references })).toMatchObject({ deleted: 1 });
  });
});
