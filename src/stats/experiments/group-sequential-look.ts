import * as z from "zod";
import { invalidInput, validate } from "../../core/schema.ts";
import { assertSample, isCount, isOrdered } from "../assert-sample.ts";
import { type GroupSequentialDesign, informationFractions, NO_RETURN, sidesSchema } from "./group-sequential-bounds.ts";
import { NO_BOUND, ScoreProcess } from "./score-process.ts";

/** A design may have been stored; wild bounds would take forever. */
const designSchema = z
  .object({
    sides: sidesSchema,
    looks: z.array(
      z.object({ information: z.number(), bound: z.number().gt(-NO_RETURN).max(NO_BOUND), alphaSpent: z.number().min(0).max(1) }),
    ),
  })
  .refine(({ looks }) => informationFractions.safeParse(looks.map(({ information }) => information)).success, {
    path: ["looks"],
    error: "expected the looks of a design",
  });

/** What {@link groupSequentialLook} finds. */
export interface GroupSequentialVerdict {
  /** Whether z is on or beyond the bound of this look. */
  readonly reject: boolean;
  /** The bound of this look. */
  readonly bound: number;
  /**
   * Stagewise p-value, if one stops here: the chance, without a difference, to stop earlier or to reach at least this z here. At
   * most alpha just when the hypothesis is rejected at this look or would be. Not valid while one goes on.
   */
  readonly pValue: number;
}

/**
 * Compares a z statistic with the bound of a planned look. Earlier looks must not have rejected.
 *
 * @param design - of {@link groupSequentialBounds} or {@link wangTsiatisBounds}
 * @param look - which one, from 1
 * @param z - estimate over its standard error at that look; infinite values are fine
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for NaN, a look that is not planned, or a design that no function of
 * this library made
 * @source K. Fairbanks, R. Madsen, "P Values for Tests Using a Repeated Significance Test Design", Biometrika 69 (1982),
 * doi:10.1093/biomet/69.1.69
 *
 * @example
 * ```ts
 * import { groupSequentialBounds, groupSequentialLook, twoProportionTest } from "modelwright/stats";
 *
 * const design = groupSequentialBounds({ looks: [0.5, 1] });
 * const { statistic } = twoProportionTest({ successes: 400, n: 10_000 }, { successes: 510, n: 10_000 });
 * const { reject, bound } = groupSequentialLook(design, 1, statistic); // true: 3.73 is beyond 2.96
 * ```
 */
export function groupSequentialLook(design: GroupSequentialDesign, look: number, z: number): GroupSequentialVerdict {
  const { sides, looks } = validate(designSchema, design, "the design of groupSequentialLook");
  assertSample("the number of the look of groupSequentialLook", [look], "a whole number", isCount);
  assertSample("the z of groupSequentialLook", [z], "a number", isOrdered);
  const here = looks[look - 1];
  if (here === undefined) {
    throw invalidInput("groupSequentialLook", [{ path: ["look"], message: `expected a whole number in [1, ${looks.length}]` }]);
  }
  const size = sides === 2 ? Math.abs(z) : z;
  const process = new ScoreProcess();
  for (let i = 0; i + 1 < look; i++) {
    const { information, bound } = looks[i]!;
    process.advance(information, sides === 2 ? -bound : -NO_RETURN, bound, looks[i + 1]!.information);
  }
  const earlier = looks[look - 2]?.alphaSpent ?? 0;
  const pValue = Math.min(1, earlier + sides * process.exceeds(here.information, size));
  return { reject: size >= here.bound, bound: here.bound, pValue };
}
