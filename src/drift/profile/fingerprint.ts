/**
 * FNV-1a hash of a text's UTF-8 bytes, 64 bits, as 16 hexadecimal digits.
 *
 * @source RFC 9923, "The FNV Non-Cryptographic Hash Algorithm", section 2
 */
export function fnv1a64(text: string): string {
  // The hash is kept in two 32-bit halves: the prime is 2^40 + 0x1b3, and products of 32 by 9 bits stay exact doubles.
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of new TextEncoder().encode(text)) {
    low = (low ^ byte) >>> 0;
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + (low << 8) + Math.floor(product / 0x1_0000_0000)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
