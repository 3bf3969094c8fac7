import { concatBytes, type Digest } from "../../core/digest.ts";
import type { BlobInfo, BlobStore } from "../../storage/port.ts";

/** A few bytes. */
export const hello = new TextEncoder().encode("hello");

/** Every verb that takes a digest. */
export function verbs(
  store: BlobStore,
  digest: Digest,
  call: { readonly signal?: AbortSignal } = {},
): readonly (() => Promise<unknown>)[] {
  return [
    () => store.put(hello, { ...call, expected: digest }),
    () => store.get(digest, call),
    () => collect(store.stream(digest, call)),
    () => store.stat(digest, call),
    () => store.delete(digest, call),
  ];
}

/** Every item. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The bytes of all chunks. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concatBytes(await all(chunks));
}

/** A stream of these chunks. */
export async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}

/** A stream that fails after these chunks. */
export async function* failingAfter(error: Error, ...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
  throw error;
}

/** A stream that waits after its only chunk. */
export function silentAfter(chunk: Uint8Array): {
  content: AsyncIterable<Uint8Array>;
  reached: Promise<void>;
  finish: () => void;
} {
  let finish = () => {};
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  async function* content(): AsyncGenerator<Uint8Array, void> {
    yield chunk;
    reach();
    await finished;
  }
  return { content: content(), reached, finish };
}

/** Bytes that do not repeat, the same for the same length. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = length + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** For large arrays, which the deep comparisons of test runners walk slowly. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

export function sorted(infos: readonly BlobInfo[]): readonly BlobInfo[] {
  return [...infos].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
