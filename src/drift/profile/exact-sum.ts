/** Exponent of the lowest digit's unit. Smaller parts of a value do not count. */
const LOWEST = -512;

/** Bits of a digit. Sums of 2^20 digits stay below 2^53 and so are exact. */
const BITS = 32;
const RADIX = 2 ** BITS;

/** Digits that a finite double can reach: exponents −512 to 1023, and room for what they add up to. */
const DIGITS = 50;

/** Additions after which carries are passed on. */
const CARRY_EVERY = 2 ** 20;

const SCALE = Float64Array.from({ length: DIGITS }, (_, digit) => 2 ** -(BITS * digit + LOWEST));
const UNIT = Float64Array.from({ length: DIGITS }, (_, digit) => 2 ** Math.min(BITS * digit + LOWEST, 1023));

const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** An `ExactSum` as JSON: the digits from the lowest that is not 0 to the highest; only the last may be negative. */
export interface ExactSumState {
  /** Position of the first digit, in units of 2^32. */
  readonly from: number;
  readonly digits: readonly number[];
}

/**
 * A sum of doubles without rounding, so that neither the order nor the grouping of what is added changes a bit of it. About 10 ns an
 * addition; parts of values below 2^−512 do not count.
 *
 * A fixed-point number of 50 digits of 32 bits: a double is cut at digit borders into at most three parts, each added exactly.
 *
 * @source R. M. Neal, "Fast Exact Summation Using Small and Large Superaccumulators", arXiv:1505.05571 (2015)
 */
export class ExactSum {
  readonly #digits = new Float64Array(DIGITS);
  #pending = 0;

  /** Adds a finite value. */
  add(value: number): void {
    scratch[0] = value;
    const exponent = ((words[HIGH]! >>> 20) & 0x7ff) - 1023;
    if (exponent < LOWEST) return;
    const digits = this.#digits;
    let digit = (exponent - LOWEST) >>> 5;
    const scaled = value * SCALE[digit]!;
    const whole = Math.trunc(scaled);
    digits[digit]! += whole;
    let rest = (scaled - whole) * RADIX;
    // A significand of 53 bits reaches into two more digits at most.
    for (let parts = 0; rest !== 0 && parts < 2 && digit > 0; parts++) {
      const part = Math.trunc(rest);
      digits[--digit]! += part;
      rest = (rest - part) * RADIX;
    }
    this.#pending += 1;
    if (this.#pending === CARRY_EVERY) this.#carry();
  }

  /** Adds another sum. */
  merge(other: ExactSum): void {
    this.#carry();
    other.#carry();
    for (let i = 0; i < DIGITS; i++) this.#digits[i]! += other.#digits[i]!;
    this.#carry();
  }

  /** The sum, rounded once for each digit; infinite when it is beyond the range of doubles. */
  get value(): number {
    this.#carry();
    let sum = 0;
    for (let i = DIGITS - 1; i >= 0; i--) {
      const digit = this.#digits[i]!;
      if (digit !== 0) sum += BITS * i + LOWEST > 1023 ? digit * Number.POSITIVE_INFINITY : digit * UNIT[i]!;
    }
    return sum;
  }

  /** The state as JSON; equal sums have equal states. */
  toJSON(): ExactSumState {
    this.#carry();
    const from = this.#digits.findIndex((digit) => digit !== 0);
    if (from < 0) return { from: 0, digits: [] };
    return { from, digits: [...this.#digits.subarray(from, this.#digits.findLastIndex((digit) => digit !== 0) + 1)] };
  }

  /** The sum of a state that {@link isExactSumState} accepts. */
  static fromJSON({ from, digits }: ExactSumState): ExactSum {
    const sum = new ExactSum();
    sum.#digits.set(digits, from);
    return sum;
  }

  /** Brings every digit but the last into [0, 2^32), which makes the state unique. */
  #carry(): void {
    this.#pending = 0;
    const digits = this.#digits;
    for (let i = 0; i < DIGITS - 1; i++) {
      const carried = Math.floor(digits[i]! / RADIX);
      if (carried === 0) continue;
      digits[i]! -= carried * RADIX;
      digits[i + 1]! += carried;
    }
    this.#settleSign();
  }

  /** A negative sum has a last digit of −1 behind digits near 2^32; the highest of these takes it in, as far as doubles are exact. */
  #settleSign(): void {
    const digits = this.#digits;
    for (let i = DIGITS - 1; i > 0 && digits[i] === -1; i--) {
      digits[i] = 0;
      digits[i - 1]! -= RADIX;
    }
  }
}

/** Whether stored digits are those of an `ExactSum`. */
export function isExactSumState({ from, digits }: ExactSumState): boolean {
  return (
    Number.isInteger(from) &&
    from >= 0 &&
    from + digits.length <= DIGITS &&
    digits.every((digit, i) => {
      if (!Number.isInteger(digit)) return false;
      return i < digits.length - 1 ? digit >= 0 && digit < RADIX : digit !== 0 && Math.abs(digit) <= RADIX;
    })
  );
}
