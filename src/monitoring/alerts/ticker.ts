import * as z from "zod";
import type { Clock } from "../../core/clock.ts";
import { parseOptions } from "../../core/options.ts";

/** How often to evaluate. */
export interface TickerOptions {
  /** From the beginning of one evaluation to that of the next, ms, at least 1. */
  readonly everyMs: number;
}

const schema = z.strictObject({ everyMs: z.int().min(1) });

/** Does something every so often, never twice at once. */
export class Ticker {
  readonly #clock: Clock;
  readonly #work: () => Promise<void>;
  #current: { timer: Disposable } | undefined;

  /** @param work - never rejects */
  constructor(clock: Clock, work: () => Promise<void>) {
    this.#clock = clock;
    this.#work = work;
  }

  /** Begins, with the first time at once. Disposing of the answer ends it. */
  start(options: TickerOptions): Disposable {
    const { everyMs } = parseOptions(schema, options, "AlertRules.start");
    if (this.#current !== undefined) throw new TypeError("Evaluations were started already; dispose of those first");
    const tick = () => {
      const startedAt = this.#clock.monotonic();
      void this.#work().then(() => {
        const leftMs = Math.max(0, everyMs - (this.#clock.monotonic() - startedAt));
        if (this.#current === own) own.timer = this.#clock.schedule(leftMs, tick);
      });
    };
    const own = { timer: this.#clock.schedule(0, tick) };
    this.#current = own;
    return {
      [Symbol.dispose]: () => {
        if (this.#current === own) this.stop();
      },
    };
  }

  /** Ends it; what runs goes on. */
  stop(): void {
    this.#current?.timer[Symbol.dispose]();
    this.#current = undefined;
  }
}
