import { ModelwrightError } from "./errors.ts";

/**
 * The open, draining and closed states of an object that owns something.
 *
 * `close()` is idempotent: it refuses new work, lets running work finish, then disposes once; later calls await the same end.
 */
export class Lifecycle implements AsyncDisposable {
  readonly #subject: string;
  readonly #dispose: () => Promise<void> | void;
  #running = 0;
  #drained: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param subject - the owner, as errors name it
   * @param dispose - releases what the owner holds; runs once, after the last running work
   */
  constructor(subject: string, dispose: () => Promise<void> | void = () => {}) {
    this.#subject = subject;
    this.#dispose = dispose;
  }

  /** Whether `close()` has not been called. */
  get open(): boolean {
    return this.#closing === undefined;
  }

  /** @throws a {@link ModelwrightError} with code `CLOSED` after `close()` */
  assertOpen(): void {
    if (this.#closing !== undefined) {
      throw new ModelwrightError("CLOSED", `${this.#subject} is closed; open a new one`, { details: { subject: this.#subject } });
    }
  }

  /** Runs `work` so that `close()` waits for it. Rejects with `CLOSED` after `close()`. */
  async run<T>(work: () => Promise<T> | T): Promise<T> {
    this.assertOpen();
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#drained?.();
    }
  }

  /** Refuses new work, waits for running work, disposes. Work that awaits it would wait for itself: call it from outside. */
  close(): Promise<void> {
    // Not begun before `#closing` is set: what `dispose` calls must find the owner closed.
    this.#closing ??= Promise.resolve().then(() => this.#end());
    return this.#closing;
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    await this.#dispose();
  }
}
