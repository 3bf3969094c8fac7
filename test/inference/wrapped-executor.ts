import type { Executor } from "../../src/inference/port.ts";

/** An executor that does what another does, but for what is given; without that one's choice of where to run. */
export function wrappedExecutor(executor: Executor, changes: Partial<Executor>): Executor {
  return {
    provider: executor.provider,
    placement: executor.placement,
    concurrency: executor.concurrency,
    sharedMemory: false,
    interface: executor.interface,
    model: executor.model,
    run: (inputs, outputs, call) => executor.run(inputs, outputs, call),
    [Symbol.asyncDispose]: async () => executor[Symbol.asyncDispose](),
    ...changes,
  };
}
