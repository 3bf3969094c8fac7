import type { TensorSpec } from "./port.ts";

/** Whether two shapes of the same rank have an axis whose extents are both fixed, and differ. Servers tell less of a shape than files do. */
export function conflictingDims(a: TensorSpec["dims"], b: TensorSpec["dims"]): boolean {
  if (a === null || b === null || a.length !== b.length) return false;
  return a.some((extent, axis) => typeof extent === "number" && typeof b[axis] === "number" && extent !== b[axis]);
}
