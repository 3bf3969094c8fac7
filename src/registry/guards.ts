import type { VersionRecord } from "./port.ts";
import type { StageGuard } from "./stage-policy.ts";

/** Conditions that {@link metricGuard} knows; at least one has to be given. */
export interface MetricBounds {
  /** The least value that is accepted. */
  readonly atLeast?: number | undefined;
  /** The greatest value that is accepted. */
  readonly atMost?: number | undefined;
  /**
   * How much worse than the version in the target stage it may be, in the metric's own unit, at least 0. "Worse" goes by the declared
   * direction; where neither version declares one, or they declare different ones, the move is refused. Holds when nothing is in the
   * target stage. What is there is read before the guards are asked: a version that takes its place meanwhile is not compared with.
   */
  readonly worseThanCurrentBy?: number | undefined;
}

/**
 * A guard on a metric of the version. A version that lacks the metric is refused.
 *
 * @throws a `TypeError` when no bound is given
 * @example
 * ```ts
 * import { defaultStages, type StagePolicy } from "modelwright";
 * import { metricGuard } from "modelwright/registry";
 *
 * const stages: StagePolicy = {
 *   ...defaultStages,
 *   rules: [{ to: "production", guards: [metricGuard("auc", { atLeast: 0.9, worseThanCurrentBy: 0.005 })] }],
 * };
 * ```
 */
export function metricGuard(metric: string, bounds: MetricBounds): StageGuard {
  const { atLeast, atMost, worseThanCurrentBy } = bounds;
  const texts = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
    ...(worseThanCurrentBy === undefined ? [] : [`at most ${worseThanCurrentBy} worse than the current one`]),
  ];
  if (texts.length === 0) throw new TypeError(`metricGuard("${metric}") needs a bound: atLeast, atMost or worseThanCurrentBy`);
  return {
    name: `${metric} ${texts.join(", ")}`,
    check: ({ version, current, to }) => {
      const value = metricOf(version, metric);
      if (value === undefined) return `it has no metric ${metric}`;
      if (atLeast !== undefined && !(value >= atLeast)) return `${metric} is ${value}, less than ${atLeast}`;
      if (atMost !== undefined && !(value <= atMost)) return `${metric} is ${value}, more than ${atMost}`;
      if (worseThanCurrentBy === undefined || current === undefined) return undefined;
      const other = metricOf(current, metric);
      if (other === undefined) return `version ${current.version} in ${to} has no metric ${metric} to compare with`;
      const direction = directionOf(version, metric) ?? directionOf(current, metric);
      if (direction !== (directionOf(current, metric) ?? direction)) {
        return `it declares ${metric} as ${direction}, version ${current.version} in ${to} the other way`;
      }
      if (direction === undefined) return `no direction of ${metric} is declared; register it with directions`;
      const worse = direction === "maximize" ? other - value : value - other;
      if (worse <= worseThanCurrentBy) return undefined;
      return `${metric} is ${value}, ${worse} worse than the ${other} of version ${current.version} in ${to}`;
    },
  };
}

/** A guard that reads every file and checks it against its digest, and the manifest's signature where the registry trusts keys. */
export function filesVerified(): StageGuard {
  return {
    name: "files verified",
    check: async ({ verify }, call) => {
      await verify(call);
      return undefined;
    },
  };
}

function metricOf({ metrics }: VersionRecord, metric: string): number | undefined {
  return Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
}

function directionOf({ directions }: VersionRecord, metric: string): "maximize" | "minimize" | undefined {
  return Object.hasOwn(directions, metric) ? directions[metric] : undefined;
}
