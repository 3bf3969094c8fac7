import type { Issue } from "../../core/errors.ts";
import { invalidInput } from "../../core/schema.ts";
import { assertObject, isCount } from "../assert-sample.ts";

/** How often something happened: conversions of users, errors of requests. */
export interface SuccessCounts {
  /** Trials in which it happened; a whole number in [0, n]. */
  readonly successes: number;
  /** All trials; a whole number of at most 1e14. */
  readonly n: number;
}

const MAX_TRIALS = 1e14;

/**
 * @param least - the fewest trials that will do
 * @throws a `ModelwrightError` with code `INPUT_INVALID`
 */
export function assertSuccessCounts(subject: string, counts: SuccessCounts, least = 1): void {
  assertObject(subject, counts);
  const { successes, n } = counts;
  if (isCount(successes) && isCount(n) && successes <= n && n >= least && n <= MAX_TRIALS) return;
  const issues: Issue[] = [];
  if (!(isCount(n) && n >= least && n <= MAX_TRIALS)) {
    issues.push({ path: ["n"], message: `expected a whole number in [${least}, ${MAX_TRIALS}]` });
  }
  if (!isCount(successes)) issues.push({ path: ["successes"], message: "expected a whole number of at least 0" });
  else if (successes > n) issues.push({ path: ["successes"], message: "expected no more successes than trials" });
  throw invalidInput(subject, issues);
}
