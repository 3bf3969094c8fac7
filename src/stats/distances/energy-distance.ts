import { assertFiniteSample } from "../assert-numbers.ts";
import { sorted } from "../sort.ts";
import { distributionGap } from "./distribution-gap.ts";

/**
 * Energy distance between two samples, √(2 E|X − Y| − E|X − X′| − E|Y − Y′|), in the root of their unit. Equal to
 * `scipy.stats.energy_distance` without its weights, which are not supported. Time is that of sorting both samples.
 *
 * @param a - finite, at least one value
 * @param b - finite, at least one value
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an empty sample, NaN or infinities
 * @source G. J. Székely, M. L. Rizzo, "Energy Statistics: A Class of Statistics Based on Distances", J. Stat. Plan. Inference 143 (2013)
 */
export function energyDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assertFiniteSample("the first sample of energyDistance", a);
  assertFiniteSample("the second sample of energyDistance", b);
  return 2 * Math.sqrt(distributionGap(sorted(a), sorted(b), 2) / 2);
}
