import type { CellCounter, DriftSource } from "../../drift/port.ts";
import { isText } from "../monitor-text.ts";
import type { StoredBucket } from "../port.ts";
import { BoundedCounts } from "./bounded-counts.ts";
import { ByteWriter } from "./byte-writer.ts";
import { NumberCells } from "./number-cells.ts";
import { type NumberScale, timeScale } from "./number-scale.ts";

/** Version of the content of a stored bucket. */
export const BUCKET_FORMAT = 1;

/** Error codes of a bucket with a count of their own. */
export const MAX_CODES = 50;

/** Classes of a bucket with a count of their own. */
export const MAX_CLASSES = 100;

/** Most cells of all features together, so that a damaged bucket cannot ask for all memory. */
export const MAX_DRIFT_CELLS = 1_000_000;

/** What became of the record of a prediction that was counted; what the store has `refused` was `logged` before. */
export type RecordFate = "logged" | "dropped" | "notSampled" | "refused";

/** What a new bucket is of. */
export interface BucketOpening {
  readonly series: string;
  /** When its span begins, milliseconds since the epoch. */
  readonly at: number;
  readonly spanMs: number;
  /** No other bucket was or will be written under this name for the same series and time. */
  readonly writer: string;
  /** When it was opened, of the clock that never goes back. */
  readonly openedAt: number;
  /** Of the numbers that are predicted. */
  readonly scale: NumberScale;
  readonly drift: DriftSource | undefined;
  /** What the drift source was called when the bucket was opened, whether or not it could count; empty or left out for none. */
  readonly reference?: string;
}

/** The sums of one version over one span of time, while they grow. */
export class OpenBucket {
  readonly opening: BucketOpening;
  /** When its span ends, milliseconds since the epoch. */
  readonly end: number;
  /** Whether more may be counted; not while it is being stored, nor after it was left. */
  open = true;
  /** Whether something was counted since it was stored. */
  dirty = false;
  readonly fates: Record<RecordFate, number> = { logged: 0, dropped: 0, notSampled: 0, refused: 0 };
  predictions = 0;
  /** Predictions of the positive class. */
  positives = 0;
  errors = 0;
  #since = Number.POSITIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  readonly codes = new BoundedCounts(MAX_CODES);
  readonly classes = new BoundedCounts(MAX_CLASSES);
  readonly outputs: NumberCells;
  readonly latency = new NumberCells(timeScale);
  /** Of the calls that failed; made with the first one. */
  errorLatency: NumberCells | undefined;
  readonly #fingerprint: string = "";
  readonly #counter: CellCounter | undefined;
  #cells = new Float64Array(0);
  #rows = 0;

  /** @throws what the drift source throws, for example when it has no reference */
  constructor(opening: BucketOpening) {
    this.opening = opening;
    this.end = opening.at + opening.spanMs;
    this.outputs = new NumberCells(opening.scale);
    if (opening.drift !== undefined) {
      this.#fingerprint = opening.drift.fingerprint;
      const cells = opening.drift.layout.reduce((sum, feature) => sum + feature.cells, 0);
      if (!isText(this.#fingerprint) || cells > MAX_DRIFT_CELLS) {
        throw new TypeError(`A drift source needs a short fingerprint and at most ${MAX_DRIFT_CELLS} cells, but has ${cells}`);
      }
      this.#counter = opening.drift.counter();
    }
  }

  /** Notes that something happened at this time. */
  touch(at: number): void {
    if (at < this.#since) this.#since = at;
    if (at > this.#until) this.#until = at;
    this.dirty = true;
  }

  /** Counts the features of a row. */
  observe(input: unknown): void {
    this.#counter?.observe(input);
  }

  countError(code: string, latencyMs: number | undefined): void {
    this.errors += 1;
    this.codes.add(code);
    if (latencyMs === undefined) return;
    this.errorLatency ??= new NumberCells(timeScale);
    this.errorLatency.add(latencyMs);
  }

  /** Adds what another bucket of the same series, time and settings has counted; that one ends. */
  absorb(other: OpenBucket): void {
    other.open = false;
    other.#takeCells();
    this.#takeCells();
    this.touch(other.#since);
    this.touch(other.#until);
    this.predictions += other.predictions;
    this.positives += other.positives;
    this.errors += other.errors;
    for (const fate of fates) this.fates[fate] += other.fates[fate];
    this.codes.addAll(other.codes);
    this.classes.addAll(other.classes);
    this.outputs.addAll(other.outputs);
    this.latency.addAll(other.latency);
    if (other.errorLatency !== undefined) {
      this.errorLatency ??= new NumberCells(timeScale);
      this.errorLatency.addAll(other.errorLatency);
    }
    this.#rows += other.#rows;
    this.#addCells(other.#cells);
  }

  /** Whether the cells of another bucket may be added to these. */
  fits(other: OpenBucket): boolean {
    return this.#fingerprint === other.#fingerprint;
  }

  /** The bucket as it is stored. */
  encode(): StoredBucket {
    this.#takeCells();
    const { series, at, writer, spanMs } = this.opening;
    return { series, at, writer, content: this.#content(spanMs) };
  }

  /** The header of 12 bytes says where the cells are; they are last, aligned to 8 bytes, as one array of the narrowest numbers that hold them. */
  #content(spanMs: number): Uint8Array {
    const out = new ByteWriter();
    for (let i = 0; i < 12; i++) out.byte(0);
    out.count(spanMs);
    out.double(this.#since);
    out.double(this.#until);
    out.count(this.predictions);
    out.count(this.positives);
    out.count(this.errors);
    for (const fate of fates) out.count(this.fates[fate]);
    writeNames(out, this.codes);
    writeNames(out, this.classes);
    writeCells(out, this.latency);
    writeCells(out, this.errorLatency);
    writeCells(out, this.outputs);
    out.text(this.#fingerprint);
    out.count(this.#rows);
    out.align(8);
    const width = widthOf(this.#cells);
    out.byteAt(0, BUCKET_FORMAT);
    out.byteAt(1, width);
    out.uint32At(4, this.#cells.length);
    out.uint32At(8, out.length);
    out.numbers(this.#cells, width);
    return out.finish();
  }

  #takeCells(): void {
    const rows = this.#counter?.rows ?? 0;
    if (this.#counter === undefined || rows === 0) return;
    this.#rows += rows;
    this.#addCells(this.#counter.take());
  }

  #addCells(cells: Float64Array): void {
    if (cells.length === 0) return;
    if (this.#cells.length === 0) this.#cells = new Float64Array(cells.length);
    for (let i = 0; i < cells.length; i++) this.#cells[i]! += cells[i]!;
  }
}

/** In the order in which they are stored. */
const fates = ["logged", "dropped", "notSampled", "refused"] as const satisfies readonly RecordFate[];

function writeNames(out: ByteWriter, counts: BoundedCounts): void {
  out.count(counts.entries.size);
  for (const [name, count] of counts.entries) {
    out.text(name);
    out.count(count);
  }
  out.count(counts.other);
}

function writeCells(out: ByteWriter, cells: NumberCells | undefined): void {
  let filled = 0;
  cells?.each(() => {
    filled += 1;
  });
  out.count(filled);
  if (cells === undefined || filled === 0) return;
  out.byte(cells.scale.id);
  out.double(cells.sum);
  out.double(cells.low!);
  out.double(cells.high!);
  let last = 0;
  cells.each((cell, count) => {
    out.count(cell - last);
    out.count(count);
    last = cell;
  });
}

/** Bytes of the narrowest numbers that hold the counts; those above 2^32, or that are no whole numbers, are doubles. */
function widthOf(cells: Float64Array): 0 | 1 | 2 | 4 | 8 {
  if (cells.length === 0) return 0;
  let greatest = 0;
  for (const count of cells) {
    if (count > greatest) greatest = count;
    if (!(Number.isInteger(count) && count >= 0)) return 8;
  }
  return greatest < 2 ** 8 ? 1 : greatest < 2 ** 16 ? 2 : greatest < 2 ** 32 ? 4 : 8;
}
