import type { Clock } from "../core/clock.ts";
import { ModelwrightError } from "../core/errors.ts";
import type { Histogram } from "../core/histogram.ts";
import type { Counter, MetricFamily, Metrics } from "../core/metrics.ts";

const outcomes = ["ok", "invalid_input", "overloaded", "deadline", "failed"] as const;

/** The metrics of one session, in a registry that others use as well. */
export class SessionMetrics {
  readonly #model: string;
  readonly #clock: Clock;
  readonly #requests: MetricFamily<Counter>;
  readonly #rows: Counter;
  readonly #seconds: Histogram;

  constructor(metrics: Metrics, model: string, clock: Clock) {
    const labels = { model: [model] };
    this.#model = model;
    this.#clock = clock;
    this.#requests = metrics.counter({
      name: "modelwright_inference_requests_total",
      help: "Calls of predict, predictMany and run, by how they ended.",
      labels: { ...labels, outcome: outcomes },
    }) as MetricFamily<Counter>;
    this.#rows = metrics
      .counter({ name: "modelwright_inference_rows_total", help: "Rows that were answered.", labels })
      .with({ model });
    this.#seconds = metrics
      .histogram({
        name: "modelwright_inference_seconds",
        help: "Time from a call to its answer, in seconds, with the waiting.",
        labels,
        min: 1e-6,
        max: 1e3,
      })
      .with({ model });
  }

  /** Counts a call. */
  async measure<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = this.#clock.monotonic();
    try {
      const answer = await work();
      this.#count("ok");
      return answer;
    } catch (error) {
      this.#count(outcomeOf(error));
      throw error;
    } finally {
      this.#seconds.record((this.#clock.monotonic() - startedAt) / 1000);
    }
  }

  /** Counts rows that a call answered. */
  answered(rows: number): void {
    this.#rows.inc(rows);
  }

  #count(outcome: (typeof outcomes)[number]): void {
    this.#requests.with({ model: this.#model, outcome }).inc();
  }
}

function outcomeOf(error: unknown): (typeof outcomes)[number] {
  if (!ModelwrightError.is(error)) return "failed";
  if (error.code.startsWith("INPUT_")) return "invalid_input";
  if (error.code === "MODEL_OVERLOADED") return "overloaded";
  return error.code === "DEADLINE_EXCEEDED" ? "deadline" : "failed";
}
