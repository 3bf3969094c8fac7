import type { Clock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { Limiter } from "../../core/limiter.ts";
import { invalidInput } from "../../core/schema.ts";
import type { CheckedRule } from "./alert-rule.ts";
import { type CheckedSamples, checkSamples } from "./evaluate-rule.ts";
import { labelObject } from "./label-pairs.ts";
import type { MetricSample, MetricSource } from "./port.ts";

/** Questions that a source is asked at once. */
const CONCURRENCY = 4;

/** What the source has said to all rules. */
export interface MetricAnswers {
  /** By rule; those that the source has failed to answer are left out. */
  readonly samples: ReadonlyMap<string, CheckedSamples>;
  readonly failures: readonly { readonly rule: string; readonly error: unknown }[];
}

/** Asks the source what the rules need to know, each question once, however many rules have it. Rejects only when the signal aborts. */
export async function readMetrics(
  rules: readonly CheckedRule[],
  source: MetricSource,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<MetricAnswers> {
  const now = Math.floor(clock.now());
  const limiter = new Limiter({ concurrency: CONCURRENCY });
  const asked = new Map<string, Promise<readonly MetricSample[]>>();
  const ask = ({ metric, windowMs, labels }: CheckedRule): Promise<readonly MetricSample[]> => {
    const key = JSON.stringify([metric, windowMs, labels]);
    const query = () => ({ metric, windowMs, labels: labelObject(labels) });
    const answer =
      asked.get(key) ??
      limiter.run(() =>
        withDeadline({ signal, timeoutMs }, (limited) => source.samples(query(), now, { signal: limited }), clock),
      );
    asked.set(key, answer);
    return answer;
  };
  const samples = new Map<string, CheckedSamples>();
  const failures: { readonly rule: string; readonly error: unknown }[] = [];
  const results = await Promise.allSettled(rules.map(async (rule) => checkSamples(rule, assertList(await ask(rule)))));
  signal?.throwIfAborted();
  results.forEach((result, i) => {
    const rule = rules[i]!.name;
    if (result.status === "fulfilled") samples.set(rule, result.value);
    else failures.push({ rule, error: result.reason });
  });
  return { samples, failures };
}

function assertList(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer;
  throw invalidInput("The answer of the metric source", [{ path: [], message: "expected an array of samples" }]);
}
