import * as z from "zod";
import type { Issue } from "../../core/errors.ts";
import { parseOptions } from "../../core/options.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertList, isCount } from "../assert-sample.ts";

/** What {@link fisherExact} looks for. */
export interface FisherExactOptions {
  /**
   * `two-sided`: tables at most as likely as the one given; `greater`: an odds ratio above 1; `less`: one below 1.
   *
   * @defaultValue "two-sided"
   */
  readonly alternative?: "two-sided" | "less" | "greater";
}

/** What {@link fisherExact} finds. */
export interface FisherExactResult {
  /** The odds ratio of the sample, a·d / (b·c), in [0, ∞]; 1 when a row or a column is all 0. */
  readonly statistic: number;
  /** Probability of a table at least as extreme with the same sums of rows and columns when these are independent. */
  readonly pValue: number;
}

const MAX_TOTAL = 1e12;

/** Tables as likely as the one given, but for rounding, count as such. */
const RELATIVE_SLACK = 1e-9;

/** Terms below this share of every sum that they belong to are left out. */
const NEGLIGIBLE = 1e-20;

const optionsSchema = z.strictObject({ alternative: z.enum(["two-sided", "less", "greater"]).default("two-sided") });

/**
 * Fisher's exact test that the rows and columns of a 2 × 2 table are independent: `scipy.stats.fisher_exact`. The probabilities are
 * products of ratios, never of factorials, so that they keep 10 digits for large counts too; time grows with the root of the counts.
 *
 * @param table - [[a, b], [c, d]], counts with a sum of at most 10^12
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for another table, `CONFIG_INVALID` for wrong options
 * @source R. A. Fisher, "The Logic of Inductive Inference", J. R. Statist. Soc. 98 (1935)
 */
export function fisherExact(table: readonly ArrayLike<number>[], options: FisherExactOptions = {}): FisherExactResult {
  const { alternative } = parseOptions(optionsSchema, options, "fisherExact");
  const [a, b, c, d] = cellsOf(table);
  if (a + b === 0 || c + d === 0 || a + c === 0 || b + d === 0) return { statistic: 1, pValue: 1 };
  const statistic = b * c === 0 ? Number.POSITIVE_INFINITY : (a * d) / (b * c);
  return { statistic, pValue: tail(a, a + b, a + c, a + b + c + d, alternative) };
}

function cellsOf(table: readonly ArrayLike<number>[]): readonly [number, number, number, number] {
  assertList("the table of fisherExact", table);
  const issues: Issue[] = [];
  const cells = [table[0]?.[0], table[0]?.[1], table[1]?.[0], table[1]?.[1]] as number[];
  if (table.length !== 2 || table[0]?.length !== 2 || table[1]?.length !== 2) {
    issues.push({ path: [], message: "expected two rows of two counts" });
  } else if (!cells.every(isCount)) {
    issues.push({ path: [], message: "expected counts" });
  } else if (cells.reduce((sum, count) => sum + count) > MAX_TOTAL) {
    issues.push({ path: [], message: `expected a sum of at most ${MAX_TOTAL}; use chiSquaredContingency` });
  }
  if (issues.length > 0) throw invalidInput("the table of fisherExact", issues);
  return cells as [number, number, number, number];
}

/** Tail of the hypergeometric law of the first cell, `row` and `column` being the sums of its row and column. */
function tail(cell: number, row: number, column: number, total: number, alternative: "two-sided" | "less" | "greater"): number {
  const least = Math.max(0, row + column - total);
  const most = Math.min(row, column);
  const mode = Math.min(most, Math.max(least, Math.floor(((row + 1) / (total + 2)) * (column + 1))));
  /** How much likelier k + 1 is than k. */
  const ratio = (k: number) => ((column - k) / (k + 1)) * ((row - k) / (total - column - row + k + 1));
  // Weights relative to the mode's, so that none overflows.
  let own = 1;
  for (let k = mode; k < cell && own > 0; k++) own *= ratio(k);
  for (let k = mode; k > cell && own > 0; k--) own /= ratio(k - 1);
  let all = 0;
  let inTail = 0;
  const add = (k: number, weight: number) => {
    all += weight;
    const counts =
      alternative === "two-sided" ? weight <= own * (1 + RELATIVE_SLACK) : alternative === "less" ? k <= cell : k >= cell;
    if (counts) inTail += weight;
  };
  add(mode, 1);
  for (let k = mode + 1, weight = 1; k <= most; k++) {
    weight *= ratio(k - 1);
    add(k, weight);
    if (weight <= NEGLIGIBLE * own) break;
  }
  for (let k = mode - 1, weight = 1; k >= least; k--) {
    weight /= ratio(k);
    add(k, weight);
    if (weight <= NEGLIGIBLE * own) break;
  }
  return Math.min(1, inTail / all);
}
