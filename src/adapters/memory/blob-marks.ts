import type { CallOptions } from "../../core/call.ts";
import type { Digest } from "../../core/digest.ts";
import { blobsFenced } from "../../storage/blobs-fenced.ts";
import type { BlobReferences } from "../../storage/port.ts";

/** Runs a step of a store in memory, which waits for nothing and so is atomic. */
type Step = <T>(call: CallOptions | undefined, work: () => T) => Promise<T>;

interface Mark {
  readonly since: number;
  readonly fence: { readonly collector: string; readonly at: number } | undefined;
}

/** The blobs that the records of a store in memory refer to, how often each, and what collectors have said of the others. */
export class BlobMarks {
  readonly #store: string;
  readonly #counts = new Map<Digest, number>();
  readonly #marks = new Map<Digest, Mark>();

  /** @param store - its name, as errors show it */
  constructor(store: string) {
    this.#store = store;
  }

  /**
   * A record is about to refer to the blobs: counts one reference for each item, and clears the marks. Call it before anything of the
   * record is written, or undo it with `remove`.
   *
   * @throws a `ModelwrightError` with code `STORE_BLOB_FENCED` when one is being collected; nothing is counted then
   */
  add(digests: readonly Digest[]): void {
    const fenced = this.#fenced(digests);
    if (fenced.size > 0) throw blobsFenced(this.#store, [...fenced]);
    for (const digest of digests) {
      this.#marks.delete(digest);
      this.#counts.set(digest, (this.#counts.get(digest) ?? 0) + 1);
    }
  }

  /** A record no longer refers to the blobs: takes one reference back for each item. */
  remove(digests: readonly Digest[]): void {
    for (const digest of digests) {
      const left = (this.#counts.get(digest) ?? 0) - 1;
      if (left > 0) this.#counts.set(digest, left);
      else this.#counts.delete(digest);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#counts.clear();
    this.#marks.clear();
  }

  /** The verbs of the port, each as one step of the store. */
  verbs(step: Step): BlobReferences {
    return {
      markUnreferenced: (digests, at, call) =>
        step(call, () =>
          this.#unreferenced(digests).map((digest) => {
            const mark = this.#marks.get(digest) ?? { since: at, fence: undefined };
            this.#marks.set(digest, mark);
            return { digest, since: mark.since };
          }),
        ),

      fenceBlobs: (digests, { collector, at, markedBefore, takeOverBefore }, call) =>
        step(call, () =>
          this.#unreferenced(digests).filter((digest) => {
            const mark = this.#marks.get(digest);
            if (mark === undefined || mark.since > markedBefore) return false;
            const { since, fence } = mark;
            if (fence !== undefined && fence.collector !== collector && fence.at >= takeOverBefore) return false;
            this.#marks.set(digest, { since, fence: { collector, at } });
            return true;
          }),
        ),

      releaseBlobs: (digests, call) =>
        step(call, () => {
          for (const digest of digests) this.#marks.delete(digest);
        }),

      claimBlobs: (digests, call) =>
        step(call, () => {
          const fenced = this.#fenced(digests);
          // One that is fenced keeps its mark: nobody may refer to it before the collector has released it.
          for (const digest of digests) if (!fenced.has(digest)) this.#marks.delete(digest);
          return [...fenced];
        }),
    };
  }

  #fenced(digests: readonly Digest[]): ReadonlySet<Digest> {
    return new Set(digests.filter((digest) => this.#marks.get(digest)?.fence !== undefined));
  }

  #unreferenced(digests: readonly Digest[]): readonly Digest[] {
    return [...new Set(digests)].filter((digest) => !this.#counts.has(digest));
  }
}
