import { hash64 } from "./hash64.ts";

/** Longest key, in UTF-16 units. */
export const TALLY_KEY_LENGTH = 256;

const HASH_DIGITS = 16;
const KEPT = TALLY_KEY_LENGTH - HASH_DIGITS - 1;

const hash = new Int32Array(2);

/** What a value is counted under: its text, or for a long one the beginning of it, an ellipsis and the 16 hexadecimal digits of its hash. */
export function tallyKey(value: number | string): string {
  const text = typeof value === "number" ? String(value) : value;
  if (text.length <= TALLY_KEY_LENGTH) return text;
  hash64(text, hash);
  const units: number[] = [];
  for (let i = 0; i < KEPT; i++) units.push(text.charCodeAt(i));
  // Half a surrogate pair is no character.
  if (units.at(-1)! >> 10 === 0x36) units.pop();
  // From code units, because a slice would keep the whole text in memory.
  return `${String.fromCharCode(...units)}…${hex(hash[0]!)}${hex(hash[1]!)}`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
