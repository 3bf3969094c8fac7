import { sha256 } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { formatModelRef } from "../core/model.ts";
import type { BlobStore } from "../storage/port.ts";
import { startedStreams } from "../storage/started-streams.ts";
import { type FileContent, mayRepeatRecord, storeFiles } from "../storage/stored-files.ts";
import type { Stamp } from "./audit-port.ts";
import type { VersionDraft, VersionFile, VersionRecord } from "./port.ts";
import { assertSize, parseRegistration, type Registration } from "./registration.ts";
import type { RegistryCalls } from "./registry-calls.ts";
import { shownValue } from "./shown-value.ts";
import { inspectModel } from "./signature.ts";
import type { ManifestSigner } from "./signing.ts";

/** Stores the files of a version, signs their manifest, and writes the version down. */
export class Registrar {
  readonly #calls: RegistryCalls;
  readonly #blobs: BlobStore;
  readonly #signer: ManifestSigner | undefined;
  readonly #nextId: () => string;

  constructor(
    calls: RegistryCalls,
    {
      blobs,
      signer,
      nextId,
    }: { readonly blobs: BlobStore; readonly signer: ManifestSigner | undefined; readonly nextId: () => string },
  ) {
    this.#calls = calls;
    this.#blobs = blobs;
    this.#signer = signer;
    this.#nextId = nextId;
  }

  /** Registers a version in a stage. */
  async register(
    registration: Registration,
    stage: string,
    stamp: Stamp,
    signal: AbortSignal | undefined,
  ): Promise<VersionRecord> {
    const { files, idempotencyKey: key, ...described } = parseRegistration(registration);
    const stored = await this.#store(files, described, signal);
    const attestation = (await this.#signer?.attest(described.name, stored.files)) ?? null;
    const draft: VersionDraft = {
      ...described,
      ...stored,
      attestation,
      id: key === undefined ? this.#nextId() : await keyedId(described.name, key),
      stage,
    };
    const insert = () => this.#calls.store.insertVersion(draft, stamp, { signal });
    const version = await this.#calls.retry(insert, signal, mayRepeatRecord);
    if (key !== undefined) assertSameFiles(version, stored.files);
    return version;
  }

  async #store(
    given: Readonly<Record<string, FileContent>>,
    described: Omit<VersionDraft, "files" | "id" | "stage" | "signature" | "attestation">,
    signal: AbortSignal | undefined,
  ): Promise<Pick<VersionDraft, "files" | "signature">> {
    const started = startedStreams(given);
    try {
      const limits = { blobs: this.#blobs, retry: <T>(work: () => Promise<T>) => this.#calls.retry(work, signal), signal };
      const { files, signature } =
        described.flavor === "onnx"
          ? await inspectModel(started.files, limits)
          : { files: started.files, signature: () => undefined };
      // What a stream tells of the model is known when it is stored; everything else is checked before anything is.
      const check = () => {
        const read = signature() ?? null;
        assertSize({ ...described, signature: read }, `The registration of ${described.name}`);
        return read;
      };
      check();
      const stored = await storeFiles(files, { ...limits, references: this.#calls.store });
      return { files: stored, signature: check() };
    } finally {
      started.stop();
    }
  }
}

/** The id of the version that a key stands for: a UUID made of a hash. @source RFC 9562, section 5.8 (version 8) */
async function keyedId(name: string, key: string): Promise<string> {
  const hash = (await sha256(new TextEncoder().encode(JSON.stringify([name, key])))).slice("sha256:".length);
  const variant = "89ab"[Number.parseInt(hash[16]!, 16) % 4]!;
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/** Refuses a key that stands for a version with other files. */
function assertSameFiles({ name, version, files }: VersionRecord, given: readonly VersionFile[]): void {
  const text = (list: readonly VersionFile[]) => list.map(({ path, digest }) => `${path} ${digest}`).join(", ");
  if (text(files) === text(given)) return;
  const ref = formatModelRef({ name, version });
  const details = { ref, expected: shownValue(text(files)), actual: shownValue(text(given)) };
  throw new ModelwrightError(
    "REGISTRY_CONFLICT",
    `${ref} was registered with this idempotency key and has other files; take another key`,
    { details },
  );
}
