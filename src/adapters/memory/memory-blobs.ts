import { chunks } from "../../core/chunks.ts";
import { withDeadline } from "../../core/deadline.ts";
import { concatBytes, type Digest, parseDigest, sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { iterate } from "../../core/iterate.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import type { BlobInfo, BlobStore } from "../../storage/port.ts";

const NAME = "memory";
const CHUNK_BYTES = 1 << 16;

/**
 * A {@link BlobStore} that keeps blobs in this process's memory: for tests, and for models that need not outlive the process.
 *
 * Bytes are copied in and out, so a stored blob cannot be damaged and reads need not hash it again, whatever `verify` says. In
 * `stream` and `list` the `timeoutMs` of the call limits each step.
 *
 * @example
 * ```ts
 * import { memoryBlobs } from "modelwright";
 *
 * await using blobs = memoryBlobs();
 * const { digest } = await blobs.put(new TextEncoder().encode("hello"));
 * const bytes = await blobs.get(digest);
 * ```
 */
export function memoryBlobs(): BlobStore {
  const blobs = new Map<Digest, Uint8Array>();
  const lifecycle = new Lifecycle(`Blob store ${NAME}`, () => blobs.clear());

  const stored = (digest: Digest): Uint8Array => {
    const bytes = blobs.get(digest);
    if (bytes !== undefined) return bytes;
    throw new ModelwrightError("STORE_NOT_FOUND", `${NAME} holds no blob ${digest}; put it first`, {
      details: { store: NAME, key: digest },
    });
  };

  return {
    spec: "blob/1",
    name: NAME,
    capabilities: { streaming: false, durable: false },

    put: (content, call) =>
      withDeadline(call, (signal) =>
        lifecycle.run(async () => {
          const expected = call?.expected === undefined ? undefined : parseDigest(call.expected);
          const hasher = sha256Hasher();
          const parts: Uint8Array[] = [];
          for await (const chunk of chunks(content, signal)) {
            hasher.update(chunk);
            parts.push(new Uint8Array(chunk));
          }
          const digest = await hasher.digest();
          if (expected !== undefined && digest !== expected) throw unexpected(expected, digest);
          signal?.throwIfAborted();
          const bytes = concatBytes(parts);
          blobs.set(digest, bytes);
          return { digest, sizeBytes: bytes.length };
        }),
      ),

    get: (digest, call) => withDeadline(call, () => lifecycle.run(() => new Uint8Array(stored(parseDigest(digest))))),

    stream: (digest, call) => iterate(slices(digest), (next) => withDeadline(call, () => lifecycle.run(next))),

    stat: (digest, call) =>
      withDeadline(call, () =>
        lifecycle.run(() => {
          const bytes = blobs.get(parseDigest(digest));
          return bytes === undefined ? undefined : { digest, sizeBytes: bytes.length };
        }),
      ),

    delete: (digest, call) => withDeadline(call, () => lifecycle.run(() => blobs.delete(parseDigest(digest)))),

    list: (call) => iterate(infos(), (next) => withDeadline(call, () => lifecycle.run(next))),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };

  async function* slices(digest: Digest): AsyncGenerator<Uint8Array, void> {
    const bytes = stored(parseDigest(digest));
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.slice(at, at + CHUNK_BYTES);
  }

  async function* infos(): AsyncGenerator<BlobInfo, void> {
    for (const [digest, bytes] of blobs) yield { digest, sizeBytes: bytes.length };
  }
}

function unexpected(expected: Digest, actual: Digest): ModelwrightError<"STORE_CORRUPT"> {
  return new ModelwrightError(
    "STORE_CORRUPT",
    `The content has the digest ${actual}, but ${expected} was expected; nothing was stored`,
    {
      details: { store: NAME, key: expected, actual },
    },
  );
}
