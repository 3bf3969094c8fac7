import { concatBytes } from "../core/digest.ts";
import { invalidModel } from "./invalid-model.ts";
import { type OnnxModelInfo, readOnnxModel } from "./read-model.ts";

/** Most bytes kept of a model beside its weights: far above any real graph. */
const MAX_KEPT = 64 * 1024 * 1024;

/** Most fields looked at; each kept one costs an array. */
const MAX_FIELDS = 1_000_000;

/** "ORTM" at byte 4: see {@link readOnnxModel}. */
const HEAD_BYTES = 8;

const TENSOR: Level = { inner: new Map(), kept: new Set([8, 13]) };
const SPARSE_TENSOR: Level = {
  inner: new Map([
    [1, TENSOR],
    [2, TENSOR],
  ]),
};
const GRAPH: Level = {
  inner: new Map([
    [5, TENSOR],
    [15, SPARSE_TENSOR],
  ]),
};
const MODEL: Level = { inner: new Map([[7, GRAPH]]) };

/** How a message is skimmed: the fields that are looked into, and of the others those that are kept; all where it does not say. */
interface Level {
  readonly inner: ReadonlyMap<number, Level>;
  readonly kept?: ReadonlySet<number>;
}

/** Bytes that have arrived and are not read yet. */
interface Arrived {
  chunk: Uint8Array;
  at: number;
  /** Bytes of the whole that were read. */
  read: number;
  ended: boolean;
}

/**
 * Reads what an ONNX file says of itself while its bytes go by, and keeps no weights: for files that are too large to hold. Give
 * `push` the chunks in their order, then ask `finish`, which answers what {@link readOnnxModel} answers for the whole.
 *
 * Of the initializers of the graph the elements are dropped as they come; all else is kept, up to 64 MiB. A chunk's array may be used
 * again after the call.
 *
 * @source ONNX onnx.proto, `ModelProto`, `GraphProto`, `TensorProto`; Protocol Buffers, "Encoding"
 */
export class OnnxSkimmer {
  readonly #arrived: Arrived = { chunk: new Uint8Array(), at: 0, read: 0, ended: false };
  readonly #kept: Uint8Array[] = [];
  readonly #head: number[] = [];
  readonly #work: Generator<void, number>;
  #failure: unknown;
  #done = false;

  constructor() {
    this.#work = message(this.#arrived, Number.POSITIVE_INFINITY, MODEL, this.#kept, { bytes: 0, fields: 0 });
  }

  /** Takes the next chunk. Answers whether the bytes may be a model so far; where they cannot, `finish` throws whatever follows. */
  push(chunk: Uint8Array): boolean {
    for (let i = 0; this.#head.length < HEAD_BYTES && i < chunk.length; i++) this.#head.push(chunk[i]!);
    if (!this.#done) {
      this.#arrived.chunk = chunk;
      this.#arrived.at = 0;
      this.#resume();
    }
    return this.#failure === undefined;
  }

  /**
   * What the file says of itself.
   *
   * @throws a `ModelwrightError` with code `MODEL_INVALID`, as {@link readOnnxModel} does, and when more than 64 MiB are left beside
   * the weights
   */
  finish(): OnnxModelInfo {
    this.#arrived.ended = true;
    if (!this.#done) this.#resume();
    if (this.#failure !== undefined) throw this.#failure;
    // The mark of another format is looked for at the place where the file has it.
    readMark(this.#head);
    return readOnnxModel(concatBytes(this.#kept));
  }

  #resume(): void {
    try {
      this.#done = this.#work.next().done ?? false;
    } catch (error) {
      this.#failure = error;
      this.#done = true;
    }
  }
}

/** Reads a message up to `end`; appends what is kept of it to `out`, and answers how many bytes that are. */
function* message(
  from: Arrived,
  end: number,
  { inner, kept }: Level,
  out: Uint8Array[],
  budget: { bytes: number; fields: number },
): Generator<void, number> {
  let size = 0;
  const keep = (bytes: Uint8Array) => {
    out.push(bytes);
    size += bytes.length;
    budget.bytes += bytes.length;
    if (budget.bytes > MAX_KEPT) throw invalidModel(`it has more than ${MAX_KEPT} bytes beside its weights`);
  };
  while (from.read < end && !(end === Number.POSITIVE_INFINITY && (yield* atEnd(from)))) {
    if (++budget.fields > MAX_FIELDS) throw invalidModel(`it has more than ${MAX_FIELDS} fields beside its nodes`);
    const tag = yield* varint(from);
    const field = Math.floor(number(tag) / 8);
    const wireType = tag[0]! & 7;
    if (wireType === 0) {
      const value = yield* varint(from);
      keep(concatBytes([tag, value]));
    } else if (wireType === 1 || wireType === 5) keep(concatBytes([tag, yield* take(from, wireType === 1 ? 8 : 4)]));
    else if (wireType === 2) {
      const prefix = yield* varint(from);
      const length = number(prefix);
      if (length > end - from.read || length > 0xffff_ffff) throw invalidModel("a message reaches beyond its end");
      const level = inner.get(field);
      if (level !== undefined) {
        const parts: Uint8Array[] = [];
        const innerSize = yield* message(from, from.read + length, level, parts, budget);
        const around = concatBytes([tag, encoded(innerSize)]);
        keep(around);
        for (const part of parts) out.push(part); // counted already
        size += innerSize;
      } else if (kept === undefined || kept.has(field)) {
        if (budget.bytes + length > MAX_KEPT) throw invalidModel(`it has more than ${MAX_KEPT} bytes beside its weights`);
        keep(concatBytes([tag, prefix, yield* take(from, length)]));
      } else yield* skip(from, length);
    } else throw invalidModel("it has a protobuf group");
    if (from.read > end) throw invalidModel("a field reaches beyond its message");
  }
  return size;
}

/** Waits until there is a byte, or none will come. */
function* atEnd(from: Arrived): Generator<void, boolean> {
  while (from.at === from.chunk.length) {
    if (from.ended) return true;
    yield;
  }
  return false;
}

function* varint(from: Arrived): Generator<void, Uint8Array> {
  const bytes: number[] = [];
  for (;;) {
    const [byte] = yield* take(from, 1);
    bytes.push(byte!);
    if (byte! < 0x80) return Uint8Array.from(bytes);
    if (bytes.length === 10) throw invalidModel("a number has more than 10 bytes");
  }
}

function* take(from: Arrived, length: number): Generator<void, Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const part = yield* next(from, length - at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function* skip(from: Arrived, length: number): Generator<void, void> {
  for (let left = length; left > 0; ) left -= (yield* next(from, left)).length;
}

/** Up to `most` bytes that have arrived, at least one. */
function* next(from: Arrived, most: number): Generator<void, Uint8Array> {
  if (yield* atEnd(from)) throw invalidModel("it ends in the middle of a field");
  const part = from.chunk.subarray(from.at, from.at + most);
  from.at += part.length;
  from.read += part.length;
  return part;
}

function number(varint: Uint8Array): number {
  return varint.reduce((sum, byte, i) => sum + (byte & 0x7f) * 2 ** (7 * i), 0);
}

function encoded(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Uint8Array.from([...bytes, left]);
}

function readMark(head: readonly number[]): void {
  if (head.length === HEAD_BYTES && String.fromCharCode(...head.slice(4)) === "ORTM") {
    throw invalidModel("it is marked as a file of ONNX Runtime's own format");
  }
}
