/** A rhythm by which rows are told apart, in UTC. */
export type Season = "hour-of-day" | "day-of-week" | "hour-of-week";

/** How many seasons a rhythm has. */
export const SEASONS: Readonly<Record<Season, number>> = { "hour-of-day": 24, "day-of-week": 7, "hour-of-week": 168 };

const HOUR_MS = 3_600_000;

/** The season of a time in milliseconds since the epoch; weeks begin on Monday. */
export function seasonOf(season: Season, at: number): number {
  const hour = Math.floor(at / HOUR_MS);
  // The epoch was a Thursday.
  const hourOfWeek = modulo(hour + 3 * 24, 168);
  if (season === "hour-of-week") return hourOfWeek;
  return season === "hour-of-day" ? modulo(hour, 24) : Math.floor(hourOfWeek / 24);
}

/** Dates with or without a time of the day, to the minute at least. Without it, `Date.parse` takes "item 7" for a day of July. */
const ISO_8601 = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Milliseconds since the epoch of a number, a `Date` or ISO 8601 text; undefined for anything else. Text without an offset is taken for
 * UTC, so that it means the same on every machine.
 */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === "string" ? timeOfText(value) : typeof value === "object" ? timeOfDate(value) : value;
  return typeof time === "number" && Math.abs(time) <= 8.64e15 ? time : undefined;
}

function timeOfText(text: string): number {
  const match = ISO_8601.exec(text);
  if (match === null) return Number.NaN;
  const local = match[1] === undefined && text.includes(":");
  return Date.parse(local ? `${text.replace(" ", "T")}Z` : text.replace(" ", "T"));
}

/** Not every object that says it is a date is one: asking it may throw. */
function timeOfDate(value: object | null): number | undefined {
  try {
    return value instanceof Date ? value.getTime() : undefined;
  } catch {
    return undefined;
  }
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}
