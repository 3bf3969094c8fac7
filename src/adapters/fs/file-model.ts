import { open, realpath } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { withDeadline } from "../../core/deadline.ts";
import { type Digest, sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { LoadedModel, ModelSource } from "../../core/model.ts";
import { fileBytes, fileChunks } from "./file-chunks.ts";
import { errnoOf, io } from "./file-failure.ts";
import { parsePathOrUrl } from "./parse-path.ts";

/**
 * A {@link ModelSource} that reads a model from a file. The file is read anew by each `load`; its identity is the digest of its
 * bytes, without a name or a version. Weights that it keeps in other files are read from its folder.
 *
 * `load` rejects with `STORE_NOT_FOUND` when there is no such file, and with `STORE_FAILED` when it cannot be read or changes
 * while it is read. A file outside the model's folder is refused with `MODEL_INVALID`, also behind a symbolic link.
 *
 * @param pathOrUrl - a path, relative to the working directory of now, or a `file:` URL; symbolic links are followed
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for an empty path, and for another URL
 * @example
 * ```ts
 * import { fileModel } from "modelwright/fs";
 *
 * const { identity, bytes } = await fileModel("./fraud.onnx").load();
 * ```
 */
export function fileModel(pathOrUrl: string | URL): ModelSource {
  const path = parsePathOrUrl("fileModel", pathOrUrl);
  const file = resolve(path);
  const failure = { store: `file ${path}`, operation: "load" };
  const run = <T>(work: () => Promise<T>) => io(failure.store, failure.operation, work);

  const read = async (from: string, signal: AbortSignal | undefined): Promise<{ bytes: Uint8Array; digest: Digest }> => {
    const handle = await open(from).catch((error: unknown) => {
      if (errnoOf(error) !== "ENOENT") return run(() => Promise.reject(error));
      throw new ModelwrightError("STORE_NOT_FOUND", `There is no file ${from}; check the path of fileModel`, {
        details: { store: failure.store, key: path },
        cause: error,
      });
    });
    try {
      const { size } = await run(() => handle.stat());
      const bytes = fileBytes(size, failure);
      const hasher = sha256Hasher();
      for await (const chunk of fileChunks(handle, size, failure, (at, count) => bytes.subarray(at, at + count))) {
        signal?.throwIfAborted();
        hasher.update(chunk);
      }
      return { digest: await hasher.digest(), bytes };
    } finally {
      await handle.close();
    }
  };

  const companion: LoadedModel["companion"] = (relative, call) =>
    withDeadline(call, async (signal) => (await read(await contained(dirname(file), relative, failure.store), signal)).bytes);

  const load = async (signal: AbortSignal | undefined): Promise<LoadedModel> => {
    const { bytes, digest } = await read(file, signal);
    return { identity: { digest }, bytes, companion };
  };
  return { spec: "model-source/1", name: path, load: (call) => withDeadline(call, load) };
}

/** The path of a file that a model names, inside the model's folder also when links are followed: a model may be hostile. */
async function contained(folder: string, relative: string, store: string): Promise<string> {
  const target = resolve(folder, relative);
  const found = await realpath(target).catch(() => target);
  const root = await realpath(folder).catch(() => folder);
  if (found.startsWith(root.endsWith(sep) ? root : root + sep)) return found;
  const reason = `it refers to ${JSON.stringify(relative)}, which is outside its folder`;
  throw new ModelwrightError("MODEL_INVALID", `The model of ${store} is not valid: ${reason}`, { details: { reason } });
}
