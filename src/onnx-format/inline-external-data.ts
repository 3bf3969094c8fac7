import { elementTypeOf, elementTypes } from "../core/element-type.ts";
import { type ExternalData, readTensor } from "./external-data.ts";
import { invalidModel, quoted, unsupportedModel } from "./invalid-model.ts";
import { fieldBytes, type MessageRewriter } from "./message-rewriter.ts";
import type { OnnxModelInfo } from "./read-model.ts";

/**
 * The other files that a model needs: paths relative to its folder, with `/`, each once, in the order of the file. Several spellings
 * of one path, such as `./w.bin`, are one.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when a path names the folder itself
 */
export function externalFiles(info: Pick<OnnxModelInfo, "externalData">): readonly string[] {
  return [...new Set(info.externalData.map(plainPath))];
}

/**
 * The model with the elements of its external tensors inside, wherever they are. `files` holds whole files by the paths of
 * {@link externalFiles}.
 *
 * @throws a {@link ModelwrightError} with code `MODEL_INVALID` when a tensor's part of its file is not there or does not fit its type
 * and extents; `MODEL_UNSUPPORTED` when a file is missing or a type is unknown
 * @source onnx.proto, `TensorProto`; ONNX, "External Data"
 */
export function inlineExternalData(at: MessageRewriter, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const { input } = at;

  const inGraph = (field: number) => {
    if (field === 1) at.message(1, inNode);
    else if (field === 5) inlineTensor(at, 5, files);
    else if (field === 15) at.message(15, inSparseTensor);
    else input.skip();
  };
  const inNode = (field: number) => (field === 5 ? at.message(5, inAttribute) : input.skip());
  const inAttribute = (field: number) => {
    if (field === 5 || field === 10) inlineTensor(at, field, files);
    else if (field === 6 || field === 11) at.message(field, inGraph);
    else if (field === 22 || field === 23) at.message(field, inSparseTensor);
    else input.skip();
  };
  const inSparseTensor = (field: number) => (field === 1 || field === 2 ? inlineTensor(at, field, files) : input.skip());
  const inFunction = (field: number) => {
    if (field === 7) at.message(7, inNode);
    else if (field === 11) at.message(11, inAttribute);
    else input.skip();
  };
  return at.rewrite((field) => {
    if (field === 7) at.message(7, inGraph);
    else if (field === 25) at.message(25, inFunction);
    else input.skip();
  });
}

/** Most extents of a tensor: far above any real one. */
const maxRank = 1000;

/** Fields of a tensor that hold elements, or tell where they are. */
const elementFields: ReadonlySet<number> = new Set([4, 5, 6, 7, 9, 10, 11, 13, 14]);

function inlineTensor(at: MessageRewriter, field: number, files: ReadonlyMap<string, Uint8Array>): void {
  const { input } = at;
  const found: ExternalData[] = [];
  const dims: bigint[] = [];
  let type = 0;
  input.ahead(() =>
    readTensor(input, found, (inner) => {
      if (inner === 1) input.int64s((extent) => addExtent(dims, extent));
      else if (inner === 2) type = input.int32();
      else input.skip();
    }),
  );
  const [external] = found;
  if (external === undefined) {
    input.skip();
    return;
  }
  const content = elements(external, byteLength(external.tensor, type, dims), files);
  at.message(
    field,
    (inner) => {
      input.skip();
      if (elementFields.has(inner)) at.drop();
    },
    // A field of bytes: number 9, its length, the bytes themselves, which are not copied here.
    { tail: () => [fieldBytes((writer) => writer.uint32((9 << 3) | 2).uint32(content.length)), content] },
  );
}

function addExtent(dims: bigint[], extent: bigint): void {
  if (dims.length === maxRank) throw invalidModel(`a tensor has more than ${maxRank} extents`);
  dims.push(extent);
}

/** How many bytes the elements take. */
function byteLength(tensor: string, onnxType: number, dims: readonly bigint[]): number {
  const type = elementTypeOf(onnxType);
  if (type === undefined) throw unsupportedModel(`tensor ${quoted(tensor)} has the unknown element type ${onnxType}`);
  if (type === "string") throw invalidModel(`tensor ${quoted(tensor)} has text, which cannot be in another file`);
  if (dims.some((extent) => extent < 0n)) throw invalidModel(`tensor ${quoted(tensor)} has a negative extent`);
  const empty = dims.includes(0n);
  // As numbers, since a product of many bigints could grow without end; one that is not exact is too big anyway.
  const count = empty ? 0 : dims.reduce((product, extent) => product * Number(extent), 1);
  return Math.ceil((count * elementTypes[type].bits) / 8);
}

/** A view of the tensor's part of its file. */
function elements(external: ExternalData, needed: number, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const { tensor, offset = 0, length = needed } = external;
  const path = plainPath(external);
  const file = files.get(path);
  if (file === undefined) throw unsupportedModel(`weights are in another file, ${path}, which was not given`);
  if (length !== needed) {
    throw invalidModel(
      `tensor ${quoted(tensor)} has ${length} bytes in ${quoted(path)}, but its type and extents need ${needed}`,
    );
  }
  if (offset + length > file.length) {
    throw invalidModel(
      `tensor ${quoted(tensor)} needs bytes ${offset} to ${offset + length} of ${quoted(path)}, which has ${file.length}`,
    );
  }
  return file.subarray(offset, offset + length);
}

function plainPath({ tensor, location }: ExternalData): string {
  const path = location
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
  if (path === "") throw invalidModel(`tensor ${quoted(tensor)} has its data at ${quoted(location)}, which is no file`);
  return path;
}
