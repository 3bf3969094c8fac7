import type { Digest } from "../core/digest.ts";
import type { JobAnswer } from "./batching/job.ts";
import { ownOutputs } from "./batching/job.ts";
import type { Tensors } from "./port.ts";
import type { Answerer } from "./provider-chain.ts";
import type { ResponseCache } from "./response-cache.ts";
import type { InferenceStatistics } from "./statistics.ts";

/** Answers jobs that were answered before out of a cache. */
export class CachedAnswers {
  readonly #cache: ResponseCache;
  readonly #digest: Digest;
  readonly #steps: readonly string[];
  readonly #statistics: InferenceStatistics;

  /** @param steps - versions of the processing steps: what they make of rows and answers may differ from version to version */
  constructor(cache: ResponseCache, digest: Digest, steps: readonly string[], statistics: InferenceStatistics) {
    this.#cache = cache;
    this.#digest = digest;
    this.#steps = steps;
    this.#statistics = statistics;
  }

  /** The answer that is kept, or else that of `work`. */
  async submit(
    inputs: Tensors,
    rows: number,
    outputs: readonly string[],
    by: Answerer,
    work: () => Promise<JobAnswer>,
  ): Promise<JobAnswer> {
    const key = this.#cache.keyOf({ digest: this.#digest, steps: this.#steps, outputs, inputs });
    if (key === undefined) return work();
    const kept = this.#cache.get(key);
    if (kept !== undefined) {
      this.#statistics.cacheHit();
      return { outputs: kept, offset: 0, rows, totalRows: rows, by };
    }
    this.#statistics.cacheMiss();
    const answer = await work();
    this.#cache.set(key, ownOutputs(answer));
    return answer;
  }
}
