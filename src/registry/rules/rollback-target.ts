/** A version's entry into an exclusive stage, and the version that a rollback from there leads to. */
export interface StageEntry {
  readonly version: number;
  readonly previous: number | null;
}

/** Who holds an exclusive stage now, who has entered it, and which versions there still are. */
export interface StageTrail {
  readonly holder: number | undefined;
  /** Newest first. */
  readonly entries: readonly StageEntry[];
  readonly exists: (version: number) => boolean;
}

/**
 * The version that a rollback leads to: from the holder, the one before it; from an empty stage, the one that held it last. Deleted
 * versions are passed over to the one before them. Undefined when there is none.
 */
export function rollbackTarget({ holder, entries, exists }: StageTrail): number | undefined {
  const before = previousByVersion(entries);
  const passed = new Set<number>();
  let candidate: number | null | undefined;
  if (holder === undefined) candidate = entries[0]?.version;
  else {
    passed.add(holder);
    candidate = before.has(holder) ? before.get(holder) : entries[0]?.version;
  }
  while (typeof candidate === "number" && !passed.has(candidate)) {
    if (exists(candidate)) return candidate;
    passed.add(candidate);
    candidate = before.get(candidate);
  }
  return undefined;
}

/**
 * What is to be noted as `previous` when a version enters the stage.
 *
 * @param back - whether it comes by a rollback: when it was there before, a rollback from there leads on to what was before it then
 */
export function previousOf(version: number, { holder, entries }: Omit<StageTrail, "exists">, back: boolean): number | null {
  const before = previousByVersion(entries);
  if (back && before.has(version)) return before.get(version) ?? null;
  const last = holder ?? entries[0]?.version;
  return last === version ? (before.get(version) ?? null) : (last ?? null);
}

function previousByVersion(entries: readonly StageEntry[]): ReadonlyMap<number, number | null> {
  const before = new Map<number, number | null>();
  for (const { version, previous } of entries) if (!before.has(version)) before.set(version, previous);
  return before;
}
