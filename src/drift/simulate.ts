import * as z from "zod";
import { parseOptions } from "../core/options.ts";
import { invalidInput, type Schema } from "../core/schema.ts";
import { checkedRows } from "./checked-input.ts";
import type { DriftDetector } from "./drift-detector.ts";
import type { DriftReport, DriftVerdict } from "./port.ts";
import { type SimulationResult, summarizeRuns } from "./stream/simulate.ts";

/** History to play. */
export interface SimulateOptions {
  /** Rows in a window. @defaultValue 500 */
  readonly windowRows?: number | undefined;
  /** Index of the first row after a known change, at most the number of rows. @defaultValue the number of rows: no change is known */
  readonly changeAt?: number | undefined;
  /** The level that counts as an alarm. @defaultValue "moderate" */
  readonly level?: "moderate" | "significant" | undefined;
  /**
   * Whether a window grows by `windowRows` until it alarms, and is checked each time, instead of being replaced: what
   * `evidence: "e-value"` is made for.
   *
   * @defaultValue false
   */
  readonly growing?: boolean | undefined;
}

/** One check of the history. */
export interface SimulatedWindow {
  /** Index of the window's first row. */
  readonly from: number;
  /** Behind its last row. */
  readonly to: number;
  readonly verdict: DriftVerdict;
  /** Names of the features that moved. */
  readonly features: readonly string[];
}

/** What {@link simulate} finds; the numbers count windows. */
export interface DriftSimulation extends SimulationResult {
  readonly windows: readonly SimulatedWindow[];
}

const optionsSchema = z.strictObject({
  windowRows: z.int().min(1).default(500),
  changeAt: z.int().min(0).optional(),
  level: z.enum(["moderate", "significant"]).default("moderate"),
  growing: z.boolean().default(false),
});

/**
 * Plays rows of one's own history against a detector, to choose windows and thresholds by how often it would have been wrong and how
 * soon right. The detector's own window and confirmed levels are not touched; rows are not checked against its schema. Rows left over
 * at the end that fill no window do not count; one that holds the change counts as after it.
 *
 * @param detector - with a reference
 * @param rows - in their order
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for wrong options, `INPUT_INVALID` for fewer rows than a window has, a change
 * behind them, or a row that is no object, `DRIFT_STATE_INVALID` without a reference
 *
 * @example
 * ```ts
 * import { DriftDetector, simulate } from "modelwright/drift";
 * import { z } from "zod";
 *
 * const detector = new DriftDetector({ schema: z.object({ amount: z.number() }) });
 * detector.fit(Array.from({ length: 2000 }, (_, i) => ({ amount: (i * 37) % 100 })));
 * const history = Array.from({ length: 4000 }, (_, i) => ({ amount: ((i * 37) % 100) + (i < 2000 ? 0 : 30) }));
 * const { falseAlarms, delay } = simulate(detector, history, { changeAt: 2000 }); // 0 false alarms, told by the first window
 * ```
 */
export function simulate<S extends Schema>(
  detector: DriftDetector<S>,
  rows: readonly object[],
  options: SimulateOptions = {},
): DriftSimulation {
  const { windowRows, changeAt = rows.length, level, growing } = parseOptions(optionsSchema, options, "simulate");
  if (rows.length < windowRows || changeAt > rows.length) {
    const message = `expected at least ${windowRows} rows and a change among them, but got ${rows.length} and a change at ${changeAt}`;
    throw invalidInput("The history of simulate", [{ path: [], message }]);
  }
  const history = checkedRows(undefined, rows);
  const windows: SimulatedWindow[] = [];
  let updates = 0;
  let falseAlarms = 0;
  let delay: number | null = null;
  let profile = detector.profile();
  for (let from = 0, to = windowRows; to <= rows.length; to += windowRows) {
    for (let row = to - windowRows; row < to; row++) profile.observe(history[row]!, row);
    const { verdict, features } = detector.compare(profile);
    windows.push({ from, to, verdict, features: namesOf(features) });
    const alarm = verdict === "significant" || verdict === level;
    if (to <= changeAt) {
      updates += 1;
      if (alarm) falseAlarms += 1;
    } else if (alarm && delay === null) delay = Math.ceil((to - changeAt) / windowRows);
    if (growing && !alarm) continue;
    profile = detector.profile();
    from = to;
  }
  return { ...summarizeRuns([{ updates, falseAlarms, delay }]), windows };
}

function namesOf(features: DriftReport["features"]): string[] {
  return features.filter(({ level }) => level !== "none").map(({ feature }) => feature);
}
