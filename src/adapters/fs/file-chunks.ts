import type { FileHandle } from "node:fs/promises";
import { totalmem } from "node:os";
import { ModelwrightError } from "../../core/errors.ts";
import { io } from "./file-failure.ts";

/** Large enough that the round trip to the thread pool does not count, small enough that hashing a chunk blocks for about 1 ms. */
const CHUNK_BYTES = 1 << 20;

/** What reads a file, as errors name it. */
export interface FileReader {
  readonly store: string;
  readonly operation: string;
  /** Makes the error for a file that has become shorter or longer. @defaultValue `STORE_FAILED`, retryable */
  readonly changed?: () => Error;
}

/**
 * The bytes of a file in chunks.
 *
 * @param sizeBytes - of the file as it was opened; an array for all of it would hold the bytes
 * @param target - gives the array for the bytes at an offset; a fresh one for each chunk by default
 * @throws what `changed` makes, at the end, when the file has become shorter or longer
 */
export async function* fileChunks(
  handle: FileHandle,
  sizeBytes: number,
  { store, operation, changed }: FileReader,
  target: (at: number, length: number) => Uint8Array = (_, length) => new Uint8Array(length),
): AsyncGenerator<Uint8Array, void> {
  const read = async (array: Uint8Array, at: number) =>
    (await io(store, operation, () => handle.read(array, 0, array.length, at))).bytesRead;
  let at = 0;
  while (at < sizeBytes) {
    const array = target(at, Math.min(CHUNK_BYTES, sizeBytes - at));
    const length = await read(array, at);
    if (length === 0) break;
    at += length;
    yield array.subarray(0, length);
  }
  if (at === sizeBytes && (await read(new Uint8Array(1), at)) === 0) return;
  if (changed !== undefined) throw changed();
  throw new ModelwrightError("STORE_FAILED", `${store} failed to ${operation}: the file changed while it was read; try again`, {
    details: { store, operation },
    retryable: true,
  });
}

/** @throws a `ModelwrightError` with code `STORE_FAILED` when the machine has less memory than the file says that it has bytes */
export function assertFits(sizeBytes: number, { store, operation }: FileReader): void {
  if (sizeBytes <= totalmem()) return;
  throw new ModelwrightError(
    "STORE_FAILED",
    `${store} failed to ${operation}: a file of ${sizeBytes} bytes does not fit into memory`,
    { details: { store, operation } },
  );
}

/** An array for a whole file. @throws a `ModelwrightError` with code `STORE_FAILED` when there is not so much memory */
export function fileBytes(sizeBytes: number, reader: FileReader): Uint8Array<ArrayBuffer> {
  assertFits(sizeBytes, reader);
  try {
    return new Uint8Array(sizeBytes);
  } catch (cause) {
    const { store, operation } = reader;
    const message = `${store} failed to ${operation}: there is no memory for a file of ${sizeBytes} bytes`;
    throw new ModelwrightError("STORE_FAILED", message, { details: { store, operation }, cause });
  }
}
