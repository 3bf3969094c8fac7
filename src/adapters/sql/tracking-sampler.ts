import type { MetricPoint } from "../../tracking/port.ts";

/** A point with its place in the history. */
interface Placed {
  readonly point: MetricPoint;
  readonly place: number;
}

/**
 * Picks points of a history as `samplePoints` of the tracking rules does, one point after the other, so that the history need not be
 * held: the steps are cut into equal ranges, and of each the smallest value, the greatest (the first of several) and the last are kept.
 */
export class MetricSampler {
  readonly #first: number;
  readonly #steps: number;
  readonly #buckets: number;
  readonly #kept: MetricPoint[] = [];
  #bucket = -1;
  #places = 0;
  #least: Placed | undefined;
  #greatest: Placed | undefined;
  #last: Placed | undefined;

  /**
   * @param first - the smallest step of the history
   * @param last - its greatest step
   * @param buckets - the number of ranges
   */
  constructor({ first, last, buckets }: { readonly first: number; readonly last: number; readonly buckets: number }) {
    this.#first = first;
    this.#steps = last - first + 1;
    this.#buckets = buckets;
  }

  /** Takes the next point, in the order of the history. */
  add(point: MetricPoint): void {
    const bucket = Math.min(this.#buckets - 1, Math.floor(((point.step - this.#first) * this.#buckets) / this.#steps));
    if (bucket !== this.#bucket) this.#flush();
    this.#bucket = bucket;
    const placed = { point, place: this.#places++ };
    this.#last = placed;
    if (Number.isNaN(point.value)) return;
    if (this.#least === undefined || point.value < this.#least.point.value) this.#least = placed;
    if (this.#greatest === undefined || point.value > this.#greatest.point.value) this.#greatest = placed;
  }

  /** The points that were picked, in the order of the history, each once. */
  end(): readonly MetricPoint[] {
    this.#flush();
    return this.#kept;
  }

  #flush(): void {
    const picked = new Set([this.#least, this.#greatest, this.#last].filter((placed) => placed !== undefined));
    for (const { point } of [...picked].sort((a, b) => a.place - b.place)) this.#kept.push(point);
    this.#least = this.#greatest = this.#last = undefined;
  }
}
