import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import type { StreamDetector } from "./stream-detector.ts";
import { commonState, openShare, whole } from "./stream-state.ts";
import { unitValue } from "./stream-value.ts";

/** Levels of {@link HddmA}. */
export interface HddmAOptions {
  /** Chance of a false drift at one cut, in (0, 1). @defaultValue 0.001 */
  readonly driftConfidence?: number;
  /** Chance of a false warning at one cut, at least that of drift. @defaultValue 0.005 */
  readonly warningConfidence?: number;
  /** Whether a fall of the mean counts, too. @defaultValue false */
  readonly twoSided?: boolean;
}

/** Number and sum of the first values of a stream. */
export interface HddmAHead {
  readonly count: number;
  readonly sum: number;
}

/** An {@link HddmA} as JSON. */
export interface HddmAState {
  readonly schemaVersion: 1;
  readonly detector: "hddm-a";
  readonly options: HddmAOptions;
  readonly drift: boolean;
  readonly warning: boolean;
  readonly observed: number;
  readonly sum: number;
  /** The values up to the cut before which the mean was lowest. */
  readonly lowest: HddmAHead;
  /** The values up to the cut before which the mean was highest; not moved by a one-sided test. */
  readonly highest: HddmAHead;
}

const optionsSchema = z
  .strictObject({
    driftConfidence: openShare.default(0.001),
    warningConfidence: openShare.default(0.005),
    twoSided: z.boolean().default(false),
  })
  .refine((options) => options.driftConfidence <= options.warningConfidence, {
    path: ["warningConfidence"],
    error: "below driftConfidence",
  });

const head = z
  .object({ count: whole, sum: z.number().min(0) })
  .refine(({ count, sum }) => sum <= count, { path: ["sum"], error: "above the count" });
const stateSchema = z
  .object({
    ...commonState,
    detector: z.literal("hddm-a"),
    options: optionsSchema,
    sum: z.number().min(0),
    lowest: head,
    highest: head,
  })
  .refine(
    ({ observed, sum, lowest, highest }) =>
      sum <= observed && lowest.count <= observed && highest.count <= observed && (observed === 0 || lowest.count > 0),
    { path: ["observed"], error: "counts and sums do not fit together" },
  );

/**
 * Drift Detection Method based on Hoeffding's bound, with moving averages: keeps the cut before which the mean's upper bound was
 * lowest and tells drift when the mean of all values is above that of the values before the cut by more than chance allows.
 *
 * Makes no assumption about the distribution and so has few false alarms, but needs long for small changes of rare errors: a rise
 * from 1 % to 3 % is not seen within 5000 values.
 *
 * Takes numbers in [0, 1] and booleans; 1 is an error. River takes 0 and 1 only, for which both do the same.
 *
 * @source I. Frías-Blanco et al., "Online and Non-Parametric Drift Detection Methods Based on Hoeffding's Bounds", IEEE TKDE 27
 * (2015), doi:10.1109/TKDE.2014.2345382
 */
export class HddmA implements StreamDetector {
  readonly #options: z.output<typeof optionsSchema>;
  /** ln(1 / δ) / 2 of the bound that places the cuts, ln(2 / δ) / 2 of those that are tested. */
  readonly #cutFactor: number;
  readonly #driftFactor: number;
  readonly #warningFactor: number;
  #drift = false;
  #warning = false;
  #count = 0;
  #sum = 0;
  #lowCount = 0;
  #lowSum = 0;
  #highCount = 0;
  #highSum = 0;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: HddmAOptions = {}) {
    this.#options = parseOptions(optionsSchema, options, "HddmA");
    this.#cutFactor = -Math.log(this.#options.driftConfidence) / 2;
    this.#driftFactor = Math.log(2 / this.#options.driftConfidence) / 2;
    this.#warningFactor = Math.log(2 / this.#options.warningConfidence) / 2;
  }

  update(value: number | boolean): this {
    const x = unitValue("HddmA", value);
    if (this.#drift) this.reset();
    this.#count += 1;
    this.#sum += x;
    const mean = this.#sum / this.#count;
    const bound = Math.sqrt(this.#cutFactor / this.#count);
    if (this.#lowCount === 0 || this.#lowSum / this.#lowCount + Math.sqrt(this.#cutFactor / this.#lowCount) >= mean + bound) {
      this.#lowCount = this.#count;
      this.#lowSum = this.#sum;
    }
    const rise = mean - this.#lowSum / this.#lowCount;
    this.#drift = this.#isChange(rise, this.#lowCount, this.#driftFactor);
    this.#warning = this.#isChange(rise, this.#lowCount, this.#warningFactor);
    if (this.#options.twoSided) this.#testFall(mean, bound);
    if (this.#drift) this.#warning = false;
    return this;
  }

  #testFall(mean: number, bound: number): void {
    if (this.#highCount === 0 || this.#highSum / this.#highCount - Math.sqrt(this.#cutFactor / this.#highCount) <= mean - bound) {
      this.#highCount = this.#count;
      this.#highSum = this.#sum;
    }
    const fall = this.#highSum / this.#highCount - mean;
    this.#drift ||= this.#isChange(fall, this.#highCount, this.#driftFactor);
    this.#warning ||= this.#isChange(fall, this.#highCount, this.#warningFactor);
  }

  /** Whether the mean of all values differs from that of the first `cut` by more than Hoeffding's bound for it. */
  #isChange(difference: number, cut: number, factor: number): boolean {
    return cut !== this.#count && difference >= Math.sqrt(((this.#count - cut) / cut / this.#count) * factor);
  }

  get drift(): boolean {
    return this.#drift;
  }

  get warning(): boolean {
    return this.#warning;
  }

  get observed(): number {
    return this.#count;
  }

  get estimate(): number | undefined {
    return this.#count === 0 ? undefined : this.#sum / this.#count;
  }

  reset(): void {
    this.#drift = false;
    this.#warning = false;
    this.#count = 0;
    this.#sum = 0;
    this.#lowCount = 0;
    this.#lowSum = 0;
    this.#highCount = 0;
    this.#highSum = 0;
  }

  toJSON(): HddmAState {
    return {
      schemaVersion: 1,
      detector: "hddm-a",
      options: { ...this.#options },
      drift: this.#drift,
      warning: this.#warning,
      observed: this.#count,
      sum: this.#sum,
      lowest: { count: this.#lowCount, sum: this.#lowSum },
      highest: { count: this.#highCount, sum: this.#highSum },
    };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(given: HddmAState): HddmA {
    const state = validate(stateSchema, given, "The state of HddmA");
    const detector = new HddmA(state.options);
    detector.#drift = state.drift;
    detector.#warning = state.warning;
    detector.#count = state.observed;
    detector.#sum = state.sum;
    detector.#lowCount = state.lowest.count;
    detector.#lowSum = state.lowest.sum;
    detector.#highCount = state.highest.count;
    detector.#highSum = state.highest.sum;
    return detector;
  }
}
