import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { chiSquaredSf } from "../distributions/chi-squared.ts";
import { contingencyTable, degreesOfFreedom, expectedCounts } from "./contingency-table.ts";

/** How {@link chiSquaredContingency} counts. */
export interface ChiSquaredContingencyOptions {
  /** Whether cells of a 2 × 2 table are moved by ½ towards what is expected (Yates), which makes its p-value too large. @defaultValue false */
  readonly yates?: boolean;
}

/** What {@link chiSquaredContingency} and `gTest` find. */
export interface ContingencyResult {
  readonly statistic: number;
  /** Probability of a statistic at least as great when rows and columns are independent. */
  readonly pValue: number;
  /** (rows − 1)(columns − 1), of rows and columns that are not all 0. */
  readonly df: number;
  /** What each cell is expected to hold, in the shape of the table; the p-value wants about 5 or more in most. */
  readonly expected: readonly (readonly number[])[];
}

const optionsSchema = z.strictObject({ yates: z.boolean().default(false) });

/**
 * Pearson's χ² test that the rows and columns of a table are independent; with the reference's and the current counts as rows, that both
 * come from one distribution. Equal to `scipy.stats.chi2_contingency(correction=yates)`, whose default is true. Rows and columns of
 * zeros do not count; with a single one left the statistic is 0 and the p-value 1.
 *
 * @param table - rows of counts, at least 0, whole or not, all of one length
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for another table, `CONFIG_INVALID` for wrong options
 * @source K. Pearson, "On the criterion …", Phil. Mag. 50 (1900); F. Yates, "Contingency Tables Involving Small Numbers and the χ²
 * Test", Suppl. J. R. Statist. Soc. 1 (1934)
 */
export function chiSquaredContingency(
  table: readonly ArrayLike<number>[],
  options: ChiSquaredContingencyOptions = {},
): ContingencyResult {
  const { yates } = parseOptions(optionsSchema, options, "chiSquaredContingency");
  const checked = contingencyTable("the table of chiSquaredContingency", table);
  const df = degreesOfFreedom(checked);
  const expected = expectedCounts(checked);
  const correction = yates && df === 1 ? 0.5 : 0;
  let statistic = 0;
  if (df > 0) {
    expected.forEach((row, i) => {
      row.forEach((count, j) => {
        if (count === 0) return;
        const gap = Math.max(0, Math.abs(checked.rows[i]![j]! - count) - correction);
        statistic += gap * (gap / count);
      });
    });
  }
  return { statistic, pValue: df === 0 ? 1 : chiSquaredSf(statistic, df), df, expected };
}
