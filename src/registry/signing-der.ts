// ECDSA signatures are DER in DSSE and in Python's cryptography, and two integers of fixed length in WebCrypto.

/**
 * DER of a signature that WebCrypto made.
 *
 * @source RFC 3279, section 2.2.3 (`Ecdsa-Sig-Value`); X.690, sections 8.3 and 10.1
 */
export function toDer(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const size = raw.length / 2;
  const body = [...integer(raw.subarray(0, size)), ...integer(raw.subarray(size))];
  return Uint8Array.from(body.length < 0x80 ? [0x30, body.length, ...body] : [0x30, 0x81, body.length, ...body]);
}

/**
 * A signature as WebCrypto takes it; undefined for what is no DER of two positive integers that fit, in the one form that DER has.
 *
 * @param size - bytes of each integer: 32 for P-256, 48 for P-384, 66 for P-521
 */
export function fromDer(der: Uint8Array, size: number): Uint8Array<ArrayBuffer> | undefined {
  const long = der[1] === 0x81;
  const start = long ? 3 : 2;
  const length = long ? der[2] : der[1];
  if (der[0] !== 0x30 || length === undefined || (long && length < 0x80) || start + length !== der.length) return undefined;
  const raw = new Uint8Array(2 * size);
  let at = start;
  for (const end of [size, 2 * size]) {
    const bytes = readInteger(der, at);
    if (bytes === undefined) return undefined;
    at += 2 + bytes.length;
    const digits = bytes[0] === 0 ? bytes.subarray(1) : bytes;
    if (digits.length > size) return undefined;
    raw.set(digits, end - digits.length);
  }
  return at === der.length ? raw : undefined;
}

function integer(digits: Uint8Array): number[] {
  const first = digits.findIndex((byte) => byte !== 0);
  const bytes = first < 0 ? [0] : [...digits.subarray(first)];
  // A first bit of 1 would make it negative.
  return bytes[0]! < 0x80 ? [0x02, bytes.length, ...bytes] : [0x02, bytes.length + 1, 0, ...bytes];
}

function readInteger(der: Uint8Array, at: number): Uint8Array | undefined {
  const length = der[at + 1];
  if (der[at] !== 0x02 || length === undefined || length === 0 || at + 2 + length > der.length) return undefined;
  const bytes = der.subarray(at + 2, at + 2 + length);
  const [first, second] = bytes;
  if (first! >= 0x80 || (first === 0 && second !== undefined && second < 0x80)) return undefined;
  return bytes;
}
