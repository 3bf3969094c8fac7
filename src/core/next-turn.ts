/**
 * Lets the event loop turn once: resolves after all promise jobs that are due have run, and those that they start. It does not wait for
 * I/O. A message channel, because a timer of the platform's clock does not keep a process alive, for which a caller waits.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
