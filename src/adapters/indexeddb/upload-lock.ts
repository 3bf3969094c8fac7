import { ModelwrightError } from "../../core/errors.ts";

/**
 * Tells running uploads from those whose page was closed: whoever uploads holds a lock, which the browser releases with the page.
 *
 * @source W3C Web Locks API
 */
export class UploadLocks {
  readonly #prefix: string;

  /** @param database - name of the database, which the pages of a site share, as they share locks */
  constructor(database: string) {
    this.#prefix = `modelwright/indexeddb/${database}/`;
  }

  /** Takes the lock of new content; answers what releases it. */
  hold(content: string): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const held = () => new Promise<void>((release) => resolve(release));
      lockManager()
        .request(this.#prefix + content, held)
        .then(undefined, reject);
    });
  }

  /** Runs `work` if nobody uploads this content any more. */
  async ifLeft(content: string, work: () => Promise<void>): Promise<void> {
    await lockManager().request(this.#prefix + content, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await work();
    });
  }
}

function lockManager(): LockManager {
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
  if (locks !== undefined) return locks;
  throw new ModelwrightError("UNSUPPORTED", "The browser has Web Locks in secure contexts only; serve the page over https", {
    details: { feature: "Web Locks" },
  });
}
