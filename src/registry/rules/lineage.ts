import { ModelwrightError } from "../../core/errors.ts";
import { formatModelRef, parseModelRef } from "../../core/model.ts";
import type { LineageEdge } from "../port.ts";

/** A version by its number. */
export interface VersionKey {
  readonly name: string;
  readonly version: number;
}

/** The version of this registry that an edge points to; undefined for any other edge. */
export function parentOf({ kind, ref }: LineageEdge): VersionKey | undefined {
  if (kind !== "parent" || !/^[^@]+@[1-9]\d*$/.test(ref)) return undefined;
  try {
    const parsed = parseModelRef(ref);
    return "version" in parsed ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The edges that `known` does not have, each once. */
export function newEdges(known: readonly LineageEdge[], added: readonly LineageEdge[]): readonly LineageEdge[] {
  const seen = new Set(known.map(edgeKey));
  return added.filter((edge) => {
    const key = edgeKey(edge);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * Refuses parents that descend from the version. Reads one generation at a time.
 *
 * @param parentsOf - the parents, in this registry, of any of the versions
 * @throws a `ModelwrightError` with code `REGISTRY_CYCLE`
 */
export async function assertAcyclic(
  version: VersionKey,
  edges: readonly LineageEdge[],
  parentsOf: (versions: readonly VersionKey[]) => Promise<readonly VersionKey[]>,
): Promise<void> {
  const ref = formatModelRef(version);
  for (const edge of edges) {
    const parent = parentOf(edge);
    if (parent === undefined) continue;
    const seen = new Set<string>();
    let generation: readonly VersionKey[] = [parent];
    while (generation.length > 0) {
      const fresh = generation.filter((each) => !seen.has(formatModelRef(each)));
      for (const each of fresh) seen.add(formatModelRef(each));
      if (seen.has(ref)) {
        throw new ModelwrightError("REGISTRY_CYCLE", `${edge.ref} cannot be a parent of ${ref}: it descends from it`, {
          details: { ref, parent: edge.ref },
        });
      }
      generation = fresh.length === 0 ? [] : await parentsOf(fresh);
    }
  }
}

/** Text that only equal edges have in common. */
export function edgeKey({ kind, ref }: LineageEdge): string {
  return `${kind} ${ref}`;
}
