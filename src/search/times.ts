/** A date, or a date and a time with its distance from UTC. Fractions of seconds beyond milliseconds are cut off. */
const PATTERN = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2})))?$/;

/** What {@link parseTime} reads, for a message. */
export const TIME_FORMS = "milliseconds since the epoch, or a time such as '2026-01-31' (in UTC) or '2026-01-31T10:00:00Z'";

/**
 * The time that text is, in milliseconds since the epoch; undefined when it is none. A date is its midnight in UTC; a time has to say its
 * distance from UTC, because the same text has to mean the same on every machine.
 *
 * @source ISO 8601-1:2019 and RFC 3339, section 5.6
 */
export function parseTime(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const part = (i: number) => Number(match[i] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const [offsetHour, offsetMinute] = [part(9), part(10)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // February 30 would become March 2.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const millisecond = Number((match[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const offset = (match[8] === "-" ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + millisecond;
}
