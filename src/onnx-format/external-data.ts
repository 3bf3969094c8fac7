import { invalidModel, quoted } from "./invalid-model.ts";
import type { ProtoInput } from "./proto-input.ts";

/** Weights of one tensor that are kept in another file, beside the model. */
export interface ExternalData {
  /** Name of the tensor; empty where the model gives none, as for the value of a `Constant`. */
  readonly tensor: string;
  /** Relative path of the file, `/` between its parts. It never leads out of the folder of the model. */
  readonly location: string;
  /** First byte. Absent when the file does not say, which means 0. */
  readonly offset?: number;
  /** Bytes. Absent when the file does not say, which means up to the end. */
  readonly length?: number;
  /** SHA-1 of the whole file, as the model states it; not checked here. */
  readonly checksum?: string;
}

/**
 * Reads a tensor but for its elements; answers its name. Where the elements are in another file, appends to `found`.
 *
 * @param other - takes or skips each of the other fields. @defaultValue they are skipped
 * @source onnx.proto, `TensorProto`
 */
export function readTensor(
  input: ProtoInput,
  found: ExternalData[],
  other: (field: number) => void = () => input.skip(),
): string {
  let name = "";
  let location = 0;
  const entries = new Map<string, string>();
  input.message((field) => {
    if (field === 8) name = input.text();
    else if (field === 13) readExternalEntry(input, entries);
    else if (field === 14) location = input.int32();
    else other(field);
  });
  if (location !== 0 && location !== 1) throw invalidModel(`tensor ${quoted(name)} has the unknown data location ${location}`);
  if (location === 1) found.push(externalData(name, entries));
  return name;
}

/** Reads a key and a value, `StringStringEntryProto`. */
export function readEntry(input: ProtoInput): readonly [key: string, value: string] {
  let key = "";
  let value = "";
  input.message((field) => {
    if (field === 1) key = input.text();
    else if (field === 2) value = input.text();
    else input.skip();
  });
  return [key, value];
}

function readExternalEntry(input: ProtoInput, entries: Map<string, string>): void {
  const [key, value] = readEntry(input);
  // Parsers disagree on which of two would count, and one may be harmless only for show.
  if (entries.has(key)) throw invalidModel(`external data has two entries ${quoted(key)}`);
  entries.set(key, value);
}

function externalData(tensor: string, entries: ReadonlyMap<string, string>): ExternalData {
  const location = entries.get("location") ?? "";
  if (!isContained(location)) {
    throw invalidModel(`tensor ${quoted(tensor)} has its data at ${quoted(location)}, which is no plain relative path`);
  }
  const offset = byteCount(tensor, "offset", entries);
  const length = byteCount(tensor, "length", entries);
  const checksum = entries.get("checksum");
  return {
    tensor,
    location,
    ...(offset === undefined ? {} : { offset }),
    ...(length === undefined ? {} : { length }),
    ...(checksum === undefined ? {} : { checksum }),
  };
}

function byteCount(tensor: string, key: "offset" | "length", entries: ReadonlyMap<string, string>): number | undefined {
  const text = entries.get(key);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw invalidModel(`tensor ${quoted(tensor)} has the ${key} ${quoted(text)}, which is no number of bytes`);
}

/**
 * Whether a path stays inside the folder that it is relative to, on every platform. The marks that Windows gives a meaning
 * (drive, stream, wildcard) are refused: the writers of the onnx package avoid them, and ONNX Runtime reads a path with `*` in it
 * as an address in memory. A part of dots and spaces alone is refused because Windows drops trailing ones, so `.. ` is `..`.
 */
function isContained(location: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (location === "" || location.startsWith("/") || /[\u0000-\u001f\u007f\\:*?"<>|]/.test(location)) return false;
  return location.split("/").every((part) => part === "." || part === "" || !/^[. ]+$/.test(part));
}
