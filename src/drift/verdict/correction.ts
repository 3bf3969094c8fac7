import { benjaminiHochberg } from "../../stats/tests/benjamini-hochberg.ts";
import { bonferroni } from "../../stats/tests/bonferroni.ts";
import { holm } from "../../stats/tests/holm.ts";

/** How p-values are corrected for how many features are looked at. */
export type Correction = "benjamini-hochberg" | "holm" | "bonferroni" | "none";

/** The p-values, adjusted. */
export function adjust(pValues: readonly number[], correction: Correction): readonly number[] {
  switch (correction) {
    case "benjamini-hochberg":
      return [...benjaminiHochberg(pValues)];
    case "holm":
      return [...holm(pValues)];
    case "bonferroni":
      return [...bonferroni(pValues)];
    case "none":
      return pValues;
  }
}
