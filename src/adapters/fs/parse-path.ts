import { invalidConfig } from "../../core/options.ts";

/** The path, when it can be one. @throws a `ModelwrightError` with code `CONFIG_INVALID` otherwise */
export function parsePath(subject: string, path: string): string {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw invalidConfig(subject, [
    { path: ["path"], message: `expected a path of the file system, but got ${JSON.stringify(path)}` },
  ]);
}
