/**
 * Keeps the process alive until it is disposed. The clock's timers do not; where a caller waits for work that itself waits for a timer
 * only, the process would end with the work undone.
 */
export function keepAlive(): Disposable {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {}; // from now on the port counts as work that is open
  return {
    [Symbol.dispose]: () => {
      port1.close();
      port2.close();
    },
  };
}
