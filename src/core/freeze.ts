/** Freezes plain data through and through, in place, and answers it. The data is a tree; typed arrays do not belong in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
