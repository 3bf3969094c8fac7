import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { chiSquaredContingency } from "./chi-squared-contingency.ts";
import { contingencyTable } from "./contingency-table.ts";

/** How {@link cramersV} counts. */
export interface CramersVOptions {
  /** Whether what chance alone is expected to show is taken off, so that small samples do not look associated. @defaultValue false */
  readonly biasCorrected?: boolean;
}

const optionsSchema = z.strictObject({ biasCorrected: z.boolean().default(false) });

/**
 * Cramér's V, how strongly the rows and columns of a table are associated: 0 when they are independent, 1 when the one tells the other.
 * Unlike a p-value it does not grow with the sample. Rows and columns of zeros do not count; with a single one left it is 0.
 *
 * @param table - rows of counts, at least 0, whole or not, all of one length
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for another table, `CONFIG_INVALID` for wrong options
 * @source H. Cramér, "Mathematical Methods of Statistics" (1946), section 21.9; W. Bergsma, "A Bias-Correction for Cramér's V and
 * Tschuprow's T", J. Korean Stat. Soc. 42 (2013)
 */
export function cramersV(table: readonly ArrayLike<number>[], options: CramersVOptions = {}): number {
  const { biasCorrected } = parseOptions(optionsSchema, options, "cramersV");
  const { total, usedRows, usedColumns } = contingencyTable("the table of cramersV", table);
  const phiSquared = chiSquaredContingency(table).statistic / total;
  const rows = usedRows - 1;
  const columns = usedColumns - 1;
  if (rows === 0 || columns === 0) return 0;
  if (!biasCorrected) return Math.min(1, Math.sqrt(phiSquared / Math.min(rows, columns)));
  // One value or less shows nothing but chance.
  if (total <= 1) return 0;
  const rest = Math.max(0, phiSquared - (rows * columns) / (total - 1));
  const room = Math.min(rows - rows ** 2 / (total - 1), columns - columns ** 2 / (total - 1));
  return room > 0 ? Math.min(1, Math.sqrt(rest / room)) : 0;
}
