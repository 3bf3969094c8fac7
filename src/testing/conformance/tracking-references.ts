import type { Digest } from "../../core/digest.ts";
import type { TrackingStore } from "../../tracking/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";
import { type BlobReferencesSubject, blobReferencesConformance } from "./blob-references.ts";
import { batch, digestOf, historyOf, insertRun, loss, START } from "./tracking-drafts.ts";

const [a, b] = [digestOf("aa"), digestOf("bb")];
const file = (path: string, digest: Digest) => ({ path, digest, sizeBytes: 1 });

/** Which of the two blobs no run refers to. */
async function unreferenced(store: TrackingStore): Promise<readonly Digest[]> {
  return (await store.markUnreferenced([a, b], START)).map(({ digest }) => digest);
}

const tests: Readonly<Record<string, SuiteTest<TrackingStore>>> = {
  "refers to the blobs of artifacts until they are replaced": async (store, check) => {
    const { id } = await insertRun(store);
    await store.logBatch(id, batch({ artifacts: [file("one", a), file("two", a)] }));
    await store.logBatch(id, batch({ artifacts: [file("one", b)] }));
    check.equal(await unreferenced(store), []);
    await store.logBatch(id, batch({ artifacts: [file("two", b)] }));
    check.equal(await unreferenced(store), [a]);
    await store.logBatch(id, batch({ artifacts: [file("one", a), file("one", b)] }));
    check.equal(await unreferenced(store), [a]);
  },

  "refers to the blobs of a deleted run until it is purged": async (store, check) => {
    const { id } = await insertRun(store);
    for (let i = 0; i < 3; i++) await store.logBatch(id, batch({ artifacts: [file("one", a), file("two", a)] }));
    await store.changeRun(id, { deletedAt: START });
    check.equal(await unreferenced(store), [b]);
    await store.purgeRun(id, START);
    check.equal(await unreferenced(store), [a, b]);
  },

  "does not refer to the blobs of a batch that is refused": async (store, check) => {
    const { id } = await insertRun(store, { params: { rate: "1" } });
    const refused = batch({ artifacts: [file("one", a)], params: { rate: "2" } });
    await check.fails("TRACKING_PARAM_IMMUTABLE", () => store.logBatch(id, refused));
    check.equal(await unreferenced(store), [a, b]);
  },

  "logs nothing of a batch with an artifact that is being collected": async (store, check) => {
    const before = await insertRun(store);
    await unreferenced(store);
    await store.fenceBlobs([a], { collector: "c", at: START, markedBefore: START, takeOverBefore: 0 });
    const refused = batch({
      artifacts: [file("one", b), file("two", a)],
      metrics: [loss(1)],
      params: { rate: "1" },
      tags: { x: "y" },
    });
    await check.fails("STORE_BLOB_FENCED", () => store.logBatch(before.id, refused));
    check.equal(await store.findRun(before.id), before);
    check.equal(await historyOf(store, before.id), []);
    await store.releaseBlobs([a]);
    await store.logBatch(before.id, refused);
    check.equal((await store.findRun(before.id))?.artifacts.length, 2);
  },
};

/**
 * What a {@link TrackingStore} knows of blobs, as tests: its runs refer to them by their artifacts.
 *
 * @param open - a fresh, empty store; each test gets its own and disposes it
 */
export function trackingReferencesConformance(
  kit: TestKit,
  open: () => Promise<TrackingStore> | TrackingStore,
  options?: SuiteOptions,
): void {
  blobReferencesConformance(kit, "tracking/1", async () => subject(await open()), options);
  suite(kit, "Artifacts of TrackingStore tracking/1", open, undefined, tests);
}

function subject(store: TrackingStore): BlobReferencesSubject {
  const refer = async (digests: readonly Digest[]) => {
    const { id } = await insertRun(store);
    await store.logBatch(id, batch({ artifacts: digests.map((digest, i) => file(`file-${i}`, digest)) }));
    return async () => {
      await store.changeRun(id, { deletedAt: START });
      await store.purgeRun(id, START);
    };
  };
  return { references: store, refer, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}
