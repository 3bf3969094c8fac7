import { defaultLogger, guarded, type Logger } from "./logger.ts";

/**
 * Something that happens and can be listened to. Calling it subscribes; disposing the answer unsubscribes.
 *
 * @example
 * ```ts
 * import type { Event } from "modelwright";
 *
 * function countEvents(event: Event<unknown>): { count: number } & Disposable {
 *   const counter = { count: 0, [Symbol.dispose]: () => subscription[Symbol.dispose]() };
 *   const subscription = event(() => counter.count++);
 *   return counter;
 * }
 * ```
 */
export type Event<T> = (listener: (payload: T) => void) => Disposable;

/** The sending side of an {@link Event}. A listener that throws or rejects is logged and does not stop the others or the sender. */
export class Emitter<T> {
  readonly #logger: Logger;
  readonly #listeners = new Set<{ readonly call: (payload: T) => unknown }>();

  constructor(logger: Logger = defaultLogger) {
    this.#logger = guarded(logger);
  }

  /** The receiving side, to hand out. */
  readonly event: Event<T> = (listener) => {
    const entry = { call: listener };
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  };

  /**
   * Calls the listeners in the order of subscription. One that is disposed meanwhile is not called any more; one that is added
   * meanwhile waits for the next event.
   */
  emit(payload: T): void {
    const failed = (error: unknown) => this.#logger.error("An event listener failed", { error });
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue;
      try {
        const answer = listener.call(payload);
        // Any thenable, not only this realm's Promise: left alone, its rejection would be unhandled.
        if (typeof (answer as PromiseLike<unknown> | null | undefined)?.then === "function")
          Promise.resolve(answer).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}
