/** Counts by name, for so many names at most: further ones are counted together. */
export class BoundedCounts {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();
  #other = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(name: string, by = 1): void {
    const count = this.#counts.get(name);
    if (count !== undefined) this.#counts.set(name, count + by);
    else if (this.#counts.size < this.#limit) this.#counts.set(name, by);
    else this.#other += by;
  }

  /** Adds to what is counted without a name. */
  addOther(by: number): void {
    this.#other += by;
  }

  addAll(other: BoundedCounts): void {
    for (const [name, count] of other.#counts) this.add(name, count);
    this.#other += other.#other;
  }

  get entries(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** What was counted without a name of its own. */
  get other(): number {
    return this.#other;
  }

  /** The counts by name, the greatest first. */
  toList(): { readonly name: string; readonly count: number }[] {
    return [...this.#counts]
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }
}
