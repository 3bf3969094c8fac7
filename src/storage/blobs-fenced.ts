import { ModelwrightError } from "../core/errors.ts";

/**
 * Blobs that a record is to refer to are being collected.
 *
 * @param store - name of the store that holds the record
 */
export function blobsFenced(store: string, digests: readonly string[]): ModelwrightError<"STORE_BLOB_FENCED"> {
  return new ModelwrightError(
    "STORE_BLOB_FENCED",
    `${store} cannot refer to ${digests.join(", ")}, which is being deleted as garbage; store it again, then the record`,
    { details: { store, digests }, retryable: true },
  );
}
