const scratch = new DataView(new ArrayBuffer(4));

/**
 * The bits of the bfloat16 number nearest to `value`, ties to even; overflow gives infinity, NaN gives a quiet NaN. Exact for every
 * double: it is not rounded twice.
 *
 * @source "BFLOAT16 – Hardware Numerics Definition", Intel 338302-001 (2018): the upper half of an IEEE 754 binary32; subnormals are
 * kept
 */
export function toBfloat16Bits(value: number): number {
  const nearest = Math.fround(value);
  scratch.setFloat32(0, nearest);
  let bits = scratch.getUint32(0);
  if (nearest !== value && !Number.isNaN(value)) {
    // Rounded to odd instead, so that what is lost here still tells on which side of a middle the value is.
    if (Math.abs(nearest) > Math.abs(value)) bits -= 1;
    bits |= 1;
  }
  return upperHalf(bits >>> 0);
}

/** The number that bfloat16 bits stand for. */
export function fromBfloat16Bits(bits: number): number {
  scratch.setUint32(0, (bits << 16) >>> 0);
  return scratch.getFloat32(0);
}

/** The bits of each number as `toBfloat16Bits` gives them, in an array of their own. */
export function toBfloat16Words(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const words = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) words[i] = upperHalf(bits[i]!);
  return words;
}

/** The number that each word stands for, in an array of their own. */
export function fromBfloat16Words(words: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < bits.length; i++) bits[i] = words[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** Rounds the bits of a float32 to its upper 16. The carry of the rounding goes into the exponent, up to infinity, as it should. */
function upperHalf(bits: number): number {
  if ((bits & 0x7fff_ffff) > 0x7f80_0000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
