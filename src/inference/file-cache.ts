import type { Digest } from "../core/digest.ts";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";

/** Files by digest, in the browser's Cache API. It only saves time: whatever fails in it is logged, and the file is downloaded. */
export interface FileCache {
  /** The bytes that were kept, not verified; undefined where there are none, or more than `maxBytes`. */
  read(digest: Digest, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Keeps the bytes. */
  write(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** Forgets them. */
  drop(digest: Digest): Promise<void>;
}

const CACHE_NAME = "modelwright-models";

/** The cache of this origin; undefined where the platform has none, as in Node and on pages that are not served over https. */
export function fileCache(logger: Logger): FileCache | undefined {
  const { caches } = globalThis as { caches?: CacheStorage };
  if (caches === undefined) return undefined;
  const attempt = async <T>(operation: string, work: (cache: Cache) => Promise<T>): Promise<T | undefined> => {
    try {
      return await work(await caches.open(CACHE_NAME));
    } catch (error) {
      // No room, or storage is forbidden.
      logger.warn("The browser's cache of models failed; models are downloaded", { operation, reason: messageOf(error) });
      return undefined;
    }
  };
  return {
    read: (digest, maxBytes) =>
      attempt("read", async (cache) => {
        const response = await cache.match(keyOf(digest));
        const blob = await response?.blob();
        return blob === undefined || blob.size > maxBytes ? undefined : new Uint8Array(await blob.arrayBuffer());
      }),
    write: async (digest, bytes) => {
      const headers = { "content-type": "application/octet-stream" };
      await attempt("write", (cache) => cache.put(keyOf(digest), new Response(bytes as BodyInit, { headers })));
    },
    drop: async (digest) => {
      await attempt("drop", (cache) => cache.delete(keyOf(digest)));
    },
  };
}

/** By content, not by address: the same model at two addresses is kept once. The domain exists nowhere; nothing is ever fetched from it. */
function keyOf(digest: Digest): string {
  return `https://models.invalid/${digest.replace(":", "/")}`;
}
