import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import { errorRate } from "./confidence.ts";
import { type EProcessSnapshot, toSnapshot } from "./e-process-snapshot.ts";
import { assertSuccessCounts, type SuccessCounts } from "./success-counts.ts";

/** Design of {@link TwoProportionEProcess}. */
export interface TwoProportionOptions {
  /** Chance of ever rejecting a hypothesis that holds, in (0, 1). @defaultValue 0.05 */
  readonly alpha?: number;
  /**
   * What is looked for: `two-sided` that the proportions differ, `greater` that b is greater than a, `less` that it is less. The
   * hypothesis under test is the rest.
   *
   * @defaultValue "two-sided"
   */
  readonly alternative?: "two-sided" | "greater" | "less";
  /** Successes, and as many failures, that either proportion is taken to begin with, in [0.01, 1e6]. @defaultValue 0.18 */
  readonly pseudoCount?: number;
}

/** A {@link TwoProportionEProcess} as JSON. */
export interface TwoProportionState {
  readonly schemaVersion: 1;
  readonly alpha: number;
  readonly alternative: "two-sided" | "greater" | "less";
  readonly pseudoCount: number;
  readonly a: SuccessCounts;
  readonly b: SuccessCounts;
  readonly logEValue: number;
  readonly greatest: number;
}

const pseudoCountSchema = z.number().min(0.01).max(1e6);
const alternativeSchema = z.enum(["two-sided", "greater", "less"]);

const optionsSchema = z.strictObject({
  alpha: errorRate.default(0.05),
  alternative: alternativeSchema.default("two-sided"),
  pseudoCount: pseudoCountSchema.default(0.18),
});

const countsSchema = z
  .object({ successes: z.int().min(0), n: z.int().min(0) })
  .refine(({ successes, n }) => successes <= n, { path: ["successes"], error: "more successes than trials" });

const stateSchema = z.object({
  schemaVersion: z.literal(1),
  alpha: errorRate,
  alternative: alternativeSchema,
  pseudoCount: pseudoCountSchema,
  a: countsSchema,
  b: countsSchema,
  logEValue: z.number(),
  greatest: z.number().min(0),
});

/**
 * Compares two proportions block by block and may be asked after every block. In each block it bets on the proportions that the
 * blocks before have shown, against the one between them that is hardest to beat. Exact at any counts: its e-value exceeds 1 /
 * alpha with probability at most alpha, ever, if the hypothesis holds.
 *
 * A block may be any number of trials of each, such as what came since the last report, but it must not be chosen by its
 * outcomes. Many small blocks find more than a few large ones, for a block is judged by what was known before it: the first one
 * only teaches.
 *
 * @source R. J. Turner, A. Ly, P. D. Grünwald, "Generic E-variables for Exact Sequential k-Sample Tests that Allow for Optional
 * Stopping", J. Statist. Plann. Inference 230 (2024), arXiv:2106.02693
 *
 * @example
 * ```ts
 * import { TwoProportionEProcess } from "modelwright/stats";
 *
 * const watch = new TwoProportionEProcess({ alternative: "greater" }); // does b succeed more often?
 * for (let block = 0; block < 40; block++) {
 *   const { rejected } = watch.update({ successes: 2, n: 20 }, { successes: 5, n: 20 });
 *   if (rejected) break;
 * }
 * ```
 */
export class TwoProportionEProcess {
  readonly #alpha: number;
  readonly #alternative: "two-sided" | "greater" | "less";
  readonly #pseudoCount: number;
  #a: SuccessCounts = { successes: 0, n: 0 };
  #b: SuccessCounts = { successes: 0, n: 0 };
  #log = 0;
  #greatest = 0;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options */
  constructor(options: TwoProportionOptions = {}) {
    const { alpha, alternative, pseudoCount } = parseOptions(optionsSchema, options, "TwoProportionEProcess");
    this.#alpha = alpha;
    this.#alternative = alternative;
    this.#pseudoCount = pseudoCount;
  }

  /**
   * Judges a block by the ones before, adds it to them, and answers what is known then.
   *
   * @param a - trials of the control in this block, not the totals; there may be none
   * @param b - trials of the treatment in this block
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts
   */
  update(a: SuccessCounts, b: SuccessCounts): EProcessSnapshot {
    assertSuccessCounts("the first block of TwoProportionEProcess", a, 0);
    assertSuccessCounts("the second block of TwoProportionEProcess", b, 0);
    const totalA = { successes: this.#a.successes + a.successes, n: this.#a.n + a.n };
    const totalB = { successes: this.#b.successes + b.successes, n: this.#b.n + b.n };
    assertSuccessCounts("the first total of TwoProportionEProcess", totalA, 0);
    assertSuccessCounts("the second total of TwoProportionEProcess", totalB, 0);
    const rateA = this.#rateOf(this.#a);
    const rateB = this.#rateOf(this.#b);
    const against = this.#alternative === "greater" ? rateB <= rateA : this.#alternative === "less" && rateB >= rateA;
    if (!against && a.n > 0 && b.n > 0) {
      const between = (a.n * rateA + b.n * rateB) / (a.n + b.n);
      this.#log += logRatio(a, rateA, between) + logRatio(b, rateB, between);
    }
    this.#greatest = Math.max(this.#greatest, this.#log);
    this.#a = totalA;
    this.#b = totalB;
    return this.snapshot();
  }

  /** What is known now. */
  snapshot(): EProcessSnapshot {
    return toSnapshot(this.#log, this.#greatest, this.#alpha);
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): TwoProportionState {
    return {
      schemaVersion: 1,
      alpha: this.#alpha,
      alternative: this.#alternative,
      pseudoCount: this.#pseudoCount,
      a: { ...this.#a },
      b: { ...this.#b },
      logEValue: this.#log,
      greatest: this.#greatest,
    };
  }

  /**
   * The process that {@link TwoProportionEProcess.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: TwoProportionState): TwoProportionEProcess {
    const state = validate(stateSchema, given, "The state of an e-process");
    const { alpha, alternative, pseudoCount } = state;
    const restored = new TwoProportionEProcess({ alpha, alternative, pseudoCount });
    restored.#a = state.a;
    restored.#b = state.b;
    restored.#log = state.logEValue;
    restored.#greatest = state.greatest;
    return restored;
  }

  #rateOf({ successes, n }: SuccessCounts): number {
    return (successes + this.#pseudoCount) / (n + 2 * this.#pseudoCount);
  }
}

/** ln of how much likelier the outcomes are under one rate than under another. */
function logRatio({ successes, n }: SuccessCounts, rate: number, other: number): number {
  return successes * Math.log(rate / other) + (n - successes) * Math.log((1 - rate) / (1 - other));
}
