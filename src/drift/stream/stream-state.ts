import * as z from "zod";

/** A count. */
export const whole = z.int().min(0);

/** A share, a rate or a probability. */
export const share = z.number().min(0).max(1);

/** A level of evidence, neither certain nor impossible. */
export const openShare = z.number().gt(0).lt(1);

/** A sum of values within ±1e100, however many. */
export const realSum = z.number().min(-1e120).max(1e120);

/** A sum of squared differences of such values. */
export const realSquares = z.number().min(0).max(1e220);

/** The schema of {@link StreamMode}. */
export const streamMode = z.enum(["up", "down", "both"]);

/** What every state has. */
export const commonState = {
  schemaVersion: z.literal(1),
  drift: z.boolean(),
  warning: z.boolean(),
  observed: whole,
};
