import { nextTurn } from "../../core/next-turn.ts";

/** Who waits for a write. */
interface Member<T> {
  readonly item: T;
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Runs work in a transaction of its own, which is undone when the work fails; it may be undone and run again before it is answered. */
type Transaction<Db> = (work: (db: Db) => Promise<void>) => Promise<void>;

/** How items are written together. */
interface GroupOptions<Db, T> {
  readonly transaction: Transaction<Db>;
  /** Writes the items of one key, in their order. Writing what was written before must change nothing. */
  readonly write: (db: Db, key: string, items: readonly T[]) => Promise<void>;
  /** How much an item adds to a transaction. */
  readonly weight: (item: T) => number;
  /** Most weight that one transaction takes; a single item may have more. */
  readonly maxWeight: number;
}

/**
 * Writes that share transactions: those of a key that come in one turn of the event loop, or while one before them is being written, go
 * into one transaction, for one flush of the disk. When that fails, halves of it are tried, and halves of those, so that everybody
 * gets an error of its own, and nobody that of another.
 *
 * @source D. J. DeWitt et al., "Implementation Techniques for Main Memory Database Systems", SIGMOD 1984 (group commit)
 */
export class GroupCommit<Db, T> {
  readonly #options: GroupOptions<Db, T>;
  readonly #queues = new Map<string, Member<T>[]>();

  constructor(options: GroupOptions<Db, T>) {
    this.#options = options;
  }

  /**
   * Writes an item; answers when it is committed. Items of one key are written in the order in which they came.
   *
   * @param signal - an abort before the transaction begins leaves the item unwritten
   */
  submit(key: string, item: T, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const member = { item, signal, resolve, reject };
      const queue = this.#queues.get(key);
      if (queue !== undefined) {
        queue.push(member);
        return;
      }
      const own = [member];
      this.#queues.set(key, own);
      void this.#drain(key, own);
    });
  }

  async #drain(key: string, queue: Member<T>[]): Promise<void> {
    // A database that works in this thread would be done before anybody else of this turn could come.
    await nextTurn();
    // Who comes while the transaction waits to begin is taken along.
    while (queue.length > 0) await this.#together(key, () => this.#take(queue));
    this.#queues.delete(key);
  }

  /** Writes members in one transaction; when that fails, each half of them in one of its own, so that few that are bad cost little. */
  async #together(key: string, take: () => readonly Member<T>[]): Promise<void> {
    let members: readonly Member<T>[] | undefined;
    try {
      await this.#options.transaction(async (db) => {
        // Not again, when the transaction is run again.
        members ??= take();
        const items = members.map(({ item }) => item);
        if (items.length > 0) await this.#options.write(db, key, items);
      });
      for (const { resolve } of members ?? []) resolve();
    } catch (error) {
      if (members === undefined || members.length <= 1) {
        // Without members it could not begin, which the next one could not either.
        for (const { reject } of members ?? take()) reject(error);
        return;
      }
      const middle = members.length >> 1;
      for (const half of [members.slice(0, middle), members.slice(middle)]) await this.#together(key, () => standing(half));
    }
  }

  /** Takes the first members from the queue. */
  #take(queue: Member<T>[]): readonly Member<T>[] {
    const members: Member<T>[] = [];
    let weight = 0;
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      weight += this.#options.weight(next.item);
      if (members.length > 0 && weight > this.#options.maxWeight) break;
      queue.shift();
      members.push(...standing([next]));
    }
    return members;
  }
}

/** The members that were not aborted; turns away the others. */
function standing<T>(members: readonly Member<T>[]): readonly Member<T>[] {
  return members.filter(({ signal, reject }) => {
    if (signal?.aborted) reject(signal.reason);
    return !signal?.aborted;
  });
}
