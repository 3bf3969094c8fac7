import * as z from "zod";
import { normalSf, normalUpperQuantile } from "../distributions/normal.ts";

/**
 * How much of a one-sided error rate is spent up to a share of the information:
 *
 * - `obrien-fleming`: 2 (1 − Φ(z(alpha / 2) / √t)); next to nothing early.
 * - `pocock`: alpha · ln(1 + (e − 1) t); nearly evenly.
 * - `power`: alpha · t^exponent, of Kim and DeMets; 1 is even, 3 is near O'Brien and Fleming.
 * - `hwang-shih-decani`: alpha (1 − e^(−gamma t)) / (1 − e^−gamma); −4 is near O'Brien and Fleming, 1 near Pocock, 0 even.
 */
export type AlphaSpending =
  | "obrien-fleming"
  | "pocock"
  | {
      readonly family: "power";
      /** In (0, 20]. */
      readonly exponent: number;
    }
  | {
      readonly family: "hwang-shih-decani";
      /** In [−50, 50]. */
      readonly gamma: number;
    };

/** The schema of {@link AlphaSpending}. */
export const alphaSpendingSchema: z.ZodType<AlphaSpending> = z.union([
  z.enum(["obrien-fleming", "pocock"]),
  z.strictObject({ family: z.literal("power"), exponent: z.number().gt(0).max(20) }),
  z.strictObject({ family: z.literal("hwang-shih-decani"), gamma: z.number().min(-50).max(50) }),
]);

/**
 * The error rate spent at an information fraction.
 *
 * @param fraction - in (0, 1]; all of `alpha` is spent at 1
 * @param alpha - of one side
 * @source K. K. G. Lan, D. L. DeMets, "Discrete Sequential Boundaries for Clinical Trials", Biometrika 70 (1983),
 * doi:10.1093/biomet/70.3.659; I. K. Hwang, W. J. Shih, J. S. De Cani, "Group Sequential Designs Using a Family of Type I Error
 * Probability Spending Functions", Statist. Med. 9 (1990), doi:10.1002/sim.4780091207; K. Kim, D. L. DeMets, "Design and Analysis
 * of Group Sequential Tests Based on the Type I Error Spending Rate Function", Biometrika 74 (1987), doi:10.1093/biomet/74.1.149
 */
export function spentAlpha(spending: AlphaSpending, fraction: number, alpha: number): number {
  if (fraction >= 1) return alpha;
  if (spending === "obrien-fleming") return 2 * normalSf(normalUpperQuantile(alpha / 2) / Math.sqrt(fraction));
  if (spending === "pocock") return alpha * Math.log1p((Math.E - 1) * fraction);
  if (spending.family === "power") return alpha * fraction ** spending.exponent;
  const { gamma } = spending;
  return gamma === 0 ? alpha * fraction : (alpha * Math.expm1(-gamma * fraction)) / Math.expm1(-gamma);
}
