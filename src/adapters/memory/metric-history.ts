import { invalidInput } from "../../core/schema.ts";
import type { Page } from "../../search/port.ts";
import type { MetricPoint } from "../../tracking/port.ts";
import { comparePoints, supersedes } from "../../tracking/rules/metric-points.ts";

/** The points of one metric of a run, in memory. */
export class MetricHistory {
  /** By its text, so that a point that is logged again is kept once. */
  readonly #points = new Map<string, MetricPoint>();
  /** Until a point is added. */
  #sorted: readonly MetricPoint[] | undefined;
  #latest: MetricPoint | undefined;

  /** The run's value of the metric; undefined before the first point. */
  get latest(): MetricPoint | undefined {
    return this.#latest;
  }

  add({ value, step, at }: MetricPoint): void {
    // Adding 0 makes 0 of -0.
    const point = Object.freeze({ value: value + 0, step: step + 0, at });
    const key = cursorOf(point);
    if (this.#points.has(key)) return;
    this.#points.set(key, point);
    this.#sorted = undefined;
    if (this.#latest === undefined || supersedes(point, this.#latest)) this.#latest = point;
  }

  /** In the order of the port. */
  points(): readonly MetricPoint[] {
    this.#sorted ??= [...this.#points.values()].sort(comparePoints);
    return this.#sorted;
  }

  page(limit: number, after: string | undefined): Page<MetricPoint> {
    const points = this.points();
    const start = after === undefined ? 0 : behind(points, pointOf(after));
    const items = points.slice(start, start + limit);
    return { items, next: start + limit < points.length ? cursorOf(items.at(-1)!) : undefined };
  }
}

/** Index of the first point behind the other. */
function behind(points: readonly MetricPoint[], other: MetricPoint): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePoints(points[middle]!, other) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

function cursorOf({ step, at, value }: MetricPoint): string {
  return `${step},${at},${value}`;
}

function pointOf(cursor: string): MetricPoint {
  const [step, at, value, ...rest] = cursor.split(",");
  const point = { step: Number(step), at: Number(at), value: Number(value) };
  if (rest.length === 0 && cursorOf(point) === cursor) return point;
  throw invalidInput("The cursor of a history", [{ path: ["after"], message: "expected what a page before has answered" }]);
}
