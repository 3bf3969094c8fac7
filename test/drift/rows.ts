import { z } from "zod";
import { type Random, randomInt, randomNormal } from "../../src/core/random.ts";

/** A payment: a number that may be missing, a category, and a small whole number. */
export const payment = z.object({ amount: z.number().nullable(), country: z.string(), items: z.int() });

/** A row of {@link payment}. */
export type Payment = z.output<typeof payment>;

/** How payments differ from the usual ones. */
export interface Shift {
  /** Added to the amount, in standard deviations. */
  readonly mean?: number;
  /** Share of rows without an amount. */
  readonly missing?: number;
  /** Countries to choose from. */
  readonly countries?: readonly string[];
}

/** Payments that are normal but for `shift`. */
export function payments(
  random: Random,
  length: number,
  { mean = 0, missing = 0.02, countries = ["CH", "DE", "FR", "IT"] }: Shift = {},
): Payment[] {
  return Array.from({ length }, () => ({
    amount: random.next() < missing ? null : 100 + 20 * (randomNormal(random) + mean),
    country: countries[randomInt(random, countries.length)]!,
    items: 1 + randomInt(random, 6),
  }));
}
