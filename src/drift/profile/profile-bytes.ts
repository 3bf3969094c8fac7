import type { ExactSumState } from "./exact-sum.ts";
import type { FeatureCountsState } from "./feature-counts.ts";
import type { DriftProfileState } from "./profile-state.ts";
import { stateInvalid } from "./reference-profile.ts";
import type { SampledRow } from "./row-sample.ts";

/** `MWDP`, then the version of the format. */
const MAGIC = [0x4d, 0x57, 0x44, 0x50, 1];

/** What follows the counts of a feature. */
const SUMS = 1;
const SAMPLE = 2;

/** A profile in binary: whole numbers in groups of seven bits, runs of zeros as one, other numbers as doubles. */
export function bytesOfState(state: DriftProfileState): Uint8Array {
  const out = new ByteWriter();
  for (const byte of MAGIC) out.byte(byte);
  out.text(state.reference);
  out.optional(state.since);
  out.optional(state.until);
  out.list(state.parts, ({ rows, features, seasons }) => {
    out.whole(rows);
    out.list(features, ({ counts, sums, sample }) => {
      out.counts(counts);
      out.byte((sums === undefined ? 0 : SUMS) | (sample === undefined ? 0 : SAMPLE));
      if (sums !== undefined) {
        for (const { from, digits } of [sums.values, sums.squares]) {
          out.whole(from);
          out.list(digits, (digit) => out.double(digit));
        }
        out.optional(sums.low);
        out.optional(sums.high);
      }
      if (sample !== undefined) writeSample(out, sample);
    });
    out.byte(seasons === null ? 0 : 1);
    if (seasons !== null) out.counts(seasons);
  });
  out.byte(state.sample === null ? 0 : 1);
  if (state.sample !== null) writeSample(out, state.sample);
  return out.bytes();
}

/**
 * What {@link bytesOfState} wrote, its values unchecked.
 *
 * @param maxCounts - how many counts a profile has, so that runs of zeros cannot exhaust memory
 * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID` for bytes that are none
 */
export function stateOfBytes(bytes: Uint8Array, maxCounts: number): unknown {
  const input = new ByteReader(bytes, maxCounts);
  for (const byte of MAGIC) if (input.byte() !== byte) throw damaged();
  const state = {
    schemaVersion: 1,
    reference: input.text(),
    since: input.optional(),
    until: input.optional(),
    parts: input.list(() => ({
      rows: input.whole(),
      features: input.list(() => readFeature(input)),
      seasons: input.byte() === 0 ? null : input.counts(),
    })),
    sample: input.byte() === 0 ? null : readSample(input),
  };
  input.end();
  return state;
}

function readFeature(input: ByteReader): FeatureCountsState {
  const counts = input.counts();
  const flags = input.byte();
  const sum = (): ExactSumState => ({ from: input.whole(), digits: input.list(() => input.double()) });
  return {
    counts,
    ...(flags & SUMS && { sums: { values: sum(), squares: sum(), low: input.optional(), high: input.optional() } }),
    ...(flags & SAMPLE && { sample: readSample(input) }),
  };
}

function writeSample(out: ByteWriter, sample: readonly SampledRow[]): void {
  out.list(sample, ({ values, count }) => {
    out.whole(count);
    out.list(values, (value) => out.optional(value));
  });
}

function readSample(input: ByteReader): SampledRow[] {
  return input.list(() => ({ count: input.whole(), values: input.list(() => input.optional()) }));
}

class ByteWriter {
  #buffer = new Uint8Array(1024);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  whole(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** NaN stands for null. */
  optional(value: number | null): void {
    this.double(value ?? Number.NaN);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.whole(bytes.length);
    for (const byte of bytes) this.byte(byte);
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.whole(items.length);
    for (const item of items) write(item);
  }

  /** Counts; a 0 is followed by how many more zeros there are. */
  counts(values: readonly number[]): void {
    this.whole(values.length);
    for (let i = 0; i < values.length; i++) {
      this.whole(values[i]!);
      if (values[i] !== 0) continue;
      let zeros = 0;
      while (values[i + zeros + 1] === 0) zeros += 1;
      this.whole(zeros);
      i += zeros;
    }
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(2 * this.#buffer.length);
    larger.set(this.#buffer);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

class ByteReader {
  readonly #view: DataView;
  #at = 0;
  /** How many more may be read. */
  #counts: number;

  constructor(bytes: Uint8Array, maxCounts: number) {
    this.#counts = maxCounts;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    if (this.#at >= this.#view.byteLength) throw damaged();
    return this.#view.getUint8(this.#at++);
  }

  whole(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw damaged();
      if (byte < 0x80) return value;
    }
  }

  double(): number {
    if (this.#at + 8 > this.#view.byteLength) throw damaged();
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  optional(): number | null {
    const value = this.double();
    return Number.isNaN(value) ? null : value;
  }

  text(): string {
    const bytes = this.list(() => this.byte());
    // A fingerprint has 16 characters.
    if (bytes.length > 64) throw damaged();
    return String.fromCharCode(...bytes);
  }

  list<T>(read: () => T): T[] {
    const length = this.whole();
    // An item takes a byte at least.
    if (length > this.#view.byteLength - this.#at) throw damaged();
    return Array.from({ length }, read);
  }

  counts(): number[] {
    const length = this.whole();
    this.#counts -= length;
    if (this.#counts < 0) throw damaged();
    const values: number[] = [];
    while (values.length < length) {
      const value = this.whole();
      values.push(value);
      if (value !== 0) continue;
      const zeros = this.whole();
      if (zeros > length - values.length) throw damaged();
      for (let i = 0; i < zeros; i++) values.push(0);
    }
    return values;
  }

  end(): void {
    if (this.#at !== this.#view.byteLength) throw damaged();
  }
}

function damaged() {
  return stateInvalid("The bytes are no stored window, or a damaged one");
}
