import { ModelwrightError, messageOf } from "../../core/errors.ts";

/** The name of an exception of the browser, for example `QuotaExceededError`. */
export function exceptionName(error: unknown): string {
  return String((error as { name?: unknown } | null | undefined)?.name);
}

/** An exception of IndexedDB as `STORE_FAILED`; an error of ours passes. */
export function idbFailure(store: string, operation: string, cause: unknown): unknown {
  if (ModelwrightError.is(cause)) return cause;
  const isFull = exceptionName(cause) === "QuotaExceededError";
  const reason = isFull
    ? "the browser grants this site no more storage; delete blobs, or ask the user for more with navigator.storage.persist()"
    : messageOf(cause);
  return new ModelwrightError("STORE_FAILED", `${store} failed to ${operation}: ${reason}`, {
    details: { store, operation },
    cause,
    // What the browser says when it has closed the connection or aborted the transaction by itself.
    retryable: ["AbortError", "InvalidStateError", "TimeoutError", "TransactionInactiveError"].includes(exceptionName(cause)),
  });
}
