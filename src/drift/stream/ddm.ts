import * as z from "zod";
import { parseOptions } from "../../core/options.ts";
import { validate } from "../../core/schema.ts";
import type { StreamDetector } from "./stream-detector.ts";
import { commonState, share, whole } from "./stream-state.ts";
import { errorBit } from "./stream-value.ts";

/** Levels and guards of {@link Ddm}. */
export interface DdmOptions {
  /** Values before anything is told. @defaultValue 30 */
  readonly warmStart?: number;
  /** Standard deviations above the minimum for a warning. @defaultValue 2 */
  readonly warningThreshold?: number;
  /** Standard deviations above the minimum for drift, at least those for a warning. @defaultValue 3 */
  readonly driftThreshold?: number;
  /** Errors before anything is told or a minimum is taken; see {@link Ddm}. @defaultValue 10 */
  readonly minErrors?: number;
  /** Behaves as River, MOA and Frouros do: `minErrors` is 0, whatever is given. @defaultValue false */
  readonly compat?: boolean;
}

/** A {@link Ddm} as JSON. */
export interface DdmState {
  readonly schemaVersion: 1;
  readonly detector: "ddm";
  readonly options: DdmOptions;
  readonly drift: boolean;
  readonly warning: boolean;
  readonly observed: number;
  readonly errors: number;
  /** Error rate and its deviation where their sum was least; null before there is a minimum. */
  readonly minimum: { readonly rate: number; readonly deviation: number } | null;
}

const optionsSchema = z
  .strictObject({
    warmStart: z.int().min(1).max(1e9).default(30),
    warningThreshold: z.number().gt(0).max(1000).default(2),
    driftThreshold: z.number().gt(0).max(1000).default(3),
    minErrors: z.int().min(0).max(1e9).default(10),
    compat: z.boolean().default(false),
  })
  .refine((options) => options.warningThreshold <= options.driftThreshold, {
    path: ["warningThreshold"],
    error: "above driftThreshold",
  });

const stateSchema = z
  .object({
    ...commonState,
    detector: z.literal("ddm"),
    options: optionsSchema,
    errors: whole,
    minimum: z.object({ rate: share, deviation: share }).nullable(),
  })
  .refine((state) => state.errors <= state.observed, { path: ["errors"], error: "more errors than values" });

/**
 * Drift Detection Method: the error rate of a learner that learns falls, so a rise of the rate p plus its deviation s above the
 * least that was seen, by 2 or 3 deviations of then, is a warning or drift. Tells of rises only.
 *
 * Other libraries have a fault here: with no error among the first 30 values the minimum is p = s = 0, so that the first error at
 * all is drift. With `minErrors` the minimum is taken only once there are as many errors, and the first alarm can come no sooner.
 * Of 5.7 false alarms in the first 5000 values that leaves 0.1 at a rate of 1 %, at 5 % 0.3 of 1.5; {@link EDetector} bounds them.
 *
 * Takes 0, 1 and booleans; 1 is an error.
 *
 * @source J. Gama, P. Medas, G. Castillo, P. Rodrigues, "Learning with Drift Detection", SBIA (2004), doi:10.1007/978-3-540-28645-5_29
 */
export class Ddm implements StreamDetector {
  readonly #options: z.output<typeof optionsSchema>;
  readonly #minErrors: number;
  #drift = false;
  #warning = false;
  #observed = 0;
  #errors = 0;
  #minRate = Number.POSITIVE_INFINITY;
  #minDeviation = Number.POSITIVE_INFINITY;

  /** @throws a `ModelwrightError` with code `CONFIG_INVALID` */
  constructor(options: DdmOptions = {}) {
    this.#options = parseOptions(optionsSchema, options, "Ddm");
    this.#minErrors = this.#options.compat ? 0 : this.#options.minErrors;
  }

  update(value: number | boolean): this {
    const error = errorBit("Ddm", value);
    if (this.#drift) this.reset();
    this.#observed += 1;
    this.#errors += error;
    if (this.#observed <= this.#options.warmStart || this.#errors < this.#minErrors) return this;
    const rate = this.#errors / this.#observed;
    const deviation = Math.sqrt((rate * (1 - rate)) / this.#observed);
    if (rate + deviation <= this.#minRate + this.#minDeviation) {
      this.#minRate = rate;
      this.#minDeviation = deviation;
    }
    const excess = rate + deviation - this.#minRate;
    this.#drift = excess > this.#options.driftThreshold * this.#minDeviation;
    this.#warning = !this.#drift && excess > this.#options.warningThreshold * this.#minDeviation;
    return this;
  }

  get drift(): boolean {
    return this.#drift;
  }

  get warning(): boolean {
    return this.#warning;
  }

  get observed(): number {
    return this.#observed;
  }

  /** The error rate. */
  get estimate(): number | undefined {
    return this.#observed === 0 ? undefined : this.#errors / this.#observed;
  }

  reset(): void {
    this.#drift = false;
    this.#warning = false;
    this.#observed = 0;
    this.#errors = 0;
    this.#minRate = Number.POSITIVE_INFINITY;
    this.#minDeviation = Number.POSITIVE_INFINITY;
  }

  toJSON(): DdmState {
    return {
      schemaVersion: 1,
      detector: "ddm",
      options: { ...this.#options },
      drift: this.#drift,
      warning: this.#warning,
      observed: this.#observed,
      errors: this.#errors,
      minimum: Number.isFinite(this.#minRate) ? { rate: this.#minRate, deviation: this.#minDeviation } : null,
    };
  }

  /** @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged */
  static fromJSON(given: DdmState): Ddm {
    const state = validate(stateSchema, given, "The state of Ddm");
    const detector = new Ddm(state.options);
    detector.#drift = state.drift;
    detector.#warning = state.warning;
    detector.#observed = state.observed;
    detector.#errors = state.errors;
    detector.#minRate = state.minimum?.rate ?? Number.POSITIVE_INFINITY;
    detector.#minDeviation = state.minimum?.deviation ?? Number.POSITIVE_INFINITY;
    return detector;
  }
}
