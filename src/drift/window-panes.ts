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

  /** Ends the running pane when its time is over. */
  endLate(now: number): void {
    const { everyMs = Number.POSITIVE_INFINITY, panes } = this.#options ?? { panes: 1 };
    const { since } = this.#running;
    if (since !== null && now - since >= everyMs / panes) this.#end();
  }

  /** Rows that the running pane has room for, at least one. */
  get room(): number {
    return Math.max(1, this.#paneRows - this.#running.rows);
  }

  /** Ends the running pane when it is full. */
  endFull(): void {
    if (this.#running.rows >= this.#paneRows) this.#end();
  }

  /** Starts anew. */
  reset(): void {
    this.restore([new DriftProfile(this.#layout)]);
  }

  /** Goes on with other panes, the oldest first, at least one; where they are more than a window has, with the last ones. */
  restore(panes: readonly DriftProfile[]): void {
    this.#earlier = panes.slice(-this.#panes, -1);
    this.#running = panes.at(-1)!;
  }

  get #panes(): number {
    return this.#options?.panes ?? 1;
  }

  get #paneRows(): number {
    const { rows = Number.POSITIVE_INFINITY, panes } = this.#options ?? { panes: 1 };
    return Math.ceil(rows / panes);
  }

  #end(): void {
    const window = this.#earlier.length + 1 >= this.#panes ? this.sum : undefined;
    this.#earlier = this.#panes === 1 ? [] : this.all.slice(1 - this.#panes);
    this.#running = new DriftProfile(this.#layout);
    if (window !== undefined) this.#onFull(window);
  }
}
