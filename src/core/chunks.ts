import { raceAbort } from "./deadline.ts";
import { iterate } from "./iterate.ts";
import { invalidInput } from "./schema.ts";

/** Large arrays are handed on in pieces of this size, so that hashing one does not hold up the event loop. */
const PIECE_BYTES = 1 << 20;

/**
 * The pieces of bytes that were given at once or as a stream, for a store to hash and write. A piece is good until the next one
 * is asked for: the producer may reuse its array. An error of the producer passes untouched.
 *
 * @throws `signal.reason` when aborted, also while the producer is silent
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for anything that is not bytes
 */
export async function* chunks(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  if (isBytes(content)) {
    for (let at = 0; at < content.length; at += PIECE_BYTES) {
      signal?.throwIfAborted();
      yield content.subarray(at, at + PIECE_BYTES);
    }
    return;
  }
  if (typeof (content as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] !== "function") {
    throw notBytes(content, "expected a Uint8Array or an async iterable of them");
  }
  for await (const chunk of iterate(content, (next) => (signal === undefined ? next() : raceAbort(signal, next)))) {
    if (!isBytes(chunk)) throw notBytes(chunk, "expected a stream of Uint8Array chunks");
    yield chunk;
  }
}

/** By tag, because `instanceof` fails for arrays of another realm (jest runs tests in one). A Buffer is bytes, too. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

function notBytes(value: unknown, expected: string) {
  return invalidInput("content", [{ path: [], message: `${expected}, but got ${value === null ? "null" : typeof value}` }]);
}
