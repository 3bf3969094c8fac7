import { commonDirection, type Direction, type MetricCell, metricCell } from "../core/align.ts";
import { invalidInput } from "../core/schema.ts";
import type { VersionRecord } from "./port.ts";

/** A version in a {@link MetricSeries}. */
export interface MetricPointOfVersion {
  readonly version: number;
  readonly label: string | null;
  readonly stage: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Null when the version does not have the metric; else compared with the nearest version before it that has. */
  readonly metric: MetricCell | null;
}

/** How a metric of a model went from version to version. */
export interface MetricSeries {
  readonly name: string;
  readonly metric: string;
  /** Null when no version declares one, or two contradict each other. */
  readonly direction: Direction | null;
  /** By number, upwards. */
  readonly points: readonly MetricPointOfVersion[];
  /** Number of the best version, the earliest of equals; null without a direction or a value. */
  readonly best: number | null;
}

/**
 * A metric over the versions of one model, in whatever order they are given. Plain JSON.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for no versions, and for versions of several models
 *
 * @example
 * ```ts
 * import { ModelRegistry, memoryBlobs, memoryRegistry } from "modelwright";
 * import { metricOverVersions, type VersionRecord } from "modelwright/registry";
 *
 * const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * const versions: VersionRecord[] = [];
 * for await (const version of registry.list({ name: "fraud" })) versions.push(version);
 * const { points, best } = metricOverVersions(versions, "auc");
 * ```
 */
export function metricOverVersions(versions: readonly VersionRecord[], metric: string): MetricSeries {
  const names = new Set(versions.map(({ name }) => name));
  const [name] = names;
  if (name === undefined || names.size > 1) {
    const message = `expected versions of one model, but got ${names.size === 0 ? "none" : `those of ${[...names].join(", ")}`}`;
    throw invalidInput("The series", [{ path: [], message }]);
  }
  const direction = commonDirection(versions, metric);
  const points: MetricPointOfVersion[] = [];
  let last: number | undefined;
  let best: { readonly version: number; readonly value: number } | undefined;
  for (const record of versions.toSorted((a, b) => a.version - b.version)) {
    const { version, label, stage, createdAt, metrics } = record;
    const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    points.push({ version, label, stage, createdAt, metric: value === undefined ? null : metricCell(value, last, direction) });
    last = value ?? last;
    if (value !== undefined && isBetter(value, best?.value, direction)) best = { version, value };
  }
  return { name, metric, direction, points, best: best?.version ?? null };
}

function isBetter(value: number, best: number | undefined, direction: Direction | null): boolean {
  if (direction === null || Number.isNaN(value)) return false;
  return best === undefined || (direction === "maximize" ? value > best : value < best);
}
