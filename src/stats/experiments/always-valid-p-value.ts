import * as z from "zod";
import { validate } from "../../core/schema.ts";
import { assertSample, isProbability } from "../assert-sample.ts";

/** An {@link AlwaysValidPValue} as JSON. */
export interface AlwaysValidPValueState {
  readonly schemaVersion: 1;
  readonly pValue: number;
}

const stateSchema = z.object({ schemaVersion: z.literal(1), pValue: z.number().min(0).max(1) });

/**
 * The least p-value that a sequential test has given so far. Of a test whose p-values may be looked at any time, the least is
 * valid as well: evidence once found is not lost to later looks. Not for p-values of tests that hold for a single look.
 *
 * @source R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always Valid Inference: Continuous Monitoring of A/B Tests", Oper. Res. 70
 * (2022), doi:10.1287/opre.2021.2135
 */
export class AlwaysValidPValue {
  #least = 1;

  /**
   * Takes the p-value of one look and answers the least so far.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` unless `pValue` is in [0, 1]
   */
  update(pValue: number): number {
    assertSample("AlwaysValidPValue", [pValue], "a number in [0, 1]", isProbability);
    this.#least = Math.min(this.#least, pValue);
    return this.#least;
  }

  /** The least p-value so far; 1 before the first look. */
  get pValue(): number {
    return this.#least;
  }

  /** The state as JSON; `fromJSON` restores it. */
  toJSON(): AlwaysValidPValueState {
    return { schemaVersion: 1, pValue: this.#least };
  }

  /**
   * What {@link AlwaysValidPValue.toJSON} wrote, as it was.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged
   */
  static fromJSON(given: AlwaysValidPValueState): AlwaysValidPValue {
    const restored = new AlwaysValidPValue();
    restored.#least = validate(stateSchema, given, "The state of an always-valid p-value").pValue;
    return restored;
  }
}
