import type { Digest } from "../../core/digest.ts";
import type { BlobFence, BlobReferences } from "../../storage/port.ts";
import { type SuiteOptions, type SuiteTest, suite, type TestKit } from "../suite.ts";

/** A store of records that refer to blobs, for {@link blobReferencesConformance}. */
export interface BlobReferencesSubject extends AsyncDisposable {
  /** The store, empty. */
  readonly references: BlobReferences;
  /** Adds a record that refers to these blobs, 1 or more; answers what deletes it again. Rejects as the store does. */
  readonly refer: (digests: readonly Digest[]) => Promise<() => Promise<void>>;
}

const digestOf = (i: number): Digest => `sha256:${i.toString(16).padStart(64, "0")}`;
const [a, b, c] = [digestOf(1), digestOf(2), digestOf(3)];

/** A fence of collector x at 100 for what was marked by 50, which takes over nothing. */
const fence = (given: Partial<BlobFence> = {}): BlobFence => ({
  collector: "x",
  at: 100,
  markedBefore: 50,
  takeOverBefore: 0,
  ...given,
});

const sinceOf = (marks: readonly { readonly digest: Digest; readonly since: number }[]) =>
  Object.fromEntries(marks.map(({ digest, since }) => [digest, since]));

const tests: Readonly<Record<string, SuiteTest<BlobReferencesSubject>>> = {
  "marks what nothing refers to, and remembers when it was first": async ({ references }, check) => {
    check.equal(sinceOf(await references.markUnreferenced([a, b], 10)), { [a]: 10, [b]: 10 });
    check.equal(sinceOf(await references.markUnreferenced([c, b], 20)), { [b]: 10, [c]: 20 });
    check.equal(sinceOf(await references.markUnreferenced([a], 5)), { [a]: 10 });
    check.equal(await references.markUnreferenced([], 30), []);
  },

  "answers a digest once that is given twice": async ({ references }, check) => {
    check.equal(await references.markUnreferenced([a, a], 10), [{ digest: a, since: 10 }]);
    check.equal(await references.fenceBlobs([a, a], fence()), [a]);
    check.equal(await references.claimBlobs([a, a]), [a]);
  },

  "does not mark what a record refers to, until the last one is deleted": async ({ references, refer }, check) => {
    const [forgetFirst, forgetSecond] = [await refer([a, b]), await refer([a])];
    check.equal(sinceOf(await references.markUnreferenced([a, b, c], 10)), { [c]: 10 });
    await forgetFirst();
    check.equal(sinceOf(await references.markUnreferenced([a, b], 20)), { [b]: 20 });
    await forgetSecond();
    check.equal(sinceOf(await references.markUnreferenced([a, b], 30)), { [a]: 30, [b]: 20 });
  },

  "clears the mark of what a record refers to": async ({ references, refer }, check) => {
    await references.markUnreferenced([a, b], 10);
    const forget = await refer([a]);
    check.equal(await references.fenceBlobs([a, b], fence()), [b]);
    await forget();
    check.equal(sinceOf(await references.markUnreferenced([a], 60)), { [a]: 60 });
  },

  "clears the marks of what is claimed": async ({ references }, check) => {
    await references.markUnreferenced([a, b], 10);
    check.equal(await references.claimBlobs([a, c]), []);
    check.equal(await references.fenceBlobs([a, b, c], fence()), [b]);
    check.equal(sinceOf(await references.markUnreferenced([a, c], 60)), { [a]: 60, [c]: 60 });
    check.equal(await references.claimBlobs([]), []);
  },

  "fences only what was marked in time": async ({ references }, check) => {
    await references.markUnreferenced([a], 50);
    await references.markUnreferenced([b], 51);
    check.equal(await references.fenceBlobs([a, b, c], fence()), [a]);
    check.equal(await references.fenceBlobs([], fence()), []);
  },

  "does not fence what a record refers to": async ({ references, refer }, check) => {
    await references.markUnreferenced([a], 10);
    await refer([a]);
    check.equal(await references.fenceBlobs([a], fence({ markedBefore: 1000, takeOverBefore: 1000 })), []);
    check.equal(await references.claimBlobs([a]), []);
  },

  "refuses a record that refers to a fenced blob, and the whole of it": async ({ references, refer }, check) => {
    await references.markUnreferenced([a, b], 10);
    check.equal(await references.fenceBlobs([a], fence()), [a]);
    const error = await check.fails("STORE_BLOB_FENCED", () => refer([b, a, c]));
    check.equal([error.details.digests, error.retryable], [[a], true]);
    check.equal(sinceOf(await references.markUnreferenced([a, b, c], 60)), { [a]: 10, [b]: 10, [c]: 60 });
    await references.releaseBlobs([a]);
    await refer([b, a, c]);
    check.equal(await references.markUnreferenced([a, b, c], 70), []);
  },

  "answers which blobs cannot be claimed because they are fenced, and claims the others": async ({ references }, check) => {
    await references.markUnreferenced([a, b], 10);
    await references.fenceBlobs([a], fence());
    check.equal(await references.claimBlobs([a, b, c]), [a]);
    check.equal(sinceOf(await references.markUnreferenced([a, b], 60)), { [a]: 10, [b]: 60 });
    check.equal(await references.claimBlobs([a]), [a]);
  },

  "lets one collector fence a blob at a time": async ({ references }, check) => {
    await references.markUnreferenced([a, b], 10);
    check.equal(await references.fenceBlobs([a], fence()), [a]);
    check.equal(await references.fenceBlobs([a, b], fence({ collector: "y", at: 110 })), [b]);
    check.equal(await references.fenceBlobs([a, b], fence({ at: 120 })), [a]);
  },

  "lets a collector take over a fence that is old": async ({ references }, check) => {
    await references.markUnreferenced([a], 10);
    await references.fenceBlobs([a], fence({ at: 100 }));
    check.equal(sinceOf(await references.markUnreferenced([a], 200)), { [a]: 10 });
    check.equal(await references.fenceBlobs([a], fence({ collector: "y", at: 200, takeOverBefore: 100 })), []);
    check.equal(await references.fenceBlobs([a], fence({ collector: "y", at: 200, takeOverBefore: 101 })), [a]);
    check.equal(await references.fenceBlobs([a], fence({ at: 210, takeOverBefore: 101 })), []);
    check.equal(await references.claimBlobs([a]), [a]);
  },

  "forgets fences and marks that are released": async ({ references, refer }, check) => {
    await references.markUnreferenced([a, b], 10);
    await references.fenceBlobs([a], fence());
    await references.releaseBlobs([a, b, c]);
    await references.releaseBlobs([a]);
    await references.releaseBlobs([]);
    check.equal(await references.fenceBlobs([a, b], fence()), []);
    check.equal(await references.claimBlobs([a, b]), []);
    check.equal(sinceOf(await references.markUnreferenced([a, b], 60)), { [a]: 60, [b]: 60 });
    await refer([a]);
  },

  "never lets a record refer to a blob that it fences at the same time": async ({ references, refer }, check) => {
    const digests = Array.from({ length: 24 }, (_, i) => digestOf(i + 1));
    await references.markUnreferenced(digests, 10);
    const fencing = Promise.all([0, 8, 16].map((at) => references.fenceBlobs(digests.slice(at, at + 8), fence())));
    const records = await Promise.allSettled(digests.map((digest) => refer([digest])));
    const fenced = new Set((await fencing).flat());
    check.equal(
      records.map(({ status }) => status === "rejected"),
      digests.map((digest) => fenced.has(digest)),
    );
    const codes = records.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    check.equal(
      codes,
      codes.map(() => "STORE_BLOB_FENCED"),
    );
  },

  "takes thousands of digests at once": async ({ references, refer }, check) => {
    const digests = Array.from({ length: 3000 }, (_, i) => digestOf(i + 1));
    await refer([a, b]);
    check.equal((await references.markUnreferenced(digests, 10)).length, 2998);
    check.equal((await references.fenceBlobs(digests, fence())).length, 2998);
    check.equal((await references.claimBlobs(digests)).length, 2998);
    await references.releaseBlobs(digests);
    check.equal(await references.claimBlobs(digests), []);
  },
};

/**
 * What a store of records knows of blobs, as tests: run it over a {@link BlobReferences} of your own.
 *
 * @param title - name of the port that has the verbs, for example `tracking/1`
 * @param open - a fresh, empty store; each test gets its own and disposes it
 */
export function blobReferencesConformance(
  kit: TestKit,
  title: string,
  open: () => Promise<BlobReferencesSubject> | BlobReferencesSubject,
  options?: SuiteOptions,
): void {
  suite(kit, `BlobReferences of ${title}`, open, options, tests);
}
