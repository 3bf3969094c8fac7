/** Most characters of a value that a message repeats. */
const SHOWN = 200;

/** A value from outside for a message: quoted and cut, so that a hostile one cannot fill a message or a log. */
export function shownValue(value: unknown): string {
  if (typeof value !== "string") return value === null ? "null" : `a value of type ${typeof value}`;
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN - 1)}…` : value);
}
