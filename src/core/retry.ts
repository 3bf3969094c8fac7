import type { CallOptions } from "./call.ts";
import { type Clock, sleep, systemClock } from "./clock.ts";
import { ModelwrightError } from "./errors.ts";
import { keepAlive } from "./keep-alive.ts";
import { type Random, systemRandom } from "./random.ts";

/** How often and how far apart to try again. */
export interface RetryOptions {
  /** Tries in all, at least 1. @defaultValue 3 */
  readonly attempts?: number;
  /** Upper bound of the first wait, ms; doubles each time. @defaultValue 100 */
  readonly baseMs?: number;
  /** Upper bound of any wait, ms. @defaultValue 10000 */
  readonly maxMs?: number;
  /** Whether an error is worth another try. @defaultValue errors marked `retryable` */
  readonly retryable?: (error: unknown) => boolean;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Calls `work` until it succeeds, an error is not retryable, or the attempts are used up; then rejects with the last error.
 * Before try k (from 1) it waits a uniform random time in [0, min(maxMs, baseMs · 2^(k−1))) ms, and keeps the process alive meanwhile.
 *
 * @param work - gets the number of the try, from 0; call it only on idempotent work
 * @throws `call.signal.reason` when aborted, also while waiting
 * @source M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog (2015), "full jitter"
 */
export async function retry<T>(
  work: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
  call?: Pick<CallOptions, "signal">,
): Promise<T> {
  const { attempts = 3, baseMs = 100, maxMs = 10_000, clock = systemClock, random = systemRandom } = options;
  const retryable = options.retryable ?? ((error: unknown) => ModelwrightError.is(error) && error.retryable);
  for (let attempt = 0; ; attempt++) {
    call?.signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      if (!(attempt + 1 < attempts && retryable(error))) throw error;
      const held = keepAlive();
      try {
        await sleep(random.next() * Math.min(maxMs, baseMs * 2 ** attempt), clock, call?.signal);
      } finally {
        held[Symbol.dispose]();
      }
    }
  }
}
