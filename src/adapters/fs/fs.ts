import type { FileHandle } from "node:fs/promises";
import type { CallOptions, Runtime } from "../../core/call.ts";
import { chunks } from "../../core/chunks.ts";
import { systemClock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { type Digest, parseDigest, sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { iterate } from "../../core/iterate.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { defaultLogger, guarded } from "../../core/logger.ts";
import type { BlobContent, BlobInfo, BlobStore } from "../../storage/port.ts";
import { BlobFolder, type TemporaryFile } from "./blob-folder.ts";
import { fileChunks } from "./file-chunks.ts";
import { io } from "./file-failure.ts";
import { parsePath } from "./parse-path.ts";

/**
 * A {@link BlobStore} in a folder, made on the first `put`. Several processes may use one folder at once.
 *
 * A blob is written to a temporary file, synchronised, then renamed to `sha256/ab/cdef…`; the folders that lead to it are
 * synchronised, too. `put` of stored content reads the stored file: it stays when size and digest are right, and is replaced when
 * not. What killed processes have left in `tmp` is removed before the first `put` when nobody has written to it for 24 hours.
 *
 * Symbolic links in place of blobs are not followed. In `stream` and `list` the `timeoutMs` of the call limits each step. A
 * failure of the file system rejects with `STORE_FAILED`, retryable when it was short of something for the moment.
 *
 * @param path - relative to the working directory of now
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for an empty path
 * @example
 * ```ts
 * import { fs } from "modelwright/fs";
 *
 * await using blobs = fs("./artifacts");
 * const { digest } = await blobs.put(new TextEncoder().encode("hello"));
 * const bytes = await blobs.get(digest);
 * ```
 */
export function fs(path: string, runtime: Pick<Runtime, "clock" | "logger"> = {}): BlobStore {
  const { clock = systemClock } = runtime;
  const logger = guarded(runtime.logger ?? defaultLogger);
  const folder = new BlobFolder(parsePath("fs", path));
  const name = `fs:${path}`;
  // Of iterations that were begun and dropped without an end; nobody else would close them.
  const reading = new Set<FileHandle>();
  const lifecycle = new Lifecycle(`Blob store ${name}`, async () => {
    await Promise.all([...reading].map((handle) => handle.close()));
  });
  let swept: Promise<void> | undefined;

  const running = <T>(call: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> =>
    // In this order a call that gives up early still counts as running until it has cleaned up.
    withDeadline(call, (signal) => lifecycle.run(() => work(signal)), clock);

  return {
    spec: "blob/1",
    name,
    capabilities: { streaming: true, durable: true },

    put: (content, call) => running(call, (signal) => write(content, call?.expected, signal)),

    get: (digest, call) =>
      running(call, async (signal) => {
        let bytes = new Uint8Array();
        const allocate = (sizeBytes: number) => {
          bytes = new Uint8Array(sizeBytes);
          return (at: number, length: number) => bytes.subarray(at, at + length);
        };
        for await (const _ of verified("get", parseDigest(digest), allocate)) signal?.throwIfAborted();
        return bytes;
      }),

    stream: (digest, call) => iterate(streamed(digest), (next) => running(call, next)),

    stat: (digest, call) =>
      running(call, async () => {
        const known = parseDigest(digest);
        const sizeBytes = await io(name, "stat", () => folder.sizeBytes(known));
        return sizeBytes === undefined ? undefined : { digest: known, sizeBytes };
      }),

    delete: (digest, call) =>
      running(call, async () => {
        const known = parseDigest(digest);
        return io(name, "delete", () => folder.remove(known));
      }),

    list: (call) => iterate(infos(), (next) => running(call, next)),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };

  async function write(content: BlobContent, expected: Digest | undefined, signal: AbortSignal | undefined): Promise<BlobInfo> {
    if (expected !== undefined) parseDigest(expected);
    let temporary: TemporaryFile | undefined;
    try {
      const hasher = sha256Hasher();
      let sizeBytes = 0;
      // Nothing is awaited before the first chunk is asked for: a Node stream that fails earlier would have no listener.
      for await (const chunk of chunks(content, signal)) {
        temporary ??= await begin();
        const { handle } = temporary;
        hasher.update(chunk);
        await io(name, "put", () => handle.writeFile(chunk));
        sizeBytes += chunk.length;
      }
      temporary ??= await begin();
      const complete = temporary;
      const digest = await hasher.digest();
      if (expected !== undefined && digest !== expected) {
        const message = `The content has the digest ${digest}, but ${expected} was expected; nothing was stored`;
        throw new ModelwrightError("STORE_CORRUPT", message, { details: { store: name, key: expected, actual: digest } });
      }
      const stored = await intact(digest, sizeBytes, signal);
      signal?.throwIfAborted();
      if (!stored) await io(name, "put", () => folder.adopt(complete, digest));
      await io(name, "put", () => folder.syncPathTo(digest));
      return { digest, sizeBytes };
    } finally {
      if (temporary !== undefined) await end(temporary);
    }
  }

  async function begin(): Promise<TemporaryFile> {
    swept ??= folder.sweep(clock.now()).catch((error: unknown) => {
      logger.warn("Leftovers in the temporary folder of a blob store could not be removed", { store: name, error });
    });
    await swept;
    return io(name, "put", () => folder.openTemporary());
  }

  async function end(temporary: TemporaryFile): Promise<void> {
    await folder.discard(temporary).catch((error: unknown) => {
      logger.warn("A temporary file of a blob store could not be removed", { store: name, error });
    });
  }

  /** Whether the right bytes are stored and can be read. The size is looked at first, because it costs nothing. */
  async function intact(digest: Digest, sizeBytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      if ((await folder.sizeBytes(digest)) !== sizeBytes) return false;
      for await (const _ of verified("put", digest)) signal?.throwIfAborted();
      return true;
    } catch {
      return false; // whatever is wrong with the file, a new one takes its place
    }
  }

  /** The chunks of a blob; throws after the last one when they do not have the digest. */
  async function* verified(
    operation: string,
    digest: Digest,
    allocate?: (sizeBytes: number) => (at: number, length: number) => Uint8Array,
  ): AsyncGenerator<Uint8Array, void> {
    const file = await io(name, operation, () => folder.open(digest));
    if (file === undefined) {
      throw new ModelwrightError("STORE_NOT_FOUND", `${name} holds no blob ${digest}; put it first`, {
        details: { store: name, key: digest },
      });
    }
    if (file === "foreign") throw corrupt(digest, "no regular file");
    const { handle, sizeBytes } = file;
    reading.add(handle);
    try {
      const target = await io(name, operation, async () => allocate?.(sizeBytes)); // may be more than there is memory
      const hasher = sha256Hasher();
      let readBytes = 0;
      for await (const chunk of fileChunks(handle, sizeBytes, { store: name, operation }, target)) {
        hasher.update(chunk);
        readBytes += chunk.length;
        yield chunk;
      }
      // `get` answers as many bytes as there were to read, so all of them must have been hashed.
      if (readBytes < sizeBytes) throw corrupt(digest, "a file that shrank while it was read");
      const actual = await hasher.digest();
      if (actual !== digest) throw corrupt(digest, actual);
    } finally {
      reading.delete(handle);
      await handle.close();
    }
  }

  async function* streamed(digest: Digest): AsyncGenerator<Uint8Array, void> {
    yield* verified("stream", parseDigest(digest));
  }

  async function* infos(): AsyncGenerator<BlobInfo, void> {
    const digests = folder.digests();
    for await (const digest of iterate(digests, (next) => io(name, "list", next))) {
      const sizeBytes = await io(name, "list", () => folder.sizeBytes(digest));
      if (sizeBytes !== undefined) yield { digest, sizeBytes };
    }
  }

  function corrupt(digest: Digest, actual: string): ModelwrightError<"STORE_CORRUPT"> {
    const message = `${name} holds damaged bytes under ${digest} (found: ${actual}); put the content again to repair it, or delete it`;
    return new ModelwrightError("STORE_CORRUPT", message, { details: { store: name, key: digest, actual } });
  }
}
