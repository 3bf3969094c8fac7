import type { Digest } from "../../core/digest.ts";
import type { RegistryStore } from "../../registry/port.ts";
import type { SuiteOptions, TestKit } from "../suite.ts";
import { type BlobReferencesSubject, blobReferencesConformance } from "./blob-references.ts";
import { draft, stamp } from "./registry-drafts.ts";

/**
 * What a {@link RegistryStore} knows of blobs, as tests: its versions refer to them by their files.
 *
 * @param open - a fresh, empty store; each test gets its own and disposes it
 */
export function registryReferencesConformance(
  kit: TestKit,
  open: () => Promise<RegistryStore> | RegistryStore,
  options?: SuiteOptions,
): void {
  blobReferencesConformance(kit, "registry/1", async () => subject(await open()), options);
}

function subject(store: RegistryStore): BlobReferencesSubject {
  const refer = async (digests: readonly Digest[]) => {
    const files = digests.map((digest, i) => ({ path: `file-${i}`, digest, sizeBytes: 1 }));
    const { name, version, stage } = await store.insertVersion(draft("a", { files }), stamp());
    return async () => void (await store.deleteVersion(name, version, stage, stamp()));
  };
  return { references: store, refer, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}
