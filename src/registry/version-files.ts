import type { CallOptions } from "../core/call.ts";
import type { Digest } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { formatModelRef, type LoadedModel } from "../core/model.ts";
import { invalidInput } from "../core/schema.ts";
import type { BlobStore } from "../storage/port.ts";
import type { VersionFile, VersionRecord } from "./port.ts";
import { shownValue } from "./shown-value.ts";
import type { TrustedKeys } from "./signing.ts";

/** When the files of a version are checked against their digests, and its manifest against the keys that are trusted. */
export type VerifyMode = "always" | "first" | "never";

/** Digests and versions that are remembered as verified; the oldest is forgotten first. */
const REMEMBERED = 10_000;

/** Most paths that a message lists. */
const SHOWN = 10;

/** Reads the files of versions, and checks them as the registry is told to. */
export class VersionFiles {
  readonly #blobs: BlobStore;
  readonly #mode: VerifyMode;
  readonly #trust: TrustedKeys | undefined;
  readonly #verified = new Set<string>();

  constructor(blobs: BlobStore, mode: VerifyMode, trust: TrustedKeys | undefined) {
    this.#blobs = blobs;
    this.#mode = mode;
    this.#trust = trust;
  }

  /** The bytes of one file; its manifest has been checked before. */
  async bytes(version: VersionRecord, { path, digest }: VersionFile, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const verify = this.#mode === "always" || (this.#mode === "first" && !this.#verified.has(digest));
    const bytes = await named(version, path, () => this.#blobs.get(digest, { signal, verify }));
    if (verify && this.#mode === "first") this.#remember(digest);
    return bytes;
  }

  /** Answers files that a model refers to; its version's manifest has been checked before. */
  companion(version: VersionRecord, model: VersionFile): NonNullable<LoadedModel["companion"]> {
    const folder = model.path.split("/").slice(0, -1);
    return async (path, call) => {
      const wanted = [...folder, ...path.split("/")].join("/");
      const file = version.files.find((each) => each.path === wanted);
      if (file !== undefined) return this.bytes(version, file, call?.signal);
      const ref = formatModelRef({ name: version.name, version: version.version });
      throw new ModelwrightError("STORE_NOT_FOUND", `${ref} has no file ${shownValue(wanted)}, to which ${model.path} refers`, {
        details: { store: ref, key: wanted },
      });
    };
  }

  /** One file in chunks, checked at its end. */
  async *stream(version: VersionRecord, path: string, call: CallOptions | undefined): AsyncGenerator<Uint8Array, void> {
    const file = version.files.find((each) => each.path === path);
    if (file === undefined) {
      const known = version.files.slice(0, SHOWN).map((each) => shownValue(each.path));
      if (version.files.length > SHOWN) known.push("and more");
      throw invalidInput(`The path of a file of ${formatModelRef({ name: version.name, version: version.version })}`, [
        { path: [], message: `expected one of ${known.join(", ")}, but got ${shownValue(path)}` },
      ]);
    }
    await this.checkManifest(version);
    try {
      yield* this.#blobs.stream(file.digest, call);
    } catch (error) {
      throw mismatch(version, path, error);
    }
  }

  /** @throws a `ModelwrightError` with code `MODEL_SIGNATURE_INVALID` where keys are trusted and none of them has signed these files */
  async checkManifest(version: VersionRecord): Promise<void> {
    if (this.#trust === undefined || this.#mode === "never") return;
    if (this.#mode === "first" && this.#verified.has(version.id)) return;
    await this.#trust.verify(version.name, version.files, version.attestation);
    if (this.#mode === "first") this.#remember(version.id);
  }

  /** Reads every file through and checks it, and the manifest where keys are trusted, whatever the mode. */
  async verify(version: VersionRecord, call: CallOptions | undefined): Promise<void> {
    await this.#trust?.verify(version.name, version.files, version.attestation);
    for (const { path, digest } of version.files) {
      await named(version, path, async () => {
        for await (const _ of this.#blobs.stream(digest, call)) call?.signal?.throwIfAborted();
      });
    }
  }

  #remember(key: Digest | string): void {
    const [oldest] = this.#verified;
    if (this.#verified.size >= REMEMBERED && oldest !== undefined) this.#verified.delete(oldest);
    this.#verified.add(key);
  }
}

async function named<T>(version: VersionRecord, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw mismatch(version, path, error);
  }
}

/** What a damaged blob means for a version; any other error as it is. */
function mismatch({ name, version }: VersionRecord, path: string, error: unknown): unknown {
  if (!ModelwrightError.is(error, "STORE_CORRUPT")) return error;
  const { key: expected, actual } = error.details;
  const ref = formatModelRef({ name, version });
  return new ModelwrightError(
    "MODEL_DIGEST_MISMATCH",
    `${path} of ${ref} is not what was registered: expected ${expected}, but the stored bytes have ${actual}; restore the file`,
    { details: { ref, path, expected, actual }, cause: error },
  );
}
