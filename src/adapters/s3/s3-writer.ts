import { chunks } from "../../core/chunks.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { type Digest, parseDigest, sha256, sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { BlobContent, BlobInfo } from "../../storage/port.ts";
import { copyObject } from "./copy-object.ts";
import { MAX_PARTS, MultipartUpload } from "./multipart-upload.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import type { S3Failures } from "./s3-failure.ts";

/** Longest time that cleaning up after a failure may keep the store from closing. */
const CLEAN_UP_MS = 30_000;

/** Bytes up to this size are sent in one request; more are sent in parts, so that a failure repeats a part only. */
const SINGLE_PUT_BYTES = 64 << 20;

/** What the writer has of its store. */
export interface S3WriterParts {
  readonly store: string;
  readonly bucket: S3Bucket;
  readonly failures: S3Failures;
  readonly logger: Logger;
  readonly clock: Clock | undefined;
  readonly partSizeBytes: number;
  /** The key of a blob. */
  readonly keyOf: (digest: Digest) => string;
  /** A key for content whose digest is not known yet. */
  readonly temporaryKey: () => string;
  /** Whether the object under this digest has its bytes, at a read where the server has no checksum. */
  readonly intact: (digest: Digest, sizeBytes: number | undefined, signal: AbortSignal | undefined) => Promise<boolean>;
}

/** How content becomes an object under its digest. */
export class S3Writer {
  readonly #parts: S3WriterParts;

  constructor(parts: S3WriterParts) {
    this.#parts = parts;
  }

  /**
   * What fits into one part is one request. A larger stream whose digest is expected is uploaded to its key, in parts, and not
   * completed unless the digest is right; any other one to a temporary key, from which the server copies it.
   */
  async put(content: BlobContent, expected: Digest | undefined, signal: AbortSignal | undefined): Promise<BlobInfo> {
    if (expected !== undefined) parseDigest(expected);
    const { partSizeBytes } = this.#parts;
    const hasher = sha256Hasher();
    let upload: MultipartUpload | "stored" | undefined;
    let sizeBytes = 0;
    let part = new Uint8Array();
    let filled = 0;
    try {
      // Nothing is awaited before the first chunk is asked for: a Node stream that fails earlier would have no listener.
      for await (const chunk of chunks(content, signal)) {
        hasher.update(chunk);
        sizeBytes += chunk.length;
        for (let at = 0; at < chunk.length; ) {
          if (filled === partSizeBytes) {
            upload ??= await this.#begin(expected, signal);
            part = (await this.#next(upload, part)) as Uint8Array<ArrayBuffer>;
            filled = 0;
          }
          const length = Math.min(chunk.length - at, partSizeBytes - filled);
          if (upload !== "stored") {
            if (part.length < filled + length) part = grown(part, filled + length, partSizeBytes);
            part.set(chunk.subarray(at, at + length), filled);
          }
          filled += length;
          at += length;
        }
      }
      const digest = await hasher.digest();
      this.#assertExpected(expected, digest);
      const info = { digest, sizeBytes };
      const last = part.subarray(0, filled);
      if (upload === undefined) await this.#putWhole(info, last, signal);
      else if (upload !== "stored") await this.#finish(upload, last, info, signal);
      return info;
    } finally {
      if (upload instanceof MultipartUpload) await this.#discard(upload, expected);
    }
  }

  /** Bytes that are all there: their digest is known before the first request. */
  async putBytes(bytes: Uint8Array, expected: Digest | undefined, signal: AbortSignal | undefined): Promise<BlobInfo> {
    if (expected !== undefined) parseDigest(expected);
    const digest = await sha256(bytes);
    this.#assertExpected(expected, digest);
    if (bytes.length > SINGLE_PUT_BYTES) return this.put(bytes, digest, signal);
    const info = { digest, sizeBytes: bytes.length };
    await this.#putWhole(info, bytes, signal);
    return info;
  }

  async #putWhole(info: BlobInfo, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const { bucket, intact, keyOf } = this.#parts;
    if (await intact(info.digest, info.sizeBytes, signal)) return;
    await bucket.put(keyOf(info.digest), bytes, info.digest, signal);
  }

  async #begin(expected: Digest | undefined, signal: AbortSignal | undefined): Promise<MultipartUpload | "stored"> {
    const { bucket, intact, keyOf, temporaryKey } = this.#parts;
    if (expected !== undefined && (await intact(expected, undefined, signal))) return "stored";
    return MultipartUpload.begin(bucket, expected === undefined ? temporaryKey() : keyOf(expected), signal);
  }

  /** Sends a full part; answers the array for the next one. */
  async #next(upload: MultipartUpload | "stored", part: Uint8Array): Promise<Uint8Array> {
    if (upload === "stored") return part;
    if (upload.full) {
      const { failures, partSizeBytes } = this.#parts;
      const most = MAX_PARTS * partSizeBytes;
      throw failures.failed("put", `the stream is longer than ${MAX_PARTS} parts (${most} bytes); raise partSizeBytes`);
    }
    await upload.add(part);
    return upload.takeFree() ?? new Uint8Array(part.length);
  }

  async #finish(upload: MultipartUpload, last: Uint8Array, info: BlobInfo, signal: AbortSignal | undefined): Promise<void> {
    const { bucket, failures, intact, keyOf } = this.#parts;
    const key = keyOf(info.digest);
    await this.#next(upload, last);
    await upload.flush();
    signal?.throwIfAborted();
    // Not for a stream to its own key: whether that was stored has been looked at before.
    if (upload.key !== key && (await intact(info.digest, info.sizeBytes, signal))) return;
    await upload.complete();
    if (upload.key === key) return;
    const copied = await copyObject(bucket, { from: upload.key, to: key, sizeBytes: info.sizeBytes }, signal);
    if (copied === undefined || copied === info.digest) return;
    await bucket.delete("put", key);
    throw failures.failed("put", `the server's copy has the digest ${copied}, not ${info.digest}`, { retryable: true });
  }

  async #discard(upload: MultipartUpload, expected: Digest | undefined): Promise<void> {
    const { store, logger, clock = systemClock } = this.#parts;
    const work = () => upload.discard(expected === undefined);
    await withDeadline({ timeoutMs: CLEAN_UP_MS }, work, clock).catch((error: unknown) => {
      logger.warn("What is left of an upload to a blob store could not be removed", { store, key: upload.key, error });
    });
  }

  #assertExpected(expected: Digest | undefined, actual: Digest): void {
    if (expected === undefined || expected === actual) return;
    const message = `The content has the digest ${actual}, but ${expected} was expected; nothing was stored`;
    throw new ModelwrightError("STORE_CORRUPT", message, { details: { store: this.#parts.store, key: expected, actual } });
  }
}

/** The array with room for at least `length` bytes: small content shall not cost a whole part. */
function grown(array: Uint8Array<ArrayBuffer>, length: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, Math.max(length, array.length * 2)));
  larger.set(array);
  return larger;
}
