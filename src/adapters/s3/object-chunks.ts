import type { S3Bucket } from "./s3-bucket.ts";
import type { S3Failures } from "./s3-failure.ts";

/** How often in a row reading goes on after the connection broke and brought nothing. */
const MAX_RESUMES = 3;

/** What reading an object needs. */
export interface ObjectToRead {
  readonly bucket: S3Bucket;
  readonly failures: S3Failures;
  readonly operation: string;
  readonly key: string;
}

/**
 * The bytes of an object as they arrive; where the connection breaks, it goes on from there.
 *
 * @param begun - gets the size that the server announces; undefined when it tells none
 * @returns whether there is an object
 */
export async function* objectChunks(
  { bucket, failures, operation, key }: ObjectToRead,
  signal: AbortSignal | undefined,
  begun: (sizeBytes: number | undefined) => void = () => {},
): AsyncGenerator<Uint8Array, boolean> {
  let at = 0;
  for (let resumes = 0; ; resumes++) {
    const response = await bucket.get(operation, key, at, signal);
    if (response === undefined) {
      if (at === 0) return false;
      throw failures.failed(operation, "the object was removed while it was read", { retryable: true });
    }
    const reader = (response.body ?? new Blob().stream()).getReader();
    try {
      if (at === 0) begun(announcedSize(response));
      for (;;) {
        const piece = await nextPiece(reader);
        if (piece instanceof Broken) {
          signal?.throwIfAborted();
          if (resumes >= MAX_RESUMES) throw failures.unreachable(operation, piece.cause);
          break;
        }
        if (piece === undefined) return true;
        at += piece.length;
        resumes = 0;
        yield piece;
      }
    } finally {
      // Also when the consumer has stopped: nothing more shall be sent.
      await reader.cancel().catch(() => {});
    }
  }
}

/** The connection broke. */
class Broken {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

async function nextPiece(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | Broken | undefined> {
  try {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  } catch (cause) {
    return new Broken(cause);
  }
}

/** Not of a compressed answer, whose length is another. */
function announcedSize({ headers }: Response): number | undefined {
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") ? undefined : Number(length);
}
