import { nextTurn } from "./next-turn.ts";

/** Time as the systems see it. Inject a `FakeClock` (from `modelwright/testing`) to make tests deterministic. */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start that never go back; for durations. */
  monotonic(): number;
  /** Runs `task` once after `delayMs` unless disposed first. The timer does not keep a process alive. */
  schedule(delayMs: number, task: () => void): Disposable;
}

/** Longest delay that the platform's timers carry, about 25 days; a longer one would fire at once, so it is run in legs. */
const MAX_TIMER_MS = 2_147_483_647;

/** The platform's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(delayMs, task) {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (leftMs: number) => {
      timer = setTimeout(() => (leftMs > MAX_TIMER_MS ? arm(leftMs - MAX_TIMER_MS) : task()), Math.min(leftMs, MAX_TIMER_MS));
      if (typeof timer === "object") (timer as { unref?: () => void }).unref?.();
    };
    arm(Math.max(0, delayMs));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs` on `clock`; rejects with `signal.reason` when aborted first. Leaves no timer or listener behind. */
export function sleep(delayMs: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * Runs `task` in the next turn of the event loop, after the input that is there has been read: what arrives on several sockets at once is
 * one turn. Where the platform has no `setImmediate`, a message to itself stands in.
 */
export function afterTurn(task: () => void): void {
  if (typeof setImmediate === "function") setImmediate(task);
  else void nextTurn().then(task);
}
