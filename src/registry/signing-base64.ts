/** Bytes turned into text at once; more arguments of one call would overflow the stack. */
const PIECE_BYTES = 8_192;

/** Base64 of bytes, standard alphabet, padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) text += String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES));
  return btoa(text);
}

/**
 * The bytes that base64 stands for; undefined for any other text. Takes the standard and the URL-safe alphabet, padded or not, because
 * DSSE allows both.
 *
 * @source RFC 4648, sections 4 and 5; DSSE 1.0, protocol.md
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const digits = text.replace(/={1,2}$/, "");
  if (/[^A-Za-z0-9+/_-]/.test(digits) || digits.length % 4 === 1) return undefined;
  const binary = atob(digits.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
