import { fileURLToPath } from "node:url";
import { messageOf } from "../../core/errors.ts";
import { invalidConfig } from "../../core/options.ts";

/** The path, when it can be one. @throws a `ModelwrightError` with code `CONFIG_INVALID` otherwise */
export function parsePath(subject: string, path: string): string {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw invalidPath(subject, `expected a path of the file system, but got ${JSON.stringify(path)}`);
}

/** The path, also of a `file:` URL. @throws a `ModelwrightError` with code `CONFIG_INVALID` when it is neither */
export function parsePathOrUrl(subject: string, given: string | URL): string {
  if (!(given instanceof URL) && !(typeof given === "string" && /^file:\/\//i.test(given))) return parsePath(subject, given);
  try {
    return parsePath(subject, fileURLToPath(given));
  } catch (error) {
    throw invalidPath(subject, `expected a path of the file system or its file: URL, but got ${given}: ${messageOf(error)}`);
  }
}

function invalidPath(subject: string, message: string): Error {
  return invalidConfig(subject, [{ path: ["path"], message }]);
}
