import * as z from "zod";
import { invalidConfig } from "../../core/options.ts";
import { errorRate } from "./confidence.ts";
import { sidesSchema } from "./group-sequential-bounds.ts";

/** What is common to the designs of comparisons of two samples of fixed size. */
export interface PowerDesign {
  /** Chance of a false rejection, both sides together, in (0, 1). @defaultValue 0.05 */
  readonly alpha?: number;
  /** 2 looks for any difference, 1 for one in the direction of the effect. @defaultValue 2 */
  readonly sides?: 1 | 2;
  /** Units of b for each unit of a, in [0.001, 1000]; rounded up to whole units. @defaultValue 1 */
  readonly ratio?: number;
}

/** How many units to take. */
export interface SampleSizes {
  /** Units of the control. */
  readonly a: number;
  /** Units of the treatment. */
  readonly b: number;
  /** The power that so many units have: at least the one asked for. */
  readonly power: number;
}

/** The schema of {@link PowerDesign}. */
export const powerDesign = {
  alpha: errorRate.default(0.05),
  sides: sidesSchema.default(2),
  ratio: z.number().min(0.001).max(1000).default(1),
};

/** The schema of a power that is asked for. */
export const wantedPower = z.number().gt(0).lt(1).default(0.8);

const MAX_SIZE = 1e15;

/** The schema of the units of a. */
export const sizeSchema = z.int().min(2).max(MAX_SIZE);

/** Units of b for those of a. */
export function sizeOfB(a: number, ratio: number): number {
  return Math.ceil(a * ratio * (1 - Number.EPSILON));
}

/**
 * The least sizes whose power is enough.
 *
 * @param powerAt - rises with either size
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` when 1e15 units of a are not enough
 */
export function leastSizes(
  subject: string,
  wanted: number,
  ratio: number,
  powerAt: (a: number, b: number) => number,
): SampleSizes {
  const reached = (a: number) => powerAt(a, sizeOfB(a, ratio)) >= wanted;
  let high = 2;
  while (!reached(high)) {
    if (high >= MAX_SIZE) throw invalidConfig(subject, [{ path: ["effect"], message: `needs more than ${MAX_SIZE} units` }]);
    high = Math.min(MAX_SIZE, high * 2);
  }
  let low = Math.max(2, Math.floor(high / 2));
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (reached(middle)) high = middle;
    else low = middle + 1;
  }
  const b = sizeOfB(high, ratio);
  return { a: high, b, power: powerAt(high, b) };
}

/** The least effect up to `greatest` whose power is enough; undefined when there is none. */
export function leastEffect(wanted: number, greatest: number, powerOf: (effect: number) => number): number | undefined {
  if (powerOf(greatest) < wanted) return undefined;
  let low = 0;
  let high = greatest;
  for (let round = 0; round < 1100 && high - low > 1e-14 * high; round++) {
    const middle = (low + high) / 2;
    if (powerOf(middle) >= wanted) high = middle;
    else low = middle;
  }
  return high;
}
