/** What the time of one turn depends on. */
export interface AttemptBudget {
  /** Time left of the deadline, ms; undefined for no deadline. */
  readonly remainingMs: number | undefined;
  /** The target's own limit, ms. */
  readonly timeoutMs: number | undefined;
  /** The own limits of the targets that would be tried afterwards, ms. */
  readonly laterTimeoutsMs: readonly (number | undefined)[];
}

/**
 * The longest that one target may take, ms; undefined for no limit.
 *
 * The time left is dealt out evenly to the target and those that would be tried afterwards, but to none more than its own limit:
 * what one cannot use is dealt to the others. So the last target gets all that is left, and no target gets less than the even
 * share that it had at the start, whatever those before it use up.
 *
 * @source D. Bertsekas, R. Gallager, "Data Networks", 2nd ed. (1992), section 6.5.2, max-min fair sharing
 */
export function attemptBudgetMs({ remainingMs, timeoutMs, laterTimeoutsMs }: AttemptBudget): number | undefined {
  if (remainingMs === undefined) return timeoutMs;
  const limits = [timeoutMs, ...laterTimeoutsMs].map((limit) => limit ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  let leftMs = remainingMs;
  for (const [i, limitMs] of limits.entries()) {
    const shareMs = leftMs / (limits.length - i);
    if (limitMs > shareMs) return Math.min(timeoutMs ?? shareMs, shareMs);
    leftMs -= limitMs;
  }
  return timeoutMs;
}
