/**
 * Iterates `source` with every step under `step`, which may time it, refuse it or give up on it.
 *
 * The source is told to stop (`return()`) when the consumer stops, which is waited for, and when a step fails, which is not:
 * a source that is stuck must not keep the caller waiting.
 *
 * @param step - calls `next` for the next item, at most once, and answers what it answers
 */
export async function* iterate<T>(
  source: AsyncIterable<T>,
  step: (next: () => Promise<IteratorResult<T, unknown>>) => Promise<IteratorResult<T, unknown>>,
): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]();
  const stop = async () => void (await iterator.return?.());
  for (;;) {
    let item: IteratorResult<T, unknown>;
    try {
      item = await step(() => iterator.next());
    } catch (error) {
      stop().catch(() => {});
      throw error;
    }
    if (item.done) return;
    let resumed = false;
    try {
      yield item.value;
      resumed = true;
    } finally {
      if (!resumed) await stop();
    }
  }
}
