import * as z from "zod";
import type { CallOptions, Runtime } from "../../core/call.ts";
import { withDeadline } from "../../core/deadline.ts";
import { type Digest, parseDigest, sha256, sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import { uuidv7Generator } from "../../core/ids.ts";
import { iterate } from "../../core/iterate.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { defaultLogger, guarded } from "../../core/logger.ts";
import { parseOptions } from "../../core/options.ts";
import type { BlobInfo, BlobStore } from "../../storage/port.ts";
import { BlobRecords, Damage } from "./blob-records.ts";
import { ChunkDatabase } from "./chunk-database.ts";
import { IdbWriter } from "./idb-writer.ts";

/** Options of {@link indexedDb}. */
export interface IndexedDbOptions {
  /** Name of the database, which all pages and workers of the site share. @defaultValue "modelwright" */
  readonly name?: string | undefined;
}

const optionsSchema = z.strictObject({ name: z.string().min(1).max(200).default("modelwright") });

/** Records that are read at once while listing. */
const PAGE = 100;

/**
 * A {@link BlobStore} in a browser's IndexedDB, for pages and workers. Several pages of a site may use one database at once.
 *
 * A blob is kept in chunks of 1 MiB, and appears in one transaction after the last of them; changes are on the disk when a call is
 * answered. What a closed page has left of an unfinished `put` is removed by the next page's first `put`. `put` of stored content
 * reads it: it stays when it is right, and is replaced when not. In `stream` and `list` the `timeoutMs` of the call limits each step.
 *
 * `put` and `stream` hold a blob in memory, because WebCrypto hashes whole buffers only. A browser that is short of space may remove
 * all data of a site that was not granted persistence: call `navigator.storage.persist()` where the user expects it, which the store
 * never does by itself. Beyond the quota `put` rejects with `STORE_FAILED`.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`; every verb throws `UNSUPPORTED` where there is no IndexedDB, and
 * `STORE_SCHEMA` when the database is another one's
 * @example
 * ```ts
 * import { indexedDb } from "modelwright/indexeddb";
 *
 * await using blobs = indexedDb({ name: "models" });
 * const { digest } = await blobs.put(new TextEncoder().encode("hello"));
 * const bytes = await blobs.get(digest);
 * ```
 */
export function indexedDb(options: IndexedDbOptions = {}, runtime: Runtime = {}): BlobStore {
  const { name: database } = parseOptions(optionsSchema, options, "indexedDb");
  const { clock, random } = runtime;
  const name = `indexeddb:${database}`;
  const connection = new ChunkDatabase(database, name);
  const records = new BlobRecords(connection);
  const lifecycle = new Lifecycle(`Blob store ${name}`, () => connection.close());
  const writer = new IdbWriter({
    store: name,
    database,
    records,
    logger: guarded(runtime.logger ?? defaultLogger),
    nextId: uuidv7Generator({ ...(clock && { clock }), ...(random && { random }) }),
    intact,
  });

  const running = <T>(call: CallOptions | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> =>
    // In this order a call that gives up early still counts as running until it has cleaned up.
    withDeadline(call, (signal) => lifecycle.run(() => work(signal)), clock);

  return {
    spec: "blob/1",
    name,
    capabilities: { streaming: false, durable: true },

    put: (content, call) => running(call, (signal) => writer.put(content, call?.expected, signal)),

    get: (digest, call) => running(call, (signal) => read("get", parseDigest(digest), call?.verify !== false, signal)),

    stream: (digest, call) => iterate(streamed(digest), (next) => running(call, next)),

    stat: (digest, call) =>
      running(call, async () => {
        const record = await records.find("stat", parseDigest(digest));
        return record === undefined ? undefined : { digest, sizeBytes: record.sizeBytes };
      }),

    delete: (digest, call) => running(call, async () => records.delete(parseDigest(digest))),

    list: (call) => iterate(infos(), (next) => running(call, next)),

    [Symbol.asyncDispose]: () => lifecycle.close(),
  };

  async function read(operation: string, digest: Digest, verify: boolean, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const bytes = await records.read(operation, digest, signal);
    if (bytes === undefined) throw absent(digest);
    if (bytes instanceof Damage) throw corrupt(digest, bytes.found);
    const actual = verify ? await sha256(bytes) : digest;
    if (actual !== digest) throw corrupt(digest, actual);
    return bytes;
  }

  async function intact(digest: Digest, sizeBytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    if ((await records.find("put", digest))?.sizeBytes !== sizeBytes) return false;
    try {
      await read("put", digest, true, signal);
      return true;
    } catch {
      signal?.throwIfAborted();
      return false; // whatever is wrong with the content, a new one takes its place
    }
  }

  async function* streamed(digest: Digest): AsyncGenerator<Uint8Array, void> {
    const hasher = sha256Hasher();
    for (let i = 0; ; i++) {
      const chunk = await records.readChunk(parseDigest(digest), i);
      if (chunk === undefined) throw absent(digest);
      if (chunk instanceof Damage) throw corrupt(digest, chunk.found);
      if (chunk === null) break;
      hasher.update(chunk);
      yield chunk;
    }
    const actual = await hasher.digest();
    if (actual !== digest) throw corrupt(digest, actual);
  }

  async function* infos(): AsyncGenerator<BlobInfo, void> {
    let last: Digest | undefined;
    do {
      const page = await records.page(last, PAGE);
      for (const { digest, sizeBytes } of page) yield { digest, sizeBytes };
      last = page.length < PAGE ? undefined : page.at(-1)?.digest;
    } while (last !== undefined);
  }

  function absent(digest: Digest): ModelwrightError<"STORE_NOT_FOUND"> {
    return new ModelwrightError("STORE_NOT_FOUND", `${name} holds no blob ${digest}; put it first`, {
      details: { store: name, key: digest },
    });
  }

  function corrupt(digest: Digest, actual: string): ModelwrightError<"STORE_CORRUPT"> {
    const message = `${name} holds damaged bytes under ${digest} (found: ${actual}); put the content again to repair it, or delete it`;
    return new ModelwrightError("STORE_CORRUPT", message, { details: { store: name, key: digest, actual } });
  }
}
