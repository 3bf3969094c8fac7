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

/** What an answer is kept under: equal for equal requests only, by the bytes of their inputs, so that -0 is not 0. */
export interface ResponseKey {
  /** Where the entry stands: the same for equal keys, and hardly ever for others. */
  readonly place: number;
  /** Everything but the elements; strings among them are here. */
  readonly text: string;
  /** The elements of all inputs. */
  readonly words: Uint32Array;
}

/** Answers of models by their inputs. Made by {@link responseCache}; sessions may share one. */
export interface ResponseCache {
  readonly spec: "response-cache/1";
  /** The key of a request, which does not follow later changes of the inputs; undefined when these are too large to be cached. */
  keyOf(request: ResponseRequest): ResponseKey | undefined;
  /** A copy of the answer that was kept under a key. */
  get(key: ResponseKey): Tensors | undefined;
  /** Keeps a copy of an answer, and drops the ones that were used longest ago where it needs their room. */
  set(key: ResponseKey, answer: Tensors): void;
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
  readonly key: ResponseKey;
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
 * import { responseCache } from "modelwright/inference";
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
  readonly #entries = new Map<number, Entry>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;
  #evictions = 0;

  constructor(limits: z.output<typeof optionsSchema>, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  keyOf({ digest, steps, outputs, inputs }: ResponseRequest): ResponseKey | undefined {
    const limit = this.#limits.maxKeyBytes;
    const described: unknown[] = [digest, steps, outputs];
    let size = 0;
    let wordCount = 0;
    for (const name in inputs) {
      const { type, dims, data } = inputs[name]!;
      size += dataBytes(data, limit - size);
      if (size > limit) return undefined;
      described.push(name, type, dims);
      if (ArrayBuffer.isView(data)) wordCount += Math.ceil(data.byteLength / 4);
      else described.push(data);
    }
    // Types and dims say where the elements of each input end, so no two requests have the same text and words.
    const words = new Uint32Array(wordCount);
    const bytes = new Uint8Array(words.buffer);
    let at = 0;
    for (const name in inputs) {
      const { data } = inputs[name]!;
      if (!ArrayBuffer.isView(data)) continue;
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
      at += 4 * Math.ceil(data.byteLength / 4);
    }
    const text = JSON.stringify(described);
    return { place: placeOf(text, words), text, words };
  }

  get(key: ResponseKey): Tensors | undefined {
    const { place } = key;
    const entry = this.#entries.get(place);
    if (entry === undefined || !isSame(entry.key, key)) {
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

  set(key: ResponseKey, answer: Tensors): void {
    const { place, text, words } = key;
    // One under the same key, or under another one that has its place by chance.
    const before = this.#entries.get(place);
    if (before !== undefined) this.#drop(place, before);
    let bytes = ENTRY_BYTES + 2 * text.length + words.byteLength;
    for (const name in answer) bytes += TENSOR_BYTES + dataBytes(answer[name]!.data, Number.POSITIVE_INFINITY);
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

  #drop(place: number, entry: Entry): void {
    this.#entries.delete(place);
    this.#bytes -= entry.bytes;
    this.#evictions += 1;
  }
}

/**
 * A number that differs for most keys that differ. The keys themselves are compared as well, so that one that has the place of another by
 * chance, or on purpose, costs a miss. Not a text by which a map could find everything: V8 tells those of more than 16383 characters apart
 * by their length only.
 */
function placeOf(text: string, words: Uint32Array): number {
  let hash = words.length;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  for (let i = 0; i < words.length; i++) hash = mix(hash, words[i]!);
  return hash;
}

/** An odd factor carries differences up, the shift carries them down again. */
function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

function isSame(a: ResponseKey, b: ResponseKey): boolean {
  if (a.text !== b.text || a.words.length !== b.words.length) return false;
  for (let i = 0; i < a.words.length; i++) if (a.words[i] !== b.words[i]) return false;
  return true;
}

/** Bytes of the elements; for strings counted until they are more than `limit`. */
function dataBytes(data: ElementData, limit: number): number {
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
