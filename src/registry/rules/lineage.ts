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
  // For all edges: what one of them has led to without finding the version need not be looked at again.
  const seen = new Set<string>();
  const isNew = (each: VersionKey) => {
    const key = formatModelRef(each);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
  for (const edge of edges) {
    const parent = parentOf(edge);
    let generation = parent === undefined ? [] : [parent].filter(isNew);
    while (generation.length > 0) {
      if (seen.has(ref)) {
        throw new ModelwrightError("REGISTRY_CYCLE", `${edge.ref} cannot be a parent of ${ref}: it descends from it`, {
          details: { ref, parent: edge.ref },
        });
      }
      generation = (await parentsOf(generation)).filter(isNew);
    }
  }
}

/** Text that only equal edges have in common. */
export function edgeKey({ kind, ref }: LineageEdge): string {
  return `${kind} ${ref}`;
}
