import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { peer } from "../../core/peer.ts";
import type { OrtLibrary } from "../onnxruntime/library.ts";

/** The package that is imported unless the host says otherwise. */
export const PEER = "onnxruntime-node";

/**
 * Imports ONNX Runtime.
 *
 * @param url - of the library's module, a file. @defaultValue the installed `onnxruntime-node`
 * @throws a `ModelwrightError` with code `MISSING_PEER`
 */
export function importLibrary(url: string | undefined): Promise<OrtLibrary> {
  return peer<OrtLibrary>(PEER, undefined, async () => {
    if (url === undefined) return import("onnxruntime-node");
    // Not import(): the CommonJS build has it as require(), which takes no URL. This loads both kinds of modules in both builds.
    const module: unknown = createRequire(url)(fileURLToPath(url));
    if (isOrtLibrary(module)) return module;
    throw new Error(`${url} is not the module of onnxruntime-node`);
  });
}

/** Whether a value looks like the library's module. */
export function isOrtLibrary(value: unknown): value is OrtLibrary {
  return typeof (value as Partial<OrtLibrary> | null | undefined)?.InferenceSession?.create === "function";
}
