import { ModelwrightError } from "./errors.ts";

/** A SHA-256 digest: `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** Collects bytes and answers their digest. */
export interface Hasher {
  /** Adds bytes. They are read or copied before the call returns, so the caller may reuse the array. */
  update(bytes: Uint8Array): void;
  /** The digest of everything added. Call once. */
  digest(): Promise<Digest>;
}

interface NodeCrypto {
  createHash(name: string): { update(bytes: Uint8Array): unknown; digest(encoding: "hex"): string };
}

/** Node's hash, which streams; WebCrypto, which other platforms have, does not. */
const nodeCrypto = (
  globalThis as { process?: { getBuiltinModule?: (name: string) => NodeCrypto | undefined } }
).process?.getBuiltinModule?.("crypto");

/** The SHA-256 digest of some bytes. */
export async function sha256(bytes: Uint8Array): Promise<Digest> {
  const hasher = sha256Hasher();
  hasher.update(bytes);
  return hasher.digest();
}

/** A streaming SHA-256: constant memory on Node; elsewhere the bytes are kept, because WebCrypto hashes whole buffers only. */
export function sha256Hasher(): Hasher {
  return nodeCrypto === undefined ? bufferingHasher() : streamingHasher(nodeCrypto);
}

/** Whether `text` has the form of a digest. Nothing else may become part of a path or a key. */
export function isDigest(text: string): text is Digest {
  return typeof text === "string" && /^sha256:[0-9a-f]{64}$/.test(text);
}

/**
 * The digest that `text` is.
 *
 * @throws a {@link ModelwrightError} with code `INPUT_INVALID` when it is none
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const message = "expected sha256: and 64 lower-case hexadecimal digits";
  throw new ModelwrightError(
    "INPUT_INVALID",
    `${typeof text === "string" ? JSON.stringify(text.slice(0, 100)) : typeof text} is not a digest: ${message}`,
    {
      details: { subject: "digest", issues: [{ path: [], message }] },
    },
  );
}

/** One array with the content of all parts. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function streamingHasher(node: NodeCrypto): Hasher {
  const hash = node.createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: async () => `sha256:${hash.digest("hex")}` };
}

function bufferingHasher(): Hasher {
  const parts: Uint8Array[] = [];
  return {
    update: (bytes) => void parts.push(new Uint8Array(bytes)),
    async digest() {
      const subtle = crypto.subtle as SubtleCrypto | undefined;
      if (subtle === undefined) {
        throw new ModelwrightError("UNSUPPORTED", "The browser has SHA-256 in secure contexts only; serve the page over https", {
          details: { feature: "WebCrypto" },
        });
      }
      const hash = await subtle.digest("SHA-256", concatBytes(parts));
      return `sha256:${Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    },
  };
}
