import type { CallOptions } from "../core/call.ts";
import type { Digest } from "../core/digest.ts";

/**
 * Bytes to store: at once, as an array that stays unchanged until the call is answered, or as a stream that is read once. The first
 * chunk is asked for within the call, so that a Node stream that fails early has a listener; a chunk's array may be used again
 * after the next chunk was asked for.
 */
export type BlobContent = Uint8Array | AsyncIterable<Uint8Array>;

/** What is known of a stored blob. */
export interface BlobInfo {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Port: immutable bytes under their own SHA-256 digest. */
export interface BlobStore extends AsyncDisposable {
  readonly spec: "blob/1";
  /** Shown in errors and traces. */
  readonly name: string;
  /** What the backend does by itself. */
  readonly capabilities: {
    /** Whether `put` and `stream` hold a blob in memory in part only. */
    readonly streaming: boolean;
    /** Whether blobs survive the process. */
    readonly durable: boolean;
  };
  /**
   * Stores the content and answers its digest, after it is as durable as the backend can make it. Storing the same content
   * again succeeds and repairs a damaged copy. A stream that fails leaves nothing behind.
   *
   * @throws a `ModelwrightError` with code `STORE_CORRUPT` when `expected` is given and the content has another digest
   */
  put(content: BlobContent, call?: PutOptions): Promise<BlobInfo>;
  /**
   * The bytes, verified against their digest unless the call says otherwise. The caller may keep and change the array.
   *
   * @throws a `ModelwrightError` with code `STORE_NOT_FOUND` or `STORE_CORRUPT`
   */
  get(digest: Digest, call?: GetOptions): Promise<Uint8Array>;
  /**
   * The bytes in chunks, verified at the end: the iteration throws `STORE_CORRUPT` after the last chunk of damaged content, so
   * use nothing before it is done.
   *
   * @throws a `ModelwrightError` with code `STORE_NOT_FOUND` or `STORE_CORRUPT`
   */
  stream(digest: Digest, call?: CallOptions): AsyncIterable<Uint8Array>;
  /** Size and digest; undefined when nothing is stored. Does not verify. */
  stat(digest: Digest, call?: CallOptions): Promise<BlobInfo | undefined>;
  /** Removes the blob; answers whether it was there. */
  delete(digest: Digest, call?: CallOptions): Promise<boolean>;
  /** Every stored blob, in no order. Blobs that come or go meanwhile may be left out or included. */
  list(call?: CallOptions): AsyncIterable<BlobInfo>;
}

/** Options of {@link BlobStore.put}. */
export interface PutOptions extends CallOptions {
  /** The digest that the content must have. */
  readonly expected?: Digest | undefined;
}

/** Options of {@link BlobStore.get}. */
export interface GetOptions extends CallOptions {
  /**
   * Whether to check the bytes against their digest. Give false only for a store that nobody else can write to.
   * @defaultValue true
   */
  readonly verify?: boolean | undefined;
}

/**
 * What a store of records knows of the blobs that its records refer to, so that the others can be collected while records are added.
 * Every verb is one atomic step, also against the store's own writes.
 *
 * A collector marks what nothing refers to, waits for a grace period that is longer than anybody takes from storing a blob to storing
 * the record that refers to it, fences what is still marked, deletes it, and releases the fence. A write that refers to a marked blob
 * clears the mark; one that refers to a fenced blob is refused with `STORE_BLOB_FENCED`, retryable.
 */
export interface BlobReferences {
  /** Of the digests, those that no record refers to, each with the time, ms, at which it was marked first; marks the others now. */
  markUnreferenced(
    digests: readonly Digest[],
    at: number,
    call?: CallOptions,
  ): Promise<readonly { readonly digest: Digest; readonly since: number }[]>;
  /**
   * Of the digests, those that are now fenced for this collector: nothing refers to them, they were marked at or before `markedBefore`,
   * and nobody else has fenced them, or has done so before `takeOverBefore` and was killed.
   */
  fenceBlobs(digests: readonly Digest[], fence: BlobFence, call?: CallOptions): Promise<readonly Digest[]>;
  /** Removes fences and marks. */
  releaseBlobs(digests: readonly Digest[], call?: CallOptions): Promise<void>;
  /** Clears the marks of blobs that a record will refer to; answers those that cannot be claimed because they are fenced. */
  claimBlobs(digests: readonly Digest[], call?: CallOptions): Promise<readonly Digest[]>;
}

/** Options of {@link BlobReferences.fenceBlobs}; times in milliseconds since the epoch. */
export interface BlobFence {
  /** Id of the collector's run. */
  readonly collector: string;
  readonly at: number;
  readonly markedBefore: number;
  readonly takeOverBefore: number;
}

/** A value with the number of its revision. */
export interface KeyValueEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Grows with each write of the key and is not used again after a delete. */
  readonly revision: number;
}

/**
 * Port: small values under text keys, with compare-and-set. Every verb rejects with `INPUT_INVALID` for a key or prefix with a lone
 * surrogate, which has no UTF-8 form.
 */
export interface KeyValueStore extends AsyncDisposable {
  readonly spec: "key-value/1";
  readonly name: string;
  readonly capabilities: {
    /** Whether values survive the process. */
    readonly durable: boolean;
  };
  /** The entry; undefined when nothing is stored. */
  get(key: string, call?: CallOptions): Promise<KeyValueEntry | undefined>;
  /**
   * Stores a copy of the value and answers its revision.
   *
   * @throws a `ModelwrightError` with code `STORE_CONFLICT` when `ifRevision` is given and the stored revision is another;
   * 0 means that nothing may be stored yet
   */
  set(key: string, value: Uint8Array, call?: SetOptions): Promise<number>;
  /** Removes the entry; answers whether it was there. @throws a `ModelwrightError` with code `STORE_CONFLICT`, as `set` */
  delete(key: string, call?: SetOptions): Promise<boolean>;
  /** Entries whose key begins with `prefix`, in the order of their keys by UTF-8 bytes. */
  list(prefix: string, call?: CallOptions): AsyncIterable<KeyValueEntry>;
}

/** Options of {@link KeyValueStore.set} and {@link KeyValueStore.delete}. */
export interface SetOptions extends CallOptions {
  /** The revision that must be stored; 0 for none. @defaultValue any */
  readonly ifRevision?: number | undefined;
}
