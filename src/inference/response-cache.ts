import * as z from "zod";
import type { Runtime } from "../core/call.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Digest } from "../core/digest.ts";
import { type ElementData, elementTypes } from "../core/element-type.ts";
import { parseOptions } from "../core/options.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Tensors } from "./port.ts";

/** Options of {@link responseCache}. */
export interface ResponseCacheOptions {
  /** Most answers that are kept. @defaultValue 10000 */
  readonly maxEntries?: number | undefined;
  /** Most memory that they take with their keys, by estimate, bytes. @defaultValue 67108864, 64 MiB */
  readonly maxBytes?: number | undefined;
  /** How long an answer is good, ms, greater than 0. @defaultValue for ever, as a model does not change */
  readonly ttlMs?: number | undefined;
  /** Inputs that are larger together are not cached, bytes. @defaultValue 65536 */
  readonly maxKeyBytes?: number | undefined;
}

/** What an answer follows from. */
export interface ResponseRequest {
  /** Digest of the model. */
  readonly digest: Digest;
  /** Versions of the processing steps, in their order. */
  readonly steps: readonly string[];
  /** The outputs that are asked for. */
  readonly outputs: readonly string[];
  /** The inputs, in the order of the model: another order is another key. */
  readonly inputs: Tensors;
}

/** Counts since the start, and what is kept. */
export interface ResponseCacheStatistics {
  readonly hits: number;
  /** Look-ups that found nothing, or an answer that was too old. */
  readonly misses: number;
  /** Answers that were dropped: for others, by age, or because another one came under their key. */
  readonly evictions: number;
  readonly entries: number;
  /** Estimate of the memory that entries take. */
  readonly bytes: number;
}

/** Answers of models by their inputs. Made by {@link responseCache}; sessions may share one. */
export interface ResponseCache {
  readonly spec: "response-cache/1";
  /** The key of a request; undefined when its inputs are too large to be cached. Equal for equal bytes only: -0 is not 0. */
  keyOf(request: ResponseRequest): string | undefined;
  /** A copy of the answer that was kept under a key. */
  get(key: string): Tensors | undefined;
  /** Keeps a copy of an answer, and drops the ones that were used longest ago where it needs their room. */
  set(key: string, answer: Tensors): void;
  /** Drops everything. Counts go on. */
  clear(): void;
  readonly statistics: ResponseCacheStatistics;
}

const optionsSchema = z.strictObject({
  maxEntries: z.int().min(1).default(10_000),
  maxBytes: z.int().min(1).default(67_108_864),
  ttlMs: z.number().positive().default(Number.POSITIVE_INFINITY),
  maxKeyBytes: z.int().min(0).default(65_536),
});

/** Estimate of what an entry takes beside its text and its elements: objects, map, array buffers. */
const ENTRY_BYTES = 300;
const TENSOR_BYTES = 200;

interface Entry {
  readonly key: string;
  readonly answer: Tensors;
  readonly bytes: number;
  readonly storedAt: number;
}

/**
 * A cache of answers in memory, dropped by last use. For models that always answer the same inputs alike, asked for the same inputs again
 * and again; anything else pays for keys and copies in vain.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`
 *
 * @example
 * ```ts
 * import { responseCache } from "modelwright";
 *
 * const cache = responseCache({ maxEntries: 1_000, ttlMs: 60_000 });
 * ```
 */
export function responseCache(options: ResponseCacheOptions = {}, { clock = systemClock }: Runtime = {}): ResponseCache {
  return new MemoryResponseCache(parseOptions(optionsSchema, options, "responseCache"), clock);
}

class MemoryResponseCache implements ResponseCache {
  readonly spec = "response-cache/1";
  readonly #limits: z.output<typeof optionsSchema>;
  readonly #clock: Clock;
  /** By place, in the order of last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor(limits: z.output<typeof optionsSchema>, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  keyOf({ digest, steps, outputs, inputs }: ResponseRequest): string | undefined {
    let size = 0;
    for (const name in inputs) {
      size += dataBytes(inputs[name]!, this.#limits.maxKeyBytes - size);
      if (size > this.#limits.maxKeyBytes) return undefined;
    }
    const described: unknown[] = [digest, steps, outputs];
    let elements = "";
    for (const name in inputs) {
      const { type, dims, data } = inputs[name]!;
      described.push(name, type, dims);
      if (ArrayBuffer.isView(data)) elements += textOf(data);
      else described.push(data);
    }
    // JSON says where it ends, and types and dims say how many elements follow, so no two requests have one key.
    return JSON.stringify(described) + elements;
  }

  get(key: string): Tensors | undefined {
    const place = placeOf(key);
    const entry = this.#entries.get(place);
    if (entry === undefined || entry.key !== key) {
      this.#misses += 1;
      return undefined;
    }
    if (this.#clock.monotonic() - entry.storedAt >= this.#limits.ttlMs) {
      this.#drop(place, entry);
      this.#misses += 1;
      return undefined;
    }
    this.#entries.delete(place);
    this.#entries.set(place, entry);
    this.#hits += 1;
    return copyOf(entry.answer);
  }

  set(key: string, answer: Tensors): void {
    const place = placeOf(key);
    const before = this.#entries.get(place);
    if (before !== undefined) this.#drop(place, before);
    let bytes = ENTRY_BYTES + 2 * key.length;
    for (const name in answer) bytes += TENSOR_BYTES + dataBytes(answer[name]!, Number.POSITIVE_INFINITY);
    if (bytes > this.#limits.maxBytes) return;
    this.#entries.set(place, { key, answer: copyOf(answer), bytes, storedAt: this.#clock.monotonic() });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#limits.maxBytes && this.#entries.size <= this.#limits.maxEntries) break;
      this.#drop(oldest, entry);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  get statistics(): ResponseCacheStatistics {
    const counts = { hits: this.#hits, misses: this.#misses, evictions: this.#evictions };
    return { ...counts, entries: this.#entries.size, bytes: this.#bytes };
  }

  #drop(place: string, entry: Entry): void {
    this.#entries.delete(place);
    this.#bytes -= entry.bytes;
    this.#evictions += 1;
  }
}

/** V8 tells longer strings apart by their length only, so a map of them would be a list. */
const MAX_HASHED_LENGTH = 16_000;

/** Where an entry stands. Two long keys may have one place, where the later one stands; the key itself is compared, too. */
function placeOf(key: string): string {
  if (key.length <= MAX_HASHED_LENGTH) return key;
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 15);
  }
  return `${key.length} ${low} ${high}`;
}

/** Elements in one array of 16-bit words, or of bytes where the elements are bytes, so that the text follows from type and bytes alone. */
function textOf(data: Exclude<ElementData, readonly string[]>): string {
  const Words = data.BYTES_PER_ELEMENT === 1 ? Uint8Array : Uint16Array;
  const words = new Words(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength / Words.BYTES_PER_ELEMENT);
  let text = "";
  // A call takes so many arguments and no more.
  for (let at = 0; at < words.length; at += 4096)
    text += String.fromCharCode.apply(null, words.subarray(at, at + 4096) as unknown as number[]);
  return text;
}

/** Bytes of the elements; for strings counted until they are more than `limit`. */
function dataBytes({ data }: Tensor, limit: number): number {
  if (ArrayBuffer.isView(data)) return data.byteLength;
  let bytes = 0;
  for (const item of data) {
    bytes += 8 + 2 * item.length;
    if (bytes > limit) break;
  }
  return bytes;
}

function copyOf(answer: Tensors): Tensors {
  const copy: Record<string, Tensor> = {};
  for (const name in answer) {
    const { type, dims, data } = answer[name]!;
    const { array } = elementTypes[type];
    // Not `slice()`: that of a Node Buffer is a view.
    const elements = (array === undefined ? [...(data as readonly string[])] : new array(data as never)) as ElementData;
    copy[name] = { type, dims: [...dims], data: elements };
  }
  return copy;
}
