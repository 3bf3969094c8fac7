import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { withDeadline } from "../../core/deadline.ts";
import { sha256Hasher } from "../../core/digest.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { LoadedModel, ModelSource } from "../../core/model.ts";
import { fileBytes, fileChunks } from "./file-chunks.ts";
import { errnoOf, io } from "./file-failure.ts";
import { parsePath } from "./parse-path.ts";

/**
 * A {@link ModelSource} that reads a model from a file. The file is read anew by each `load`; its identity is the digest of its
 * bytes, without a name or a version.
 *
 * `load` rejects with `STORE_NOT_FOUND` when there is no such file, and with `STORE_FAILED` when it cannot be read or changes
 * while it is read.
 *
 * @param path - relative to the working directory of now; symbolic links are followed
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for an empty path
 * @example
 * ```ts
 * import { fileModel } from "modelwright/fs";
 *
 * const { identity, bytes } = await fileModel("./fraud.onnx").load();
 * ```
 */
export function fileModel(path: string): ModelSource {
  const file = resolve(parsePath("fileModel", path));
  const failure = { store: `file ${path}`, operation: "load" };
  const run = <T>(work: () => Promise<T>) => io(failure.store, failure.operation, work);

  const read = async (signal: AbortSignal | undefined): Promise<LoadedModel> => {
    const handle = await open(file).catch((error: unknown) => {
      if (errnoOf(error) !== "ENOENT") return run(() => Promise.reject(error));
      throw new ModelwrightError("STORE_NOT_FOUND", `There is no file ${file}; check the path of fileModel`, {
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
      return { identity: { digest: await hasher.digest() }, bytes };
    } finally {
      await handle.close();
    }
  };

  return { spec: "model-source/1", name: path, load: (call) => withDeadline(call, read) };
}
