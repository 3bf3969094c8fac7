import * as z from "zod";
import type { DriftLevel } from "./port.ts";
import type { DriftProfileState } from "./profile/profile-state.ts";
import { parseState } from "./profile/reference-profile.ts";
import type { PersistenceState } from "./verdict/persistence.ts";

/** What a detector has counted, as JSON. */
export interface DriftDetectorState {
  readonly schemaVersion: 1;
  /** Panes of the window, the oldest first; the last one is running. */
  readonly panes: readonly DriftProfileState[];
  /** Levels of the last closed windows. */
  readonly levels: PersistenceState;
  readonly confirmed: DriftLevel;
}

const schema = z.strictObject({
  schemaVersion: z.literal(1),
  panes: z.array(z.unknown()).min(1).max(1000),
  levels: z.custom<object>((value) => typeof value === "object" && value !== null, "expected levels of features"),
  confirmed: z.enum(["none", "moderate", "significant"]),
});

/**
 * A checked copy of a stored state; the panes and levels are checked against their reference.
 *
 * @throws a `ModelwrightError` with code `DRIFT_STATE_INVALID`
 */
export function parseDetectorState(stored: unknown): z.output<typeof schema> {
  return parseState(schema, stored, "detector state");
}
