import type { FileHandle } from "node:fs/promises";
import { io } from "./file-failure.ts";

/** Large enough that the round trip to the thread pool does not count, small enough that hashing a chunk blocks for about 1 ms. */
const CHUNK_BYTES = 1 << 20;

/**
 * The first `sizeBytes` bytes of a file in chunks; fewer when it is shorter by now.
 *
 * @param target - gives the array for the bytes at an offset; a fresh one for each chunk by default
 */
export async function* fileChunks(
  handle: FileHandle,
  sizeBytes: number,
  failure: { readonly store: string; readonly operation: string },
  target: (at: number, length: number) => Uint8Array = (_, length) => new Uint8Array(length),
): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < sizeBytes; ) {
    const array = target(at, Math.min(CHUNK_BYTES, sizeBytes - at));
    const { bytesRead } = await io(failure.store, failure.operation, () => handle.read(array, 0, array.length, at));
    if (bytesRead === 0) return;
    at += bytesRead;
    yield array.subarray(0, bytesRead);
  }
}
