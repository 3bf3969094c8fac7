import { DriftProfile } from "./profile/drift-profile.ts";
import type { ProfileLayout } from "./profile/profile-layout.ts";

/** When panes end, and how many make a window. */
export interface PaneOptions {
  /** Rows of a window. */
  readonly rows?: number | undefined;
  readonly everyMs?: number | undefined;
  readonly panes: number;
}

/** The panes of a window: the running one, and those before it where the window slides. */
export class WindowPanes {
  readonly #layout: ProfileLayout;
  readonly #options: PaneOptions | undefined;
  readonly #onFull: (window: DriftProfile) => void;
  #earlier: readonly DriftProfile[] = [];
  #running: DriftProfile;

  /**
   * @param options - undefined for one pane that never ends by itself
   * @param onFull - told of a whole window at the end of its last pane
   */
  constructor(layout: ProfileLayout, options: PaneOptions | undefined, onFull: (window: DriftProfile) => void) {
    this.#layout = layout;
    this.#options = options;
    this.#onFull = onFull;
    this.#running = new DriftProfile(layout);
  }

  /** The pane that counts. */
  get running(): DriftProfile {
    return this.#running;
  }

  /** All panes, the oldest first. */
  get all(): readonly DriftProfile[] {
    return [...this.#earlier, this.#running];
  }

  /** The counts of all panes together. */
  get sum(): DriftProfile {
    if (this.#earlier.length === 0) return this.#running;
    const sum = new DriftProfile(this.#layout);
    for (const pane of this.all) sum.merge(pane);
    return sum;
  }

  /** Counts a row. */
  observe(row: object, now: number): void {
    this.#endLate(now);
    this.#running.observe(row, now);
    this.#endFull();
  }

  /** Counts columns of so many rows, in as many panes as they fill. */
  observeColumns(columns: Readonly<Record<string, ArrayLike<unknown> | undefined>>, length: number, now: number): void {
    for (let from = 0; from < length; ) {
      this.#endLate(now);
      // A pane that rows of others were added to may have no room left.
      const to = Math.min(length, from + Math.max(1, this.#paneRows - this.#running.rows));
      this.#running.observeColumns(columns, from, to, now);
      from = to;
      this.#endFull();
    }
  }

  /** Starts anew. */
  reset(): void {
    this.restore([new DriftProfile(this.#layout)]);
  }

  /** Goes on with other panes, the oldest first, at least one. */
  restore(panes: readonly DriftProfile[]): void {
    this.#earlier = panes.slice(0, -1);
    this.#running = panes.at(-1)!;
  }

  get #paneRows(): number {
    const { rows = Number.POSITIVE_INFINITY, panes } = this.#options ?? { panes: 1 };
    return Math.ceil(rows / panes);
  }

  #endLate(now: number): void {
    const { everyMs = Number.POSITIVE_INFINITY, panes } = this.#options ?? { panes: 1 };
    const { since } = this.#running;
    if (since !== null && now - since >= everyMs / panes) this.#end();
  }

  #endFull(): void {
    if (this.#running.rows >= this.#paneRows) this.#end();
  }

  #end(): void {
    const panes = this.#options?.panes ?? 1;
    const window = this.#earlier.length + 1 >= panes ? this.sum : undefined;
    this.#earlier = panes === 1 ? [] : this.all.slice(1 - panes);
    this.#running = new DriftProfile(this.#layout);
    if (window !== undefined) this.#onFull(window);
  }
}
