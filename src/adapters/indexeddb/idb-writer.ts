import { chunks } from "../../core/chunks.ts";
import { type Digest, parseDigest, sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { BlobContent, BlobInfo } from "../../storage/port.ts";
import type { BlobRecords } from "./blob-records.ts";
import { UploadLocks } from "./upload-lock.ts";

/** Large enough that a transaction for each does not count, small enough that a page can copy one without a hitch. */
const CHUNK_BYTES = 1 << 20;

/** What the writer has of its store. */
export interface IdbWriterParts {
  readonly store: string;
  readonly database: string;
  readonly records: BlobRecords;
  readonly logger: Logger;
  readonly nextId: () => string;
  /** Whether the blob is stored and has its digest. */
  readonly intact: (digest: Digest, sizeBytes: number, signal: AbortSignal | undefined) => Promise<boolean>;
}

/** How content becomes a blob: one chunk in one transaction, more in one for each and one that makes them visible. */
export class IdbWriter {
  readonly #parts: IdbWriterParts;
  readonly #locks: UploadLocks;
  #swept: Promise<void> | undefined;

  constructor(parts: IdbWriterParts) {
    this.#parts = parts;
    this.#locks = new UploadLocks(parts.database);
  }

  /** Stores the content and answers its digest. */
  async put(content: BlobContent, expected: Digest | undefined, signal: AbortSignal | undefined): Promise<BlobInfo> {
    if (expected !== undefined) parseDigest(expected);
    const { records, nextId, intact } = this.#parts;
    const hasher = sha256Hasher();
    const id = nextId();
    const buffer = new Uint8Array(CHUNK_BYTES);
    let release: (() => void) | undefined;
    let written = 0;
    let filled = 0;
    let isStored = false;
    try {
      // Nothing is awaited before the first chunk is asked for: a stream that fails earlier would have no listener.
      for await (const chunk of chunks(content, signal)) {
        hasher.update(chunk);
        for (let at = 0; at < chunk.length; ) {
          if (filled === CHUNK_BYTES) {
            release ??= await this.#begin(id);
            await records.writeChunk(id, written++, buffer);
            filled = 0;
          }
          const part = chunk.subarray(at, at + CHUNK_BYTES - filled);
          buffer.set(part, filled);
          filled += part.length;
          at += part.length;
        }
      }
      const digest = await hasher.digest();
      if (expected !== undefined && digest !== expected) throw this.#unexpected(expected, digest);
      const sizeBytes = written * CHUNK_BYTES + filled;
      const isKept = await intact(digest, sizeBytes, signal);
      signal?.throwIfAborted();
      if (!isKept) {
        await this.#sweep();
        // A view would be stored with all of its buffer.
        const last = filled > 0 ? buffer.slice(0, filled) : undefined;
        const record = { digest, sizeBytes, content: id, chunks: written + (last === undefined ? 0 : 1) };
        if (!(await records.complete(record, last))) throw this.#gone();
        isStored = true;
      }
      return { digest, sizeBytes };
    } finally {
      if (!isStored && release !== undefined) await this.#discard(id);
      release?.();
    }
  }

  async #begin(id: string): Promise<() => void> {
    await this.#sweep();
    const release = await this.#locks.hold(id);
    try {
      await this.#parts.records.beginUpload(id);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Removes what closed pages have left; once, before the first write. */
  #sweep(): Promise<void> {
    this.#swept ??= this.#removeLeftovers().catch((error: unknown) => {
      this.#parts.logger.warn("Leftovers of unfinished uploads to a blob store could not be removed", {
        store: this.#parts.store,
        error,
      });
    });
    return this.#swept;
  }

  async #removeLeftovers(): Promise<void> {
    const { records } = this.#parts;
    for (const id of await records.uploads()) await this.#locks.ifLeft(id, () => records.discard(id));
  }

  async #discard(id: string): Promise<void> {
    const { records, logger, store } = this.#parts;
    await records.discard(id).catch((error: unknown) => {
      logger.warn("An unfinished upload to a blob store could not be removed", { store, error });
    });
  }

  #unexpected(expected: Digest, actual: Digest): ModelwrightError<"STORE_CORRUPT"> {
    const message = `The content has the digest ${actual}, but ${expected} was expected; nothing was stored`;
    return new ModelwrightError("STORE_CORRUPT", message, { details: { store: this.#parts.store, key: expected, actual } });
  }

  #gone(): ModelwrightError<"STORE_FAILED"> {
    const { store } = this.#parts;
    const message = `${store} failed to put: the database was deleted while content was stored; put it again`;
    return new ModelwrightError("STORE_FAILED", message, { details: { store, operation: "put" }, retryable: true });
  }
}
