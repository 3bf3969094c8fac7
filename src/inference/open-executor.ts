import type { CallOptions } from "../core/call.ts";
import { ModelwrightError, messageOf } from "../core/errors.ts";
import type { LoadedModel } from "../core/model.ts";
import type { ExecutionProvider, Executor, TensorSpec } from "./port.ts";

/** A provider that could not load a model, and why. */
export interface ProviderFailure {
  /** Name of the provider. */
  readonly provider: string;
  /** For a human. */
  readonly reason: string;
}

/**
 * Loads a model with the first provider that can, and tells which could not.
 *
 * @throws a {@link ModelwrightError}: the provider's own when there is one provider, else `MODEL_LOAD_FAILED`, whose cause is an
 * `AggregateError` of all
 */
export async function openExecutor(
  model: LoadedModel,
  specs: readonly TensorSpec[],
  providers: readonly ExecutionProvider[],
  call: CallOptions | undefined,
): Promise<{ readonly executor: Executor; readonly failures: readonly ProviderFailure[] }> {
  const failures: ProviderFailure[] = [];
  const errors: unknown[] = [];
  for (const provider of providers) {
    try {
      checkTypes(provider, specs);
      const executor = await provider.load(model, call);
      if (call?.signal?.aborted !== true) return { executor, failures };
      // Nobody waits for it any more.
      await executor[Symbol.asyncDispose]();
    } catch (error) {
      failures.push({ provider: provider.name, reason: reasonOf(error) });
      errors.push(error);
    }
    call?.signal?.throwIfAborted();
  }
  const [first] = errors;
  if (errors.length === 1 && ModelwrightError.is(first)) throw first;
  const reasons = failures.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
  throw new ModelwrightError("MODEL_LOAD_FAILED", `No provider could load the model. ${reasons}`, {
    details: { attempts: failures },
    cause: new AggregateError(errors, "Every provider failed"),
  });
}

/** Refuses before the engine sees the model: some engines end the process over a type that they do not know. */
function checkTypes({ name, capabilities }: ExecutionProvider, specs: readonly TensorSpec[]): void {
  const strange = specs.find(({ type }) => !capabilities.elementTypes.includes(type));
  if (strange === undefined) return;
  const reason = `it takes and gives no ${strange.type}, which ${JSON.stringify(strange.name)} is; convert it inside the model with a Cast`;
  throw new ModelwrightError("MODEL_UNSUPPORTED", `${name} cannot run the model: ${reason}`, { details: { reason } });
}

/** What failed, without the name of the provider, which stands beside it. */
function reasonOf(error: unknown): string {
  if (ModelwrightError.is(error, "MODEL_INVALID") || ModelwrightError.is(error, "MODEL_UNSUPPORTED")) return error.details.reason;
  return messageOf(error);
}
