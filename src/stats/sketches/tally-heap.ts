/** Count of one value. */
export interface Tally {
  readonly key: string;
  count: number;
  error: number;
  /** Place in the heap, which sets it. */
  at: number;
}

/** Tallies by key, and the least of them at hand: lowest count, then last key, so that nothing depends on the order of insertion. */
export class TallyHeap {
  readonly #byKey = new Map<string, Tally>();
  /** No tally is above those at twice its place and one or two more. */
  readonly #tallies: Tally[] = [];

  get size(): number {
    return this.#tallies.length;
  }

  get least(): Tally | undefined {
    return this.#tallies[0];
  }

  find(key: string): Tally | undefined {
    return this.#byKey.get(key);
  }

  insert(tally: Tally): void {
    this.#byKey.set(tally.key, tally);
    let at = this.#tallies.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBelow(tally, this.#tallies[parent]!)) break;
      this.#put(at, this.#tallies[parent]!);
      at = parent;
    }
    this.#put(at, tally);
  }

  raise(tally: Tally, times: number): void {
    tally.count += times;
    this.#sink(tally, tally.at);
  }

  replaceLeast(tally: Tally): void {
    this.#byKey.delete(this.#tallies[0]!.key);
    this.#byKey.set(tally.key, tally);
    this.#sink(tally, 0);
  }

  /** All tallies, the greatest first. */
  ordered(): Tally[] {
    return [...this.#tallies].sort(compareTallies);
  }

  #sink(tally: Tally, from: number): void {
    const tallies = this.#tallies;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= tallies.length) break;
      if (child + 1 < tallies.length && isBelow(tallies[child + 1]!, tallies[child]!)) child += 1;
      if (!isBelow(tallies[child]!, tally)) break;
      this.#put(at, tallies[child]!);
      at = child;
    }
    this.#put(at, tally);
  }

  #put(at: number, tally: Tally): void {
    this.#tallies[at] = tally;
    tally.at = at;
  }
}

/** Order from the greatest on: by falling count, then by key. */
export function compareTallies(a: Tally, b: Tally): number {
  return isBelow(b, a) ? -1 : 1;
}

function isBelow(a: Tally, b: Tally): boolean {
  return a.count < b.count || (a.count === b.count && a.key > b.key);
}
