import { invalidInput } from "../../core/schema.ts";
import { Adwin, type AdwinState } from "./adwin.ts";
import { Cusum, type CusumState } from "./cusum.ts";
import { Ddm, type DdmState } from "./ddm.ts";
import { EDetector, type EDetectorState } from "./e-detector.ts";
import { Eddm, type EddmState } from "./eddm.ts";
import { HddmA, type HddmAState } from "./hddm-a.ts";
import { HddmW, type HddmWState } from "./hddm-w.ts";
import { Kswin, type KswinState } from "./kswin.ts";
import { PageHinkley, type PageHinkleyState } from "./page-hinkley.ts";
import type { StreamDetector } from "./stream-detector.ts";

/** The state of any stream detector; `detector` says of which. */
export type StreamDetectorState =
  | AdwinState
  | CusumState
  | DdmState
  | EDetectorState
  | EddmState
  | HddmAState
  | HddmWState
  | KswinState
  | PageHinkleyState;

/**
 * The detector, whichever it is, whose `toJSON` wrote the state.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` when the state is damaged or of no detector
 */
export function restoreStreamDetector(state: StreamDetectorState): StreamDetector {
  switch (state?.detector) {
    case "adwin":
      return Adwin.fromJSON(state);
    case "cusum":
      return Cusum.fromJSON(state);
    case "ddm":
      return Ddm.fromJSON(state);
    case "e-detector":
      return EDetector.fromJSON(state);
    case "eddm":
      return Eddm.fromJSON(state);
    case "hddm-a":
      return HddmA.fromJSON(state);
    case "hddm-w":
      return HddmW.fromJSON(state);
    case "kswin":
      return Kswin.fromJSON(state);
    case "page-hinkley":
      return PageHinkley.fromJSON(state);
    default:
      throw invalidInput("The state of a stream detector", [{ path: ["detector"], message: "expected the name of a detector" }]);
  }
}
