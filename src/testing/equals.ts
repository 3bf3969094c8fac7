/**
 * Deep equality of plain data, typed arrays, Map, Set and Date, as `toEqual` of vitest and jest has it: NaN equals NaN, a missing
 * member equals an undefined one, and classes do not count, except that a Buffer is no Uint8Array.
 */
export function equals(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || (a === 0 && b === 0)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  // Tags and not prototypes: these differ between realms, and for the rows that some database drivers answer.
  if (tagOf(a) !== tagOf(b)) return false;
  if (a instanceof Map && b instanceof Map) return equals([...a], [...b]);
  if (a instanceof Set && b instanceof Set) return equals([...a], [...b]);
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (a instanceof Error && b instanceof Error && (a.name !== b.name || a.message !== b.message)) return false;
  if (isBuffer(a) && isBuffer(b)) return equals(new Uint8Array(a), new Uint8Array(b));
  if (isTypedArray(a) && isTypedArray(b)) {
    return (
      a.constructor === b.constructor && a.length === b.length && a.every((item, i) => item === b[i] || Object.is(item, b[i]))
    );
  }
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  if (Array.isArray(a) && a.length !== right["length"]) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => equals(left[key], right[key]));
}

interface TypedArray {
  readonly length: number;
  readonly [i: number]: number | bigint;
  every(test: (item: number | bigint, i: number) => boolean): boolean;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value);
}

function isTypedArray(value: object): value is TypedArray {
  return ArrayBuffer.isView(value) && tagOf(value) !== "[object DataView]";
}

function isBuffer(value: object): value is ArrayBuffer {
  return tagOf(value) === "[object ArrayBuffer]";
}
