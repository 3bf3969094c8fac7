import * as z from "zod";
import type { CallOptions } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { invalidInput, validate } from "../core/schema.ts";
import type { Stamp } from "./audit-port.ts";

/** The last parameter of calls that change something: beside their limits, who asks for the change and why. Kept in the audit log. */
export interface ChangeOptions extends CallOptions {
  /** Who asks, at most 250 characters. @defaultValue the registry's own `actor` */
  readonly actor?: string | undefined;
  /** Why, at most 8000 characters. */
  readonly reason?: string | undefined;
  /** The host's own id of the request that led to the change, at most 250 characters. */
  readonly requestId?: string | undefined;
}

const schema = z.object({
  actor: z.string().min(1).max(250).optional(),
  reason: z.string().max(8000).optional(),
  requestId: z.string().max(250).optional(),
});

/**
 * Who changes something, when and why. NUL characters and lone surrogates are replaced by U+FFFD.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` for text that is too long or no text
 */
export function stampOf(change: ChangeOptions | undefined, actor: string | undefined, clock: Clock): Stamp {
  const { actor: given = actor, reason, requestId } = validate(schema, change ?? {}, "The change");
  return {
    at: Math.floor(clock.now()),
    actor: wellFormed(given),
    reason: wellFormed(reason),
    requestId: wellFormed(requestId),
  };
}

/**
 * As {@link stampOf}, for what somebody has to answer for.
 *
 * @throws a `ModelwrightError` with code `INPUT_INVALID` when nobody is named
 */
export function signedStamp(
  change: ChangeOptions | undefined,
  actor: string | undefined,
  clock: Clock,
): Stamp & { readonly actor: string } {
  const stamp = stampOf(change, actor, clock);
  if (stamp.actor !== null) return { ...stamp, actor: stamp.actor };
  throw invalidInput("The change", [{ path: ["actor"], message: "expected who asks for it, but got nobody" }]);
}

/** Lone surrogates have no UTF-8 and no canonical form, and some databases hold no NUL. */
function wellFormed(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll(/\0|\p{Surrogate}/gu, "\ufffd");
}
