import type { BlobStore } from "../storage/port.ts";
import { startedStreams } from "../storage/started-streams.ts";
import { type FileContent, mayRepeatRecord, storeFiles } from "../storage/stored-files.ts";
import type { Stamp } from "./audit-port.ts";
import type { VersionDraft, VersionRecord } from "./port.ts";
import { assertSize, parseRegistration, type Registration } from "./registration.ts";
import type { RegistryCalls } from "./registry-calls.ts";
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
    const { files, ...described } = parseRegistration(registration);
    const stored = await this.#store(files, described, signal);
    const attestation = (await this.#signer?.attest(described.name, stored.files)) ?? null;
    const draft: VersionDraft = { ...described, ...stored, attestation, id: this.#nextId(), stage };
    const insert = () => this.#calls.store.insertVersion(draft, stamp, { signal });
    return this.#calls.retry(insert, signal, mayRepeatRecord);
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
