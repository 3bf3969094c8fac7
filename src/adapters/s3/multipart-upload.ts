import type { S3Bucket } from "./s3-bucket.ts";

/** Parts that are sent at once. */
const IN_FLIGHT = 2;

/** S3's limit. */
export const MAX_PARTS = 10_000;

/** One multipart upload: nothing of it can be seen before it is complete. Holds the parts that are being sent, at most two. */
export class MultipartUpload {
  readonly key: string;
  readonly #bucket: S3Bucket;
  readonly #id: string;
  readonly #signal: AbortSignal | undefined;
  readonly #tags: string[] = [];
  readonly #sending = new Set<Promise<void>>();
  readonly #free: Uint8Array[] = [];
  readonly #failures: unknown[] = [];
  #parts = 0;
  #state: "open" | "completing" | "complete" = "open";

  private constructor(bucket: S3Bucket, key: string, id: string, signal: AbortSignal | undefined) {
    this.#bucket = bucket;
    this.key = key;
    this.#id = id;
    this.#signal = signal;
  }

  /** Begins an upload. */
  static async begin(bucket: S3Bucket, key: string, signal: AbortSignal | undefined): Promise<MultipartUpload> {
    return new MultipartUpload(bucket, key, await bucket.createUpload(key, signal), signal);
  }

  /** Whether another part may follow. */
  get full(): boolean {
    return this.#parts >= MAX_PARTS;
  }

  /** Sends the next part as soon as fewer than two are being sent; the array belongs to the upload from now on. */
  async add(bytes: Uint8Array): Promise<void> {
    while (this.#sending.size >= IN_FLIGHT) await Promise.race(this.#sending);
    this.#throwIfFailed();
    const number = ++this.#parts;
    const sending = this.#send(number, bytes).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** An array whose part has been sent, to be filled again. */
  takeFree(): Uint8Array | undefined {
    return this.#free.pop();
  }

  /** Waits for the parts that are being sent. */
  async flush(): Promise<void> {
    await Promise.all(this.#sending);
    this.#throwIfFailed();
  }

  /** Makes the object of the parts. */
  async complete(): Promise<void> {
    await this.flush();
    this.#state = "completing";
    await this.#bucket.completeUpload(this.key, this.#id, this.#tags, this.#signal);
    this.#state = "complete";
  }

  /**
   * Removes what is not complete, and the object, too, when its key is a temporary one. Does not look at the signal, which may be
   * the reason for giving up.
   */
  async discard(temporary: boolean): Promise<void> {
    // A part that arrives after the abort would be kept, and paid for.
    await Promise.all(this.#sending);
    if (this.#state !== "complete") await this.#bucket.abortUpload(this.key, this.#id);
    if (this.#state !== "open" && temporary) await this.#bucket.delete("put", this.key);
  }

  /** Never rejects: nobody may be waiting. */
  async #send(number: number, bytes: Uint8Array): Promise<void> {
    try {
      this.#tags[number - 1] = await this.#bucket.uploadPart(this.key, this.#id, number, bytes, this.#signal);
      this.#free.push(bytes);
    } catch (error) {
      this.#failures.push(error);
    }
  }

  #throwIfFailed(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}
