import * as z from "zod";

/** How sure an interval has to be. */
export interface ConfidenceOptions {
  /** The share of samples whose interval holds the true value, in (0, 1). @defaultValue 0.95 */
  readonly confidence?: number;
}

/** The schema of one confidence level. */
export const confidenceLevel = z.number().gt(0).lt(1).default(0.95);

/** The schema of {@link ConfidenceOptions}. */
export const confidenceOptions = z.strictObject({ confidence: confidenceLevel });

/** The schema of an error rate: a chance of a false alarm. */
export const errorRate = z.number().gt(0).lt(1);
