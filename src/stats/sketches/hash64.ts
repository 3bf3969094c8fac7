import { invalidInput } from "../../core/schema.ts";

const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

const SEED_OF_NUMBERS = 0x6e75_6d31;
const SEED_OF_TEXT = 0x7478_7431;

/**
 * Writes the 64-bit hash of a number or a text, as two words, to `into`. A number is hashed by its bits, -0 as 0 and every NaN as one;
 * a text by its UTF-16 code units. 1 and "1" are two values. The same on every platform; not safe from who looks for collisions.
 *
 * Stored sketches depend on it: it must never change.
 *
 * @source the block step and the final mix are those of A. Appleby's MurmurHash3 (32-bit words), in two lanes that feed each other
 */
export function hash64(value: number | string, into: Int32Array): void {
  let a: number;
  let b: number;
  let length: number;
  if (typeof value === "string") {
    length = value.length;
    a = SEED_OF_TEXT;
    b = ~SEED_OF_TEXT;
    for (let i = 0; i < length; i += 2) {
      const block = value.charCodeAt(i) | (i + 1 < length ? value.charCodeAt(i + 1) << 16 : 0);
      a ^= scrambleA(block);
      a = (Math.imul((a << 19) | (a >>> 13), 5) + b) | 0;
      b ^= scrambleB(block);
      b = (Math.imul((b << 17) | (b >>> 15), 5) + a) | 0;
    }
  } else {
    length = 8;
    // Adding 0 turns -0 into 0.
    scratch[0] = value + 0;
    const missing = Number.isNaN(value);
    a = SEED_OF_NUMBERS ^ scrambleA(missing ? 0x7ff8_0000 : words[HIGH]!);
    b = ~SEED_OF_NUMBERS ^ scrambleB(missing ? 0 : words[LOW]!);
    a = (Math.imul((a << 19) | (a >>> 13), 5) + b) | 0;
    b = (Math.imul((b << 17) | (b >>> 15), 5) + a) | 0;
  }
  a ^= length;
  b ^= length;
  a = (a + b) | 0;
  b = (b + a) | 0;
  a = mix(a);
  b = mix(b);
  a = (a + b) | 0;
  b = (b + a) | 0;
  into[0] = a;
  into[1] = b;
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless `value` is a number or a text */
export function assertItem(subject: string, value: unknown): void {
  if (typeof value === "string" || typeof value === "number") return;
  const kind = value === null ? "null" : typeof value;
  throw invalidInput(subject, [{ path: [], message: `expected a number or a text, but got ${kind}` }]);
}

function scrambleA(block: number): number {
  const k = Math.imul(block, 0xcc9e_2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b87_3593);
}

function scrambleB(block: number): number {
  const k = Math.imul(block, 0x239b_961b);
  return Math.imul((k << 16) | (k >>> 16), 0xab0e_9789);
}

/** Every bit of the argument changes every bit of the result with a chance of about one half. */
function mix(h: number): number {
  let z = h ^ (h >>> 16);
  z = Math.imul(z, 0x85eb_ca6b);
  z ^= z >>> 13;
  z = Math.imul(z, 0xc2b2_ae35);
  return z ^ (z >>> 16);
}
