import { MAX_TEXT } from "../monitor-text.ts";
import type { SparseCells } from "./number-cells.ts";
import { delayScale, type NumberScale, probabilityScale, signedScale, timeScale } from "./number-scale.ts";
import { BUCKET_FORMAT, MAX_CLASSES, MAX_CODES, MAX_DRIFT_CELLS } from "./open-bucket.ts";

const scales: readonly NumberScale[] = [timeScale, probabilityScale, signedScale, delayScale];
const cellsOf = new Map(scales.map(({ id, cells }) => [id, cells]));
const mostCells = Math.max(...cellsOf.values());

/** Greatest sum of numbers in their unit, so that no number of buckets adds up to more than a double holds. */
const MAX_SUM = 1e300;

/** Texts that a reader remembers. */
const MAX_KNOWN = 500;

const decoder = new TextDecoder("utf-8", { fatal: true });
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Names and how often each was counted. */
export interface NameCounts {
  readonly names: readonly string[];
  readonly counts: readonly number[];
  readonly other: number;
}

/**
 * Reads stored buckets, one after the other, into itself: nothing is made for each but its names, and what was read is gone with the next
 * one. Ten microseconds a bucket.
 */
export class BucketReader {
  spanMs = 0;
  /** When the first thing was counted, milliseconds since the epoch. */
  since = 0;
  until = 0;
  predictions = 0;
  positives = 0;
  errors = 0;
  logged = 0;
  dropped = 0;
  notSampled = 0;
  refused = 0;
  readonly codes = new NameList(MAX_CODES);
  readonly classes = new NameList(MAX_CLASSES);
  readonly latency = new CellList();
  readonly errorLatency = new CellList();
  readonly outputs = new CellList();
  /** Of the reference whose cells were counted; empty for none. */
  fingerprint = "";
  /** Rows that were counted in the cells. */
  rows = 0;
  /** How many cells there are. */
  cells = 0;
  #width = 0;
  #start = 0;
  #content: Uint8Array = new Uint8Array(0);
  readonly #cursor = new Cursor();

  /** Reads a bucket; false when it is damaged or of a later release, and then nothing of it may be used. */
  read(content: Uint8Array): boolean {
    try {
      return this.#read(content);
    } catch {
      return false; // a text that is not UTF-8
    }
  }

  /** Adds the counts of the cells, of which there are `cells`. */
  addCells(into: Float64Array): void {
    const { length } = into;
    if (this.cells !== length || length === 0) return;
    const aligned = (this.#content.byteOffset + this.#start) % 8 === 0;
    const bytes = aligned ? this.#content.subarray(this.#start) : this.#content.slice(this.#start);
    if (this.#width === 1) for (let i = 0; i < length; i++) into[i]! += bytes[i]!;
    else if (!littleEndian) addViewed(into, bytes, this.#width);
    else if (this.#width === 2) addWords(into, new Uint16Array(bytes.buffer, bytes.byteOffset, length));
    else if (this.#width === 4) addLongs(into, new Uint32Array(bytes.buffer, bytes.byteOffset, length));
    else addDoubles(into, new Float64Array(bytes.buffer, bytes.byteOffset, length));
  }

  /** Whether cells that are stored as doubles are counts; narrower ones can be nothing else. */
  #areCounts({ buffer, byteOffset }: Uint8Array): boolean {
    if (this.#width !== 8) return true;
    const view = new DataView(buffer, byteOffset + this.#start);
    for (let i = 0; i < this.cells; i++) {
      const count = view.getFloat64(i * 8, true);
      if (!(count >= 0 && count <= Number.MAX_SAFE_INTEGER)) return false;
    }
    return true;
  }

  #read(content: Uint8Array): boolean {
    if (content.length < 12 || content[0] !== BUCKET_FORMAT) return false;
    const cursor = this.#cursor;
    cursor.start(content);
    this.#content = content;
    this.#width = content[1]!;
    this.cells = cursor.uint32(4);
    this.#start = cursor.uint32(8);
    if (!(this.cells <= MAX_DRIFT_CELLS && this.#start + this.cells * this.#width === content.length)) return false;
    if (this.cells > 0 && ![1, 2, 4, 8].includes(this.#width)) return false;
    cursor.at = 12;
    this.spanMs = cursor.count();
    this.since = cursor.double();
    this.until = cursor.double();
    this.predictions = cursor.count();
    this.positives = cursor.count();
    this.errors = cursor.count();
    this.logged = cursor.count();
    this.dropped = cursor.count();
    this.notSampled = cursor.count();
    this.refused = cursor.count();
    if (!(this.codes.read(cursor) && this.classes.read(cursor))) return false;
    if (!(this.latency.read(cursor) && this.errorLatency.read(cursor) && this.outputs.read(cursor))) return false;
    this.fingerprint = cursor.text();
    this.rows = cursor.count();
    if (!(cursor.at <= this.#start && this.#start <= cursor.at + 7)) return false;
    return this.since <= this.until && Number.isFinite(this.since) && Number.isFinite(this.until) && this.#areCounts(content);
  }
}

class NameList implements NameCounts {
  readonly #limit: number;
  readonly names: string[] = [];
  readonly counts: number[] = [];
  other = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  read(cursor: Cursor): boolean {
    const length = cursor.count();
    if (length > this.#limit) return false;
    this.names.length = length;
    this.counts.length = length;
    for (let i = 0; i < length; i++) {
      this.names[i] = cursor.text();
      this.counts[i] = cursor.count();
    }
    this.other = cursor.count();
    return true;
  }
}

class CellList implements SparseCells {
  scale = 0;
  length = 0;
  readonly cell = new Uint16Array(mostCells);
  readonly count = new Float64Array(mostCells);
  sum = 0;
  low = 0;
  high = 0;

  read(cursor: Cursor): boolean {
    this.length = cursor.count();
    if (this.length === 0) return true;
    this.scale = cursor.byte();
    const cells = cellsOf.get(this.scale) ?? 0;
    if (this.length > cells) return false;
    this.sum = cursor.double();
    this.low = cursor.double();
    this.high = cursor.double();
    let cell = 0;
    for (let i = 0; i < this.length; i++) {
      cell += cursor.count();
      if (!(cell < cells)) return false;
      this.cell[i] = cell;
      this.count[i] = cursor.count();
    }
    return this.low <= this.high && Number.isFinite(this.low) && Number.isFinite(this.high) && Math.abs(this.sum) <= MAX_SUM;
  }
}

/** Where the reader is. Past the end it reads zeros, which is found out at the end. */
class Cursor {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(8));
  /** Texts that were read lately, which are the same from bucket to bucket. */
  readonly #known = new Map<number, { readonly bytes: Uint8Array; readonly text: string }>();
  at = 0;

  start(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  byte(): number {
    return this.at < this.#bytes.length ? this.#bytes[this.at++]! : this.#past(1);
  }

  count(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte - 128;
    for (let scale = 128; scale <= 2 ** 49; scale *= 128) {
      byte = this.byte();
      if (byte < 128) return value + byte * scale;
      value += (byte - 128) * scale;
    }
    return this.#past(this.#bytes.length);
  }

  double(): number {
    if (this.at + 8 > this.#bytes.length) return this.#past(8);
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  text(): string {
    const length = this.count();
    const from = this.at;
    this.at += length;
    if (length > MAX_TEXT * 4 || this.at > this.#bytes.length) {
      this.#past(this.#bytes.length);
      return "";
    }
    if (length === 0) return "";
    const key = length * 256 + this.#bytes[from + length - 1]!;
    const known = this.#known.get(key);
    if (known !== undefined && this.#same(known.bytes, from)) return known.text;
    const bytes = this.#bytes.slice(from, from + length);
    const text = decoder.decode(bytes);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, { bytes, text });
    return text;
  }

  #same(known: Uint8Array, from: number): boolean {
    for (let i = 0; i < known.length; i++) if (known[i] !== this.#bytes[from + i]) return false;
    return true;
  }

  /** Makes the position one that no bucket can end at. */
  #past(by: number): number {
    this.at += this.#bytes.length + by;
    return 0;
  }
}

// One function for each kind of array, so that each loop sees one kind.

function addWords(into: Float64Array, counts: Uint16Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += counts[i]!;
}

function addLongs(into: Float64Array, counts: Uint32Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += counts[i]!;
}

function addDoubles(into: Float64Array, counts: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += counts[i]!;
}

function addViewed(into: Float64Array, bytes: Uint8Array, width: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < into.length; i++) {
    const at = i * width;
    into[i]! += width === 2 ? view.getUint16(at, true) : width === 4 ? view.getUint32(at, true) : view.getFloat64(at, true);
  }
}
