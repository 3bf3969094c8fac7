import type { Digest } from "../../core/digest.ts";
import { answerOf, type ChunkDatabase, type Stores } from "./chunk-database.ts";

/** A stored blob: which chunks it has. */
export interface BlobRecord {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** First part of the keys of its chunks. */
  readonly content: string;
  readonly chunks: number;
}

/** Content that cannot be read: what is wrong with it. */
export class Damage {
  readonly found: string;
  constructor(found: string) {
    this.found = found;
  }
}

/** The records of one database. Each verb is one transaction. */
export class BlobRecords {
  readonly #database: ChunkDatabase;

  constructor(database: ChunkDatabase) {
    this.#database = database;
  }

  /** The record of a blob. */
  find(operation: string, digest: Digest): Promise<BlobRecord | undefined> {
    return this.#database.run(operation, "readonly", (stores) => recordOf(stores, digest));
  }

  /** At most so many records whose digest is greater than `after`, by digest. */
  page(after: Digest | undefined, limit: number): Promise<readonly BlobRecord[]> {
    const range = after === undefined ? null : IDBKeyRange.lowerBound(after, true);
    return this.#database.run("list", "readonly", (stores) => answerOf(stores("blobs").getAll(range, limit)));
  }

  /** The whole content of a blob. */
  read(operation: string, digest: Digest, signal: AbortSignal | undefined): Promise<Uint8Array | Damage | undefined> {
    return this.#database.run(operation, "readonly", async (stores) => {
      const record = await recordOf(stores, digest);
      if (record === undefined) return undefined;
      // Counted before the memory is taken: a record may say anything.
      const count = await answerOf(stores("chunks").count(chunksOf(record.content)));
      if (count !== record.chunks) return new Damage(`${count} of ${record.chunks} chunks`);
      const parts: Uint8Array[] = [];
      for (let i = 0; i < count; i++) {
        signal?.throwIfAborted();
        const chunk = await chunkOf(stores, record.content, i);
        if (chunk instanceof Damage) return chunk;
        parts.push(chunk);
      }
      return joined(parts);
    });
  }

  /** The chunk of a blob with this number; null after the last one. */
  readChunk(digest: Digest, index: number): Promise<Uint8Array | Damage | null | undefined> {
    return this.#database.run("stream", "readonly", async (stores) => {
      const record = await recordOf(stores, digest);
      if (record === undefined) return undefined;
      return index < record.chunks ? chunkOf(stores, record.content, index) : null;
    });
  }

  /** Notes that chunks of this content will follow. */
  beginUpload(content: string): Promise<void> {
    return this.#database.run("put", "readwrite", async (stores) => void (await answerOf(stores("uploads").put({ content }))));
  }

  /** Keeps a chunk of content that is not complete. */
  writeChunk(content: string, index: number, bytes: Uint8Array): Promise<void> {
    return this.#database.run("put", "readwrite", async (stores) => {
      await answerOf(stores("chunks").put(bytes, [content, index]));
    });
  }

  /**
   * Makes a blob of content whose other chunks are written, in place of what was there.
   *
   * @param last - the last chunk, unless the content is empty
   * @returns false when the other chunks are not there any more
   */
  complete(record: BlobRecord, last: Uint8Array | undefined): Promise<boolean> {
    return this.#database.run("put", "readwrite", async (stores) => {
      const others = record.chunks - (last === undefined ? 0 : 1);
      if ((await answerOf(stores("chunks").count(chunksOf(record.content)))) !== others) return false;
      const before = await recordOf(stores, record.digest);
      if (before !== undefined) await answerOf(stores("chunks").delete(chunksOf(before.content)));
      if (last !== undefined) await answerOf(stores("chunks").put(last, [record.content, others]));
      await answerOf(stores("uploads").delete(record.content));
      await answerOf(stores("blobs").put(record));
      return true;
    });
  }

  /** Removes content that is not complete. */
  discard(content: string): Promise<void> {
    return this.#database.run("put", "readwrite", async (stores) => {
      await answerOf(stores("chunks").delete(chunksOf(content)));
      await answerOf(stores("uploads").delete(content));
    });
  }

  /** Content that is not complete: of uploads that are running, and of those that nobody will end. */
  async uploads(): Promise<readonly string[]> {
    const keys = await this.#database.run("put", "readonly", (stores) => answerOf(stores("uploads").getAllKeys()));
    return keys.map(String);
  }

  /** Removes a blob; answers whether it was there. */
  delete(digest: Digest): Promise<boolean> {
    return this.#database.run("delete", "readwrite", async (stores) => {
      const record = await recordOf(stores, digest);
      if (record === undefined) return false;
      await answerOf(stores("chunks").delete(chunksOf(record.content)));
      await answerOf(stores("blobs").delete(digest));
      return true;
    });
  }
}

async function recordOf(stores: Stores, digest: Digest): Promise<BlobRecord | undefined> {
  return (await answerOf(stores("blobs").get(digest))) as BlobRecord | undefined;
}

async function chunkOf(stores: Stores, content: string, index: number): Promise<Uint8Array | Damage> {
  const chunk: unknown = await answerOf(stores("chunks").get([content, index]));
  return chunk instanceof Uint8Array ? chunk : new Damage(`no chunk ${index}`);
}

/** Arrays sort after numbers, so this is above every index. */
function chunksOf(content: string): IDBKeyRange {
  return IDBKeyRange.bound([content], [content, []]);
}

function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const [i, part] of parts.entries()) {
    whole.set(part, at);
    at += part.length;
    parts[i] = new Uint8Array(); // so that it can be collected while the others are copied
  }
  return whole;
}
