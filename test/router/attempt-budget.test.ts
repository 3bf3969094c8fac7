import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attemptBudgetMs } from "../../src/router/attempt-budget.ts";

const limit = fc.option(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { nil: undefined });
const deadline = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
/** Rounding of sums: relative to the deadline, not to the limit, which may be far smaller. */
const slack = (deadlineMs: number) => deadlineMs * 1e-12;

describe("attemptBudgetMs", () => {
  it("shares equally when no target has a limit", () => {
    expect(attemptBudgetMs({ remainingMs: 300, timeoutMs: undefined, laterTimeoutsMs: [undefined, undefined] })).toBe(100);
    expect(attemptBudgetMs({ remainingMs: 300, timeoutMs: undefined, laterTimeoutsMs: [] })).toBe(300);
  });

  it("deals what a target cannot use to the others", () => {
    expect(attemptBudgetMs({ remainingMs: 250, timeoutMs: undefined, laterTimeoutsMs: [50] })).toBe(200);
    expect(attemptBudgetMs({ remainingMs: 250, timeoutMs: 120, laterTimeoutsMs: [50] })).toBe(120);
    expect(attemptBudgetMs({ remainingMs: 400, timeoutMs: undefined, laterTimeoutsMs: [undefined, undefined, 1] })).toBe(133);
    expect(attemptBudgetMs({ remainingMs: 400, timeoutMs: 300, laterTimeoutsMs: [300] })).toBe(200);
    expect(attemptBudgetMs({ remainingMs: 400, timeoutMs: 100, laterTimeoutsMs: [200] })).toBe(100);
  });

  it("is the target's own limit without a deadline", () => {
    expect(attemptBudgetMs({ remainingMs: undefined, timeoutMs: 50, laterTimeoutsMs: [10] })).toBe(50);
    expect(attemptBudgetMs({ remainingMs: undefined, timeoutMs: undefined, laterTimeoutsMs: [] })).toBeUndefined();
  });

  it("never exceeds the target's limit and never starves a target of its share", () => {
    fc.assert(
      fc.property(deadline, limit, fc.array(limit, { maxLength: 5 }), (remainingMs, timeoutMs, laterTimeoutsMs) => {
        const budget = attemptBudgetMs({ remainingMs, timeoutMs, laterTimeoutsMs })!;
        const share = remainingMs / (laterTimeoutsMs.length + 1);
        expect(budget).toBeLessThanOrEqual(Math.min(timeoutMs ?? remainingMs, remainingMs));
        expect(budget + slack(remainingMs)).toBeGreaterThanOrEqual(Math.min(timeoutMs ?? share, share));
      }),
    );
  });

  it("gives each of several targets that use up their turns its share or its limit, within the deadline", () => {
    fc.assert(
      fc.property(deadline, fc.array(limit, { minLength: 1, maxLength: 6 }), (deadlineMs, timeouts) => {
        let remainingMs = deadlineMs;
        for (const [i, timeoutMs] of timeouts.entries()) {
          const budget = attemptBudgetMs({ remainingMs, timeoutMs, laterTimeoutsMs: timeouts.slice(i + 1) })!;
          expect(budget + slack(deadlineMs)).toBeGreaterThanOrEqual(
            Math.min(timeoutMs ?? Number.POSITIVE_INFINITY, deadlineMs / timeouts.length),
          );
          remainingMs -= budget;
        }
        expect(remainingMs).toBeGreaterThanOrEqual(-slack(deadlineMs));
      }),
    );
  });
});
