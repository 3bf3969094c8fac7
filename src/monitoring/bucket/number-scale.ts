/** How numbers fall into cells. A scale never changes: stored counts refer to its cells. */
export interface NumberScale {
  /** Names the scale in stored buckets, 1 to 255. */
  readonly id: number;
  readonly cells: number;
  /** Neighbouring cells of one group are one bar of a chart. */
  groupOf(cell: number): number;
  /** The cell of a finite number. */
  cellOf(value: number): number;
  /** The smallest number of a cell; -Infinity where it is open. The greatest of the one below is just under it. */
  lower(cell: number): number;
}

const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** Exponent and leading bits of the fraction of a double that is at least 0: grows with it, 2^`bits` steps to the octave. */
function stepOf(value: number, bits: number): number {
  scratch[0] = value;
  return words[HIGH]! >> (20 - bits);
}

/** The number at which a step begins; the inverse of {@link stepOf}. */
function startOf(step: number, bits: number): number {
  const perOctave = 2 ** bits;
  return 2 ** (Math.floor(step / perOctave) - 1023) * (1 + (step % perOctave) / perOctave);
}

/**
 * Times in milliseconds: 32 cells to the octave from 2^-10 ms (1 µs) to 2^22 ms (70 minutes), so that a quantile is off by at most 1.6 %.
 *
 * @source G. Tene, HdrHistogram; C. Masson et al., "DDSketch", PVLDB 12 (2019), section 2, for the error bound
 */
export const timeScale: NumberScale = logScale(1, 5, -10, 22);

/** Times from a prediction to its label in milliseconds: from 1 ms to 2^36 ms (795 days). */
export const delayScale: NumberScale = logScale(4, 5, 0, 36);

function logScale(id: number, bits: number, minExponent: number, maxExponent: number): NumberScale {
  const base = (minExponent + 1023) * 2 ** bits - 1;
  const last = (maxExponent - minExponent) * 2 ** bits + 1;
  return {
    id,
    cells: last + 1,
    groupOf: (cell) => Math.floor((cell - 1) / 2 ** bits),
    cellOf(value) {
      if (value <= 0) return 0;
      const cell = stepOf(value, bits) - base;
      return cell < 0 ? 0 : cell > last ? last : cell;
    },
    lower: (cell) => (cell === 0 ? Number.NEGATIVE_INFINITY : startOf(cell + base, bits)),
  };
}

/** Probabilities: 100 cells from 0 to 1, the last one with its end. */
export const probabilityScale: NumberScale = {
  id: 2,
  cells: 100,
  groupOf: (cell) => Math.floor(cell / 5),
  cellOf: (value) => (value >= 1 ? 99 : value <= 0 ? 0 : Math.floor(value * 100)),
  lower: (cell) => cell / 100,
};

const SIGNED_BITS = 4;
const SIGNED_BASE = (-32 + 1023) * 2 ** SIGNED_BITS - 1;
const SIGNED_LAST = (48 + 32) * 2 ** SIGNED_BITS + 1;

/** Any numbers: 16 cells to the octave on both sides of 0, from 2^-32 to 2^48 in size; what is smaller counts as 0. */
export const signedScale: NumberScale = {
  id: 3,
  cells: 2 * SIGNED_LAST + 1,
  groupOf(cell) {
    const size = cell - SIGNED_LAST;
    return Math.sign(size) * Math.ceil(Math.abs(size) / 2 ** SIGNED_BITS);
  },
  cellOf(value) {
    const step = stepOf(Math.abs(value), SIGNED_BITS) - SIGNED_BASE;
    const size = step < 0 ? 0 : step > SIGNED_LAST ? SIGNED_LAST : step;
    return value < 0 ? SIGNED_LAST - size : SIGNED_LAST + size;
  },
  lower(cell) {
    const size = cell - SIGNED_LAST;
    if (size > 0) return startOf(size + SIGNED_BASE, SIGNED_BITS);
    if (size === -SIGNED_LAST) return Number.NEGATIVE_INFINITY;
    return -startOf(1 - size + SIGNED_BASE, SIGNED_BITS);
  },
};
