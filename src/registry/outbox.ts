import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { parseOptions, port } from "../core/options.ts";
import { invalidInput, validate } from "../core/schema.ts";
import type { AuditEntry } from "./audit-port.ts";
import type { RegistryStore } from "./port.ts";

/** Options of {@link Outbox}. The store is borrowed. */
export interface OutboxOptions {
  readonly store: RegistryStore;
  /** Whose place in the log is kept: 1 to 128 characters without NUL and lone surrogates, for example `webhooks`. */
  readonly consumer: string;
}

/** How {@link Outbox.deliver} works. */
export interface DeliverOptions extends CallOptions {
  /** Entries read at once, 1 to 1000. @defaultValue 100 */
  readonly batch?: number | undefined;
}

const optionsSchema = z.strictObject({
  store: port<RegistryStore>("registry/1"),
  consumer: z
    .string()
    .min(1)
    .max(128)
    .refine((text) => !/\0|\p{Surrogate}/u.test(text), "expected text without NUL characters and lone surrogates"),
});
const batchSchema = z.number().int().min(1).max(1000);
const deliverSchema = z.object({ batch: batchSchema.default(100) });
const seqSchema = z.number().int().min(0);

/**
 * Hands the changes of a registry to somebody outside, such as a webhook or a broker, in their order, each at least once.
 *
 * The audit log is the outbox: an entry is written in the same step as the change that it tells of, so that none is lost, and a consumer
 * is a place in the log, so that there is nothing to copy and nothing to delete. Consumers do not disturb each other; one that is new
 * begins with the first entry. Have one process at a time deliver for a consumer: two would both deliver everything.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options
 *
 * @example
 * ```ts
 * import { memoryRegistry } from "modelwright";
 * import { Outbox } from "modelwright/registry";
 *
 * const outbox = new Outbox({ store: memoryRegistry(), consumer: "webhooks" });
 * await outbox.deliver(async ({ seq, action, name, version }) => console.log(seq, action, `${name}@${version}`));
 * ```
 */
export class Outbox {
  readonly #store: RegistryStore;
  readonly #consumer: string;
  readonly #clock;

  constructor(options: OutboxOptions, { clock = systemClock }: Pick<Runtime, "clock"> = {}) {
    const { store, consumer } = parseOptions(optionsSchema, options, "Outbox");
    this.#store = store;
    this.#consumer = consumer;
    this.#clock = clock;
  }

  /**
   * The entries that follow the consumer's place. Reading does not move it.
   *
   * @param limit - most entries to answer, 1 to 1000
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for a bad limit
   */
  read(limit = 100, call?: CallOptions): Promise<readonly AuditEntry[]> {
    return withDeadline(
      call,
      async (signal) => {
        validate(batchSchema, limit, "The limit");
        const after = await this.#store.findCursor(this.#consumer, { signal });
        return this.#store.listAudit({ after, limit }, { signal });
      },
      this.#clock,
    );
  }

  /**
   * Notes that everything up to an entry has been handled. A smaller number than before changes nothing.
   *
   * @throws a `ModelwrightError` with code `INPUT_INVALID` for what is no number of an entry that there is: the entries up to it
   * would be lost
   */
  ack(seq: number, call?: CallOptions): Promise<void> {
    return withDeadline(
      call,
      async (signal) => {
        validate(seqSchema, seq, "The entry");
        const head = await this.#store.auditHead({ signal });
        if (seq > head.seq) {
          throw invalidInput("The entry", [
            { path: [], message: `expected at most ${head.seq}, the end of the log, but got ${seq}` },
          ]);
        }
        await this.#store.moveCursor(this.#consumer, seq, { signal });
      },
      this.#clock,
    );
  }

  /**
   * Hands over everything that follows the consumer's place, up to the end of the log, one entry after the other. An entry is behind the
   * consumer once its handler has succeeded, also when the signal aborts meanwhile; when a handler fails the delivery ends there and
   * rejects with its error. `timeoutMs` limits each step of the store, not the handler.
   *
   * @returns how many entries were handed over
   * @throws a `ModelwrightError` with code `CONFIG_INVALID` for a bad batch
   */
  async deliver(handler: (entry: AuditEntry) => Promise<void> | void, options: DeliverOptions = {}): Promise<number> {
    const { batch } = parseOptions(deliverSchema, options, "Outbox.deliver");
    const { timeoutMs } = options;
    let delivered = 0;
    for (;;) {
      const entries = await this.read(batch, options);
      for (const entry of entries) {
        options.signal?.throwIfAborted();
        await handler(entry);
        // Not under the caller's signal: what has been handled is to be handed over once where that can be had.
        const note = (signal: AbortSignal | undefined) => this.#store.moveCursor(this.#consumer, entry.seq, { signal });
        await withDeadline({ timeoutMs }, note, this.#clock);
        delivered += 1;
      }
      if (entries.length < batch) return delivered;
    }
  }
}
