import type { Logger } from "../core/logger.ts";

interface Held {
  readonly resource: AsyncDisposable;
  readonly name: string;
  readonly logger: Logger;
}

/** Engines keep what is loaded until they are told, however unreachable the session has become. */
const registry = new FinalizationRegistry<Held>(({ resource, name, logger }) => {
  logger.warn("A session was lost without being closed; its model is released", { model: name });
  Promise.resolve(resource[Symbol.asyncDispose]()).catch((error: unknown) => {
    logger.error("The model of a lost session could not be released", { model: name, error });
  });
});

/**
 * Disposes `resource` when `owner` has been lost, which garbage collection finds out some time later. The resource must not refer to its
 * owner.
 */
export function collectUnreleased(owner: AsyncDisposable, resource: AsyncDisposable, name: string, logger: Logger): Disposable {
  registry.register(owner, { resource, name, logger }, owner);
  return { [Symbol.dispose]: () => void registry.unregister(owner) };
}
