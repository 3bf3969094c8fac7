import * as z from "zod";
import { invalidConfig, parseOptions } from "../../core/options.ts";
import { invalidInput, validate } from "../../core/schema.ts";
import { betaSf } from "../distributions/beta.ts";
import { betaMixtureEvidence } from "./beta-mixture-evidence.ts";
import { errorRate } from "./confidence.ts";
import { type EProcessSnapshot, toSnapshot } from "./e-process-snapshot.ts";
import { assertSuccessCounts, type SuccessCounts } from "./success-counts.ts";

/** Design of {@link BetaMixtureEProcess}. */
export interface BetaMixtureOptions {
  /** The greatest rate that is fine, p0: the hypothesis is that the rate is not above it. In [1e-9, 1 − 1e-9]. */
  readonly nullRate: number;
  /** Chance of ever rejecting a rate that is fine, in (0, 1). @defaultValue 0.05 */
  readonly alpha?: number;
  /**
   * The rates that are looked for: a beta distribution, as successes and failures, each in [0.01, 1e9], cut to (p0, 1].
   *
   * @defaultValue one of each, every rate above p0 being equally likely
   */
  readonly prior?: { readonly successes: number; readonly failures: number };
}

/** A {@link BetaMixtureEProcess} as JSON. */
export interface BetaMixtureState {
  readonly schemaVersion: 1;
  readonly nullRate: number;
  readonly alpha: number;
  readonly prior: { readonly successes: number; readonly failures: number };
  /** Counts since the null rate was set. */
  readonly successes: number;
  readonly n: number;
  /** Logarithm of the e-value of the counts before that. */
  readonly banked: number;
  /** Greatest logarithm of the e-value so far. */
  readonly greatest: number;
}

const rate = z
  .number()
  .min(1e-9)
  .max(1 - 1e-9);
const pseudoCount = z.number().min(0.01).max(1e9);
const count = z.int().min(0);
const priorSchema = z.strictObject({ successes: pseudoCount, failures: pseudoCount });

const optionsSchema = z.strictObject({
  nullRate: rate,
  alpha: errorRate.default(0.05),
  prior: priorSchema.default({ successes: 1, failures: 1 }),
});

const NOTHING_ABOVE = "expected a prior that holds rates above the null rate";

const stateSchema = z
  .object({
    schemaVersion: z.literal(1),
    nullRate: rate,
    alpha: errorRate,
    prior: priorSchema,
    successes: count,
    n: count,
    banked: z.number(),
    greatest: z.number().min(0),
  })
  .refine(({ successes, n }) => successes <= n, { path: ["successes"], error: "more successes than trials" });

/**
 * Watches a rate that must not exceed p0, such as errors of requests, and may be asked after every trial: the likelihood under
 * rates above p0, mixed by a beta distribution, over that under p0. Its e-value exceeds 1 / alpha with probability at most alpha,
 * ever, if every trial succeeds with a chance of at most p0 given those before. Evidence depends on the totals, in closed form;
 * stop what is guarded as soon as `rejected` says so.
 *
 * For a canary that gets the share q of the traffic, count each error, a success being one that the canary made, against p0 = q:
 * errors fall on the canary in proportion when it is no worse, however their rate varies. When q changes, set it with {@link
 * changeNullRate}.
 *
 * @source J. Ville, "Étude critique de la notion de collectif" (1939), for the bound; H. Robbins, "Statistical Methods Related to
 * the Law of the Iterated Logarithm", Ann. Math. Statist. 41 (1970), for mixtures
 *
 * @example
 * ```ts
 * import { BetaMixtureEProcess } from "modelwright/stats";
 *
 * const errors = new BetaMixtureEProcess({ nullRate: 0.02, alpha: 0.01 }); // alarm above 2 % errors
 * errors.update({ successes: 1, n: 100 }).rejected; // false
 * errors.update({ successes: 20, n: 200 }).rejected; // true, and may be asked after every request
 * const later = BetaMixtureEProcess.fromJSON(errors.toJSON());
 * ```
 */
export class BetaMixtureEProcess {
  #nullRate: number;
  readonly #alpha: number;
  readonly #prior: { readonly successes: number; readonly failures: number };
  #successes = 0;
  #n = 0;
  #banked = 0;
  #greatest = 0;
  #log = 0;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options, or a prior that has next to nothing above p0 */
  constructor(options: BetaMixtureOptions) {
    const { nullRate, alpha, prior } = parseOptions(optionsSchema, options, "BetaMixtureEProcess");
    this.#alpha = alpha;
    this.#prior = prior;
    this.#nullRate = this.#checked(nullRate);
  }

  /**
   * Counts trials, one or many at once, and answers what is known then.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for wrong counts
   */
  update(counts: SuccessCounts): EProcessSnapshot {
    assertSuccessCounts("BetaMixtureEProcess", counts, 0);
    assertSuccessCounts("BetaMixtureEProcess", { successes: this.#successes, n: this.#n + counts.n }, 0);
    this.#successes += counts.successes;
    this.#n += counts.n;
    const { successes, failures } = this.#prior;
    this.#log =
      this.#banked + betaMixtureEvidence(this.#successes, this.#n - this.#successes, this.#nullRate, successes, failures);
    this.#greatest = Math.max(this.#greatest, this.#log);
    return this.snapshot();
  }

  /** What is known now. */
  snapshot(): EProcessSnapshot {
    return toSnapshot(this.#log, this.#greatest, this.#alpha);
  }

  /**
   * Goes on against another p0: the evidence so far is kept and multiplied by that of the trials from here on. The choice must
   * not depend on trials to come.
   *
   * @throws a `ModelwrightError` with code `CONFIG_INVALID` as the constructor
   */
  changeNullRate(nullRate: number): void {
    this.#nullRate = this.#checked(parseOptions(rate, nullRate, "changeNullRate"));
    this.#banked = this.#log;
    this.#successes = 0;
    this.#n = 0;
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): BetaMixtureState {
    return {
      schemaVersion: 1,
      nullRate: this.#nullRate,
      alpha: this.#alpha,
      prior: { ...this.#prior },
      successes: this.#successes,
      n: this.#n,
      banked: this.#banked,
      greatest: this.#greatest,
    };
  }

  /**
   * The process that {@link BetaMixtureEProcess.toJSON} wrote.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: BetaMixtureState): BetaMixtureEProcess {
    const { nullRate, alpha, prior, successes, n, banked, greatest } = validate(stateSchema, given, "The state of an e-process");
    if (!reaches(prior, nullRate)) {
      throw invalidInput("The state of an e-process", [{ path: ["prior"], message: NOTHING_ABOVE }]);
    }
    const restored = new BetaMixtureEProcess({ nullRate, alpha, prior });
    restored.#banked = banked;
    restored.#greatest = greatest;
    restored.update({ successes, n });
    return restored;
  }

  #checked(nullRate: number): number {
    if (reaches(this.#prior, nullRate)) return nullRate;
    throw invalidConfig("BetaMixtureEProcess", [{ path: ["prior"], message: NOTHING_ABOVE }]);
  }
}

/** Whether enough of a prior is above a rate to be cut to it. */
function reaches(prior: { readonly successes: number; readonly failures: number }, nullRate: number): boolean {
  return betaSf(nullRate, prior.successes, prior.failures) >= 1e-200;
}
