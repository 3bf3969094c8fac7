import * as z from "zod";
import { invalidConfig, parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import { assertList } from "../assert-sample.ts";
import { assertItem, hash64 } from "./hash64.ts";
import { assertSameClass } from "./sketch-state.ts";

/** Size of a {@link HyperLogLog}. */
export interface HyperLogLogOptions {
  /** Binary logarithm of the number of registers, an integer in [4, 18]. @defaultValue 12: 4 kB, a standard error of 1.6 % */
  readonly precision?: number;
}

/** A {@link HyperLogLog} as JSON. */
export interface HyperLogLogState {
  readonly schemaVersion: 1;
  readonly precision: number;
  /** A character for each register: 0 to 61 as A–Z, a–z, 0–9. */
  readonly registers: string;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const precision = z.int().min(4).max(18);
const optionsSchema = z.strictObject({ precision: precision.default(12) });
const stateSchema = z
  .object({
    schemaVersion: z.literal(1),
    precision,
    registers: z
      .string()
      .max(2 ** 18)
      .regex(/^[A-Za-z0-9]*$/),
  })
  .refine(({ precision, registers }) => registers.length === 2 ** precision, {
    path: ["registers"],
    error: "not 2^precision long",
  })
  .refine(({ precision, registers }) => ![...registers].some((digit) => DIGITS.indexOf(digit) > 65 - precision), {
    path: ["registers"],
    error: "a register is above what the precision allows",
  });

const hash = new Int32Array(2);

/**
 * How many different values there were, in fixed memory: one byte for each of 2^`precision` registers. The standard error is
 * 1.04 / √(2^`precision`) of the number, at small and at large numbers alike; errors beyond three of it are rare.
 *
 * The same values in any order and however often, or sketches of them merged, give the same JSON. States hold hashes, which are the same
 * on every platform and stay so; they are not secret and not safe from who makes up values that share registers.
 *
 * @source P. Flajolet, É. Fusy, O. Gandouet, F. Meunier, "HyperLogLog", AofA (2007), for the registers; O. Ertl, "New Cardinality
 * Estimation Algorithms for HyperLogLog Sketches", arXiv:1702.01284 (2017), algorithm 6, for the estimate
 *
 * @example
 * ```ts
 * import { HyperLogLog } from "modelwright/stats";
 *
 * const users = new HyperLogLog({ precision: 12 });
 * for (const id of ["ann", "bob", "ann", "eve"]) users.add(id);
 * Math.round(users.estimate()); // 3
 * ```
 */
export class HyperLogLog {
  readonly #precision: number;
  /** For each register the greatest number of leading zeros of the hashes that fall on it, and one more; 0 before the first. */
  readonly #registers: Uint8Array;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: HyperLogLogOptions = {}) {
    this.#precision = parseOptions(optionsSchema, options, "HyperLogLog").precision;
    this.#registers = new Uint8Array(2 ** this.#precision);
  }

  /**
   * Takes a value. 1 and "1" are two values, -0 and 0 one, and NaN is one.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for what is neither a number nor a text
   */
  add(value: number | string): void {
    assertItem("HyperLogLog.add", value);
    hash64(value, hash);
    const p = this.#precision;
    const register = hash[0]! >>> (32 - p);
    const rest = hash[0]! << p;
    const rank = rest !== 0 ? Math.clz32(rest) + 1 : 33 - p + Math.clz32(hash[1]!);
    if (rank > this.#registers[register]!) this.#registers[register] = rank;
  }

  /** Takes values, as {@link add} does one by one. */
  addAll(values: ArrayLike<number | string>): void {
    assertList("the values of HyperLogLog.addAll", values);
    for (let i = 0; i < values.length; i++) this.add(values[i]!);
  }

  /** Adds the values of `other`, which stays as it is. @throws a `ModelwrightError` with code `CONFIG_INVALID` when the precisions differ */
  merge(other: HyperLogLog): void {
    assertSameClass("HyperLogLog.merge", other, HyperLogLog);
    if (other.#precision !== this.#precision) {
      throw invalidConfig("HyperLogLog.merge", [{ path: ["precision"], message: "both need the same precision" }]);
    }
    for (let i = 0; i < this.#registers.length; i++) {
      if (other.#registers[i]! > this.#registers[i]!) this.#registers[i] = other.#registers[i]!;
    }
  }

  /** About how many different values there were: 0 when none, not rounded to a whole number. */
  estimate(): number {
    const m = this.#registers.length;
    const greatest = 65 - this.#precision;
    const multiplicities = new Float64Array(greatest + 1);
    for (let i = 0; i < m; i++) multiplicities[this.#registers[i]!]! += 1;
    if (multiplicities[0] === m) return 0;
    let sum = m * tau(1 - multiplicities[greatest]! / m);
    for (let rank = greatest - 1; rank >= 1; rank--) sum = 0.5 * (sum + multiplicities[rank]!);
    sum += m * sigma(multiplicities[0]! / m);
    return ((m / (2 * Math.LN2)) * m) / sum;
  }

  /** Standard error of {@link estimate}, relative to it: 1.04 / √(2^`precision`). */
  get standardError(): number {
    return 1.04 / Math.sqrt(this.#registers.length);
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): HyperLogLogState {
    const parts = Array.from(this.#registers, (rank) => DIGITS[rank]!);
    return { schemaVersion: 1, precision: this.#precision, registers: parts.join("") };
  }

  /**
   * The sketch that {@link HyperLogLog.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: HyperLogLogState): HyperLogLog {
    const state = validate(stateSchema, given, "The state of a HyperLogLog");
    const sketch = new HyperLogLog({ precision: state.precision });
    for (let i = 0; i < sketch.#registers.length; i++) sketch.#registers[i] = DIGITS.indexOf(state.registers[i]!);
    return sketch;
  }
}

/** x + Σ x^(2^k) 2^(k − 1) over k ≥ 1, for x in [0, 1). */
function sigma(given: number): number {
  let x = given;
  let weight = 1;
  let sum = x;
  for (let last = -1; sum !== last; ) {
    last = sum;
    x *= x;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

/** ⅓ (1 − x − Σ (1 − x^(2^−k))² 2^−k over k ≥ 1), for x in [0, 1]. */
function tau(given: number): number {
  if (given === 0 || given === 1) return 0;
  let x = given;
  let weight = 1;
  let sum = 1 - x;
  for (let last = -1; sum !== last; ) {
    last = sum;
    x = Math.sqrt(x);
    weight *= 0.5;
    sum -= (1 - x) ** 2 * weight;
  }
  return sum / 3;
}
