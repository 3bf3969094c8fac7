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
      const { files, signature } =
        described.flavor === "onnx"
          ? await inspectModel(started.files, this.#blobs, signal)
          : { files: started.files, signature: () => null };
      const bytesAtHand = !Object.values(files).some((content) => Symbol.asyncIterator in content);
      if (bytesAtHand) assertSize({ ...described, signature: signature() }, `The registration of ${described.name}`);
      const stored = await storeFiles(files, {
        blobs: this.#blobs,
        references: this.#calls.store,
        retry: (work) => this.#calls.retry(work, signal),
        signal,
      });
      const read = signature();
      if (!bytesAtHand) assertSize({ ...described, signature: read }, `The registration of ${described.name}`);
      return { files: stored, signature: read };
    } finally {
      started.stop();
    }
  }
}
