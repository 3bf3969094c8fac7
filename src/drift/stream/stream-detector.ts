/**
 * Watches one number after another, usually a model's errors, and says when they no longer come from where they came from.
 *
 * `drift` and `warning` tell of the newest value and are never both true. After a drift the detector begins anew at the next value,
 * so that each change is told once. A value that is refused changes nothing.
 */
export interface StreamDetector {
  /**
   * Takes the next value; O(1) memory. `true` counts as 1 and `false` as 0.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for a value that the detector cannot use: NaN and infinities always, and
   * what is outside of the range that its class states
   */
  update(value: number | boolean): this;
  /** Whether the newest value completed the evidence of a change. */
  readonly drift: boolean;
  /** Whether there is some evidence of a change, not yet enough; always false in detectors without a warning level. */
  readonly warning: boolean;
  /** Values taken since the detector began or began anew. */
  readonly observed: number;
  /** Mean of the values that the detector holds for the present, undefined before the first. */
  readonly estimate: number | undefined;
  /** Begins anew: nothing is kept but the options. */
  reset(): void;
  /** The options and the state as plain JSON; the class's `fromJSON` restores it to the same behaviour. */
  toJSON(): { readonly schemaVersion: 1; readonly detector: string };
}

/** Which way a mean has to move to count as drift. */
export type StreamMode = "up" | "down" | "both";
