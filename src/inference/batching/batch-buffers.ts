/** Smallest buffer, as a power of 2. */
const SMALLEST = 10;

/** Most bytes of buffers that are kept for later runs. */
const MAX_KEPT_BYTES = 2 ** 25;

/** Buffers that batches are gathered in, kept for the next ones by size: powers of 2 from 1 KiB up, at most 32 MiB in all. */
export class BatchBuffers {
  readonly #own: ArrayBufferLike[][] = [];
  readonly #shared: ArrayBufferLike[][] = [];
  #keptBytes = 0;

  /** A buffer of at least `bytes` bytes, with anything in it. Over shared memory where that is wanted and the platform has it. */
  acquire(bytes: number, shared: boolean): ArrayBufferLike {
    const size = sizeClass(bytes);
    const sharing = shared && typeof SharedArrayBuffer === "function";
    const kept = (sharing ? this.#shared : this.#own)[size]?.pop();
    if (kept !== undefined) {
      this.#keptBytes -= kept.byteLength;
      return kept;
    }
    return sharing ? new SharedArrayBuffer(2 ** size) : new ArrayBuffer(2 ** size);
  }

  /** Takes a buffer back that nobody reads or writes any more. */
  release(buffer: ArrayBufferLike): void {
    const { byteLength } = buffer;
    // A detached buffer has no bytes.
    if (byteLength === 0 || this.#keptBytes + byteLength > MAX_KEPT_BYTES) return;
    const sharing = typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer;
    const kept = sharing ? this.#shared : this.#own;
    const size = sizeClass(byteLength);
    kept[size] ??= [];
    kept[size].push(buffer);
    this.#keptBytes += byteLength;
  }
}

function sizeClass(bytes: number): number {
  return Math.max(SMALLEST, Math.ceil(Math.log2(Math.max(1, bytes))));
}
