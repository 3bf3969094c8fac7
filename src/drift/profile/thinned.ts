import { type Random, randomNormal, seeded } from "../../core/random.ts";
import { fnv1a64 } from "./fingerprint.ts";

/** From so many rows on the number that is kept is drawn from the normal law, rather than row by row. */
const MANY = 100_000;

/**
 * How many of `count` rows are kept when each is kept with probability `share`: a draw that the name alone decides, so that it does not
 * depend on the order of the rows.
 */
export function thinned(count: number, share: number, name: string): number {
  if (share >= 1) return count;
  const random = seeded(Number.parseInt(fnv1a64(name).slice(8), 16));
  return count > MANY ? normally(count, share, random) : rowByRow(count, share, random);
}

function rowByRow(count: number, share: number, random: Random): number {
  let kept = 0;
  for (let row = 0; row < count; row++) if (random.next() < share) kept += 1;
  return kept;
}

function normally(count: number, share: number, random: Random): number {
  const drawn = Math.round(count * share + Math.sqrt(count * share * (1 - share)) * randomNormal(random));
  return Math.min(count, Math.max(0, drawn));
}
