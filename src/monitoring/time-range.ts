import * as z from "zod";
import { invalidConfig, parseOptions } from "../core/options.ts";

/** Which time to report on, and how finely. */
export interface TimeRangeOptions {
  /** First moment, whole milliseconds since the epoch, rounded down to a bucket. @defaultValue a day before `to` */
  readonly from?: number | undefined;
  /** First moment after, whole milliseconds since the epoch, rounded up to a bucket. @defaultValue now */
  readonly to?: number | undefined;
  /** Span of one window, ms, a multiple of the span of a bucket. @defaultValue one that makes up to 200 windows, at least a bucket */
  readonly everyMs?: number | undefined;
}

/** A stretch of time in windows of one length; the last one may be shorter. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
}

/** The last moment that a `Date` has: sums with spans stay whole numbers. */
const MAX_TIME = 8.64e15;

const time = z.int().min(0).max(MAX_TIME);

export const rangeShape = { from: time.optional(), to: time.optional(), everyMs: z.int().min(1).optional() };

/** Most windows of one report. */
const MAX_WINDOWS = 10_000;

/** Windows that the default makes at most. */
const DEFAULT_WINDOWS = 200;

const MINUTE_MS = 60_000;
const steps = [1, 5, 15, 60, 360, 1440, 10_080, 43_200].map((minutes) => minutes * MINUTE_MS);

const DAY_MS = 86_400_000;

/**
 * The range that is asked for, in whole buckets.
 *
 * @param subject - the method, for the message
 * @throws a `ModelwrightError` with code `CONFIG_INVALID`
 */
export function timeRange(options: TimeRangeOptions, bucketMs: number, now: number, subject: string): TimeRange {
  const given = parseOptions(z.object(rangeShape), options, subject);
  const to = Math.ceil((given.to ?? now) / bucketMs) * bucketMs;
  const from = Math.floor((given.from ?? Math.max(0, to - DAY_MS)) / bucketMs) * bucketMs;
  const issues = [];
  if (from >= to) issues.push({ path: ["from"], message: `expected a time before ${to}, but got ${from}` });
  const everyMs = given.everyMs ?? defaultStep(to - from, bucketMs);
  if (everyMs % bucketMs !== 0)
    issues.push({ path: ["everyMs"], message: `expected a multiple of bucketMs, which is ${bucketMs}` });
  if ((to - from) / everyMs > MAX_WINDOWS) issues.push({ path: ["everyMs"], message: `expected at most ${MAX_WINDOWS} windows` });
  if (issues.length > 0) throw invalidConfig(subject, issues);
  return { from, to, everyMs };
}

/** The end of the window that begins at `from`. */
export function windowEnd({ to, everyMs }: TimeRange, from: number): number {
  return Math.min(to, from + everyMs);
}

function defaultStep(spanMs: number, bucketMs: number): number {
  const fits = (step: number) => step % bucketMs === 0 && spanMs / step <= DEFAULT_WINDOWS;
  return steps.find(fits) ?? Math.ceil(spanMs / DEFAULT_WINDOWS / bucketMs) * bucketMs;
}
