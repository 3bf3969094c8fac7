import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { errorRate } from "./confidence.ts";
import { dirichletEvidence } from "./dirichlet-evidence.ts";
import { plannedShares } from "./sample-ratio-test.ts";

/** What {@link sequentialSampleRatioTest} looks for. */
export interface SequentialSampleRatioOptions {
  /** Chance of ever calling a sound experiment mismatched, in (0, 1). @defaultValue 0.001 */
  readonly alpha?: number;
  /**
   * Units that the prior's belief in about the planned shares is worth. The more, the better small deviations are found in large
   * experiments and the later large ones in small experiments; in [0.001, 1e9].
   *
   * @defaultValue 10000
   */
  readonly concentration?: number;
}

/** What {@link sequentialSampleRatioTest} finds. */
export interface SequentialSampleRatioResult {
  /** Natural logarithm of the e-value: of how much likelier the counts are under other shares than the planned ones. */
  readonly logEValue: number;
  /** min(1, 1 / e-value), which may be looked at after any unit; keep the least one with {@link AlwaysValidPValue}. */
  readonly pValue: number;
  /** Whether the e-value is at least 1 / alpha. */
  readonly mismatch: boolean;
}

const optionsSchema = z.strictObject({
  alpha: errorRate.default(0.001),
  concentration: z.number().min(0.001).max(1e9).default(10_000),
});

/**
 * Tests for a sample ratio mismatch at as many looks as one likes: an e-value with a Dirichlet prior about the planned shares.
 * Under the plan it exceeds 1 / alpha at any time with probability at most alpha. It depends on the totals alone, so that workers
 * may count apart. The plan must not have changed since counting began; count anew after a change.
 *
 * @param observed - units seen so far in each arm: counts, of at least two arms; none gives an e-value of 1
 * @param weights - planned shares, in the same order, in any unit: positive and finite
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts or weights, `CONFIG_INVALID` for wrong options
 * @source M. Lindon, A. Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS (2022), arXiv:2011.03567
 */
export function sequentialSampleRatioTest(
  observed: ArrayLike<number>,
  weights: ArrayLike<number>,
  options: SequentialSampleRatioOptions = {},
): SequentialSampleRatioResult {
  const { alpha, concentration } = parseOptions(optionsSchema, options, "sequentialSampleRatioTest");
  const shares = plannedShares("sequentialSampleRatioTest", observed, weights);
  const prior = shares.map((share) => share * concentration);
  const counts = Array.from(observed);
  const logEValue = counts.every((count) => count === 0) ? 0 : dirichletEvidence(counts, prior, shares);
  return { logEValue, pValue: Math.min(1, Math.exp(-logEValue)), mismatch: logEValue >= -Math.log(alpha) };
}
