import type { Kysely } from "kysely";
import { invalidInput } from "../../core/schema.ts";
import type { Page } from "../../search/port.ts";
import type { MetricHistoryQuery, MetricPoint } from "../../tracking/port.ts";
import { prepared } from "./prepared.ts";
import type { Tables } from "./tables.ts";
import { MetricSampler } from "./tracking-sampler.ts";
import type { MetricPointRow } from "./tracking-tables.ts";
import { finiteOf, specialOf, toInteger, toPoint } from "./tracking-values.ts";

type Db = Kysely<Tables>;

/** Points that are read at once for a sample: a compromise of memory and statements. */
const PAGE = 8192;

/** Before every step. */
const BEFORE_ALL = Number.MIN_SAFE_INTEGER - 1;

/** How the points of a metric are read; each verb sees one state of the database when it runs in a transaction. */
export function metricHistory() {
  const seriesOf = prepared((db, p) =>
    db.selectFrom("modelwright_run_metrics").select("series").where("run_id", "=", p("runId")).where("key", "=", p("key")),
  );
  // What comes behind a point, in three ranges of the index: one condition for all of them is a range to some databases only.
  const laterSteps = prepared((db, p) => points(db, p("series"), p("limit")).where("step", ">", p("step")));
  const sameStep = prepared((db, p) =>
    points(db, p("series"), p("limit")).where("step", "=", p("step")).where("at", ">", p("at")),
  );
  const sameTime = prepared((db, p) =>
    points(db, p("series"), p("limit"))
      .where("step", "=", p("step"))
      .where("at", "=", p("at"))
      .where(({ eb, and, or }) =>
        or([eb("special", ">", p("special")), and([eb("special", "=", p("special")), eb("value", ">", p("value"))])]),
      ),
  );
  const lastStep = prepared((db, p) =>
    db
      .selectFrom("modelwright_metric_points")
      .select(({ fn }) => fn.max("step").as("step"))
      .where("series", "=", p("series")),
  );

  /** Up to `limit` points behind one; from the first one on when none is given. */
  const behind = async (db: Db, series: number, point: MetricPoint | undefined, limit: number): Promise<MetricPoint[]> => {
    if (point === undefined) return (await laterSteps(db, { series, step: BEFORE_ALL, limit })).map(toPoint);
    const { value, step, at } = point;
    const from = { series, step, at, special: specialOf(value), value: finiteOf(value) };
    const rows: PointRow[] = [];
    for (const range of [sameTime, sameStep, laterSteps]) {
      const left = limit - rows.length;
      if (left > 0) rows.push(...(await range(db, { ...from, limit: left })));
    }
    return rows.map(toPoint);
  };

  return {
    page: async (db: Db, { runId, key, limit, after }: MetricHistoryQuery): Promise<Page<MetricPoint>> => {
      const point = after === undefined ? undefined : parseCursor(after);
      const [metric] = await seriesOf(db, { runId, key });
      if (metric === undefined) return { items: [], next: undefined };
      const found = await behind(db, Number(metric.series), point, limit + 1);
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? cursorOf(items.at(-1)!) : undefined };
    },

    /** Reads every point once, and holds a page of them. */
    sample: async (
      db: Db,
      { runId, key, buckets }: { readonly runId: string; readonly key: string; readonly buckets: number },
    ): Promise<readonly MetricPoint[]> => {
      const [metric] = await seriesOf(db, { runId, key });
      if (metric === undefined) return [];
      const series = Number(metric.series);
      let page = await behind(db, series, undefined, PAGE);
      if (page.length === 0) return [];
      const [last] = await lastStep(db, { series });
      const sampler = new MetricSampler({ first: page[0]!.step, last: toInteger(last!.step), buckets });
      for (;;) {
        for (const point of page) sampler.add(point);
        if (page.length < PAGE) return sampler.end();
        page = await behind(db, series, page.at(-1), PAGE);
      }
    },
  };
}

type PointRow = Omit<MetricPointRow, "series">;

function points(db: Db, series: never, limit: never) {
  return db
    .selectFrom("modelwright_metric_points")
    .select(["step", "at", "special", "value"])
    .where("series", "=", series)
    .orderBy("step")
    .orderBy("at")
    .orderBy("special")
    .orderBy("value")
    .limit(limit);
}

/** The point behind which a history goes on, as text. */
function cursorOf({ value, step, at }: MetricPoint): string {
  return [step, at, value].join("/");
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for text that is no cursor */
function parseCursor(cursor: string): MetricPoint {
  const [step = Number.NaN, at = Number.NaN, value = Number.NaN, ...more] = cursor.split("/").map(Number);
  const point = { step, at, value };
  const known = Number.isSafeInteger(step) && Number.isSafeInteger(at) && more.length === 0 && cursorOf(point) === cursor;
  if (!known) throw invalidInput("metric history", [{ path: ["after"], message: "expected `next` of the page before" }]);
  return point;
}
