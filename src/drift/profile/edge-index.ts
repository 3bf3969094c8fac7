/** Slots for each edge: most hold no edge or one. */
const SLOTS_PER_EDGE = 4;

/**
 * Finds the bin of a number among increasing edges, as a binary search does but mostly in one step: a table tells how many edges are
 * below each of many equal slots of the range.
 *
 * The slot of a number does not decrease with the number, whatever the rounding. So edges of lower slots are below it, those of higher
 * slots above, and only those of its own slot are compared.
 */
export class EdgeIndex {
  readonly #edges: Float64Array;
  readonly #low: number;
  readonly #scale: number;
  /** For each slot, the edges in lower slots; then all edges. */
  readonly #below: Int32Array;

  constructor(edges: readonly number[]) {
    this.#edges = Float64Array.from(edges);
    const slots = Math.max(1, SLOTS_PER_EDGE * edges.length);
    this.#low = edges[0] ?? 0;
    const scale = slots / ((edges.at(-1) ?? 0) - this.#low);
    // A range that is a point, or more than a double holds, is one slot.
    this.#scale = Number.isFinite(scale) && scale > 0 ? scale : 0;
    this.#below = new Int32Array(slots + 1);
    for (const edge of edges) this.#below[this.#slotOf(edge) + 1]! += 1;
    for (let slot = 1; slot <= slots; slot++) this.#below[slot]! += this.#below[slot - 1]!;
  }

  /** How many edges are below a finite number. */
  find(value: number): number {
    const slot = this.#slotOf(value);
    let low = this.#below[slot]!;
    let high = this.#below[slot + 1]!;
    const edges = this.#edges;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (edges[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #slotOf(value: number): number {
    const slot = (value - this.#low) * this.#scale;
    const last = this.#below.length - 2;
    // The first comparison is false for NaN, too: an infinite distance times 0.
    return slot > 0 ? (slot < last ? slot | 0 : last) : 0;
  }
}
