import { type Random, randomInt, randomNormal, seeded } from "../../../src/core/random.ts";
import type { Cell } from "../../../src/drift/multivariate/index.ts";

/** Rows of skewed numbers, some missing, and a category of many values; without drift. */
export function mixedRows(random: Random, count: number): Cell[][] {
  return Array.from({ length: count }, () => [
    Math.exp(0.5 * randomNormal(random)),
    random.next() < 0.05 ? null : randomNormal(random),
    `id-${randomInt(random, 200)}`,
  ]);
}

/** Pairs of standard normal numbers with a correlation. */
export function correlatedRows(seed: number, count: number, correlation: number): number[][] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => {
    const x = randomNormal(random);
    return [x, correlation * x + Math.sqrt(1 - correlation ** 2) * randomNormal(random)];
  });
}

/** Share of the simulations in which something holds. */
export function shareOf(simulations: number, holds: (random: Random) => boolean): number {
  let count = 0;
  for (let seed = 1; seed <= simulations; seed++) if (holds(seeded(seed * 7919))) count += 1;
  return count / simulations;
}
