import type { ModelIdentity } from "../core/model.ts";
import type { Placement } from "./port.ts";

/** What a session says of itself to a health endpoint. */
export interface SessionHealth {
  /** `failed` when no provider was left to answer the last run; calls are tried all the same, and one that is answered ends it. */
  readonly state: "ready" | "failed" | "draining" | "closed";
  /** Whether a call may be answered: the session is not closed, and the model works. */
  readonly ready: boolean;
  /** What failed; undefined unless the state is `failed`. */
  readonly reason: string | undefined;
  readonly model: ModelIdentity;
  readonly provider: string;
  readonly placement: Placement;
  /** How often the model is loaded: runs that it works on at once. */
  readonly instances: number;
  /** Jobs that wait for a run. */
  readonly waiting: number;
}
