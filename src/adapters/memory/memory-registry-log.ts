import type { CallOptions } from "../../core/call.ts";
import { withDeadline } from "../../core/deadline.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { Lifecycle } from "../../core/lifecycle.ts";
import { nextTurn } from "../../core/next-turn.ts";
import type { AuditEntry, AuditHead, Stamp } from "../../registry/audit-port.ts";
import type { RegistryStore } from "../../registry/port.ts";
import { type AuditDraft, chainAudit, emptyAuditHead } from "../../registry/rules/audit-chain.ts";

/** Changes after which the event loop may turn: timers and aborts come through, however long the queue is. */
const CHANGES_PER_TURN = 64;

/** A change that can be made: nothing of it has happened yet. */
export interface Plan<T> {
  readonly drafts: readonly AuditDraft[];
  /** Makes the change at once and answers what its verb answers. When it throws, it has changed nothing. */
  readonly apply: (entries: readonly AuditEntry[]) => T;
}

/** Nothing to change. */
export function unchanged<T>(answer: T): Plan<T> {
  return { drafts: [], apply: () => answer };
}

/** The log of a registry in memory, and the only way to change one. */
export class MemoryLog {
  readonly #lifecycle: Lifecycle;
  readonly #entries: AuditEntry[] = [];
  /** Ends when every change that was asked for has been made or has failed. */
  #last: Promise<unknown> = Promise.resolve();
  #turns = 0;

  constructor(lifecycle: Lifecycle) {
    this.#lifecycle = lifecycle;
  }

  get head(): AuditHead {
    const { seq, hash } = this.#entries.at(-1) ?? emptyAuditHead;
    return { seq, hash };
  }

  /** Runs a step that waits for nothing, and so sees every change as a whole or not at all. */
  readonly step = <T>(call: CallOptions | undefined, work: () => T): Promise<T> =>
    withDeadline(call, () => this.#lifecycle.run(work));

  /**
   * Makes a change when those before it are done. Hashing is asynchronous, so a change is planned and its entries are made first;
   * it and they are then written in one step. One whose call was aborted before is not made.
   */
  change<T, S extends Stamp>(
    given: S,
    call: CallOptions | undefined,
    plan: (stamp: S) => Promise<Plan<T>> | Plan<T>,
  ): Promise<T> {
    const stamp = { ...given };
    const make = async (signal: AbortSignal | undefined): Promise<T> => {
      this.#turns += 1;
      if (this.#turns % CHANGES_PER_TURN === 0) await nextTurn();
      signal?.throwIfAborted();
      const { drafts, apply } = await plan(stamp);
      const entries = deepFreeze(await chainAudit(this.head, drafts, stamp));
      signal?.throwIfAborted();
      const answer = apply(entries);
      for (const entry of entries) this.#entries.push(entry);
      return answer;
    };
    return withDeadline(call, (signal) =>
      this.#lifecycle.run(() => {
        const turn = this.#last.then(() => make(signal));
        this.#last = turn.catch(() => {});
        return turn;
      }),
    );
  }

  clear(): void {
    this.#entries.length = 0;
  }

  readonly verbs = {
    auditHead: (call) => this.step(call, () => this.head),
    listAudit: ({ after, limit, name }, call) =>
      this.step(call, () => {
        const entries = this.#entries.slice(after);
        return (name === undefined ? entries : entries.filter((entry) => entry.name === name)).slice(0, limit);
      }),
  } satisfies Pick<RegistryStore, "auditHead" | "listAudit">;
}
