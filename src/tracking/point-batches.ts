import { raceAbort } from "../core/deadline.ts";
import { invalidInput } from "../core/schema.ts";
import { LIMITS } from "./limits.ts";
import type { MetricInput } from "./run-log.ts";

/**
 * The points in lists of as many as a batch holds, the last one shorter. The source is ended when nobody wants more of it, without
 * waiting for it: one that is stuck must not keep the caller.
 *
 * @param signal - an abort ends the iteration, also while the source is waited for
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for what cannot be iterated over
 */
export async function* pointBatches(
  points: Iterable<MetricInput> | AsyncIterable<MetricInput>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly MetricInput[], void> {
  const iterator = iteratorOf(points);
  const next = async () => iterator.next();
  try {
    for (let done = false; !done; ) {
      const batch: MetricInput[] = [];
      while (!done && batch.length < LIMITS.metrics) {
        const item = await (signal === undefined ? next() : raceAbort(signal, next));
        if (item.done === true) done = true;
        else batch.push(item.value);
      }
      if (batch.length > 0) yield batch;
    }
  } finally {
    (async () => iterator.return?.())().catch(() => {});
  }
}

function iteratorOf(
  points: Iterable<MetricInput> | AsyncIterable<MetricInput>,
): Iterator<MetricInput> | AsyncIterator<MetricInput> {
  const source: Partial<Iterable<MetricInput> & AsyncIterable<MetricInput>> = Object(points);
  const iterator = source[Symbol.asyncIterator]?.() ?? source[Symbol.iterator]?.();
  if (iterator !== undefined) return iterator;
  throw invalidInput("The history of a metric", [{ path: [], message: "expected an iterable of points" }]);
}
