import type { Digest } from "../../core/digest.ts";
import { MAX_PARTS } from "./multipart-upload.ts";
import type { S3Bucket } from "./s3-bucket.ts";

const GIB = 1024 ** 3;

/** Sizes of a copy; other than S3's own only in tests. */
export interface CopyLimits {
  /** The largest object that one request copies. @defaultValue 5 GiB */
  readonly maxBytes?: number;
  /** What one request copies of a larger one; more where there would be too many parts. @defaultValue 1 GiB */
  readonly partBytes?: number;
}

/**
 * Copies an object within the bucket, without moving its bytes through this process.
 *
 * @returns the digest of the copy, where the server computes one
 */
export async function copyObject(
  bucket: S3Bucket,
  object: { readonly from: string; readonly to: string; readonly sizeBytes: number },
  signal: AbortSignal | undefined,
  { maxBytes = 5 * GIB, partBytes = GIB }: CopyLimits = {},
): Promise<Digest | undefined> {
  const { from, to, sizeBytes } = object;
  if (sizeBytes <= maxBytes) return bucket.copy(from, to, signal);
  const size = Math.max(partBytes, Math.ceil(sizeBytes / MAX_PARTS));
  const uploadId = await bucket.createUpload(to, signal);
  try {
    const tags: string[] = [];
    for (let at = 0; at < sizeBytes; at += size) {
      const range = [at, Math.min(at + size, sizeBytes) - 1] as const;
      tags.push(await bucket.copyPart({ from, to, uploadId, number: tags.length + 1 }, range, signal));
    }
    await bucket.completeUpload(to, uploadId, tags, signal);
  } catch (error) {
    await bucket.abortUpload(to, uploadId).catch(() => {}); // the first error says more
    throw error;
  }
  return undefined;
}
