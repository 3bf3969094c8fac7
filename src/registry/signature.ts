import { isBytes } from "../core/chunks.ts";
import { ModelwrightError } from "../core/errors.ts";
import { type OnnxModelInfo, OnnxSkimmer, readOnnxModel } from "../onnx-format/index.ts";
import type { BlobStore } from "../storage/port.ts";
import type { FileContent } from "../storage/stored-files.ts";
import type { ModelSignature, SignatureEntry } from "./port.ts";
import { onnxPaths } from "./registration.ts";

/** Files of which one is an ONNX model. */
interface ModelFiles {
  readonly files: Readonly<Record<string, FileContent>>;
  /**
   * What the model takes and gives; known once its file has been read.
   *
   * @throws a `ModelwrightError` with code `MODEL_INVALID`
   */
  readonly signature: () => ModelSignature;
}

/**
 * Prepares to read what the one `.onnx` file takes and gives, and to see that the files it refers to are there: at once where the bytes
 * are at hand, else while its stream is stored.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` for a model whose bytes are at hand
 */
export async function inspectModel(
  files: Readonly<Record<string, FileContent>>,
  blobs: BlobStore,
  signal: AbortSignal | undefined,
): Promise<ModelFiles> {
  const path = onnxPaths(files)[0]!;
  const content = files[path]!;
  if (Symbol.asyncIterator in content && !isBytes(content)) {
    const skimmer = new OnnxSkimmer();
    const skimmed = { [Symbol.asyncIterator]: () => skim(content, skimmer) };
    return {
      files: Object.fromEntries([...Object.entries(files).filter(([other]) => other !== path), [path, skimmed]]),
      signature: () => toSignature(files, path, skimmer.finish()),
    };
  }
  const bytes = "digest" in content ? await blobs.get(content.digest, { signal }) : (content as Uint8Array);
  const signature = toSignature(files, path, readOnnxModel(bytes));
  return { files, signature: () => signature };
}

async function* skim(content: AsyncIterable<Uint8Array>, skimmer: OnnxSkimmer): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of content) {
    if (isBytes(chunk)) skimmer.push(chunk); // anything else is refused by the store
    yield chunk;
  }
}

function toSignature(
  files: Readonly<Record<string, unknown>>,
  path: string,
  { inputs, outputs, externalData }: OnnxModelInfo,
): ModelSignature {
  const folder = path.split("/").slice(0, -1);
  for (const { tensor, location } of externalData) {
    const parts = location.split("/").filter((part) => part !== "" && part !== ".");
    const data = [...folder, ...parts].join("/");
    if (Object.hasOwn(files, data)) continue;
    const reason = `the tensor ${JSON.stringify(tensor)} is kept in ${JSON.stringify(data)}, which is not among the files`;
    throw new ModelwrightError("MODEL_INVALID", `${path} cannot be registered: ${reason}; register that file with it`, {
      details: { reason },
    });
  }
  return { inputs: inputs.map(toEntry), outputs: outputs.map(toEntry) };
}

function toEntry({ name, kind, type, dims }: OnnxModelInfo["inputs"][number]): SignatureEntry {
  return kind === "tensor" && type !== undefined ? { name, type, dims } : { name, type: "other", dims: null };
}
