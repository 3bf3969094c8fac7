import type { CallOptions } from "../../core/call.ts";

/** The last parameter of calls that run a model. */
export interface BatchCall extends CallOptions {
  /** From 1, the highest, to the number of priority levels. @defaultValue the `default` of the priorities */
  readonly priority?: number | undefined;
  /**
   * Longest to wait for a run, ms, greater than 0; then the queue's timeout action is taken. Counts where the queue has
   * `allowTimeoutOverride`, and only when it is shorter than the queue's own.
   */
  readonly queueTimeoutMs?: number | undefined;
}
