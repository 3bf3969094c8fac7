import * as z from "zod";

/** When a difference is called drift: it must be large, and unlikely to be chance. */
export interface DriftThresholds {
  /** Debiased PSI from which on a shift is moderate. @defaultValue 0.1 */
  readonly psiModerate?: number | undefined;
  /** Debiased PSI above which a shift is significant. @defaultValue 0.25 */
  readonly psiSignificant?: number | undefined;
  /** Adjusted p-value, or false discovery rate of e-values, below which a PSI counts. @defaultValue 0.01 */
  readonly psiAlpha?: number | undefined;
  /** Kolmogorov–Smirnov distance from which on a shift is moderate. @defaultValue 0.1 */
  readonly ksStatistic?: number | undefined;
  /** Adjusted p-value below which a Kolmogorov–Smirnov distance, or another method's statistic, counts. @defaultValue 0.05 */
  readonly ksAlpha?: number | undefined;
  /** Share of a level's threshold below which a confirmed level falls again, in (0, 1]. @defaultValue 0.8 */
  readonly hysteresis?: number | undefined;
}

/**
 * Discrepancies from which on an embedding has moved: those of a normal variable whose mean moves so far that PSI is 0.1 or 0.25, with
 * the bandwidth at the median distance.
 */
export const MMD_MODERATE = 0.019;
/** See {@link MMD_MODERATE}. */
export const MMD_SIGNIFICANT = 0.047;

const share = (value: number) => z.number().min(0).max(1).default(value);

/** Checks {@link DriftThresholds} and fills in the defaults. */
export const thresholdsSchema = z
  .strictObject({
    psiModerate: z.number().positive().default(0.1),
    psiSignificant: z.number().positive().default(0.25),
    psiAlpha: share(0.01),
    ksStatistic: share(0.1),
    ksAlpha: share(0.05),
    hysteresis: z.number().positive().max(1).default(0.8),
  })
  .refine(
    ({ psiModerate, psiSignificant }) => psiModerate <= psiSignificant,
    "expected psiModerate to be at most psiSignificant",
  );

/** Thresholds, all of them. */
export type Thresholds = z.output<typeof thresholdsSchema>;
