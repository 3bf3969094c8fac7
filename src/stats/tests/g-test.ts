import { relativeEntropy } from "../distances/relative-entropy.ts";
import { chiSquaredSf } from "../distributions/chi-squared.ts";
import type { ContingencyResult } from "./chi-squared-contingency.ts";
import { contingencyTable, degreesOfFreedom, expectedCounts } from "./contingency-table.ts";

/**
 * G-test, by the likelihood ratio, that the rows and columns of a table are independent:
 * `scipy.stats.chi2_contingency(lambda_="log-likelihood", correction=False)`. Rows and columns of zeros do not count; with a single
 * one left the statistic is 0 and the p-value 1.
 *
 * @param table - rows of counts, at least 0, whole or not, all of one length
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for another table
 * @source S. S. Wilks, "The Likelihood Test of Independence in Contingency Tables", Ann. Math. Statist. 6 (1935)
 */
export function gTest(table: readonly ArrayLike<number>[]): ContingencyResult {
  const checked = contingencyTable("the table of gTest", table);
  const df = degreesOfFreedom(checked);
  const expected = expectedCounts(checked);
  let sum = 0;
  expected.forEach((row, i) => {
    row.forEach((count, j) => {
      sum += relativeEntropy(checked.rows[i]![j]!, count);
    });
  });
  const statistic = df === 0 ? 0 : 2 * sum;
  return { statistic, pValue: df === 0 ? 1 : chiSquaredSf(statistic, df), df, expected };
}
