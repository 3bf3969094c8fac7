import type { JobAnswer } from "./batching/job.ts";
import { ownOutputs } from "./batching/job.ts";
import type { Tensors } from "./port.ts";
import type { Answerer } from "./provider-chain.ts";
import type { ResponseCache } from "./response-cache.ts";
import type { InferenceStatistics } from "./statistics.ts";

/** Answers jobs that were answered before out of a cache. */
export class CachedAnswers {
  readonly #cache: ResponseCache;
  readonly #steps: readonly string[];
  readonly #statistics: InferenceStatistics;

  /** @param steps - versions of the processing steps: what they make of rows and answers may differ from version to version */
  constructor(cache: ResponseCache, steps: readonly string[], statistics: InferenceStatistics) {
    this.#cache = cache;
    this.#steps = steps;
    this.#statistics = statistics;
  }

  /**
   * The answer that is kept, or else that of `work`. Each provider has answers of its own: it may run another variant of the model, or
   * round in another way, and an answer names who gave it.
   *
   * @param by - who answers at the moment
   */
  async submit(
    inputs: Tensors,
    rows: number,
    outputs: readonly string[],
    by: Answerer,
    work: () => Promise<JobAnswer>,
  ): Promise<JobAnswer> {
    const { digest } = by.model;
    // Without one, the model may be another one tomorrow.
    if (digest === undefined) return work();
    const key = this.#cache.keyOf({ digest, steps: [by.provider, ...this.#steps], outputs, inputs });
    if (key === undefined) return work();
    const kept = this.#cache.get(key);
    if (kept !== undefined) {
      this.#statistics.cacheHit();
      return { outputs: kept, offset: 0, rows, totalRows: rows, by };
    }
    this.#statistics.cacheMiss();
    const answer = await work();
    // Unless another provider has taken over meanwhile.
    if (answer.by === by) this.#cache.set(key, ownOutputs(answer));
    return answer;
  }
}
