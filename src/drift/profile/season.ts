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

/** Milliseconds since the epoch of a number, a `Date` or ISO 8601 text; undefined for anything else. */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === "string" ? Date.parse(value) : value instanceof Date ? value.getTime() : value;
  return typeof time === "number" && Math.abs(time) <= 8.64e15 ? time : undefined;
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}
