import type { CallOptions } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ModelwrightError } from "../core/errors.ts";
import type { Metrics } from "../core/metrics.ts";
import type { RequestOutcome, StatisticsSink } from "./statistics.ts";

/** What an error about an answer names as its subject: one that a schema refuses is no fault of the caller. */
export const answerSubject = "The output";

const outcomes = ["ok", "invalid_input", "overloaded", "deadline", "cancelled", "failed"] as const;

type Outcome = (typeof outcomes)[number];

/** 1 µs to about 17 minutes. */
const seconds = { min: 1e-6, max: 1e3 };

/** The metrics of one session, in a registry that others use as well. Before they have a name, nothing but fallbacks can happen. */
export class SessionMetrics implements StatisticsSink {
  readonly #metrics: Metrics;
  readonly #providers: readonly string[];
  readonly #clock: Clock;
  readonly #early: string[] = [];
  #series: Series | undefined;
  #loaded: { readonly modelBytes: number } | undefined;
  /** The session's part of the gauge, which sessions of one name share. */
  #modelBytes = 0;

  /** @param providers - names of the session's providers */
  constructor(metrics: Metrics, providers: readonly string[], clock: Clock) {
    this.#metrics = metrics;
    this.#providers = providers;
    this.#clock = clock;
  }

  /**
   * Defines the metrics.
   *
   * @param model - name of the session, which is not known before it is open where a provider has its own model
   * @param loaded - what knows the size of what is loaded at the moment
   * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` when one of the names is taken by another metric
   */
  named(model: string, loaded?: { readonly modelBytes: number }): void {
    this.#series = seriesOf(this.#metrics, model, this.#providers);
    this.#loaded = loaded;
    this.#weigh();
    for (const provider of this.#early.splice(0)) this.fellBack(provider);
  }

  /** Counts a call: its time, and how it ended. */
  async measure<T>(work: () => Promise<T>, call: CallOptions | undefined): Promise<T> {
    const startedAt = this.#clock.monotonic();
    let outcome: Outcome = "ok";
    try {
      return await work();
    } catch (error) {
      outcome = outcomeOf(error, call?.signal);
      throw error;
    } finally {
      this.#series?.requests[outcome].inc();
      this.#series?.seconds.record((this.#clock.monotonic() - startedAt) / 1000);
    }
  }

  /** Counts rows that a call answered. */
  answered(rows: number): void {
    this.#series?.rows.inc(rows);
  }

  execution(rows: number, inferMs: number): void {
    const series = this.#series;
    if (series === undefined) return;
    series.executions.ok.inc();
    series.executionRows.record(rows);
    series.executionSeconds.record(inferMs / 1000);
    // A provider may load the model more often, or less, while it works.
    this.#weigh();
  }

  executionFailed(): void {
    this.#series?.executions.failed.inc();
  }

  request(_outcome: RequestOutcome, _totalMs: number, queueMs: number | undefined): void {
    if (queueMs !== undefined) this.#series?.queueSeconds.record(queueMs / 1000);
  }

  cacheHit(): void {
    this.#series?.cacheHits.inc();
  }

  cacheMiss(): void {
    this.#series?.cacheMisses.inc();
  }

  /** Counts a provider that another one took over from. */
  fellBack(provider: string): void {
    if (this.#series === undefined) this.#early.push(provider);
    else this.#series.fallbackOf(provider).inc();
    this.#weigh();
  }

  /** Counts another version of the model that took over, or could not. */
  swapped(outcome: "ok" | "failed"): void {
    this.#series?.swaps[outcome].inc();
    this.#weigh();
  }

  /** Takes back what the session adds to gauges: nothing is loaded any more. */
  released(): void {
    this.#loaded = undefined;
    this.#weigh();
  }

  #weigh(): void {
    const bytes = this.#loaded?.modelBytes ?? 0;
    if (bytes === this.#modelBytes) return;
    this.#series?.modelBytes.add(bytes - this.#modelBytes);
    this.#modelBytes = bytes;
  }
}

type Series = ReturnType<typeof seriesOf>;

/** The series of one model, looked up once: that costs more than to count. */
function seriesOf(metrics: Metrics, model: string, providers: readonly string[]) {
  const labels = { model: [model] };
  const of = { model };
  const named = (name: string, help: string) => ({ name: `modelwright_inference_${name}`, help, labels });
  const counter = (name: string, help: string) => metrics.counter(named(name, help)).with(of);
  const histogram = (name: string, help: string, bounds: { readonly min: number; readonly max: number }) =>
    metrics.histogram({ ...named(name, help), ...bounds }).with(of);
  const counters = <const O extends string>(name: string, help: string, values: readonly O[]) => {
    const family = metrics.counter({ ...named(name, help), labels: { ...labels, outcome: values } });
    return Object.fromEntries(values.map((outcome) => [outcome, family.with({ ...of, outcome })])) as Record<
      O,
      ReturnType<(typeof family)["with"]>
    >;
  };
  const requests = counters("requests_total", "Calls of predict, predictMany and run, by how they ended.", outcomes);
  const rows = counter("rows_total", "Rows that were answered.");
  const total = histogram("seconds", "Time from a call to its answer, in seconds, with the waiting.", seconds);
  const executions = counters("executions_total", "Runs of the engine, by how they ended.", ["ok", "failed"]);
  const executionRows = histogram("execution_rows", "Rows of each run of the engine.", { min: 1, max: 65_536 });
  const executionSeconds = histogram("execution_seconds", "The engine's own time for each run, in seconds.", seconds);
  const queueSeconds = histogram("queue_seconds", "Time that an answered request waited for its run, in seconds.", seconds);
  const cacheHits = counter("cache_hits_total", "Requests that the response cache answered.");
  const cacheMisses = counter("cache_misses_total", "Requests that the response cache could not answer.");
  const fallbacks = metrics.counter({
    ...named("fallbacks_total", "Providers that could not go on with the model, so that another one took over."),
    labels: { ...labels, provider: providers },
  });
  const fallbackOf = (provider: string) => fallbacks.with({ ...of, provider });
  for (const provider of providers) fallbackOf(provider);
  const swaps = counters("swaps_total", "Other versions of the model, by whether they took over.", ["ok", "failed"]);
  const modelBytes = metrics
    .gauge(named("model_bytes", "Bytes of the models in use as they were given to engines, once for each instance."))
    .with(of);
  return {
    requests,
    rows,
    seconds: total,
    executions,
    executionRows,
    executionSeconds,
    queueSeconds,
    cacheHits,
    cacheMisses,
    fallbackOf,
    swaps,
    modelBytes,
  };
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): Outcome {
  if (ModelwrightError.is(error, "DEADLINE_EXCEEDED")) return "deadline";
  // The reason of a caller's signal may be anything; that of `AbortSignal.timeout` is a time limit, too.
  if (signal?.aborted === true && error === signal.reason)
    return error instanceof Error && error.name === "TimeoutError" ? "deadline" : "cancelled";
  if (!ModelwrightError.is(error)) return "failed";
  if (ModelwrightError.is(error, "INPUT_INVALID") && error.details.subject === answerSubject) return "failed";
  if (error.code.startsWith("INPUT_")) return "invalid_input";
  return error.code === "MODEL_OVERLOADED" ? "overloaded" : "failed";
}
