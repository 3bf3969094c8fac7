import type { NotesChange, VersionNotes } from "../port.ts";

/** Notes after a change: what it does not name stays, a tag of null goes. */
export function changedNotes<N extends Pick<VersionNotes, "description" | "tags">>(notes: N, change: NotesChange): N {
  const tags = new Map(Object.entries(notes.tags));
  for (const [key, value] of Object.entries(change.tags ?? {})) {
    if (value === null) tags.delete(key);
    else tags.set(key, value);
  }
  return {
    ...notes,
    description: change.description ?? notes.description,
    tags: Object.fromEntries(tags),
    ...(change.legalHold === undefined ? {} : { legalHold: change.legalHold }),
  };
}
