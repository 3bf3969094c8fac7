import { isBytes } from "../core/chunks.ts";
import type { Digest } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { blobsFenced } from "./blobs-fenced.ts";
import type { BlobContent, BlobInfo, BlobReferences, BlobStore } from "./port.ts";

/** What a file holds: bytes, a stream of them that is read once, or the digest of a blob that is stored already. */
export type FileContent = BlobContent | { readonly digest: Digest };

/** A file whose bytes are stored, for a record to refer to. */
export interface StoredFile {
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** What {@link storeFiles} works with. */
export interface StoreFilesOptions {
  readonly blobs: BlobStore;
  /** The store of the record that will refer to the files. */
  readonly references: Pick<BlobReferences, "claimBlobs"> & { readonly name: string };
  /** Repeats what fails with an error marked `retryable`, with waits between. */
  readonly retry: <T>(work: () => Promise<T>) => Promise<T>;
  readonly signal: AbortSignal | undefined;
}

/** Blobs that are looked for at once. */
const CONCURRENT_STATS = 16;

/**
 * Stores files so that no collector takes them before a record refers to them; answers them in the order of their paths by code units.
 *
 * Puts all of them, claims their digests, and then looks whether each is still there: a collector may have deleted an equal older blob
 * after the put and before the claim, not after it. What is gone is put again. Write the record next, and repeat that only where
 * {@link mayRepeatRecord} says so.
 *
 * @throws a `ModelwrightError` with code `STORE_BLOB_FENCED`, retryable, when a collector is deleting such bytes for longer than the
 * retries wait, or has deleted those of a stream, which cannot be read again
 * @throws a `ModelwrightError` with code `STORE_NOT_FOUND` when a digest was given that nothing is stored under
 */
export async function storeFiles(
  files: Readonly<Record<string, FileContent>>,
  options: StoreFilesOptions,
): Promise<readonly StoredFile[]> {
  const { blobs, signal } = options;
  const stored: StoredFile[] = [];
  const putting = Object.values(files).some((content) => !isKnown(content));
  for (const path of Object.keys(files).sort()) {
    const content = files[path]!;
    if (!isKnown(content)) stored.push({ path, ...(await put(content, options)) });
    // Before anything is put, so that nothing is when a digest is unknown; where nothing is to be put, the look below is enough.
    else if (putting) stored.push({ path, ...(await find(content.digest, options)) });
    else stored.push({ path, digest: content.digest, sizeBytes: 0 });
  }
  const again = new Map<Digest, Uint8Array>();
  for (const { path, digest } of stored) {
    const content = files[path];
    if (isBytes(content)) again.set(digest, content);
  }
  await claim([...new Set(stored.map(({ digest }) => digest))], again, options);
  for (let at = 0; at < stored.length; at += CONCURRENT_STATS) {
    await Promise.all(
      stored.slice(at, at + CONCURRENT_STATS).map(async ({ path, digest }, i) => {
        const found = await options.retry(() => blobs.stat(digest, { signal }));
        if (found !== undefined) {
          stored[at + i] = { path, digest, sizeBytes: found.sizeBytes };
          return;
        }
        const bytes = again.get(digest);
        if (bytes !== undefined) await put(bytes, options);
        else if ("digest" in files[path]!) throw notFound(blobs.name, digest);
        else throw blobsFenced(options.references.name, [digest]);
      }),
    );
  }
  return stored;
}

/**
 * Whether the write of a record may be repeated as it is. Not when a blob of it is being collected: once the fence is gone, the blob is,
 * too, and the record would refer to nothing; store the files again first.
 */
export function mayRepeatRecord(error: unknown): boolean {
  return ModelwrightError.is(error) && error.retryable && error.code !== "STORE_BLOB_FENCED";
}

/** Waits for collectors to let go, and puts what they have taken again. */
async function claim(
  digests: readonly Digest[],
  again: ReadonlyMap<Digest, Uint8Array>,
  { references, retry, signal }: StoreFilesOptions,
): Promise<void> {
  let left = digests;
  const lost = await retry(async () => {
    const fenced = await references.claimBlobs(left, { signal });
    const lost = fenced.filter((digest) => !again.has(digest));
    if (lost.length > 0) return lost;
    left = fenced;
    if (fenced.length > 0) throw blobsFenced(references.name, fenced);
    return [];
  });
  if (lost.length > 0) throw blobsFenced(references.name, lost);
}

/** A stream is read once, so that it cannot be tried again. */
async function put(content: BlobContent, { blobs, retry, signal }: StoreFilesOptions): Promise<BlobInfo> {
  const work = () => blobs.put(content, { signal });
  const { digest, sizeBytes } = await (isBytes(content) ? retry(work) : work());
  return { digest, sizeBytes };
}

function isKnown(content: FileContent): content is { readonly digest: Digest } {
  return !isBytes(content) && "digest" in content;
}

async function find(digest: Digest, { blobs, retry, signal }: StoreFilesOptions): Promise<BlobInfo> {
  const found = await retry(() => blobs.stat(digest, { signal }));
  if (found === undefined) throw notFound(blobs.name, digest);
  return { digest, sizeBytes: found.sizeBytes };
}

function notFound(store: string, key: Digest): ModelwrightError<"STORE_NOT_FOUND"> {
  return new ModelwrightError("STORE_NOT_FOUND", `${store} holds no blob ${key}; put it first`, { details: { store, key } });
}
