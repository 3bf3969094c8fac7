import type { LabelOutcome, LoggedPrediction, NewLabel } from "../port.ts";

/**
 * What becomes of a label.
 *
 * Whether it is late is asked first: a label that comes after the window is late even where the same one, or another one, is there.
 *
 * @param prediction - as it is stored; undefined for one that is not there
 * @param windowMs - how long after its prediction a label counts, ms; a label at the very end does
 */
export function labelOutcome(
  prediction: Pick<LoggedPrediction, "at" | "label"> | undefined,
  { label, at, replaces }: NewLabel,
  windowMs: number,
): LabelOutcome {
  if (prediction === undefined) return "unknown";
  if (at - prediction.at > windowMs) return "late";
  if (prediction.label === null) return "joined";
  if (prediction.label === label) return "unchanged";
  return replaces ? "corrected" : "conflict";
}

/** Whether a label with this outcome is the prediction's now. */
export function isTaken(outcome: LabelOutcome): boolean {
  return outcome === "joined" || outcome === "corrected";
}
