import { invalidInput } from "../../core/schema.ts";
import { isProbability } from "../assert-sample.ts";

/** @throws a `ModelwrightError` with code `INPUT_INVALID` unless `q` is in [0, 1] */
export function assertQuantile(subject: string, q: number): void {
  if (!isProbability(q)) throw invalidInput(subject, [{ path: ["q"], message: `expected a number in [0, 1], but got ${q}` }]);
}

/** The rank of the q-quantile among `count` ordered values, in [1, count]: that of the least value with a share of q at or below it. */
export function quantileRank(q: number, count: number): number {
  return Math.min(count, Math.max(1, Math.ceil(q * count)));
}
