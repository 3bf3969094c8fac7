import { type ElementData, elementTypes } from "../../core/element-type.ts";
import type { ModelwrightError } from "../../core/errors.ts";
import { formatDims, type Tensor, tensorFromBytes } from "../../core/tensor.ts";
import type { Tensors } from "../../inference/port.ts";
import { type CarriedType, typeOfDatatype } from "./datatypes.ts";
import type { KServeAnswer } from "./kserve-client.ts";
import { readBinaryTexts } from "./tensor-binary.ts";
import { parseExactJson, readJsonData } from "./tensor-json.ts";

/** Makes an error of an answer that cannot be used; `cutShort` when another try may get the rest. */
export type BadAnswer = (reason: string, cutShort?: boolean) => ModelwrightError;

/** What is expected of an answer. */
export interface ExpectedAnswer {
  /** Element type of each output that was asked for, by name. */
  readonly outputs: ReadonlyMap<string, CarriedType>;
  /** The version that was asked for. */
  readonly version: string | undefined;
}

/** An output as the server describes it; anything may be missing or of another kind. */
interface DescribedOutput {
  readonly name?: unknown;
  readonly shape?: unknown;
  readonly datatype?: unknown;
  readonly parameters?: { readonly binary_data_size?: unknown } | null;
  readonly data?: unknown;
}

/** Longest shape that is read. */
const MAX_RANK = 64;

/**
 * Reads the outputs of a run. Each has memory of its own. Outputs that were not asked for are dropped, as some servers give all.
 *
 * @throws what `bad` makes, when the answer contradicts itself or what was asked for
 */
export function readInferAnswer({ headers, body }: KServeAnswer, expected: ExpectedAnswer, bad: BadAnswer): Tensors {
  const { json, jsonLength } = readHead(headers, body, bad);
  const { outputs, model_version: version } = (json ?? {}) as { outputs?: unknown; model_version?: unknown };
  if (expected.version !== undefined && version !== undefined && version !== null && String(version) !== expected.version) {
    throw bad(`version ${quoted(version)} answered, not ${expected.version}`);
  }
  if (!Array.isArray(outputs)) throw bad("the answer has no list of outputs");
  const answer: Record<string, Tensor> = {};
  let at = jsonLength;
  for (const output of outputs as readonly (DescribedOutput | null)[]) {
    const size = output?.parameters?.binary_data_size ?? undefined;
    let bytes: Uint8Array | undefined;
    if (size !== undefined) {
      if (!isCount(size)) throw bad(`binary_data_size is ${quoted(size)}`);
      if (at + size > body.length) throw bad("the answer ends before its binary data", true);
      bytes = body.subarray(at, at + size);
      at += size;
    }
    const name = output?.name;
    const type = typeof name === "string" ? expected.outputs.get(name) : undefined;
    if (type === undefined) continue;
    if (Object.hasOwn(answer, name as string)) throw bad(`it gives the output ${quoted(name)} twice`);
    answer[name as string] = readOutput(type, output!, bytes, (reason) => bad(`the output ${quoted(name)} ${reason}`));
  }
  if (at !== body.length) throw bad(`${body.length - at} bytes follow the last output`);
  for (const name of expected.outputs.keys()) {
    if (!Object.hasOwn(answer, name)) throw bad(`the output ${quoted(name)} is missing`);
  }
  return answer;
}

function readHead(headers: Headers, body: Uint8Array, bad: BadAnswer): { readonly json: unknown; readonly jsonLength: number } {
  const type = (headers.get("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
  const binary = type === "application/octet-stream";
  if (type !== "" && !binary && !/^application\/(?:[\w.-]+\+)?json$/.test(type)) {
    throw bad(`it answers ${quoted(type)} in place of JSON; check url`);
  }
  // Triton leaves the header out when all binary data are empty.
  const announced = headers.get("inference-header-content-length");
  const jsonLength = announced === null ? body.length : Number(announced);
  if (announced !== null && !/^\d{1,15}$/.test(announced)) throw bad(`Inference-Header-Content-Length is ${quoted(announced)}`);
  if (jsonLength > body.length) throw bad("the answer ends within its JSON", true);
  try {
    return { json: parseExactJson(new TextDecoder("utf-8", { fatal: true }).decode(body.subarray(0, jsonLength))), jsonLength };
  } catch {
    if (binary && announced === null) {
      throw bad(
        "Inference-Header-Content-Length is missing; a server for browsers must list it in Access-Control-Expose-Headers",
      );
    }
    throw bad("the answer is no JSON, or only a part of it", true);
  }
}

function readOutput(
  type: CarriedType,
  { shape, datatype, data }: DescribedOutput,
  bytes: Uint8Array | undefined,
  bad: (reason: string) => ModelwrightError,
): Tensor {
  if (typeof datatype !== "string" || typeOfDatatype(datatype) !== type) {
    throw bad(`is ${quoted(datatype)}, but the model's metadata say ${type}; correct them on the server`);
  }
  const dims = readDims(shape, bad);
  const count = dims.reduce((product, extent) => product * extent, 1);
  if (bytes !== undefined) return readBinary(type, bytes, dims, count, bad);
  if (!Array.isArray(data)) throw bad("has no data");
  // Nested by axes or flat: the protocol allows both.
  const items: readonly unknown[] = Array.isArray(data[0]) ? data.flat(dims.length) : data;
  if (items.length !== count) throw bad(`has ${items.length} elements, not the ${count} of its shape ${formatDims(dims)}`);
  const elements = readJsonData(type, items);
  if (elements === undefined) throw bad(`has elements that are no ${type}`);
  return { type, dims, data: elements };
}

function readBinary(
  type: CarriedType,
  bytes: Uint8Array,
  dims: readonly number[],
  count: number,
  bad: (reason: string) => ModelwrightError,
): Tensor {
  const mismatch = () => bad(`has ${bytes.length} bytes, which do not fit its shape ${formatDims(dims)}`);
  if (type === "string") {
    let texts: ElementData<"string"> | undefined;
    try {
      texts = readBinaryTexts(bytes, count);
    } catch {
      throw bad("has bytes that are no UTF-8, which a string tensor cannot hold");
    }
    if (texts === undefined) throw mismatch();
    return { type, dims, data: texts };
  }
  if (bytes.length !== (count * elementTypes[type].bits) / 8) throw mismatch();
  // A copy: aligned, and not shared with the other outputs, which may be transferred elsewhere.
  const own = new Uint8Array(bytes);
  if (type === "bool") for (let i = 0; i < own.length; i++) own[i] = own[i] === 0 ? 0 : 1;
  return tensorFromBytes(type, own, dims);
}

/** Proxies that come from gRPC write extents as strings. */
function readDims(shape: unknown, bad: (reason: string) => ModelwrightError): readonly number[] {
  const dims = Array.isArray(shape)
    ? shape.map((extent) => (typeof extent === "string" ? Number(extent || Number.NaN) : extent))
    : [];
  const whole = Array.isArray(shape) && dims.length <= MAX_RANK && dims.every(isCount);
  if (!whole || !Number.isSafeInteger(dims.reduce((product: number, extent) => product * extent, 1))) {
    throw bad(`has the shape ${quoted(shape)}`);
  }
  return dims;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What a server said, for a message. */
function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200);
}
