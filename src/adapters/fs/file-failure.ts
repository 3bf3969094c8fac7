import { ModelwrightError, messageOf } from "../../core/errors.ts";

/** What the system reports when it is short of something for the moment. */
const passing = new Set(["EAGAIN", "EBUSY", "EINTR", "EMFILE", "ENFILE", "ETIMEDOUT"]);

/** The code of a system error, for example `ENOENT`; undefined for any other value. */
export function errnoOf(error: unknown): string | undefined {
  return (error as { code?: string } | null | undefined)?.code;
}

/** Runs calls of the file system; what they throw is wrapped as `STORE_FAILED`. Nothing of the caller's may run inside. */
export async function io<T>(store: string, operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = errnoOf(cause);
    throw new ModelwrightError("STORE_FAILED", `${store} failed to ${operation}: ${messageOf(cause)}`, {
      details: { store, operation },
      cause,
      retryable: code !== undefined && passing.has(code),
    });
  }
}
