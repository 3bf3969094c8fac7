import type { Metrics } from "../core/metrics.ts";

/** How a turn ended: as the route says, or `refused` for input at fault, or `aborted` by the caller. */
type TurnOutcome = (typeof outcomes)[number];

const outcomes = ["answered", "failed", "timed_out", "skipped", "refused", "aborted"] as const;

/** Counts one turn of a target. */
export type RecordTurn = (target: string, outcome: TurnOutcome, latencyMs: number) => void;

/**
 * Defines `modelwright_router_attempts_total` (by target and outcome) and `modelwright_router_latency_seconds` (by target; answers
 * only, because a target that fails fast is not a fast one).
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` when something else has defined metrics of these names there
 */
export function routerMetrics(metrics: Metrics, targets: readonly string[]): RecordTurn {
  const attempts = metrics.counter({
    name: "modelwright_router_attempts_total",
    help: "Turns of the router's targets, by how they ended.",
    labels: { target: targets, outcome: outcomes },
  });
  const latency = metrics.histogram({
    name: "modelwright_router_latency_seconds",
    help: "Time that the router's targets took to answer.",
    labels: { target: targets },
  });
  // Bound now: looking a series up costs more than the rest of a turn, and a series that is 0 from the start can be alerted on.
  const series = new Map(
    targets.map((target) => [
      target,
      {
        latency: latency.with({ target }),
        attempts: new Map(outcomes.map((outcome) => [outcome, attempts.with({ target, outcome })])),
      },
    ]),
  );
  return (target, outcome, latencyMs) => {
    const bound = series.get(target)!;
    bound.attempts.get(outcome)!.inc();
    if (outcome === "answered") bound.latency.record(latencyMs / 1_000);
  };
}
