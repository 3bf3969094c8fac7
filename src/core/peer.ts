import { ModelwrightError, messageOf } from "./errors.ts";

/**
 * The library that the host handed in, or else the installed one.
 *
 * @param name - the package, as one installs it
 * @param load - imports it, and does nothing else
 * @throws a {@link ModelwrightError} with code `MISSING_PEER` when it cannot be imported; `cause` is the import's own error
 */
export async function peer<T>(name: string, given: T | undefined, load: () => Promise<T>): Promise<T> {
  if (given !== undefined) return given;
  try {
    return await load();
  } catch (cause) {
    const install = `npm install ${name}`;
    const message = isAbsent(name, cause)
      ? `${name} is not installed; run: ${install}`
      : `${name} is installed but could not be loaded (${messageOf(cause)}); try again: ${install}`;
    throw new ModelwrightError("MISSING_PEER", message, { details: { peer: name, install }, cause });
  }
}

/** Whether the package itself was not found. A file that is missing inside it gives the same code, but names another module. */
function isAbsent(name: string, error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  const unresolved = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" || error instanceof TypeError;
  return unresolved && (error.message.includes(`'${name}'`) || error.message.includes(`"${name}"`));
}
