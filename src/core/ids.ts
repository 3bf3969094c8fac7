import { type Clock, systemClock } from "./clock.ts";
import { type Random, systemRandom } from "./random.ts";

/**
 * A generator of UUID version 7 strings that sort by creation, also within one millisecond and when the clock steps back.
 *
 * A 32-bit counter follows the timestamp (12 bits of `rand_a`, 20 bits of `rand_b`), freshly seeded below half of its range
 * each millisecond; 42 random bits follow.
 *
 * @source RFC 9562, sections 5.7 and 6.2 method 1
 */
export function uuidv7Generator({
  clock = systemClock,
  random = systemRandom,
}: {
  clock?: Clock;
  random?: Random;
} = {}): () => string {
  let lastMs = 0;
  let counter = 0;
  // All before the low bits of the counter, which stays the same for a million ids of one millisecond.
  let head = "";
  let headOf = -1;
  return () => {
    const now = Math.floor(clock.now());
    if (now > lastMs) {
      lastMs = now;
      counter = random.uint32() >>> 1;
      headOf = -1;
    } else if (++counter > 0xffff_ffff) {
      lastMs += 1;
      counter = random.uint32() >>> 1;
      headOf = -1;
    }
    const high = Math.floor(counter / 0x10_0000);
    if (high !== headOf) {
      const time = lastMs.toString(16).padStart(12, "0");
      head = `${time.slice(0, 8)}-${time.slice(8)}-7${high.toString(16).padStart(3, "0")}-`;
      headOf = high;
    }
    const low = counter % 0x10_0000;
    const middle = ((low & 0x3f) << 10) | (random.uint32() & 0x3ff);
    return `${head}${twoBytes(0x8000 | (low >>> 6))}-${twoBytes(middle)}${fourBytes(random.uint32())}`;
  };
}

const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function twoBytes(value: number): string {
  return BYTES[value >>> 8]! + BYTES[value & 0xff]!;
}

function fourBytes(value: number): string {
  return twoBytes(value >>> 16) + twoBytes(value & 0xffff);
}
