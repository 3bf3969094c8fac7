/**
 * An iteration with a signal of its own, which aborts when the consumer stops or a step of it has been given up: a request that is
 * under way must not keep `return()` waiting.
 *
 * @param begun - holds the controllers of iterations that have begun and not ended, for whoever closes the source
 */
export function abortable<T>(
  begun: Set<AbortController>,
  open: (signal: AbortSignal) => AsyncGenerator<T, void>,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const controller = new AbortController();
      const items = open(controller.signal);
      const end = () => begun.delete(controller);
      return {
        async next() {
          begun.add(controller);
          try {
            const item = await items.next();
            if (item.done) end();
            return item;
          } catch (error) {
            end();
            throw error;
          }
        },
        async return() {
          end();
          controller.abort();
          return items.return();
        },
      };
    },
  };
}
