import type { FileHandle } from "node:fs/promises";
import type { CallOptions, Runtime } from "../../core/call.ts";
import { chunks } from "../../core/chunks.ts";
import { systemClock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { type Digest, type Hasher, parseDigest, sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { iterate } from "../../core/iterate.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { defaultLogger, guarded } from "../../core/logger.ts";
import type { BlobContent, BlobInfo, BlobStore } from "../../storage/port.ts";
import { BlobFolder, type TemporaryFile } from "./blob-folder.ts";
import { assertFits, fileBytes, fileChunks } from "./file-chunks.ts";
import { io } from "./file-failure.ts";
import { parsePath } from "./parse-path.ts";

/** How a blob is read. */
interface ReadOptions {
  readonly verify: boolean;
  /** Gives what gives the arrays for the chunks of a file of this size. @defaultValue each chunk has an array of its own */
  readonly allocate?: (sizeBytes: number) => (at: number, length: number) => Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** One array for all chunks of a file that is hashed and not kept: a thousand arrays would fill the memory before any is collected. */
function oneForAll(): (at: number, length: number) => Uint8Array {
  let array = new Uint8Array();
  return (_, length) => {
    if (array.length < length) array = new Uint8Array(length);
    return array.subarray(0, length);
  };
}

/** Up to this size, a file with holes is read as any other. */
const SMALL_BYTES = 64 << 20;

/**
 * A {@link BlobStore} in a folder, made on the first `put`. Several processes may use one folder at once.
 *
 * A blob is written to a temporary file, synchronised, then renamed to `sha256/ab/cdef…`; the folders that lead to it are
 * synchronised, too. `put` of stored content reads the stored file: it stays when size and digest are right, and is replaced when
 * not. What killed processes have left in `tmp` is removed before the first `put` when nobody has written to it for 24 hours.
 *
 * Symbolic links in place of blobs are not followed. `get` of more bytes than the machine has memory rejects with `STORE_FAILED`;
 * `stream` reads any size. In `stream` and `list` the `timeoutMs` of the call limits each step. A failure of the file system rejects
 * with `STORE_FAILED`, retryable when it was short of something for the moment.
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
          bytes = fileBytes(sizeBytes, { store: name, operation: "get" });
          return (at: number, length: number) => bytes.subarray(at, at + length);
        };
        const how = { verify: call?.verify !== false, allocate, signal };
        for await (const _ of contents("get", parseDigest(digest), how)) signal?.throwIfAborted();
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
        // The chunk is written by another thread while this one hashes it.
        const written = io(name, "put", () => handle.writeFile(chunk));
        hasher.update(chunk);
        await written;
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
      if (!stored) {
        await io(name, "put", () => folder.adopt(complete, digest));
        temporary = undefined;
      }
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
      for await (const _ of contents("put", digest, { verify: true, allocate: oneForAll })) signal?.throwIfAborted();
      return true;
    } catch {
      return false; // whatever is wrong with the file, a new one takes its place
    }
  }

  /**
   * The chunks of a blob; throws after the last one when they shall have the digest and do not. Only what reads ahead looks at the
   * signal; the consumer does between chunks.
   */
  async function* contents(
    operation: string,
    digest: Digest,
    { verify, allocate, signal }: ReadOptions,
  ): AsyncGenerator<Uint8Array, void> {
    // Blobs do not change, so one that does is damaged; who waives the check is told all the same, not given a mixture.
    const changed = () => corrupt(digest, "a file that changed while it was read");
    const failure = { store: name, operation, ...(verify && { changed }) };
    const file = await io(name, operation, () => folder.open(digest));
    if (file === undefined) {
      throw new ModelwrightError("STORE_NOT_FOUND", `${name} holds no blob ${digest}; put it first`, {
        details: { store: name, key: digest },
      });
    }
    if (file === "foreign") throw corrupt(digest, "no regular file");
    const { handle, sizeBytes, holey } = file;
    reading.add(handle);
    try {
      // Of a file that is mostly holes, the array would take much more than the disk has: its digest is looked at first.
      if (verify && allocate !== undefined && holey && sizeBytes > SMALL_BYTES) {
        assertFits(sizeBytes, failure);
        const hasher = sha256Hasher();
        for await (const chunk of fileChunks(handle, sizeBytes, failure, oneForAll())) {
          signal?.throwIfAborted();
          hasher.update(chunk);
        }
        await assertDigest(digest, hasher);
      }
      const hasher = verify ? sha256Hasher() : undefined;
      for await (const chunk of fileChunks(handle, sizeBytes, failure, allocate?.(sizeBytes))) {
        hasher?.update(chunk);
        yield chunk;
      }
      if (hasher !== undefined) await assertDigest(digest, hasher);
    } finally {
      reading.delete(handle);
      await handle.close();
    }
  }

  async function assertDigest(digest: Digest, hasher: Hasher): Promise<void> {
    const actual = await hasher.digest();
    if (actual !== digest) throw corrupt(digest, actual);
  }

  async function* streamed(digest: Digest): AsyncGenerator<Uint8Array, void> {
    yield* contents("stream", parseDigest(digest), { verify: true });
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
