import type { CallOptions } from "./call.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ModelwrightError } from "./errors.ts";

/**
 * Runs `work` under the caller's signal and time limit. The signal handed to `work` aborts when either fires; the answer
 * does not wait for `work` to notice. No timer and no listener outlives the call.
 *
 * Without a signal and a limit it calls `work(undefined)` and adds nothing.
 *
 * @throws `signal.reason`, untouched, when the caller aborts
 * @throws a {@link ModelwrightError} with code `DEADLINE_EXCEEDED` when `timeoutMs` passes first
 */
export async function withDeadline<T>(
  call: CallOptions | undefined,
  work: (signal: AbortSignal | undefined) => Promise<T> | T,
  clock: Clock = systemClock,
): Promise<T> {
  const signal = call?.signal;
  const timeoutMs = call?.timeoutMs;
  signal?.throwIfAborted();
  if (timeoutMs === undefined) return signal === undefined ? work(undefined) : raceAbort(signal, () => work(signal));
  if (!(timeoutMs > 0)) throw deadlineExceeded(timeoutMs);
  const derived = new AbortController();
  const onAbort = () => derived.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = clock.schedule(timeoutMs, () => derived.abort(deadlineExceeded(timeoutMs)));
  try {
    return await raceAbort(derived.signal, () => work(derived.signal));
  } finally {
    timer[Symbol.dispose]();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Settles as `work` does, or rejects with `signal.reason` as soon as the signal aborts. Removes its listener either way. */
export function raceAbort<T>(signal: AbortSignal, work: () => Promise<T> | T): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const done = () => signal.removeEventListener("abort", onAbort);
    new Promise<T>((settle) => settle(work())).then(
      (value) => {
        done();
        resolve(value);
      },
      (error) => {
        done();
        reject(error);
      },
    );
  });
}

/** The error of a call that took too long. */
export function deadlineExceeded(timeoutMs: number): ModelwrightError<"DEADLINE_EXCEEDED"> {
  return new ModelwrightError("DEADLINE_EXCEEDED", `No answer within ${timeoutMs} ms; allow more time or make the work smaller`, {
    details: { timeoutMs },
    retryable: true,
  });
}
