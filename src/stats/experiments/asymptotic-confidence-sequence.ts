import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { confidenceLevel } from "./confidence.ts";
import { mixtureRadius } from "./normal-mixture.ts";
import { type SampleSummary, toMoments } from "./sample-summary.ts";

/** Design of {@link meanConfidenceSequence} and {@link meanDifferenceConfidenceSequence}. */
export interface ConfidenceSequenceOptions {
  /** The chance that the truth is within the interval at all looks at once, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
  /**
   * Number of values, of both samples together, at which the interval shall be narrowest for its age; positive.
   *
   * @defaultValue 5000
   */
  readonly optimalAt?: number;
  /** Values of each sample below which the interval is the whole line; at least 2. @defaultValue 100 */
  readonly minSamples?: number;
}

/** An estimate and where the truth is, at any look. */
export interface ConfidenceSequenceResult {
  /** The mean, or the mean of b less that of a; 0 until each sample has a value. */
  readonly estimate: number;
  /** Limits at this look; the whole line before `minSamples`. */
  readonly interval: readonly [low: number, high: number];
}

const optionsSchema = z.strictObject({
  confidence: confidenceLevel,
  optimalAt: z.number().gt(0).default(5000),
  minSamples: z.int().min(2).default(100),
});

type Design = z.output<typeof optionsSchema>;

/**
 * Asymptotic confidence sequence for a mean: an interval that may be looked at after every value. Any law with a finite variance
 * will do; the guarantee holds in the limit of a late first look, hence `minSamples`. Its width shrinks as √(ln n / n).
 *
 * @param sample - no values yet are fine
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for an impossible summary, `CONFIG_INVALID` for wrong options
 * @source I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform Central Limit Theory and Asymptotic
 * Confidence Sequences", Ann. Statist. 52 (2024), arXiv:2103.06476: the Gaussian mixture, and the approximation of its best
 * parameter
 */
export function meanConfidenceSequence(sample: SampleSummary, options: ConfidenceSequenceOptions = {}): ConfidenceSequenceResult {
  const design = parseOptions(optionsSchema, options, "meanConfidenceSequence");
  const { n, mean, variance } = toMoments("the summary of meanConfidenceSequence", sample);
  return look(mean, n === 0 ? 0 : variance / n, n, n, design);
}

/**
 * Asymptotic confidence sequence for the difference of the means of two samples, b less a, as {@link meanConfidenceSequence}.
 * Units must come to both samples in proportions that do not change.
 *
 * @param a - the control; no values yet are fine
 * @param b - the treatment
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for impossible summaries, `CONFIG_INVALID` for wrong options
 * @source I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform Central Limit Theory and Asymptotic
 * Confidence Sequences", Ann. Statist. 52 (2024), arXiv:2103.06476
 *
 * @example
 * ```ts
 * import { meanDifferenceConfidenceSequence, Moments } from "modelwright/stats";
 *
 * const summaryOf = ({ count, mean = 0, variance = 0 }: Moments) => ({ n: count, mean, variance });
 * const [control, treatment] = [new Moments(), new Moments()];
 * for (let i = 0; i < 2000; i++) {
 *   control.add(i % 10);
 *   treatment.add((i % 10) + 1);
 * }
 * // Holds at every look together, so that one may look after every value.
 * const { estimate, interval } = meanDifferenceConfidenceSequence(summaryOf(control), summaryOf(treatment)); // 1, [0.72, 1.28]
 * ```
 */
export function meanDifferenceConfidenceSequence(
  a: SampleSummary,
  b: SampleSummary,
  options: ConfidenceSequenceOptions = {},
): ConfidenceSequenceResult {
  const design = parseOptions(optionsSchema, options, "meanDifferenceConfidenceSequence");
  const control = toMoments("the first summary of meanDifferenceConfidenceSequence", a);
  const treatment = toMoments("the second summary of meanDifferenceConfidenceSequence", b);
  const fewest = Math.min(control.n, treatment.n);
  if (fewest === 0) return look(0, 0, 0, 0, design);
  const variance = control.variance / control.n + treatment.variance / treatment.n;
  return look(treatment.mean - control.mean, variance, fewest, control.n + treatment.n, design);
}

/** The boundary of the paper is that of a normal mixture whose τ² is ρ² times the variance of one value. */
function look(estimate: number, variance: number, fewest: number, n: number, design: Design): ConfidenceSequenceResult {
  const { confidence, optimalAt, minSamples } = design;
  if (fewest < minSamples) return { estimate, interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] };
  const alpha = 1 - confidence;
  const surprise = -2 * Math.log(alpha);
  const rhoSquared = (surprise + Math.log1p(surprise)) / optimalAt;
  const radius = mixtureRadius(variance, n * rhoSquared, alpha);
  return { estimate, interval: [estimate - radius, estimate + radius] };
}
