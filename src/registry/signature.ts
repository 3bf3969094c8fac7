import { isBytes } from "../core/chunks.ts";
import type { Digest } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { type OnnxModelInfo, OnnxSkimmer, readOnnxModel } from "../onnx-format/index.ts";
import type { BlobStore } from "../storage/port.ts";
import type { FileContent } from "../storage/stored-files.ts";
import type { ModelSignature, SignatureEntry } from "./port.ts";
import { modelPath, onnxPaths } from "./registration.ts";
import { shownValue } from "./shown-value.ts";

/** Files of which one is an ONNX model. */
interface ModelFiles {
  readonly files: Readonly<Record<string, FileContent>>;
  /** What the model takes and gives; undefined while its file has not been read to its end. */
  readonly signature: () => ModelSignature | undefined;
}

/** What {@link inspectModel} works with. */
interface InspectOptions {
  readonly blobs: BlobStore;
  /** Repeats what fails with an error marked `retryable`. */
  readonly retry: <T>(work: () => Promise<T>) => Promise<T>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Prepares to read what the model takes and gives, and to see that the files it refers to are there: at once where the bytes are at hand or
 * stored already, else while its stream is stored, which then fails with `MODEL_INVALID` so that nothing is kept of it. The variants of
 * the model are read alike; what they take and give is not recorded.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` for a model whose bytes are at hand or stored already
 */
export async function inspectModel(
  files: Readonly<Record<string, FileContent>>,
  { blobs, retry, signal }: InspectOptions,
): Promise<ModelFiles> {
  const paths = Object.keys(files);
  const signatures = new Map<string, ModelSignature>();
  const inspected: Record<string, FileContent> = { ...files };
  for (const path of onnxPaths(paths)) {
    const content = files[path]!;
    if (Symbol.asyncIterator in content && !isBytes(content)) {
      inspected[path] = {
        async *[Symbol.asyncIterator]() {
          signatures.set(path, toSignature(files, path, yield* skim(content)));
        },
      };
      continue;
    }
    const stored = "digest" in content;
    const info = stored ? await retry(() => readStored(blobs, content.digest, signal)) : readOnnxModel(content as Uint8Array);
    signatures.set(path, toSignature(files, path, info));
  }
  const model = modelPath(paths)!;
  return { files: inspected, signature: () => signatures.get(model) };
}

/** Hands the chunks on; answers what they were. */
async function* skim(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, OnnxModelInfo> {
  const skimmer = new OnnxSkimmer();
  for await (const chunk of content) {
    // Anything but bytes is refused by the store.
    if (isBytes(chunk) && !skimmer.push(chunk)) break;
    yield chunk;
  }
  return skimmer.finish();
}

/** Not held as a whole: what was stored as a stream may be larger than the memory. */
async function readStored(blobs: BlobStore, digest: Digest, signal: AbortSignal | undefined): Promise<OnnxModelInfo> {
  const skimmer = new OnnxSkimmer();
  for await (const chunk of blobs.stream(digest, { signal })) if (!skimmer.push(chunk)) break;
  return skimmer.finish();
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
    const reason = `the tensor ${shownValue(tensor)} is kept in ${shownValue(data)}, which is not among the files`;
    throw new ModelwrightError("MODEL_INVALID", `${path} cannot be registered: ${reason}; register that file with it`, {
      details: { reason },
    });
  }
  return { inputs: inputs.map(toEntry), outputs: outputs.map(toEntry) };
}

function toEntry({ name, kind, type, dims }: OnnxModelInfo["inputs"][number]): SignatureEntry {
  return kind === "tensor" && type !== undefined ? { name, type, dims } : { name, type: "other", dims: null };
}
