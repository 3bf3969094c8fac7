const encoder = new TextEncoder();

/** Writes counts, doubles and texts behind one another. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53, 7 bits a byte, the lowest first. */
  count(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  uint32At(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  byteAt(offset: number, value: number): void {
    this.#bytes[offset] = value;
  }

  /** UTF-8 with its length before it. */
  text(value: string): void {
    const bytes = encoder.encode(value);
    this.count(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Zeros up to a multiple of `step`. */
  align(step: number): void {
    while (this.#length % step !== 0) this.byte(0);
  }

  /** Whole numbers of `width` bytes each; doubles when `width` is 8. */
  numbers(values: Float64Array, width: number): void {
    this.#reserve(values.length * width);
    for (let i = 0; i < values.length; i++) {
      const at = this.#length + i * width;
      const value = values[i]!;
      if (width === 1) this.#bytes[at] = value;
      else if (width === 2) this.#view.setUint16(at, value, true);
      else if (width === 4) this.#view.setUint32(at, value, true);
      else this.#view.setFloat64(at, value, true);
    }
    this.#length += values.length * width;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
