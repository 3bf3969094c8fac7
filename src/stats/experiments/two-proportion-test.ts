import { type ProportionTestOptions, type ProportionTestResult, proportionTest } from "../tests/proportion-test.ts";
import { proportionLift, type RelativeLift } from "./relative-lift.ts";
import { assertSuccessCounts, type SuccessCounts } from "./success-counts.ts";

/** What {@link twoProportionTest} finds; the difference is that of b less a, the treatment less the control. */
export interface TwoProportionTestResult extends ProportionTestResult {
  /** The difference as a share of the proportion of a, with its interval. */
  readonly relative: RelativeLift;
}

/**
 * Two-proportion z-test of an experiment at its one and only look: {@link proportionTest} of the treatment against the control,
 * with the relative lift. An `alternative` of `greater` is that b is greater. For looks on the way take {@link
 * mixtureSprtForProportions} or {@link groupSequentialBounds}.
 *
 * @param a - the control; at least one trial
 * @param b - the treatment; at least one trial
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts, `CONFIG_INVALID` for wrong options
 * @source as {@link proportionTest} and {@link proportionLift}
 */
export function twoProportionTest(
  a: SuccessCounts,
  b: SuccessCounts,
  options: ProportionTestOptions = {},
): TwoProportionTestResult {
  assertSuccessCounts("the first counts of twoProportionTest", a);
  assertSuccessCounts("the second counts of twoProportionTest", b);
  const test = proportionTest(b.successes, b.n, a.successes, a.n, options);
  const { confidence } = options;
  return { ...test, relative: proportionLift(a, b, confidence === undefined ? {} : { confidence }) };
}
