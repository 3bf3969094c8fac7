import { chunks } from "../core/chunks.ts";
import { concatBytes } from "../core/digest.ts";
import { ModelwrightError } from "../core/errors.ts";
import { type OnnxModelInfo, readOnnxModel } from "../onnx-format/index.ts";
import type { BlobContent } from "../storage/port.ts";
import type { ModelSignature, SignatureEntry } from "./port.ts";
import { onnxPaths } from "./registration.ts";

/** An ONNX model among files that was looked into. */
interface InspectedModel {
  readonly signature: ModelSignature;
  /** The files; the model's own content, when it was a stream, is now in memory. */
  readonly files: Readonly<Record<string, BlobContent>>;
}

/**
 * Reads what the one `.onnx` file takes and gives, and sees that the files it refers to are there.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID`
 */
export async function inspectModel(
  files: Readonly<Record<string, BlobContent>>,
  signal: AbortSignal | undefined,
): Promise<InspectedModel> {
  const path = onnxPaths(files)[0]!;
  const bytes = await collect(files[path]!, signal);
  const { inputs, outputs, externalData } = readOnnxModel(bytes);
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
  const rest = Object.entries(files).filter(([other]) => other !== path);
  return {
    signature: { inputs: inputs.map(toEntry), outputs: outputs.map(toEntry) },
    files: Object.fromEntries([...rest, [path, bytes]]),
  };
}

function toEntry({ name, kind, type, dims }: OnnxModelInfo["inputs"][number]): SignatureEntry {
  return kind === "tensor" && type !== undefined ? { name, type, dims } : { name, type: "other", dims: null };
}

async function collect(content: BlobContent, signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (!(Symbol.asyncIterator in content)) return content;
  const parts: Uint8Array[] = [];
  for await (const part of chunks(content, signal)) parts.push(new Uint8Array(part)); // not `slice()`: that of a Node Buffer is a view
  return concatBytes(parts);
}
