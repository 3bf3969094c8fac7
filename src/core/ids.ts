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
  return () => {
    const now = Math.floor(clock.now());
    if (now > lastMs) {
      lastMs = now;
      counter = random.uint32() >>> 1;
    } else if (++counter > 0xffff_ffff) {
      lastMs += 1;
      counter = random.uint32() >>> 1;
    }
    const time = lastMs.toString(16).padStart(12, "0");
    const randA = hex(Math.floor(counter / 0x10_0000), 3);
    const low = counter % 0x10_0000;
    const group4 = hex(0x8000 | (low >>> 6), 4);
    const tail = hex((((low & 0x3f) << 10) | (random.uint32() & 0x3ff)) >>> 0, 4) + hex(random.uint32(), 8);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${randA}-${group4}-${tail}`;
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
