import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import type { Digest } from "../core/digest.ts";
import { messageOf } from "../core/errors.ts";
import { uuidv7Generator } from "../core/ids.ts";
import { parseOptions, passed, port } from "../core/options.ts";
import { systemRandom } from "../core/random.ts";
import type { BlobInfo, BlobReferences, BlobStore } from "./port.ts";

/** Options of {@link collectGarbage}. The stores are borrowed. */
export interface GarbageOptions {
  readonly blobs: BlobStore;
  /** Every store whose records refer to these blobs: one that is left out loses its files. */
  readonly references: readonly BlobReferences[];
  /**
   * How long nothing must have referred to a blob, ms; longer than anybody takes to store all files of a version and then the version.
   * @defaultValue 86 400 000, a day
   */
  readonly graceMs?: number | undefined;
  /** Whether to count only and delete nothing. Blobs are marked all the same, so that their grace begins. @defaultValue false */
  readonly dryRun?: boolean | undefined;
}

/** Options of a call of {@link collectGarbage}; `timeoutMs` limits each step of a store. */
export interface GarbageCall extends CallOptions {
  /** Told after each batch how far the collection has come. */
  readonly onProgress?: ((report: GarbageReport) => void) | undefined;
}

/** What a collection has found and done. */
export interface GarbageReport {
  /** Blobs that were looked at. */
  readonly scanned: number;
  /** Blobs that nothing refers to. */
  readonly unreferenced: number;
  /** Of these, those whose grace is not over, or that somebody else is collecting. In a dry run the others would be deleted now. */
  readonly waiting: number;
  readonly deleted: number;
  readonly deletedBytes: number;
  /** Blobs that could not be deleted; a collection that begins an hour later tries again. Until then their bytes cannot be registered. */
  readonly failed: readonly { readonly digest: Digest; readonly reason: string }[];
}

/** Blobs that are looked at together. */
const BATCH = 200;

/** A fence that is older than this was left by a collector that was killed: no deletion begins so long after its fence. */
const TAKE_OVER_MS = 3_600_000;

/** No deletion begins under a fence that is older than this: it may still take as long until somebody takes the fence over. */
const FENCE_MS = TAKE_OVER_MS / 2;

const optionsSchema = z.strictObject({
  blobs: port<BlobStore>("blob/1"),
  references: z.array(passed<BlobReferences>("a store that refers to blobs", isReferences)).min(1),
  graceMs: z.number().min(0).default(86_400_000),
  dryRun: z.boolean().default(false),
});
const callSchema = z.object({
  onProgress: passed<(report: GarbageReport) => void>("a function", (value) => typeof value === "function").optional(),
});

/**
 * Deletes blobs that nothing has referred to for a while: what deleted versions and runs have left, and what was stored for a record
 * that never came. Safe beside registrations, and beside other collections; one that is killed is finished by the next one, an hour later
 * where it was killed while it deleted. One that is aborted or fails lets go of everything but what it was deleting at that moment.
 *
 * @source a two-phase collection: the protocol is written at {@link BlobReferences}
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options
 *
 * @example
 * ```ts
 * import { memoryBlobs, memoryRegistry } from "modelwright";
 * import { collectGarbage } from "modelwright/storage";
 *
 * const { deleted, waiting } = await collectGarbage({ blobs: memoryBlobs(), references: [memoryRegistry()] });
 * ```
 */
export async function collectGarbage(
  options: GarbageOptions,
  call: GarbageCall = {},
  { clock = systemClock, random = systemRandom }: Pick<Runtime, "clock" | "random"> = {},
): Promise<GarbageReport> {
  const { blobs, references, graceMs, dryRun } = parseOptions(optionsSchema, options, "collectGarbage");
  const { onProgress } = parseOptions(callSchema, call, "collectGarbage");
  const collector = uuidv7Generator({ clock, random })();
  const step = <T>(work: (call: CallOptions) => Promise<T>) => withDeadline(call, (signal) => work({ signal }), clock);
  const report = { scanned: 0, unreferenced: 0, waiting: 0, deleted: 0, deletedBytes: 0 };
  const failed: { digest: Digest; reason: string }[] = [];

  const collect = async (batch: readonly BlobInfo[]) => {
    const sizes = new Map(batch.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
    const now = Math.floor(clock.now());
    let candidates: readonly Digest[] = [...sizes.keys()];
    const since = new Map<Digest, number>();
    for (const store of references) {
      const marked = await step((limits) => store.markUnreferenced(candidates, now, limits));
      for (const mark of marked) since.set(mark.digest, Math.max(since.get(mark.digest) ?? 0, mark.since));
      candidates = marked.map(({ digest }) => digest);
    }
    report.scanned += batch.length;
    report.unreferenced += candidates.length;
    const due = candidates.filter((digest) => since.get(digest)! <= now - graceMs);
    const fenced = dryRun || due.length === 0 ? [] : await fence(due, now);
    // A deletion that has failed may still happen: its fence stays until the next collection takes it over.
    const settled = new Set(fenced);
    let begun = 0;
    try {
      for (const digest of fenced) {
        call.signal?.throwIfAborted();
        if (clock.now() - now > FENCE_MS) break;
        begun += 1;
        settled.delete(digest);
        try {
          await step((limits) => blobs.delete(digest, limits));
          settled.add(digest);
          report.deleted += 1;
          report.deletedBytes += sizes.get(digest) ?? 0;
        } catch (error) {
          call.signal?.throwIfAborted();
          failed.push({ digest, reason: messageOf(error) });
        }
      }
    } finally {
      // A fence that somebody may have taken over by now is theirs.
      if (clock.now() - now < TAKE_OVER_MS) await release(references, [...settled]);
    }
    report.waiting += candidates.length - (dryRun ? due.length : begun);
    onProgress?.({ ...report, failed: [...failed] });
  };

  /** Not under the caller's signal: what is fenced without need cannot be registered for an hour. */
  const release = async (stores: readonly BlobReferences[], digests: readonly Digest[]): Promise<void> => {
    if (digests.length === 0) return;
    const { timeoutMs } = call;
    for (const store of stores) await withDeadline({ timeoutMs }, (signal) => store.releaseBlobs(digests, { signal }), clock);
  };

  /** Fences in one store after the other; what a later one refers to, the earlier ones let go. */
  const fence = async (due: readonly Digest[], at: number): Promise<readonly Digest[]> => {
    const limits = { collector, at, markedBefore: at - graceMs, takeOverBefore: at - TAKE_OVER_MS };
    let held = due;
    for (const [i, store] of references.entries()) {
      const earlier = references.slice(0, i);
      let granted: ReadonlySet<Digest> = new Set();
      try {
        granted = new Set(await step((within) => store.fenceBlobs(held, limits, within)));
      } finally {
        await release(
          earlier,
          held.filter((digest) => !granted.has(digest)),
        );
      }
      held = held.filter((digest) => granted.has(digest));
    }
    return held;
  };

  let batch: BlobInfo[] = [];
  for await (const blob of blobs.list(call)) {
    batch.push(blob);
    if (batch.length < BATCH) continue;
    await collect(batch);
    batch = [];
  }
  if (batch.length > 0) await collect(batch);
  return { ...report, failed };
}

function isReferences(value: unknown): boolean {
  return typeof (value as Partial<BlobReferences> | null | undefined)?.fenceBlobs === "function";
}
