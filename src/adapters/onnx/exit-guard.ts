/**
 * A word of shared memory each: whether the engine works in a thread, and whether the process is about to exit. A process that exits
 * while the engine works in one of its threads is aborted by the engine, so the exit waits for it.
 */
const BUSY = 0;
const EXITING = 1;

/** Longest time that an exit waits for the engine, ms. */
const EXIT_WAIT_MS = 10_000;

/** What the two sides of a {@link guardExit} share. */
export type ExitFlags = Int32Array<SharedArrayBuffer>;

const guarded = new Set<ExitFlags>();

/** Makes the exit of this process wait for the engine in a thread that holds the flags, until disposed. */
export function guardExit(): Disposable & { readonly flags: ExitFlags } {
  const flags = new Int32Array(new SharedArrayBuffer(8));
  if (guarded.size === 0) process.on("exit", waitForEngines);
  guarded.add(flags);
  return {
    flags,
    [Symbol.dispose]() {
      guarded.delete(flags);
      if (guarded.size === 0) process.off("exit", waitForEngines);
    },
  };
}

/**
 * Says, in the thread, that the engine begins to work, or has ended.
 *
 * @throws an `Error` when the process is about to exit: the engine must not begin any more
 */
export function setBusy(flags: ExitFlags, busy: boolean): void {
  Atomics.store(flags, BUSY, busy ? 1 : 0);
  if (!busy) Atomics.notify(flags, BUSY);
  // Stored before this is read, as the other side stores its word before it reads ours: one of the two sees the other.
  if (busy && Atomics.load(flags, EXITING) === 1) throw new Error("the process is about to exit");
}

function waitForEngines(): void {
  for (const flags of guarded) Atomics.store(flags, EXITING, 1);
  for (const flags of guarded) Atomics.wait(flags, BUSY, 1, EXIT_WAIT_MS);
}
