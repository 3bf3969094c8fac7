import type { LabelOutcome, PredictionLabel } from "./port.ts";

/** A label to be joined to its prediction. */
export interface LabelInput {
  /** Of the prediction. */
  readonly id: string;
  /** The truth: one of the two labels of a binary task, a class, or a number. */
  readonly label: PredictionLabel;
  /** When it was known, whole milliseconds since the epoch. @defaultValue now */
  readonly at?: number | undefined;
  /** Whether it takes the place of another label, as a correction; otherwise the one that is there stays. @defaultValue false */
  readonly replaces?: boolean | undefined;
}

/** What became of a label: what the store says, or `not_sampled`, where no record was kept because the id is not in the sample. */
export type LabelResult = LabelOutcome | "not_sampled";
