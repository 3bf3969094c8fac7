import type { NewPrediction } from "./port.ts";

/** Records that wait for the store, so many at most. */
export class PredictionLog {
  readonly #limit: number;
  #records: NewPrediction[] = [];
  /** Of `#records`, how many are gone. */
  #gone = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#records.length - this.#gone;
  }

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.size < this.#limit;
  }

  push(record: NewPrediction): void {
    this.#records.push(record);
  }

  /** The oldest records, which stay until they are removed. */
  oldest(limit: number): readonly NewPrediction[] {
    return this.#records.slice(this.#gone, this.#gone + limit);
  }

  /** Removes the oldest records. */
  remove(count: number): void {
    this.#gone += count;
    // Moving the rest costs as much as it has records, so not each time.
    if (this.#gone * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#gone);
    this.#gone = 0;
  }
}
