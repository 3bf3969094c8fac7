import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { Random } from "./random.ts";

/**
 * The last parameter of every call that waits.
 *
 * A call that changes something and is cancelled or out of time may have made the change already, or may be past the point of
 * holding it back: whole or not at all, but read to find out which.
 */
export interface CallOptions {
  /** Cancels the call; it rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Longest time to wait, ms, greater than 0; then the call rejects with `DEADLINE_EXCEEDED`. @defaultValue no limit */
  readonly timeoutMs?: number | undefined;
}

/** Time, chance and logs: what a system takes from outside so that tests are deterministic. */
export interface Runtime {
  /** @defaultValue the platform's clock */
  readonly clock?: Clock | undefined;
  /** @defaultValue the platform's cryptographic randomness */
  readonly random?: Random | undefined;
  /** @defaultValue warnings and errors to the console */
  readonly logger?: Logger | undefined;
}
