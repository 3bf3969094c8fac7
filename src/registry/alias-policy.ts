import { ModelwrightError } from "../core/errors.ts";
import { formatModelRef } from "../core/model.ts";
import { type Actors, isAmong } from "./stage-policy.ts";

/**
 * Refuses to move or remove a protected alias for anybody who is not named.
 *
 * @throws a `ModelwrightError` with code `REGISTRY_PROTECTED`
 */
export async function assertAliasActor(
  protectedAliases: Readonly<Record<string, Actors>>,
  { name, alias }: { readonly name: string; readonly alias: string },
  actor: string | null,
): Promise<void> {
  if (!Object.hasOwn(protectedAliases, alias)) return;
  if (actor !== null && (await isAmong(protectedAliases[alias], actor))) return;
  const ref = formatModelRef({ name, alias });
  const who = actor === null ? "nobody is named as the actor" : `${actor} is not among those who may`;
  throw new ModelwrightError("REGISTRY_PROTECTED", `${ref} is protected and cannot be moved or removed: ${who}`, {
    details: { ref, protectedBy: [`the alias ${alias} is protected`] },
  });
}
